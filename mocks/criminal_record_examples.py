"""What may be asked of the criminal-record systems and what it must give, and what the people's book says of the cast."""

from __future__ import annotations

from lgsp.model import Data
from lgsp_mocks.criminal_record_records import APPOINTMENT, agency_of, secret_id
from lgsp_mocks.handler import Example
from lgsp_mocks.world import World


def examples(world: World) -> list[Example]:
    """The same in both generations; only the counter's appointments are asked of the first one alone."""
    agency, person, home = agency_of(world), world.actor("father-binh"), world.actor("father-binh").residence
    form: Data = {
        "fullName": person.full_name,
        "genderId": person.gender,
        "birthDateStr": person.birth_text,
        "nationalityId": "VN",
        "ethnicId": person.ethnicity,
        "residence": home.detail,
        "reRegionId": home.commune,
        "idTypeId": "3",
        "identifyNo": person.cccd,
        "phone": person.phone,
        "declareDate": "2022-11-16",
        "declareTypeId": "3846",
        "requestQty": 1,
        "objectRequestId": "72",
        "formType": "1",
        "isBanPosition": False,
        "delivery": True,
        "deliveryAddress": home.detail,
        **({"deliveryDistrict": home.district} if home.district else {}),
        "purpose": "Xin việc làm (mẫu)",
    }
    sent: Data = {
        "idReceivedDec": f"{agency}-221116-9907",
        "dateReceivedDec": "2022-11-16",
        "datePromissoryDec": "2022-11-30",
        "declarationWSForm": form,
        "residenceWSForm": [{"fromDateStr": "2005", "toDateStr": "2022-11", "residencePlace": home.text}],
    }
    spelled: Data = {"idReceivedDec": f"{agency}-221116-9908", "dateReceivedDec": "2022-11-16", "declarationForm": form}
    faulty = sent | {"idReceivedDec": f"{agency}-221116-9909", "declarationWSForm": form | {"email": "khong-phai-thu"}}
    known: Data = {"idReceivedDec": f"{agency}-221101-9901", "infoType": "2"}
    counter: Data = {"idReceivedDec": APPOINTMENT, "infoType": "1", "identifyNo": world.actor("old-cmnd").cmnd}
    marked: Data = {"declarationId": [secret_id("99001"), secret_id("99002")], "infoType": "3"}
    told: Data = {"maHoSoMCDT": f"{agency}-221101-9921", "trangThaiXuLy": "4", "ngayHenTraKetQua": "2022-11-15"}
    dated: Data = {"soPhieuLLTP": "9922/STP-LLTP", "ngayCapPhieu": "2022-11-14", "loaiPhieu": "1"}
    asked: tuple[tuple[str, Data, str, str], ...] = (
        ("nhanHoSoDangKy", sent, "ok", "asked again it was received before"),
        ("nhanHoSoDangKy", spelled, "ok", "the forms as many clients name them"),
        ("nhanHoSoDangKy", faulty, "provider-fault", "a mail address that is none"),
        ("nhanHoSoDangKy", {name: sent[name] for name in ("idReceivedDec", "dateReceivedDec")}, "invalid-message",
         "without a declaration"),
        ("traTrangThaiHs", known, "ok", "has its certificate"),
        ("traTrangThaiHs", known | {"idReceivedDec": f"{agency}-221101-9902"}, "ok", "worked on"),
        ("traTrangThaiHs", known | {"idReceivedDec": f"{agency}-000101-0000"}, "record-not-found", "nobody's dossier"),
        ("traHoSo", {"infoType": "1"}, "ok", "what citizens handed in online and nobody fetched"),
        ("traHoSo", {"infoType": "2"}, "ok", "the same of the counter"),
        ("danhDauHsThanhCong", marked, "ok", "two of the online queue"),
        ("danhDauHsThanhCong", {"maDanhDau": f"1:{secret_id(APPOINTMENT)}"}, "ok", "one of the counter's, by its mark"),
        ("danhDauHsThanhCong", marked | {"declarationId": ["KHONG-CO"]}, "record-not-found", "nobody's id"),
        ("danhDauHsThanhCong", marked | {"infoType": "1"}, "record-not-found", "the trap: online ids, counter's number"),
        ("traDsTrangThaiHs", {"infoType": "2"}, "ok", "states that nobody fetched"),
        ("traDsTrangThaiHs", {"infoType": "1"}, "ok", "the same of the counter"),
        ("traDanhMuc", {"infoType": "1"}, "ok", "places, by GSO code"),
        ("traDanhMuc", {"infoType": "3"}, "ok", "ethnic groups"),
        ("traDanhMuc", {"infoType": "5"}, "ok", "units"),
        ("traKetQuaHoSoLLTP", told, "ok", "set twice it is set once"),
        ("traKetQuaHoSoLLTP", {"maHoSoMCDT": f"{agency}-221101-9922", "trangThaiXuLy": "9", "ketQuaXuLy": dated}, "ok", "done"),
        ("traKetQuaHoSoLLTP", told | {"maHoSoMCDT": f"{agency}-221101-9923"}, "provider-fault", "cannot go back"),
        ("traKetQuaHoSoLLTP", told | {"maHoSoMCDT": f"{agency}-000101-0000"}, "record-not-found", "nobody's dossier"),
    )  # fmt: skip
    if world.province.era == "2022-2024":
        asked += (
            ("traTrangThaiHs", counter, "ok", "by appointment number and paper"),
            ("traTrangThaiHs", counter | {"identifyNo": "999999999"}, "record-not-found", "somebody else's paper"),
        )
    headers = {"X-LGSP-Purpose": "2.000488"}
    return [Example(operation, request, expect, headers, note) for operation, request, expect, note in asked]


def outcomes(world: World) -> dict[str, str]:
    """What the people's book says of the cast."""
    agency = agency_of(world)
    return {
        "father-binh": f"{agency}-221101-9901: has a certificate, no conviction",
        "mother-hoa": f"{agency}-221101-9902: worked on",
        "owner": f"{agency}-221101-9903: received",
        "divorced": f"{agency}-221101-9904: has a certificate with an invented sentence",
        "old-cmnd": f"appointment {APPOINTMENT} at the counter, worked on",
        "moved-commune": "handed in online, waits in the pull queue",
        "month-only": "handed in online, waits in the pull queue; month of birth only",
        "year-only": "handed in online by somebody authorised; year of birth only",
    }
