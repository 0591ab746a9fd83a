"""The documents of a contract as the outside gets them: the written half with live addresses, the other half generated."""

from __future__ import annotations

from typing import Any

from lgsp.contract import wsdl_write
from lgsp.contract.model import Contract
from lgsp.contract.openapi_write import openapi_document


def wsdl(contract: Contract, address: str) -> bytes:
    """`address` is the URL of the SOAP endpoint; schemas are named below it as `?xsd=…`."""
    if contract.born == "wsdl":
        from lgsp.contract.wsdl_serve import served

        return served(contract, None, address)
    return wsdl_write.wsdl_document(contract, address)


def xsd(contract: Contract, name: str, address: str) -> bytes:
    """A schema that the WSDL names. Raises `KeyError` for a name that it does not."""
    if contract.born == "wsdl":
        from lgsp.contract.wsdl_serve import served

        return served(contract, name, address)
    if name != "types":
        raise KeyError(name)
    return wsdl_write.xsd_document(contract)


def openapi(contract: Contract, server: str, *, examples: bool = True) -> dict[str, Any]:
    """OpenAPI 3.1 of the REST face: every operation is `POST {server}/{operation}`. Examples of very many take their time."""
    return openapi_document(contract, server, examples=examples)
