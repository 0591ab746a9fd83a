"""A plain zeep client on the WSDL that the bus serves for a system, asked beside REST and SOAP: for `scripts/wild.py`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit


async def served(province: Any, system: str) -> dict[str, bytes]:
    """The WSDL that the bus serves, with every schema that it names, by path and query."""
    base = f"/soap/{system}/v1"
    pending, found = [f"{base}?wsdl"], {}
    while pending:
        path = pending.pop()
        if path in found:
            continue
        reply = await province.send("GET", path, {"host": "bus.invalid"})
        found[path] = reply.body
        for location in re.findall(rb"""(?:schemaLocation|location)\s*=\s*["']([^"']+)["']""", reply.body):
            parts = urlsplit(location.decode().replace("&amp;", "&"))
            if parts.path == base and parts.query:
                pending.append(f"{base}?{parts.query}")
    return found


@dataclass(frozen=True)
class Different:
    """What did not agree, and the construct that zeep cannot be asked, if that is why."""

    said: str
    strange: str = ""

    def __str__(self) -> str:
        return f"{self.said} [{self.strange}]" if self.strange else self.said


class Client:
    """It knows the served documents and nothing else; its messages travel by hand."""

    def __init__(self, province: Any, system: str, documents: dict[str, bytes]) -> None:
        import zeep
        from zeep.transports import Transport

        class Served(Transport):
            def load(self, url: str) -> bytes:
                parts = urlsplit(url)
                path = f"{parts.path}?{parts.query}"
                if path not in documents:
                    raise OSError(f"not served: {url}")
                return documents[path]

        self.province, self.path, self.why = province, f"/soap/{system}/v1", ""
        try:
            self.client = zeep.Client(f"http://bus.invalid{self.path}?wsdl", transport=Served())  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001  the report is what we are here for
            self.why = f"{type(error).__name__}: {str(error)[:200]}"

    def operation(self, wanted: Any) -> Any:
        """(binding, operation) that asks with the same element, or None."""
        found = []
        for binding in self.client.wsdl.bindings.values():
            for name, operation in binding._operations.items():  # noqa: SLF001  zeep has no other way
                body = getattr(operation.input, "body", None)
                root = body.qname.text if body is not None and getattr(body, "qname", None) is not None else ""
                if hasattr(operation.input, "body") and (root == wanted.input.root or not root):
                    found.append((name != wanted.name and not wanted.name.startswith(f"{name}_"), binding, operation))
        named = [each for each in found if not each[0]] or [
            each for each in found if getattr(each[2].input, "body", None) is not None
        ]
        return named[0][1:] if named else None

    async def differs(self, operation: Any, request: Any, wanted: Any, key: str) -> Different | None:
        """Asks the operation and compares with what REST gave; None where it is the same."""
        from zeep.helpers import serialize_object

        from lgsp.contract.oracle import beyond, comparable, without_nothing

        if self.why:
            return Different(f"zeep cannot load what the bus serves: {self.why}")
        binding, theirs = self.operation(operation) or (None, None)
        if theirs is None:
            return Different("zeep does not find it in what the bus serves")
        ask, output = operation.input, operation.output
        strange = (
            beyond(ask.element.shape, ask.table) or (output.root and beyond(output.element.shape, output.table)) or ""
        )
        try:
            got = await self._asked(binding, theirs, ask, request, key)
        except Exception as error:  # noqa: BLE001
            return Different(f"zeep {type(error).__name__}: {str(error)[:250]}", strange)
        if operation.soap.one_way:
            return None
        said = without_nothing(serialize_object(got, dict))
        # answers with headers come in two parts
        two_parts = theirs.output is not None and theirs.output.header is not None and isinstance(said, dict)
        if two_parts and said.keys() <= {"header", "body"}:
            said = said.get("body")
        ours = comparable(output.element.shape, wanted, output.table) if output.root else None
        if said == ours or _unwrapped(said, ours):
            return None
        return Different(f"zeep reads {str(said)[:200]} instead of {str(ours)[:200]}", strange)

    async def _asked(self, binding: Any, operation: Any, ask: Any, request: Any, key: str) -> Any:
        from lxml import etree

        from lgsp.contract.oracle import to_zeep

        arguments = to_zeep(ask.element.shape, request, ask.table) if ask.root else {}
        arguments = arguments if isinstance(arguments, dict) else {"_value_1": arguments}
        bare = [arguments.pop("_value_1")] if set(arguments) == {"_value_1"} else []
        serialized = operation.create(*bare, **arguments)
        envelope = etree.QName(serialized.content).namespace or ""
        version = "text/xml" if "schemas.xmlsoap.org" in envelope else "application/soap+xml"
        headers = {name.lower(): value for name, value in serialized.headers.items()}
        headers |= {"content-type": f"{version}; charset=utf-8", "x-api-key": key}
        reply = await self.province.send("POST", self.path, headers, etree.tostring(serialized.content))
        answered = SimpleNamespace(
            status_code=reply.status, content=reply.body, headers=_Headers(reply.headers), encoding="utf-8"
        )
        return binding.process_reply(self.client, operation, answered)


def _unwrapped(theirs: Any, ours: Any) -> bool:
    """zeep hands out the only child of a wrapper, also of a wrapper in it."""
    while isinstance(ours, dict) and len(ours) == 1:
        ours = next(iter(ours.values()))
        if ours == theirs:
            return True
    return theirs is None and not ours


class _Headers(dict[str, str]):
    """As requests has them: names in any case."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())
