"""Does a live backend keep its contract? Sample calls of the safe operations, each answer judged, the whole scored.

Only operations that a person has marked safe are asked; a business refusal is an answer like any other. What is found is
told by class, path and rule, never by value.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lgsp.contract.specimen import specimen
from lgsp.errors import InvalidMessage, LgspError, ProviderFault
from lgsp.exchange import Deadline
from lgsp.health.conformity import Deviation, judged
from lgsp.mapping import Context
from lgsp.model import Data, HttpRequest, HttpResponse
from lgsp.pipeline.call import decode, encode
from lgsp.registry import BackendRoute, Connector, Operation
from lgsp.runtime import HANOI, Runtime
from lgsp.transport import Until


class Line(Protocol):
    """How a request reaches the backend; `lgsp.upstream.Upstreams` is one."""

    async def send(
        self, system: str, upstream: str, dstcode: str | None, request: HttpRequest, until: Until
    ) -> HttpResponse: ...


@dataclass(frozen=True, slots=True)
class Check:
    """One call. `sample` says where its request came from."""

    operation: str
    backend: str
    sample: Literal["probe", "example", "specimen"]
    deviation: Deviation
    rules: tuple[str, ...]
    outcome: str
    """ "ok", or the code of the error."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Conformity:
    system: str
    checks: tuple[Check, ...]
    unasked: tuple[str, ...]
    """Operations that nobody has marked safe."""

    @property
    def score(self) -> float | None:
        """Share of calls without deviation, 0 to 100; None where nothing could be asked."""
        if not self.checks:
            return None
        return round(100 * sum(not each.deviation for each in self.checks) / len(self.checks), 1)

    @property
    def classes(self) -> Mapping[str, int]:
        """How often each class of deviation was met."""
        found: dict[str, int] = {}
        for each in self.checks:
            if each.deviation:
                found[each.deviation] = found.get(each.deviation, 0) + 1
        return found

    def as_json(self) -> dict[str, Any]:
        return {
            "system": self.system,
            "score": self.score,
            "deviations": dict(self.classes),
            "unasked": list(self.unasked),
            "checks": [
                {
                    "operation": each.operation,
                    "backend": each.backend,
                    "sample": each.sample,
                    "deviation": each.deviation or None,
                    "rules": list(each.rules),
                    "outcome": each.outcome,
                    "seconds": round(each.seconds, 3),
                }
                for each in self.checks
            ],
        }


async def conform(
    connector: Connector, line: Line, runtime: Runtime, secrets: Mapping[str, str], values: Mapping[str, str]
) -> Conformity:
    """Asks one call after the other, so that a backend in trouble is not made worse."""
    checks = [
        await _check(connector, operation, route, kind, request, line, runtime, secrets, values)
        for operation in connector.operations.values()
        if operation.safe
        for route in operation.routes
        for kind, request in _samples(operation)
    ]
    unasked = tuple(each.name for each in connector.operations.values() if not each.safe)
    return Conformity(connector.name, tuple(checks), unasked)


def _samples(operation: Operation) -> list[tuple[Literal["probe", "example", "specimen"], Data]]:
    """Requests by the public contract, each once."""
    found: list[tuple[Literal["probe", "example", "specimen"], Data]] = []
    if operation.probe is not None:
        found.append(("probe", dict(operation.probe)))
    if operation.public.request_example is not None:
        found.append(("example", operation.public.request_example))
    with contextlib.suppress(InvalidMessage):  # rules between fields that no sample keeps: the example has been asked
        found.append(("specimen", specimen(operation.public.input)))
    return [each for index, each in enumerate(found) if each[1] not in [other for _, other in found[:index]]]


async def _check(
    connector: Connector, operation: Operation, route: BackendRoute, kind: Literal["probe", "example", "specimen"],
    data: Data, line: Line, runtime: Runtime, secrets: Mapping[str, str], values: Mapping[str, str],
) -> Check:  # fmt: skip
    clock = runtime.clock
    context = Context(
        now=clock.now().astimezone(HANOI), new_id=runtime.ids.new, backend=route.backend.name, consumer="", officer=None,
        purpose=None, case=None, secrets={name: secrets[name] for name in route.backend.secrets if name in secrets},
        values={**route.backend.values, **values}, places=connector.places, request=data, era="",
    )  # fmt: skip
    began, outcome = clock.monotonic(), "ok"
    deviation: Deviation = ""
    rules: tuple[str, ...] = ()
    try:
        request = encode(connector, operation, route, data, context)
    except LgspError as error:
        return Check(operation.name, route.backend.name, kind, "not-asked", _rules(error), error.code, 0.0)
    except Exception:  # noqa: BLE001  a defect in one mapping must not end the checks of the others
        return Check(operation.name, route.backend.name, kind, "defect", (), "bus-fault", 0.0)
    try:
        until = Deadline(began + operation.timeout)
        answer = await line.send(connector.name, route.backend.upstream, route.backend.dstcode, request, until)
        decode(connector, operation, route, answer, context)
    except ProviderFault as error:
        outcome = error.code
    except LgspError as error:
        outcome, rules = error.code, _rules(error)
        deviation = judged(error)
    return Check(operation.name, route.backend.name, kind, deviation, rules, outcome, clock.monotonic() - began)


def _rules(error: LgspError) -> tuple[str, ...]:
    if error.errors:
        return tuple(f"{each.path or '/'} {each.rule}" for each in error.errors[:10])
    return (error.detail.en,) if error.detail else ()
