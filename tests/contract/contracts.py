"""Every contract that the tests of this folder walk: those of the product and our own tricky ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lgsp.contract import Codec, Contract, load
from lgsp.contract.oracle import Oracle

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).parent / "fixtures"


def files() -> list[Path]:
    found = [path for path in sorted((ROOT / "contracts").glob("*/*")) if path.suffix in (".yaml", ".wsdl")]
    return [*found, FIXTURES / "tricky.yaml", FIXTURES / "tricky.wsdl", FIXTURES / "rpc.wsdl"]


@cache
def loaded(path: Path) -> Contract:
    return load(path, name=path.parent.name)


@cache
def oracle(path: Path) -> Oracle:
    return Oracle(loaded(path))


def messages(contract: Contract) -> Iterator[tuple[str, Codec]]:
    """Every message that has a root element, with a name to show."""
    for operation in contract.operations.values():
        named = {
            "input": operation.input,
            "output": operation.output,
            **operation.faults,
            **operation.soap.header_parts,
        }
        for side, codec in named.items():
            if codec.root:
                yield f"{operation.name}.{side}", codec


def has_xml(path: Path) -> bool:
    return path.suffix == ".wsdl" or not path.name.startswith("backend")
