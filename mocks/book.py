"""The test people's book: named people, families, companies, agencies and dossiers, and what each simulated system says of them.

An outcome is what the ministry's own handler answers to one question in its dialect, asked of the seed's state, so it is the
same every time. A module may say more by `outcomes(world) -> {role: text}`; a system that nothing can be asked about such an
entry says so.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lgsp.model import Data
from lgsp.runtime import HANOI
from lgsp_mocks.handler import Ask, HttpFault, SoapFault
from lgsp_mocks.world import Business, CastMember, Household, Person, World

if TYPE_CHECKING:
    from lgsp_mocks.catalogue import SimSystem

DAY = datetime(2022, 11, 16, 9, tzinfo=HANOI)
"""The day on which the book was asked: the day of the stages' declaration."""
NOTHING, UNKNOWN = "nothing can be asked about it", "not found"


@dataclass(frozen=True, slots=True)
class Look:
    """One system, one entry."""

    world: World
    system: SimSystem
    member: CastMember

    def ask(self, backend: str, operation: str, **data: Any) -> Data:
        """What the handler answers; it remembers nothing of it."""
        place = self.system.backends[backend]
        question = Ask(
            self.world,
            self.system.name,
            backend,
            operation,
            dict(data),
            DAY,
            {},
            values=place.values,
            secrets=place.secrets,
        )
        return place.handlers[operation](question)

    @property
    def person(self) -> Person:
        """The person, or the head of the household."""
        household = self.world.household(self.member.id)
        found = self.world.person(household.head if household else self.member.id)
        assert found is not None
        return found


def entries(world: World, systems: Mapping[str, SimSystem]) -> list[dict[str, Any]]:
    """The whole book, as `/_sim/people` serves it."""
    told = {
        name: hook(world)
        for name, system in systems.items()
        if (hook := getattr(system.module, "outcomes", None)) is not None
    }
    return [
        {
            "role": member.role,
            "kind": member.kind,
            "id": member.id,
            **facts(world, member),
            "note": dict(member.note),
            "outcomes": {name: outcome(world, system, member, told.get(name, {})) for name, system in systems.items()},
        }
        for member in world.cast.values()
    ]


def outcome(world: World, system: SimSystem, member: CastMember, told: Mapping[str, str]) -> str:
    """What this system says of the entry, and what its module adds."""
    lookup = LOOKUPS.get((system.name, member.kind))
    said = told.get(member.role, "")
    if lookup is None:
        return said or NOTHING
    try:
        asked = lookup(Look(world, system, member)) or UNKNOWN
    except (HttpFault, SoapFault) as refusal:
        asked = f"refused: {refusal}"
    return f"{asked}; {said}" if said else asked


def facts(world: World, member: CastMember) -> dict[str, Any]:
    """What one has to know to ask for the entry."""
    match member.kind:
        case "person":
            return _person(world.person(member.id))
        case "household":
            return _household(world.household(member.id))
        case "business":
            return _business(world.business(member.id))
        case "agency":
            agency = world.agency(member.id)
            return {"name": agency.name, "old_code": agency.old_code, "unit_code": agency.unit_code} if agency else {}
        case _:
            return {}


def _person(person: Person | None) -> dict[str, Any]:
    assert person is not None
    return {
        "name": person.full_name,
        "birth": person.birth_text,
        "gender": person.gender,
        "cmnd": person.cmnd,
        "insurance_no": person.insurance_no,
        "health_card": person.health_card,
        "household": person.household,
        "address": person.residence.text,
        "died": person.died.isoformat() if person.died else None,
    }


def _household(household: Household | None) -> dict[str, Any]:
    assert household is not None
    return {"head": household.head, "members": list(household.members), "address": household.address.text}


def _business(company: Business | None) -> dict[str, Any]:
    assert company is not None
    return {
        "name": company.name,
        "status": company.status,
        "address": company.address.text,
        "owner": company.owner,
        "branches": list(company.branches),
    }


# One question to one system about one kind of entry


def _population(look: Look) -> str:
    person = look.person
    shared = {"MaYeuCau": "SOTAY", "MaDVC": "1.001193", "MaTichHop": "037", "MaCanBo": "SOTAY"}
    asked = shared | {"SoDinhDanh": person.cccd, "HoVaTen": person.full_name.upper()}
    found = look.ask("dancu-soap", "TraCuuThongTinCongDan", **asked).get("CongDan")
    if not found:
        return UNKNOWN
    also = f", also by {person.cmnd}" if person.cmnd else ""
    return f"found by number and name{also}, household {found[0]['SoSoHoKhau']}"


def _insurance_household(look: Look) -> str:
    person = look.person
    found = look.ask("bhxh", "getTraCuuTtHgdByMaSoBhxh", maSoBhxh=person.insurance_no)
    return f"household {look.member.id}, head {person.insurance_no}" if found.get("hoTen") else UNKNOWN


def _registered(look: Look) -> str:
    first = look.ask("csdldkdn", "chiTietDoanhNghiep", msdn=look.member.id)
    if first["Status"] == "1":
        return f"found, status {first['MainInformation']['ENTERPRISE_STATUS']}"
    second = look.ask("dkkd", "chiTietHopTacXa", mst=look.member.id)
    return "a cooperative: no enterprise by that code" if second["CoopCert"] else UNKNOWN


def _account(look: Look) -> str:
    found = look.ask("mapi", "TraCuuTechID", **_unit(look), mstorcmnd=look.member.id).get("result")
    return "has an account" if found else "no account"


def _portal(look: Look) -> str:
    found = look.ask("mapi", "TraCuuHoSo", **_unit(look), MaHoSo=look.member.id).get("result")
    return str(found[0]["TrangThaiHoSo"]) if found else UNKNOWN


def _unit(look: Look) -> Data:
    return {"madonvi": look.system.backends["mapi"].values.get("madonvi", "")}


def _civil_status(look: Look) -> str:
    district = look.world.agency(look.world.role("first-district").id)
    unit = int(district.unit_code) if district and district.unit_code else 0
    found = look.ask("hotich", "traTrangThaiHoSo", maDonVi=unit, maHoSo=look.member.id)
    return UNKNOWN if found["status"] == 0 else f"{found['status']} {found['statusDescription']}"


def _criminal_record(look: Look) -> str:
    found = look.ask("v1", "traTrangThaiHs", idReceivedDec=look.member.id, infoType="2")
    return f"{found['DEC_STATUS_ID']} {found['DEC_STATUS_NAME']}" if found["STATUS"] == 1 else UNKNOWN


def _post(look: Look) -> str:
    events = look.ask("bcci", "GetOrderTracking", pageSize=1_000, lastId="0" * 24)["result"]
    mine = [event for event in events if event["OrderNumber"] == look.member.id]
    return f"{mine[-1]['StatusCode']} {mine[-1]['StatusName']}" if mine else UNKNOWN


def _payment(look: Look) -> str:
    """One payment settles one dossier: its reference is asked for by the checksum that the platform wants."""
    place = look.system.backends["dvcqg"]
    asked = {"LoaiBanTin": "QUERY", "PhienBan": "1.0.6", "MaDoiTac": place.values.get("MaDoiTac", "")}
    asked |= {"MaThamChieu": look.member.id, "ThoiGianGD": f"{DAY:%Y%m%d%H%M%S}"}
    text = "|".join([*asked.values(), place.secrets.get("maXacThuc", "")])
    found = look.ask("dvcqg", "QUERY", **asked, MaXacThuc=hashlib.sha256(text.encode()).hexdigest())
    return (
        f"TrangThaiGD {json.loads(found['message'])['TrangThaiGD']}"
        if found["error_code"] == "0"
        else "no payment under it"
    )


def _budget_dossier(look: Look) -> str:
    found = look.ask("dvqhns", "trangThaiHoSo", maHoSo=look.member.id)
    if found["maKetQua"] != "00":
        return UNKNOWN
    return " ".join([f"trangThai {found['trangThai']}", *(found[k] for k in ("maDvqhns", "lyDo") if k in found)])


def _budget_unit(look: Look) -> str:
    from lgsp_mocks.world.budget_units import budget_units

    name = facts(look.world, look.member)["name"]
    code = next((unit.code for unit in budget_units(look.world) if unit.name == name), "")
    found = look.ask("dvqhns", "traCuuDonVi", maDvqhns=code)
    return f"maDvqhns {code}" if found["maKetQua"] == "00" else UNKNOWN


def _catalogue(look: Look) -> str:
    agency = look.world.agency(look.member.id)
    assert agency is not None
    level = 1 if agency.level == 1 else 2 if agency.parent == look.world.province.agency else 4
    rows = look.ask("dmdc", "Category", code=f"qlvanbandieuhanhcap{level}")["result"]
    code = agency.old_code or agency.code
    return f"qlvanbandieuhanhcap{level}, {code}" if any(code in row.values() for row in rows) else UNKNOWN


def _exchange(look: Look) -> str:
    place = look.system.backends["vdxp"]
    keys = {"X-SystemId": place.values.get("systemId", ""), "X-SecretKey": place.secrets.get("secretKey", "")}
    rows = look.ask("vdxp", "getAgenciesList", **keys)["data"]
    return "registered" if any(look.member.id in row.values() for row in rows) else UNKNOWN


def _servants(look: Look) -> str:
    body = {"SoHieuCBCCVC_BNDP": "CB990001"}
    content = {"Data": {"Header": {"Action_Type": "VIEW"}, "Body": {"HOSO_CBCCVC": body}}}
    packed = base64.b64encode(json.dumps(content).encode()).decode()
    found = look.ask("ccvc", "ServiceM0001", org_Code=look.member.id, jsonContent=packed)
    return "has servants, CB990001 the first" if found["err_code"] == 0 else UNKNOWN


def _land(look: Look) -> str:
    found = look.ask("ilis", "ThongBaoThue", HoSoId=look.member.id)
    if not found["status"]["success"]:
        return UNKNOWN
    return f"tax notice {found['data'][0]['SoQuyetDinh']}" if found["data"] else "no tax notice yet"


def _allowance(look: Look) -> str:
    key = look.system.backends["btxh"].secrets.get("AcceptKey", "")
    answer = look.ask("btxh", "LayKetQua", **{"AcceptKey": key, "LoaiDuLieu": "100", "from": "01/11/2022"})
    mine = [row for row in answer["result"]["data"] or () if row["maHoSo"] == look.member.id]
    return f"statusId {mine[0]['statusId']}" if mine else UNKNOWN


def _documents(look: Look) -> str:
    found = look.ask("vbqppl", "timKiem", maCoQuanBanHanh=look.member.id, trang=1, soDong=1)
    return f"{found['tongSo']} documents issued" if found["tongSo"] else "no document issued"


def _report(look: Look) -> str:
    found = look.ask("baocao", "reports", officeCode=look.member.id, period="2022-11").get("report", [])
    monthly = next((row for row in found if row["maBaoCao"] == "BC-MAU-01"), None)
    return f"BC-MAU-01 for 2022-11: trangThai {monthly['trangThai']}" if monthly else UNKNOWN


LOOKUPS: Mapping[tuple[str, str], Callable[[Look], str]] = {
    ("population", "person"): _population,
    ("population", "household"): _population,
    ("social-insurance", "household"): _insurance_household,
    ("business-registration", "business"): _registered,
    ("national-portal", "person"): _account,
    ("national-portal", "business"): _account,
    ("national-portal", "dossier"): _portal,
    ("civil-status", "dossier"): _civil_status,
    ("criminal-record", "dossier"): _criminal_record,
    ("postal-delivery", "dossier"): _post,
    ("public-payment", "dossier"): _payment,
    ("budget-unit", "dossier"): _budget_dossier,
    ("budget-unit", "agency"): _budget_unit,
    ("shared-catalogue", "agency"): _catalogue,
    ("document-exchange", "agency"): _exchange,
    ("civil-servants", "agency"): _servants,
    ("land-registry", "dossier"): _land,
    ("social-protection", "dossier"): _allowance,
    ("legal-documents", "agency"): _documents,
    ("government-reporting", "agency"): _report,
}
