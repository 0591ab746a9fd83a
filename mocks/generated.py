"""The simulated side of a system that has a contract and nothing else: specimens of its messages, its faults on request.

    CONTRACT = Specimens.beside(__file__, "so-mau", "v1.wsdl")
    HANDLERS = {"ministry": {"traCuu": CONTRACT.answer}}

Answers are valid by the contract, visibly invented and the same every time. A text `LOI:<fault>` anywhere in a request
asks for that declared fault; the fault `business-error` gives the declared faults of the operation one after the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from lgsp.contract import Contract, load
from lgsp.contract.model import Operation
from lgsp.contract.shape import Record, Scalar, resolve
from lgsp.contract.specimen import specimen
from lgsp.errors import InvalidMessage
from lgsp.model import Data
from lgsp_mocks.handler import Ask, Example, HttpFault, SoapFault

FAULT = "LOI:"
"""Lỗi, "fault": what stands before the name of a fault that is asked for."""
_REFUSAL = "Từ chối (mẫu)"


class Specimens:
    """One contract's answers. It is read when the first question comes."""

    def __init__(self, file: Path, name: str) -> None:
        self._file, self._name = file, name
        self._answers: dict[str, Data] = {}

    @classmethod
    def beside(cls, module: str, system: str, root: str) -> Specimens:
        """The contract `contracts/<system>/<root>` of the home whose `mocks/` has this module."""
        return cls(Path(module).resolve().parent.parent / "contracts" / system / root, system)

    @cached_property
    def contract(self) -> Contract:
        return load(self._file, name=self._name, xml=True)

    def answer(self, ask: Ask) -> Data:
        """A specimen of the operation's answer, or the declared fault that the request asks for."""
        operation = self.contract.operations[ask.operation]
        for name in operation.faults:
            if any(text == FAULT + name for text in _texts(ask.data)):
                raise self._fault(operation, name)
        seen = ask.state.setdefault("seen", [])
        said = f"{ask.operation} {_digest(ask.data)}"
        if said not in seen:  # asked again, nothing more happens
            seen.append(said)
            ask.effect(said)
        if operation.name not in self._answers:
            self._answers[operation.name] = specimen(operation.output, like=operation.answer_example)
        copy: Data = json.loads(json.dumps(self._answers[operation.name]))
        return copy

    def business_error(self, ask: Ask) -> Data:
        """The declared faults of this operation in turn; a plain refusal where it declares none."""
        operation = self.contract.operations[ask.operation]
        names = [name for name in operation.faults if self.contract.born == "wsdl" or _is_refusal(name)]
        if not names:
            if self.contract.born == "wsdl":
                raise SoapFault("Client", _REFUSAL)
            raise HttpFault(422, {"message": _REFUSAL})
        turns = ask.state.setdefault("faults", {})
        turn = turns.get(operation.name, 0)
        turns[operation.name] = turn + 1
        raise self._fault(operation, names[turn % len(names)])

    def examples(self) -> list[Example]:
        """For every operation a request that is answered, and for every declared refusal one that asks for it."""
        return [each for operation in self.contract.operations.values() for each in self._examples(operation)]

    def _examples(self, operation: Operation) -> Iterator[Example]:
        request = specimen(operation.input, like=operation.request_example)
        yield Example(operation.name, request)
        for name in operation.faults:
            if self.contract.born == "openapi" and not _is_refusal(name):
                continue
            if (asking := _asking_for(operation, request, name)) is not None:
                code = "record-not-found" if name == "404" else "provider-fault"
                yield Example(operation.name, asking, expect=code)

    def _fault(self, operation: Operation, name: str) -> SoapFault | HttpFault:
        codec = operation.faults[name]
        detail = specimen(codec)
        if self.contract.born == "wsdl":
            return SoapFault("Server", _REFUSAL, codec.write_xml(detail).decode())
        code = name.upper().replace("X", "0")
        return HttpFault(int(code) if code.isdigit() else 500, detail)


def _is_refusal(status: str) -> bool:
    """A status that blames the message, not the sign-in and not the server."""
    return status.startswith("4") and status not in ("401", "403", "429")


def _asking_for(operation: Operation, request: Data, fault: str) -> Data | None:
    """The request with the fault's name in its first free text at the top; None where the contract leaves no room."""
    element, table = getattr(operation.input, "element"), getattr(operation.input, "table")  # noqa: B009  codecs have both
    record = resolve(element.shape, table)
    if not isinstance(record, Record) or record.text is not None:
        return None
    for field in record.elements():
        if (
            isinstance(field.shape, Scalar)
            and field.shape.base == "string"
            and isinstance(request.get(field.name), str)
        ):
            asking = {**request, field.name: FAULT + fault}
            try:
                operation.input.check(asking)
            except InvalidMessage:
                continue
            return asking
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _digest(data: Data) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:16]
