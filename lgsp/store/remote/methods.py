"""The port's methods as calls over a socket, read from the protocols themselves: a new group needs nothing here."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, get_origin, get_type_hints

import msgspec

from lgsp.store.port import Store, StoreFailed
from lgsp.store.remote.peer import Peer, RemoteFailure, packed

_LISTED = (Collection, Iterable, Sequence, AbstractSet)
_STAYS = frozenset({"keys", "evidence", "changes", "leases", "allowances", "waiting"})
"""Every worker has the installation's keys and a chain of its own; the hub must know who asks it."""
_KNOWN: dict[str, type[Exception]] = {"ValueError": ValueError, "KeyError": KeyError, "StoreFailed": StoreFailed}


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one group: how its arguments and its answer are read."""

    name: str
    signature: inspect.Signature
    arguments: msgspec.msgpack.Decoder[Any]
    answer: msgspec.msgpack.Decoder[Any]
    listed: tuple[int, ...]
    """Places of arguments that may be any collection: they travel as a list."""
    by_name: int
    """From this place on, arguments are given by name."""

    def pack(self, given: tuple[Any, ...], named: dict[str, Any]) -> bytes:
        bound = self.signature.bind(*given, **named)
        bound.apply_defaults()
        values = list(bound.arguments.values())
        for place in self.listed:
            if not isinstance(values[place], (list, tuple)) and values[place] is not None:
                values[place] = list(values[place])
        return packed(values)

    def unpack(self, body: bytes) -> tuple[tuple[Any, ...], dict[str, Any]]:
        values = self.arguments.decode(body)
        names = list(self.signature.parameters)[self.by_name :]
        return values[: self.by_name], dict(zip(names, values[self.by_name :], strict=True))


def groups(port: type = Store) -> dict[str, dict[str, Method]]:
    """Every group of the port that may be asked from afar, with its methods."""
    found: dict[str, dict[str, Method]] = {}
    for name, member in vars(port).items():
        if not isinstance(member, property) or member.fget is None or name in _STAYS:
            continue
        protocol = get_type_hints(member.fget)["return"]
        found[name] = {
            each: _method(f"{name}.{each}", function)
            for each, function in vars(protocol).items()
            if inspect.iscoroutinefunction(function) and not each.startswith("_")
        }
    return found


def _method(name: str, function: Callable[..., Any]) -> Method:
    hints = get_type_hints(function)
    answer = hints.pop("return", None)
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1:]  # without self
    types = tuple(hints.get(each.name, Any) for each in parameters)
    by_name = sum(each.kind is not inspect.Parameter.KEYWORD_ONLY for each in parameters)
    listed = tuple(place for place, each in enumerate(types) if get_origin(each) in _LISTED)
    return Method(
        name,
        signature.replace(parameters=parameters),
        msgspec.msgpack.Decoder(tuple[types] if types else tuple[()]),  # type: ignore[valid-type]  # made at run time
        msgspec.msgpack.Decoder(answer if answer is not type(None) else None),
        listed,
        by_name,
    )


def asking(peer: Peer, methods: dict[str, Method]) -> Any:
    """An object that asks the other side for each of these methods."""
    return SimpleNamespace(**{name: _asked(peer, method) for name, method in methods.items()})


def _asked(peer: Peer, method: Method) -> Callable[..., Awaitable[Any]]:
    async def ask(*given: Any, **named: Any) -> Any:
        try:
            answer = await peer.call(method.name, method.pack(given, named))
        except RemoteFailure as error:
            raise _KNOWN.get(error.kind, StoreFailed)(error.text or error.kind) from error
        return method.answer.decode(answer)

    return ask


def carried_out(store: Store) -> dict[str, tuple[Method, Callable[..., Awaitable[Any]]]]:
    """What the owner does for each call, by name."""
    return {
        method.name: (method, getattr(getattr(store, group), name))
        for group, methods in groups().items()
        for name, method in methods.items()
    }


def edition() -> str:
    """Changes with the port: a worker of another edition is not served."""
    text = "\n".join(
        sorted(f"{method.name}{method.signature}" for methods in groups().values() for method in methods.values())
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]
