"""A SOAP call of the command line, by the same contract and adapter that the bus uses towards ministries."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgsp.cli.client import Answer
from lgsp.cli.output import Exit, refuse
from lgsp.cli.place import loaded
from lgsp.home import Home, builtin


@dataclass(frozen=True, slots=True)
class SoapCall:
    """The request to send, and how to read what comes back: (fine, document)."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    read: Callable[[Answer], tuple[bool, Any]]


def soap_call(gateway: str, system: str, version: str, operation: str, request: Any) -> SoapCall:
    """Ends the command (1, 2) where no home knows the operation or the request breaks the contract."""
    from lgsp import contract as contracts
    from lgsp.adapters import soap, soap_fault
    from lgsp.errors import InvalidMessage, LgspError
    from lgsp.model import HttpResponse

    public = _public(system, version)
    loaded_contract = contracts.load(public, name=system)
    asked = loaded_contract.operations.get(operation)
    if asked is None:
        refuse(f"{system} has no operation {operation}; it has {', '.join(loaded_contract.operations)}")
    try:
        wire = soap.encode_request(asked, request, "1.1")
    except InvalidMessage as error:
        broken = "; ".join(f"{each.path}: {each.rule}" for each in error.errors)
        refuse(f"invalid-message: {broken}")

    def read(answer: Answer) -> tuple[bool, Any]:
        response = HttpResponse(answer.status, answer.headers, answer.raw)
        try:
            return True, soap.decode_response(asked, response)
        except soap_fault.SoapFaultReceived as fault:
            return False, {"code": fault.code, "detail": fault.text, **(fault.detail or {})}
        except LgspError as error:
            return False, {"code": error.code, "detail": str(answer.document)[:2000]}

    if not isinstance(wire.body, bytes):
        refuse("this request is too large for the command line", Exit.USAGE)
    return SoapCall(f"{gateway}/soap/{system}/{version}", wire.headers, wire.body, read)


def _public(system: str, version: str) -> Path:
    homes = (builtin(), *(Home.at(folder) for folder in loaded().settings.homes))
    for home in homes:
        manifest = home.connectors / system / "connector.toml"
        if manifest.is_file():
            said = tomllib.loads(manifest.read_text("utf-8"))
            names = [said["contract"]["public"], *(each["contract"] for each in said.get("versions", {}).values())]
            found = {str(name).partition(".")[0]: str(name) for name in names}
            if version not in found:
                refuse(f"{system} is at {', '.join(found)}, not {version}", Exit.USAGE)
            return home.contracts / system / found[version]
    return refuse(f"no system {system}; `lgsp status` lists them")
