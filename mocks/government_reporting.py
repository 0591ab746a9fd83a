"""The Government's reporting system: what is due, what has been submitted, what the indicators say.

Monthly, quarterly and yearly reports are due on the 25th of their last month at 17:00; a report on demand (BC-MAU-09) has no
deadline. What was due before November 2022 was submitted in time, 97 of 100; from then on only what somebody submits.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from lgsp.model import Data
from lgsp.runtime import HANOI
from lgsp_mocks.handler import Ask, Example, Handlers, SoapFault
from lgsp_mocks.world import World

NAMESPACE = "urn:mau:bao-cao-chinh-phu:1.0"
REFUSALS = {
    "01": "Hết hạn nộp báo cáo",
    "02": "Sai chỉ tiêu",
    "03": "Trùng kỳ báo cáo",
    "04": "maBaoCao hoặc ky không tồn tại",
    "05": "officeCode không tồn tại",
}
NOT_SUBMITTED, SUBMITTED, OVERDUE = 0, 1, 2
KEPT = 5_000
STORY = datetime(2022, 11, 1, tzinfo=HANOI)
"""Before this moment the seed has submitted."""
FIRST_YEAR = 2019
"""The system began with this year (NĐ 09/2019/NĐ-CP)."""
INDICATORS = {
    "CT-MAU-001": ("hồ sơ", 30_000, 0),
    "CT-MAU-002": ("%", 97, 2),
    "CT-MAU-003": ("hồ sơ", 700, 0),
    "CT-MAU-004": ("triệu đồng", 125_000, 1),
    "CT-MAU-005": ("văn bản", 2_600, 0),
}
"""Code -> unit, size, digits after the point."""


@dataclass(frozen=True, slots=True)
class Form:
    code: str
    title: str
    rhythm: str
    """thang, quy, nam, dot-xuat."""
    indicators: tuple[str, ...]


FORMS = (
    Form("BC-MAU-01", "Báo cáo mẫu về giải quyết thủ tục hành chính", "thang", ("CT-MAU-001", "CT-MAU-002", "CT-MAU-003")),
    Form("BC-MAU-02", "Báo cáo mẫu về kinh tế - xã hội", "thang", ("CT-MAU-004",)),
    Form("BC-MAU-03", "Báo cáo mẫu về cải cách hành chính", "quy", ("CT-MAU-002", "CT-MAU-003")),
    Form("BC-MAU-04", "Báo cáo mẫu về chuyển đổi số", "nam", ("CT-MAU-001", "CT-MAU-005")),
    Form("BC-MAU-09", "Báo cáo đột xuất mẫu", "dot-xuat", tuple(INDICATORS)),
)  # fmt: skip
STANDING = "2022-10"
"""The report on demand was submitted for this month before anybody asks."""


def reports(ask: Ask) -> Data:
    office = _office(ask, ask.data["officeCode"])
    rhythm = _rhythm(ask.data["period"])
    if rhythm is None:
        raise _fault("04", "period không đúng định dạng")
    if int(ask.data["period"][:4]) < FIRST_YEAR:
        return {}
    due = [form for form in FORMS if form.rhythm == rhythm or (form.rhythm == "dot-xuat" and rhythm == "thang")]
    return {"report": [_row(ask, form, office, ask.data["period"]) for form in due]}


def submit(ask: Ask) -> Data:
    data, period = ask.data, ask.data["ky"]
    form = next((each for each in FORMS if each.code == data["maBaoCao"]), None)
    rhythm = _rhythm(period)
    if form is None or rhythm is None or form.rhythm not in (rhythm, "dot-xuat"):
        return _no("04")
    if ask.world.agency(data["officeCode"]) is None:
        return _no("05")
    rows = data["indicators"]["indicator"]
    strange = [row["indicatorCode"] for row in rows if row["indicatorCode"] not in form.indicators]
    strange += [row["indicatorCode"] for row in rows if row["dataTypeId"] not in (1, 2, 3)]
    if strange:
        return _no("02", f"Sai chỉ tiêu: {', '.join(dict.fromkeys(strange))}")
    key, digest = _key(data["officeCode"], form.code, period), _digest(data)
    kept = ask.state.setdefault("nop", {})
    before = kept.get(key)
    if before and before["digest"] == digest:
        told = f"Báo cáo {form.code} kỳ {period} đã được tiếp nhận"
        return _no("03", told) | {"transactionId": before["transactionId"]}
    if before or _status(ask, form, data["officeCode"], period) == SUBMITTED:
        return _no("03")
    due = deadline(form, period)
    if due and ask.now > due:
        return _no("01")
    while len(kept) >= KEPT:
        del kept[next(iter(kept))]
    values = [[row["indicatorCode"], row["dataTypeId"], str(row["value"])] for row in rows]
    transaction = f"GD-MAU-{digest[:12].upper()}"
    kept[key] = {"digest": digest, "transactionId": transaction, "at": ask.now.isoformat(), "values": values}
    ask.effect(key)
    return {"status": "00", "message": "Thành công", "transactionId": transaction}


def indicators(ask: Ask) -> Data:
    office, code, kind = _office(ask, ask.data["officeCode"]), ask.data["indicatorCode"], ask.data["dataTypeId"]
    if code not in INDICATORS or kind not in (1, 2, 3):
        return {}
    unit, size, digits = INDICATORS[code]
    last = ask.now.replace(day=1) - timedelta(days=1)
    months = [(last.year * 12 + last.month - 1 - back) for back in range(11, -1, -1)]
    figures = {
        f"{m // 12}-{m % 12 + 1:02d}": _figure(ask.world, f"{office} {code} {kind} {m}", size, digits) for m in months
    }
    for key, kept in ask.state.get("nop", {}).items():
        whose, _, period = key.split()
        told = [value for c, k, value in kept["values"] if (whose, c, k) == (office, code, kind)]
        figures |= {period: told[-1]} if told else {}
    return {"unit": unit, "data": [{"period": period, "value": figures[period]} for period in sorted(figures)]}


def deadline(form: Form, period: str) -> datetime | None:
    """The 25th of the period's last month, 17:00."""
    year, _, part = period.partition("-")
    if form.rhythm == "dot-xuat":
        return None
    month = 12 if not part else int(part[1]) * 3 if part.startswith("Q") else int(part)
    return datetime(int(year), month, 25, 17, tzinfo=HANOI)


def business_error(ask: Ask) -> Data:
    if ask.operation == "submit":
        return _no("01")
    raise _fault("05", REFUSALS["05"])


def duplicate(ask: Ask) -> Data:
    if ask.operation == "submit":
        return _no("03", "Báo cáo kỳ này đã được tiếp nhận") | {"transactionId": "GD-MAU-000000000000"}
    return business_error(ask)


HANDLERS: Handlers = {"baocao": {"reports": reports, "submit": submit, "indicators": indicators}}


def examples(world: World) -> list[Example]:
    office, signer = world.province.agency, world.actor("officer").full_name
    row: Data = {"maChiTieu": "CT-MAU-001", "loaiSoLieu": "3", "giaTri": "36120", "donViTinh": "hồ sơ"}
    share = {"maChiTieu": "CT-MAU-002", "loaiSoLieu": "3", "giaTri": "97.25", "donViTinh": "%"}
    report: Data = {
        "maBaoCao": "BC-MAU-09",
        "maCoQuan": office,
        "ky": "2022-11",
        "chiTieu": [row, share],
        "nguoiKy": signer,
    }
    old: Data = {"maBaoCao": "BC-MAU-01", "ky": OVERDUE_MONTH, "maCoQuan": f"{office}.05"}
    return [
        Example("reports", {"ky": "2022-11", "maCoQuan": office}),
        Example("reports", {"ky": "2022-Q4", "maCoQuan": office}),
        Example("reports", {"ky": "2022", "maCoQuan": f"{office}.05"}),
        Example("reports", {"ky": "2000", "maCoQuan": office}, note="before the system began: an empty list"),
        Example("reports", {"ky": STANDING, "maCoQuan": office, "maBaoCao": "BC-MAU-09", "daNop": True}),
        Example("reports", {"ky": "2022-11", "maCoQuan": office, "maBaoCao": "BC-MAU-77"}, "record-not-found"),
        Example("reports", {"ky": "2022-11", "maCoQuan": "Z99"}, "provider-fault", note="no such agency: a SOAP fault"),
        Example("reports", {"ky": "11/2022"}, "invalid-message"),
        Example("submit", report, note="a second time the system says that it has it, which is success"),
        Example("submit", report | old, "provider-fault", note="01: the deadline is over"),
        Example("submit", report | {"chiTieu": [row | {"maChiTieu": "CT-LA"}]}, "provider-fault", note="02: no such indicator"),
        Example("submit", report | {"ky": STANDING}, "provider-fault", note="03: another report is there for this period"),
        Example("submit", report | {"maBaoCao": "BC-MAU-77"}, "provider-fault", note="04: no such report"),
        Example("submit", report | {"maCoQuan": "Z99"}, "provider-fault", note="05: no such agency"),
        Example("indicators", {"maCoQuan": office, "maChiTieu": "CT-MAU-001", "loaiSoLieu": "3"}),
        Example("indicators", {"maCoQuan": office, "maChiTieu": "CT-MAU-002", "loaiSoLieu": "1"}),
        Example("indicators", {"maCoQuan": office, "maChiTieu": "CT-LA", "loaiSoLieu": "3"}, "record-not-found"),
    ]  # fmt: skip


OVERDUE_MONTH = "2019-01"
"""Months of this year nobody has submitted: the deadline passed before the system was known."""


def _rhythm(period: str) -> str | None:
    for shape, rhythm in (("[0-9]{4}-(0[1-9]|1[0-2])", "thang"), ("[0-9]{4}-Q[1-4]", "quy"), ("[0-9]{4}", "nam")):
        if re.fullmatch(shape, period):
            return rhythm
    return None


def _row(ask: Ask, form: Form, office: str, period: str) -> Data:
    due, kept = deadline(form, period), ask.state.get("nop", {}).get(_key(office, form.code, period))
    row: Data = {"maBaoCao": form.code, "tenBaoCao": form.title, "kyBaoCao": period, "loaiKy": form.rhythm}
    if due:
        row["hanNop"] = due.isoformat()
    row["trangThai"] = _status(ask, form, office, period)
    if kept:
        return row | {
            "transactionId": kept["transactionId"],
            "ngayNop": kept["at"].partition(".")[0].partition("+")[0] + "+07:00",
        }
    if row["trangThai"] == SUBMITTED:
        row["transactionId"] = f"GD-MAU-{_roll(ask.world, f'{office} {form.code} {period}').hex()[:12].upper()}"
    return row


def _status(ask: Ask, form: Form, office: str, period: str) -> int:
    """Submitted now, or in time by the seed; overdue where its day is past."""
    if _key(office, form.code, period) in ask.state.get("nop", {}):
        return SUBMITTED
    due = deadline(form, period)
    if due is None:
        return SUBMITTED if period == STANDING else NOT_SUBMITTED
    if ask.now <= due:
        return NOT_SUBMITTED
    in_time = due < STORY and int.from_bytes(_roll(ask.world, f"{office} {form.code} {period}")[:4], "big") % 100 < 97
    return SUBMITTED if in_time and int(period[:4]) > FIRST_YEAR else OVERDUE


def _office(ask: Ask, code: str) -> str:
    agency = ask.world.agency(code)
    if agency is None:
        raise _fault("05", REFUSALS["05"])
    return agency.code


def _figure(world: World, name: str, size: int, digits: int) -> str:
    """A number near `size`, always the same one for this name."""
    share = int.from_bytes(_roll(world, name)[:4], "big") % 2_000 - 1_000
    value = Decimal(size) + Decimal(size) * share / (100_000 if digits == 2 else 10_000)
    return str(value.quantize(Decimal(1).scaleb(-digits)))


def _roll(world: World, name: str) -> bytes:
    return hashlib.sha256(f"{world.seed} bao-cao {name}".encode()).digest()


def _key(office: str, form: str, period: str) -> str:
    return f"{office} {form} {period}"


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()


def _no(code: str, text: str = "") -> Data:
    return {"status": code, "message": text or REFUSALS[code]}


def _fault(code: str, text: str) -> SoapFault:
    detail = f'<LoiBaoCao xmlns="{NAMESPACE}"><maLoi>{code}</maLoi><moTa>{text}</moTa></LoiBaoCao>'
    return SoapFault("Client", text, detail)
