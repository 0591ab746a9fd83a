"""Writes docs/reference.md and the schema of the settings from the code; with `--check` it only says whether the page is true."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args

import click

from lgsp import events, manifest
from lgsp.cli.main import main as command_line
from lgsp.errors import LgspError, leaves
from lgsp.home import builtin
from lgsp.metrics import Metrics
from lgsp.model import Health, Stage
from lgsp.runtime import inline
from lgsp.settings import Settings, SystemSettings, Upstream, keys
from lgsp.settings_schema import schema
from lgsp.upstream import MANNERS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
SCHEMA = PAGE.with_name("settings.schema.json")


class Nothing:
    """A house in which nothing has happened: the metrics' names are the same."""

    def systems(self) -> Mapping[str, tuple[Stage | None, Health, str]]:
        return {}

    def knows(self, system: str, operation: str) -> bool:
        del system, operation
        return False

    def inflight(self) -> Mapping[str, int]:
        return {}

    def submissions(self) -> Mapping[str, int]:
        return {}

    def audit_entries(self) -> int:
        return 0

    def memory(self) -> tuple[int, int]:
        return 0, 0

    def let_go(self) -> int:
        return 0

    def syslog_dropped(self) -> int:
        return 0

    def held(self) -> Mapping[str, tuple[int, int]]:
        return {}


def page() -> str:
    parts = [
        "# Reference",
        "Written from the code by `scripts/reference.py`; a test says when it is out of date.",
        "## Error codes",
        "REST answers `application/problem+json`, SOAP a Fault with `lgsp:error`. *Retryable*: the same call may succeed later.",
        table(("code", "status", "whose fault", "retryable", "title", "tiêu đề"), errors()),
        "## Operations",
        "*Origin*: sourced from a published guide, or our reconstruction. The ministry's own name stands beside ours.",
        table(("system", "operation", "kind", "ministry's name", "origin"), operations()),
        "## Settings",
        "`lgsp.toml` < `LGSP_*` in the environment (a dot is two underscores) < command line.",
        "A secret may be a file: append `_file` to its key, `_FILE` to its variable.",
        "`lgsp config show --origin` says where each value came from.",
        table(("key", "default"), settings()),
        "## Metrics",
        "At `/metrics`; never an identifier of a person.",
        table(("metric", "labels", "meaning"), metrics()),
        "## Events",
        "Log, metrics and board are subscribers of these.",
        table(("event", "carries", "meaning"), all_events()),
        "## Command line",
        *command_texts(command_line, "lgsp"),
    ]
    return "\n\n".join(parts) + "\n"


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def errors() -> Iterator[tuple[str, ...]]:
    seen: dict[str, type[LgspError]] = {}
    for leaf in leaves():
        seen.setdefault(leaf.code, leaf)
    for leaf in sorted(seen.values(), key=lambda each: (each.status, each.code)):
        retryable = "yes" if leaf.retryable else ""
        yield f"`{leaf.code}`", str(leaf.status), leaf.fault_domain, retryable, leaf.title.en, leaf.title.vi


def operations() -> Iterator[tuple[str, ...]]:
    registry = manifest.load([builtin()])
    for name, connector in sorted(registry.connectors.items()):
        for each in connector.operations.values():
            theirs = ", ".join(dict.fromkeys(route.operation.name for route in each.routes))
            yield f"`{name}`", f"`{each.name}`", each.kind.value, theirs, " ".join(each.public.origin.split())


def settings() -> Iterator[tuple[str, ...]]:
    for key in keys():
        value: Any = Settings()
        for part in key.split("."):
            if part == "<name>":
                value = (
                    {"upstreams": Upstream(), "systems": SystemSettings()}.get(key.split(".")[0])
                    if is_top(key, part)
                    else ""
                )
            elif is_dataclass(value):
                value = getattr(value, part)
        yield f"`{key}`", "" if value in ("", None, (), {}) else f"`{value}`"


def is_top(key: str, part: str) -> bool:
    """The first `<name>` of a key names an upstream or a system, the second one a secret or value."""
    return key.split(".").index(part) == 1 and key.count("<name>") == 1


def metrics() -> Iterator[tuple[str, ...]]:
    asked = Metrics(Nothing())
    asyncio.run(asked.render(inline, {}))
    for metric in asked.registry.collect():
        name = metric.name + ("_total" if metric.type == "counter" else "")
        labels = getattr(LABELS.get(metric.name, metric), "_labelnames", ())
        yield f"`{name}`", ", ".join(labels), metric.documentation


def all_events() -> Iterator[tuple[str, ...]]:
    for event in get_args(events.Event):
        written = (event.__doc__ or "").strip()
        meaning = "" if written.startswith(f"{event.__name__}(") else " ".join(written.split())
        yield f"`{event.__name__}`", ", ".join(event.__struct_fields__), meaning


def command_texts(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path, max_content_width=110, terminal_width=110)
    if isinstance(command, click.Group):
        if path != "lgsp":
            yield f"### `{path}`\n\n{command.help}"
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from command_texts(inner, f"{path} {name}")
        return
    yield f"### `{path}`\n\n```text\n{command.get_help(context)}\n```"


def collectors() -> dict[str, Any]:
    registry: Any = Metrics(Nothing()).registry
    return {name: collector for collector, names in registry._collector_to_names.items() for name in names}  # noqa: SLF001


LABELS = collectors()


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv:
        if not PAGE.is_file() or PAGE.read_text("utf-8") != text:
            sys.exit("docs/reference.md is out of date: python scripts/reference.py")
    else:
        PAGE.write_text(text, "utf-8")
        SCHEMA.write_text(json.dumps(schema(tuple(MANNERS)), ensure_ascii=False, indent=2) + "\n", "utf-8")
