"""`python -m bench.codec`: the compiled codecs beside zeep, message for message, in CPU time on one core."""

from __future__ import annotations

import dataclasses
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from lxml import etree
from zeep.helpers import serialize_object

from lgsp.contract import Codec, Contract, load, sample, xsd
from lgsp.contract.oracle import Oracle, beyond, to_zeep
from lgsp.errors import InvalidMessage
from lgsp.model import Data
from lgsp.xml import parse_xml

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "http://bench.invalid/soap"
XS = "http://www.w3.org/2001/XMLSchema"
KIB = 1 << 10
ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One message: micro-seconds of CPU for encode and decode with validation, ours and zeep's."""

    name: str
    size: int
    encode: float
    decode: float
    zeep_encode: float
    zeep_decode: float

    @property
    def ratio(self) -> float:
        return (self.zeep_encode + self.zeep_decode) / (self.encode + self.decode)


def costs(works: tuple[Callable[[], object], ...], seconds: float) -> list[float]:
    """CPU micro-seconds a call of each: the best of many short batches in turn, so that a slow moment of the machine, or
    one in which it is fast, meets all of them."""
    batches, best = [], [float("inf")] * len(works)
    for work in works:
        work(), work()
        begin = time.process_time()
        work()
        batches.append(max(1, int(seconds / ROUNDS / max(time.process_time() - begin, 1e-6))))
    for _ in range(ROUNDS):
        for index, work in enumerate(works):
            begin = time.process_time()
            for _ in range(batches[index]):
                work()
            best[index] = min(best[index], (time.process_time() - begin) / batches[index] * 1e6)
    return best


def measured(name: str, codec: Any, data: Data, oracle: Oracle, schema: etree.XMLSchema, seconds: float) -> Row:
    """zeep's part is what a client of it does: objects, rendering; its own parsing, validation, objects, plain data."""
    raw = codec.write_xml(data)
    kind = oracle.element(codec.root)
    given = to_zeep(codec.element.shape, data, codec.table)

    def encode() -> bytes:
        parent = etree.Element("parent")
        kind.render(parent, kind(**given))
        return etree.tostring(parent[0])

    def decode() -> Any:
        element = oracle.text(raw)
        if not schema.validate(element):
            raise InvalidMessage()
        return serialize_object(oracle.parse(kind, element), dict)

    works = (lambda: codec.write_xml(data), lambda: codec.read_xml(parse_xml(raw)), encode, decode)
    return Row(name, len(raw), *costs(works, seconds))


def messages(contract: Contract) -> Iterator[tuple[str, Codec, Data]]:
    """Every message that zeep can carry, with the example of the contract or a sample."""
    for operation in contract.operations.values():
        sides = ((operation.input, operation.request_example), (operation.output, operation.answer_example))
        for side, (codec, example) in zip(("asks", "answers"), sides, strict=True):
            shape, table = codec.element.shape, codec.table  # type: ignore[attr-defined]
            if codec.root and beyond(shape, table) is None:
                yield f"{operation.name} {side}", codec, example or sample(codec)


def validator(contract: Contract) -> etree.XMLSchema:
    """The XSD of a contract as one schema: what a client of zeep would validate with."""
    if contract.born == "openapi":
        return etree.XMLSchema(parse_xml(xsd(contract, "types", ADDRESS)))
    codec = next(iter(contract.operations.values())).input
    return codec._validator  # type: ignore[attr-defined,no-any-return]


def systems() -> Iterator[Path]:
    for folder in sorted((ROOT / "contracts").iterdir()):
        for path in sorted(folder.iterdir()):
            if path.stem == "v1" or path.suffix == ".wsdl":
                yield path


FIELDS = ("string", "string", "date", "string", "int", "string", "boolean", "decimal", "string", "dateTime")


def generated(folder: Path) -> Path:
    """A register with records of ten fields: lists of it make a message of any length."""
    fields = "".join(
        f'<xs:element name="truong{index}" type="xs:{kind}" minOccurs="{index % 2}"/>'
        for index, kind in enumerate(FIELDS)
    )
    text = (
        f'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
        f' xmlns:xs="{XS}"'
        ' xmlns:t="urn:bench" targetNamespace="urn:bench"><types><xs:schema targetNamespace="urn:bench"'
        f' elementFormDefault="qualified"><xs:complexType name="Muc"><xs:sequence>{fields}</xs:sequence></xs:complexType>'
        '<xs:element name="op"><xs:complexType><xs:sequence><xs:element name="ten" type="xs:string"/><xs:element name="muc"'
        ' type="t:Muc" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element></xs:schema></types>'
        '<message name="m"><part name="p" element="t:op"/></message><portType name="P"><operation name="op">'
        '<input message="t:m"/></operation></portType><binding name="B" type="t:P"><soap:binding style="document"'
        ' transport="http://schemas.xmlsoap.org/soap/http"/><operation name="op"><soap:operation soapAction=""/><input>'
        '<soap:body use="literal"/></input></operation></binding><service name="S"><port name="p" binding="t:B">'
        '<soap:address location="http://bench.invalid/"/></port></service></definitions>'
    )
    path = folder / "v1.wsdl"
    path.write_text(text, encoding="utf-8")
    return path


VALUES = (
    "Nguyễn Thị Mẫu", "999012345678", "2024-01-02", "thôn Mẫu, xã Thử", 42, "MAU-01", True,
    "1234567.89", "", "2024-01-02T03:04:05+07:00",
)  # fmt: skip


def of_size(codec: Codec, size: int) -> Data:
    one = {f"truong{index}": value for index, value in enumerate(VALUES)}
    data: Data = {"ten": "mẫu", "muc": [one]}
    each = len(codec.write_xml({"ten": "mẫu", "muc": [one, one]})) - len(codec.write_xml(data))
    return {"ten": "mẫu", "muc": [dict(one) for _ in range(max(1, size // each))]}


def rows(seconds: float) -> Iterator[Row]:
    for path in systems():
        contract = load(path, name=path.parent.name)
        oracle, schema = Oracle(contract), validator(contract)
        for name, codec, data in messages(contract):
            if oracle.knows(codec.root):
                yield measured(f"{path.parent.name} {name}", codec, data, oracle, schema, seconds)
    with tempfile.TemporaryDirectory() as folder:
        contract = load(generated(Path(folder)), name="bench")
        codec = contract.operations["op"].input
        for size in (KIB, 10 * KIB, 100 * KIB):
            data = of_size(codec, size)
            yield measured(f"generated {size // KIB} KB", codec, data, Oracle(contract), validator(contract), seconds)


@click.command()
@click.option("--quick", is_flag=True, help="Shorter batches; the figures are less steady.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write the figures here.")
def main(file: Path | None, *, quick: bool) -> None:
    """Encode and decode with validation: ours beside zeep's. A ratio above 1 means that ours is faster."""
    found = list(rows(0.03 if quick else 0.15))
    click.echo(
        f"{'message':58} {'bytes':>7} {'encode':>7} {'decode':>7} {'zeep e':>8} {'zeep d':>8} {'ratio':>6}  (CPU us)"
    )
    for row in sorted(found, key=lambda each: each.ratio):
        click.echo(
            f"{row.name:58} {row.size:7d} {row.encode:7.1f} {row.decode:7.1f} {row.zeep_encode:8.1f} {row.zeep_decode:8.1f} "
            f"{row.ratio:6.1f}"
        )
    ratios = [row.ratio for row in found]
    click.echo(f"{len(found)} messages: median {statistics.median(ratios):.1f}, worst {min(ratios):.1f}")
    if file is not None:
        written = [{**dataclasses.asdict(row), "ratio": row.ratio} for row in found]
        file.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
