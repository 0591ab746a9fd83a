"""What callers of the simulated world send: the simulator's own examples with a business record of their own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lgsp.model import Data


@dataclass(frozen=True, slots=True)
class Making:
    """How a fresh update of one operation is made of its example."""

    operation: str
    key: str
    name: str
    """Format of the business record's key, with its serial."""
    also: tuple[tuple[str, str], ...] = ()
    mates: tuple[str, ...] = ()
    """Further updates of the same record, to be delivered behind the first."""
    file: tuple[str | int, ...] = ()
    """Where a large file may stand."""


UPDATES: Mapping[str, tuple[Making, ...]] = {
    "budget-unit": (Making("guiHoSo", "maHoSo", "H28.06-221116-{:04d}", file=("fileDinhKem", 0, "noiDung")),),
    "civil-servants": (Making("ServiceM0006", "HOSO_CBCCVC.SoHieuCBCCVC_BNDP", "CB990002", mates=("ServiceM0002", "ServiceM0004")),),
    "civil-status": (
        Making("dangKyHoTich", "maHoSo", "H28.148-221116-{:04d}"),
        Making("nhanHoSoDKHT", "maHoSoLT", "G22.99.99-221116-{:04d}", (("maHoSoMCDT", "H28.148-221116-{:04d}"),),
               ("capNhatTrangThaiHoSoLT",), ("fileDinhKem", 0, "duLieuTepDinhKem")),
    ),
    "criminal-record": (Making("nhanHoSoDangKy", "idReceivedDec", "H28.03-221116-{:04d}"),),
    "land-registry": (Making("TiepNhanHoSo", "SoBienNhan", "H28.148-221116-{:04d}", (("MaHoSoMotCua", "H28.148-221116-{:04d}"),)),),
    "postal-delivery": (Making("PostOrder", "OrderNumber", "H28.03-221116-{:04d}", mates=("CancelOrder",)),),
    "public-payment": (Making("INIT", "MaThamChieu", "VIDU{:04d}"),),
}  # fmt: skip
_MATE_KEYS = {"capNhatTrangThaiHoSoLT": "soHoSoLT"}
_DAY = "221116"
_LARGE = 96 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an agency system."""

    system: str
    operation: str
    data: Data
    headers: Mapping[str, str]
    key: str = ""
    """The business record that an update is about."""

    @property
    def body(self) -> bytes:
        return json.dumps(self.data, ensure_ascii=False).encode()


class Calls:
    """Examples of the simulator, by system and operation; the first that goes well is taken."""

    def __init__(self, examples: Iterable[Mapping[str, Any]]) -> None:
        self._queries: dict[str, list[Mapping[str, Any]]] = {}
        self._found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for example in examples:
            if example["expect"] == "ok":
                self._found.setdefault((example["system"], example["operation"]), example)
        for (system, _), example in self._found.items():
            if example["kind"] == "query":
                self._queries.setdefault(system, []).append(example)

    def queries(self, system: str) -> list[Call]:
        """Each once."""
        return [self.query(system, number) for number in range(len(self._queries[system]))]

    def query(self, system: str, serial: int) -> Call:
        known = self._queries[system]
        example = known[serial % len(known)]
        return Call(system, example["operation"], example["request"], _headers(example))

    def mark(self) -> Call:
        """An update that may be asked again, and that nobody keeps for later."""
        example = self._found["criminal-record", "danhDauHsThanhCong"]
        return Call("criminal-record", "danhDauHsThanhCong", example["request"], _headers(example))

    def update(self, system: str, serial: int, *, large: bool = False) -> Call:
        makings = UPDATES[system]
        if large:
            makings = tuple(each for each in makings if each.file) or makings
        making = makings[serial % len(makings)]
        example = self._found[system, making.operation]
        data = json.loads(json.dumps(example["request"]))
        key = _name(making.name, serial)
        _set(data, making.key, key)
        for name, pattern in making.also:
            _set(data, name, _name(pattern, serial))
        if system == "civil-servants":  # one person's record, each time another year
            data["HOSO_CBCCVC"]["DS_KETQUA_DANHGIA_PHANLOAI"][0]["Nam"] = 1980 + serial % 40
        if large and making.file:
            text = base64.b64encode(bytes([serial % 251]) * _LARGE).decode()
            place: Any = data
            for step in making.file[:-1]:
                place = place[step]
            place[making.file[-1]] = text
        return Call(system, making.operation, data, _headers(example), key)

    def mates(self, first: Call, wanted: int) -> list[Call]:
        """Further updates of the same business record."""
        making = next(each for each in UPDATES[first.system] if each.operation == first.operation)
        found = []
        for operation in making.mates[:wanted]:
            example = self._found[first.system, operation]
            data = json.loads(json.dumps(example["request"]))
            _set(data, _MATE_KEYS.get(operation, making.key), first.key)
            found.append(Call(first.system, operation, data, _headers(example), first.key))
        return found


def _name(pattern: str, serial: int) -> str:
    """A dossier's code has four digits of its own: what is above counts as another day."""
    return pattern.replace(_DAY, f"{serial // 10_000:06d}" if serial >= 10_000 else _DAY).format(serial % 10_000)


def _headers(example: Mapping[str, Any]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in example.get("headers", {}).items()}


def _set(data: Any, path: str, value: str) -> None:
    *way, last = path.split(".")
    for step in way:
        data = data[step]
    data[last] = value
