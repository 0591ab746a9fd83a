"""Contracts: one half is written (WSDL or OpenAPI), the other generated; every message compiled to a codec.

`load` reads files only, offline. zeep lives in `oracle.py` and is for tests (docs/decisions/contract-reader.md).
"""

from __future__ import annotations

from pathlib import Path

from lgsp.contract.findings import ContractError, Finding
from lgsp.contract.halves import openapi, wsdl, xsd
from lgsp.contract.jsontext import strict_json
from lgsp.contract.model import Codec, Contract, Http, Operation, Parameter, Soap
from lgsp.contract.openapi_read import read_openapi
from lgsp.contract.sample import sample

__all__ = [
    "Codec",
    "Contract",
    "ContractError",
    "Finding",
    "Http",
    "Operation",
    "Parameter",
    "Soap",
    "load",
    "openapi",
    "sample",
    "strict_json",
    "wsdl",
    "xsd",
]


def load(path: Path, *, name: str, xml: bool | None = None) -> Contract:
    """The contract of a `.yaml`, `.yml`, `.json` or `.wsdl` file. Raises `ContractError` with all findings at once.

    `xml` says whether an OpenAPI document must have an XML half; by default a public one must (`v1.yaml`) and a
    backend's need not (`backend-*.yaml`). `name` names the generated namespace: the system's public name.
    """
    if path.suffix.lower() in (".wsdl", ".xml"):
        from lgsp.contract.wsdl_read import read_wsdl

        return read_wsdl(path, name=name)
    if xml is None:
        xml = not path.name.startswith("backend")
    return read_openapi(path, name=name, xml=xml)
