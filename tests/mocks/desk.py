"""The engine's services written down, for tests that ask a ministry's handlers without an engine."""

from __future__ import annotations

from typing import Any


class Desk:
    """What took effect, what waits, whom the ministry calls, what was put aside."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.waiting: list[tuple[float, str, dict[str, Any]]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.aside: list[Any] = []

    def effect(self, system: str, key: str) -> None:
        del system
        self.effects.append(key)

    def later(self, system: str, seconds: float, function: str, data: dict[str, Any]) -> None:
        del system
        self.waiting.append((seconds, function, data))

    def call_province(self, system: str, operation: str, data: dict[str, Any]) -> None:
        del system
        self.calls.append((operation, data))

    def keep(self, value: Any) -> str:
        self.aside.append(value)
        return str(len(self.aside) - 1)

    def kept(self, reference: str) -> Any:
        return self.aside[int(reference)]

    def new_id(self) -> str:
        return "0" * 26
