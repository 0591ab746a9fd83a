"""Failure on request: which kinds there are, when one strikes, and what a request meets then.

A fault belongs to a system, or to an upstream (`ngsp`, `xroad`), where it strikes every system behind it and the sign-in
as well. Kinds and parameters are described in `docs/simulator.md`; the tables here are what a test holds it against.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from lgsp.runtime import Clock

Where = Literal["wire", "platform", "instead", "answer"]

KINDS: Mapping[str, tuple[Where, Mapping[str, Any]]] = MappingProxyType(
    {
        # on the wire
        "latency": ("wire", {"seconds": 2.0, "jitter": 0.0}),
        "hang": ("wire", {"seconds": 3600.0, "effect": False}),
        "refuse": ("wire", {}),
        "reset": ("wire", {"effect": False}),
        "lost-answer": ("wire", {}),
        "slow-close": ("wire", {"seconds": 30.0}),
        "dribble": ("wire", {"seconds": 30.0, "pieces": 30}),
        "bandwidth": ("wire", {"bytes_per_second": 1024}),
        "truncate": ("wire", {"fraction": 0.5, "framed": False}),
        # the platform between bus and ministry
        "token-down": ("platform", {"status": 503}),
        "token-expired": ("platform", {}),
        "session-expired": ("platform", {}),
        "suspend-303001": ("platform", {"seconds": 0.0}),
        "xml-fault": ("platform", {"status": 500, "code": "101503", "message": "Error connecting to the back end"}),
        # another answer instead of the ministry's
        "http-status": ("instead", {"status": 500, "effect": False, "retry_after": None}),
        "html-200": ("instead", {"effect": False}),
        "empty": ("instead", {"status": 200, "effect": False}),
        "garbage": ("instead", {"effect": False}),
        "soap-fault": ("instead", {"code": "Server", "text": "Internal error", "effect": False}),
        "fault-200": ("instead", {"code": "Server", "text": "Internal error", "effect": False}),
        "business-error": ("instead", {}),
        "duplicate": ("instead", {}),
        "entity-bomb": ("instead", {"effect": False}),
        # the ministry's answer, spoiled
        "must-understand": ("answer", {}),
        "version-mismatch": ("answer", {}),
        "schema-invalid": ("answer", {}),
        "wrong-namespace": ("answer", {}),
        "charset": ("answer", {"encoding": "utf-16"}),
        "nfd": ("answer", {}),
        "unknown-code": ("answer", {"field": None, "value": "99"}),
        "bad-base64": ("answer", {"field": None}),
        "oversized": ("answer", {"bytes": 8 * 1024 * 1024}),
        "old-contract": ("answer", {}),
    }
)
_ENDS = r"\s<>\"'\[\]{}:,;=&?"
"""What may stand around a value inside XML, JSON or a query that is a string: a code is not found in a longer one."""
LARGEST = 256 << 20
"""Bytes of blanks that `oversized` may add."""
SOAP_ONLY = frozenset({"must-understand", "version-mismatch", "wrong-namespace"})

CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "always": "true: every call (the same as no condition)",
        "times": "so many calls that fit, then never again",
        "every": "each n-th call that fits",
        "after": "not the first n calls that fit",
        "probability": "0 to 1, drawn from `seed`",
        "seed": "of `probability`, 1 where it is missing",
        "window": "[from, to] in seconds since the fault was set",
        "operation": "only this operation, public or the ministry's name, or one of a list",
        "consumer": "only this caller",
        "key": "only a message that has this value somewhere",
    }
)


class FaultError(ValueError):
    """A fault that does not exist as it was asked for; the text says what does."""


def spec(kind: str, **given: Any) -> dict[str, Any]:
    """A fault as `/_sim/faults` takes it, from one flat list of parameters and conditions: no name is both."""
    known = KINDS.get(kind, ("wire", {}))[1]
    when = {name: value for name, value in given.items() if name not in known}
    return {"kind": kind, "when": when, **{name: value for name, value in given.items() if name in known}}


@dataclass(frozen=True, slots=True)
class Call:
    """What a condition may look at."""

    system: str
    operation: str
    """Public name, "" where only the upstream is asked (sign-in)."""
    backend_operation: str
    consumer: str
    data: Any
    """The message, or None where it has not been read."""


@dataclass(slots=True)
class Fault:
    """One fault that is set, with what it has seen."""

    kind: str
    params: Mapping[str, Any]
    when: Mapping[str, Any]
    set_at: float
    """Monotonic seconds."""
    seen: int = 0
    struck: int = 0
    until: float = 0.0
    """`suspend-303001` with seconds: suspended for everybody until then."""
    _random: random.Random = field(default_factory=lambda: random.Random(1), repr=False)

    @property
    def where(self) -> Where:
        return KINDS[self.kind][0]

    def strikes(self, call: Call, now: float) -> bool:
        """Whether this call meets the fault; counts it where the other conditions fit."""
        when = self.when
        if self.until > now:
            return True
        window = when.get("window")
        if window is not None and not window[0] <= now - self.set_at <= window[1]:
            return False
        if not (
            _one_of(when.get("operation"), call.operation, call.backend_operation)
            and _one_of(when.get("consumer"), call.consumer)
        ):
            return False
        if "key" in when and not _holds(call.data, str(when["key"])):
            return False
        self.seen += 1
        if self.seen <= when.get("after", 0) or ("times" in when and self.struck >= when["times"]):
            return False
        if (self.seen - when.get("after", 0)) % when.get("every", 1):
            return False
        if "probability" in when and self._random.random() >= when["probability"]:
            return False
        self.struck += 1
        if self.kind == "suspend-303001" and self.params["seconds"]:
            self.until = now + float(self.params["seconds"])
        return True

    def describe(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.params, "when": dict(self.when), "seen": self.seen, "struck": self.struck}


class Faults:
    """All faults that are set, by system or upstream."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._set: dict[str, list[Fault]] = {}

    def put(self, name: str, spec: Any) -> list[Fault]:
        """Replaces what is set for a system or upstream by one fault or a list of them. Raises `FaultError`."""
        specs = spec if isinstance(spec, list) else [spec]
        faults = [self.parse(each) for each in specs]
        self._set[name] = faults
        return faults

    def add(self, name: str, spec: Any) -> Fault:
        """One more, beside what is set."""
        fault = self.parse(spec)
        self._set.setdefault(name, []).append(fault)
        return fault

    def delete(self, name: str) -> None:
        self._set.pop(name, None)

    def clear(self) -> None:
        self._set.clear()

    def all(self) -> Mapping[str, list[Fault]]:
        return self._set

    def meet(
        self, names: Iterable[str], call: Call, *where: Where, only: str | None = None, but: str | None = None
    ) -> Fault | None:
        """The first fault of these names that strikes this call; `only` and `but` narrow the kinds."""
        if not self._set:
            return None
        now = self._clock.monotonic()
        faults = (
            fault
            for name in names
            for fault in self._set.get(name, ())
            if fault.where in where and fault.kind != but and (only is None or fault.kind == only)
        )
        return next((fault for fault in faults if fault.strikes(call, now)), None)

    def parse(self, spec: Any) -> Fault:
        if not isinstance(spec, dict) or not isinstance(spec.get("kind"), str):
            raise FaultError('a fault is {"kind": "…", "when": {…}, …}')
        kind = spec["kind"]
        if kind not in KINDS:
            raise FaultError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
        known = KINDS[kind][1]
        given = {name: value for name, value in spec.items() if name not in ("kind", "when")}
        if unknown := sorted(given.keys() - known.keys()):
            raise FaultError(f"{kind} has no parameter {', '.join(unknown)}; it has {', '.join(known) or 'none'}")
        when = spec.get("when") or {}
        if not isinstance(when, dict):
            raise FaultError(f"no condition {when!r}; there are {', '.join(CONDITIONS)}")
        if strange := sorted(when.keys() - CONDITIONS.keys()):
            raise FaultError(
                f"no condition {', '.join(strange)}; there are {', '.join(CONDITIONS)}, "
                f"and the parameters of {kind}: {', '.join(known) or 'none'}"
            )
        _check(kind, {**known, **given}, when)
        source = random.Random(when.get("seed", 1))
        return Fault(kind, {**known, **given}, when, self._clock.monotonic(), _random=source)


def _check(kind: str, params: Mapping[str, Any], when: Mapping[str, Any]) -> None:
    for name, value in params.items():
        known = KINDS[kind][1][name]
        if isinstance(known, bool) and not isinstance(value, bool):
            raise FaultError(f"{kind}: {name} is true or false")
        if (
            isinstance(known, int | float)
            and not isinstance(known, bool)
            and not (_number(value) and math.isfinite(value))
        ):
            raise FaultError(f"{kind}: {name} is a number, 0 or more")
        if isinstance(known, str) and not (isinstance(value, str) or (_whole(value) and name in ("code", "value"))):
            raise FaultError(f"{kind}: {name} is a text")
        if name == "pieces" and not _whole(value, 1):
            raise FaultError(f"{kind}: {name} is a whole number, 1 or more")
        if name == "bytes" and not _whole(value, 0, LARGEST):
            raise FaultError(f"{kind}: {name} is a whole number up to {LARGEST}")
        if name == "bytes_per_second" and value <= 0:
            raise FaultError(f"{kind}: {name} is more than 0")
        if name == "fraction" and value > 1:
            raise FaultError(f"{kind}: fraction is a number from 0 to 1")
        if name == "status" and not _whole(value, 200, 599):
            raise FaultError(f"{kind}: status is a number from 200 to 599")
        if name == "field" and not (value is None or isinstance(value, str)):
            raise FaultError(f"{kind}: field is the name of a field")
        if name == "retry_after" and not (value is None or isinstance(value, str) or _number(value)):
            raise FaultError(f"{kind}: retry_after is seconds, or a date as HTTP writes it")
    if kind == "xml-fault" and not str(params["code"]).isdecimal():
        raise FaultError(f"{kind}: code is a number")
    _check_encoding(kind, params.get("encoding", "utf-8"))
    _check_conditions(when)


def _check_conditions(when: Mapping[str, Any]) -> None:
    if when.get("always", True) is not True:
        raise FaultError("always is true, or is left out")
    for name in ("times", "every", "after"):
        if name in when and not _whole(when[name], name == "every"):
            raise FaultError(f"{name} is a whole number" + (", 1 or more" if name == "every" else ""))
    probability = when.get("probability", 0)
    if not _number(probability) or probability > 1:
        raise FaultError("probability is a number from 0 to 1")
    if not isinstance(when.get("seed", 1), int | str):
        raise FaultError("seed is a number or a text")
    window = when.get("window", [0, 0])
    if not (
        isinstance(window, list | tuple) and len(window) == 2 and all(map(_number, window)) and window[0] <= window[1]
    ):
        raise FaultError("window is [from, to] in seconds, the earlier one first")
    for name in ("operation", "consumer"):
        if name in when and not all(isinstance(each, str) for each in listed(when[name])):
            raise FaultError(f"{name} is a name or a list of names")
    if not isinstance(when.get("key", ""), str | int | float):
        raise FaultError("key is a value of the message: a text or a number")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _whole(value: Any, least: int = 0, most: float = math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _check_encoding(kind: str, encoding: Any) -> None:
    try:
        "".encode(encoding)
    except (LookupError, TypeError):  # not known, or none that makes bytes of text
        raise FaultError(f"{kind}: no encoding {encoding!r}; such as utf-16, windows-1258") from None


def listed(names: Any) -> Sequence[Any]:
    """One name, or several."""
    return names if isinstance(names, list | tuple) else (names,)


def _one_of(wanted: Any, *names: str) -> bool:
    if wanted is None:
        return True
    return any(name in listed(wanted) for name in names)


def _holds(data: Any, value: str) -> bool:
    """Whether a message has this value somewhere, also inside XML or JSON that stands in a string."""
    if isinstance(data, dict):
        return any(_holds(each, value) for each in data.values())
    if isinstance(data, list):
        return any(_holds(each, value) for each in data)
    if isinstance(data, str) and value and value in data:
        return re.search(rf"(?<![^{_ENDS}]){re.escape(value)}(?![^{_ENDS}])", data) is not None
    return str(data) == value
