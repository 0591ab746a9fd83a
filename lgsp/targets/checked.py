"""One target as it was found: how far one gets, and the sentence that says what is wrong, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lgsp.diagnosis import Step
from lgsp.model import Stage, Text
from lgsp.registry import Connector, Registry


@dataclass(frozen=True, slots=True)
class Checked:
    """One target: `key` of the settings, `where` it leads (host and port, or a file), how far one gets."""

    key: str
    where: str
    steps: tuple[Step, ...]

    @property
    def failed(self) -> Step | None:
        return next((each for each in self.steps if each.state == "failed"), None)

    @property
    def note(self) -> bool:
        """Nothing is wrong, something is not set."""
        return self.steps[0].name == "settings" and self.steps[0].state == "skipped"

    @property
    def said(self) -> Text:
        """One sentence: the cause, or how far it was proved."""
        if (step := self.failed) is not None:
            return step.said
        if self.note:
            return self.steps[0].said
        passed = [each.name for each in self.steps if each.state == "passed" and each.name != "settings"]
        left = [each.said for each in self.steps if each.state == "skipped" and each.name == "authentication"]
        far = ", ".join(passed) or "ok"
        return Text(*("; ".join([far, *(each[lang] for each in left)]) for lang in ("vi", "en")))

    def as_json(self) -> dict[str, Any]:
        return {
            "target": self.key,
            "where": self.where,
            "ok": self.failed is None,
            "failed": self.failed.name if self.failed else None,
            "said": self.said.as_dict(),
            "steps": [{"name": e.name, "state": e.state, "said": e.said.as_dict()} for e in self.steps],
        }


def right() -> Step:
    return Step("settings", "passed", Text("Đọc được", "It can be used"))


def note(key: str, vi: str, en: str) -> Checked:
    """Not wrong: a province connects one system after the other."""
    return Checked(key, "", (Step("settings", "skipped", Text(vi, en)),))


def wrong(key: str, where: str, vi: str, en: str) -> Checked:
    return Checked(key, where, (Step("settings", "failed", Text(vi, en)),))


def users_of(registry: Registry, stages: tuple[Stage, ...]) -> dict[str, list[Connector]]:
    """Who needs which upstream, official ones first."""
    found: dict[str, list[Connector]] = {}
    for connector in sorted(registry.connectors.values(), key=lambda each: each.stage_now is not Stage.OFFICIAL):
        if connector.stage_now in stages:
            for upstream in dict.fromkeys(each.upstream for each in connector.backends.values()):
                found.setdefault(upstream, []).append(connector)
    return found


def place_of(url: str) -> str | None:
    """Host and port; never a user, a path or a query."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return f"{parts.hostname}:{port}" if parts.hostname and parts.scheme in ("http", "https") else None
