"""The simulator's own desk: `/_sim/…` (INTERFACE.md, "For developers"). JSON in, JSON out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from lgsp.contract.specimen import specimen
from lgsp.model import HttpRequest, HttpResponse
from lgsp_mocks.book import entries
from lgsp_mocks.faults import SOAP_ONLY, FaultError, listed
from lgsp_mocks.handler import Example
from lgsp_mocks.ndop import NAME as NDOP

if TYPE_CHECKING:
    from lgsp_mocks.catalogue import SimSystem
    from lgsp_mocks.simulator import Simulator

_BY_MODULE = ("business-error", "duplicate")


class Admin:
    """One method a path."""

    def __init__(self, simulator: Simulator) -> None:
        self._sim = simulator

    async def answer(self, request: HttpRequest) -> HttpResponse:
        path, _, query = request.target.partition("?")
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        method, parts = request.method.upper(), path.strip("/").split("/")[1:]
        match method, parts:
            case "GET", ["systems"]:
                return _json([self._system(system) for system in self._sim.systems.values()])
            case "GET", ["examples"]:
                return _json(self.examples())
            case "GET", ["people"]:
                return _json(self.people())
            case "GET", ["journal"]:
                return _json(self._sim.journal.as_data(asked.get("system"), asked.get("operation")))
            case "GET", ["effects"]:
                return _json(self._sim.journal.effects)
            case "GET", ["faults"]:
                return _json(
                    {name: [fault.describe() for fault in faults] for name, faults in self._sim.faults.all().items()}
                )
            case "PUT", ["faults", name]:
                return self._put_fault(name, request)
            case "DELETE", ["faults"]:
                self._sim.faults.clear()
                return HttpResponse(204)
            case "DELETE", ["faults", name]:
                return self._delete_fault(name)
            case "POST", ["reset"]:
                self._sim.reset()
                return HttpResponse(204)
            case _:
                return _json({"error": "no such desk", "path": path}, 404)

    def examples(self) -> list[dict[str, Any]]:
        """At least one request for every public operation, and what it must give."""
        found = []
        for system in self._sim.systems.values():
            for example in system_examples(system, self._sim):
                version = example.version or system.version
                kinds = system.older[version].kinds if version in system.older else system.kinds
                entry: dict[str, Any] = {
                    "system": system.name,
                    "version": version,
                    "operation": example.operation,
                    "kind": kinds.get(example.operation, "query"),
                    "request": example.request,
                    "expect": example.expect,
                }
                if example.headers:
                    entry["headers"] = dict(example.headers)
                if example.note:
                    entry["note"] = example.note
                found.append(entry)
        return found

    def people(self) -> list[dict[str, Any]]:
        """The test people's book."""
        return entries(self._sim.world, self._sim.systems)

    def _system(self, system: SimSystem) -> dict[str, Any]:
        return {
            "name": system.name,
            "title": dict(system.title),
            "simulated": system.module is not None,
            "operations": dict(system.kinds),
            "backends": [
                {
                    "name": backend.name,
                    "adapter": backend.adapter,
                    "upstream": backend.upstream,
                    "path": backend.path,
                    "operations": sorted(backend.contract.operations),
                }
                for backend in system.backends.values()
            ],
            "findings": list(system.findings),
            "faults": [fault.describe() for fault in self._sim.faults.all().get(system.name, ())],
        }

    def _put_fault(self, name: str, request: HttpRequest) -> HttpResponse:
        if name not in self._sim.fault_names():
            return _json({"error": f"no system {name!r}", "known": sorted(self._sim.fault_names())}, 404)
        try:
            spec = json.loads(request.body) if isinstance(request.body, bytes) else None
            faults = self._sim.set_fault(name, spec)
        except (FaultError, ValueError) as error:
            return _json({"error": str(error)}, 400)
        return _json([fault.describe() for fault in faults])

    def check(self, name: str, spec: Any) -> None:
        """Raises `FaultError` for a fault that makes no sense on this system."""
        self.named(name)
        system = self._sim.systems.get(name)
        for each in spec if isinstance(spec, list) else [spec]:
            kind = each.get("kind") if isinstance(each, dict) else None
            if kind in _BY_MODULE and not (system and hasattr(system.module, str(kind).replace("-", "_"))):
                raise FaultError(f"{name} does not say what its {kind} looks like")
            if system and kind in SOAP_ONLY and all(b.adapter == "rest" for b in system.backends.values()):
                raise FaultError(f"{kind} makes no sense on {name}: it does not speak SOAP")
            self._check_operations(name, each)

    def named(self, name: str | None, operation: str | None = None, *, asked_of_us: bool = False) -> None:
        """Raises `FaultError` for a system or operation that there is not: what is set or looked for there is never met.

        `asked_of_us`: what the ministries ask the province counts too.
        """
        if name is not None and name not in (known := self._sim.fault_names()):
            raise FaultError(f"no system {name!r}{_nearest(name, known)}")
        if operation is None or name == NDOP:
            return
        operations = set()
        for system in self._sim.systems.values():
            for backend in system.backends.values():
                if name in (None, system.name, backend.upstream):
                    operations |= backend.contract.operations.keys() | set(backend.operations.values())
            if asked_of_us and name in (None, system.name):
                operations |= system.inbound.keys()
        if operation not in operations:
            raise FaultError(
                f"{name or 'the simulator'} has no operation {operation!r}{_nearest(operation, operations)}"
            )

    def _check_operations(self, name: str, spec: Any) -> None:
        """A fault on an operation that there is not would never strike, and its test would say that nothing is wrong."""
        when = spec.get("when") if isinstance(spec, dict) else None
        if isinstance(when, dict) and "operation" in when:
            for operation in map(str, listed(when["operation"])):
                self.named(name, operation)

    def _delete_fault(self, name: str) -> HttpResponse:
        if name not in self._sim.fault_names():
            return _json({"error": f"no system {name!r}"}, 404)
        self._sim.faults.delete(name)
        return HttpResponse(204)


def system_examples(system: SimSystem, simulator: Simulator) -> list[Example]:
    """What the system's module promises."""
    told = getattr(system.module, "examples", None)
    if told is None:
        return []
    found: list[Example] = list(told(simulator.world))
    return found + list(_older_examples(system, {(each.version, each.operation) for each in found}))


def _older_examples(system: SimSystem, told: set[tuple[str, str]]) -> Iterator[Example]:
    """What its contract offers, for each operation of an older version of which the module says nothing."""
    for version, older in system.older.items():
        for operation in older.contract.operations.values():
            if (version, operation.name) not in told:
                request = specimen(operation.input, like=operation.request_example)
                yield Example(operation.name, request, version=version)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.4)
    return f"; nearest: {', '.join(near)}" if near else f"; there are {', '.join(sorted(known))}"


def _json(document: Any, status: int = 200) -> HttpResponse:
    body = json.dumps(document, ensure_ascii=False, default=str).encode()
    return HttpResponse(status, {"content-type": "application/json; charset=utf-8"}, body)
