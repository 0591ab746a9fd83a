"""`lgsp status`: the board in a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from ssl import SSLContext
from typing import Any

import click

from lgsp.cli.client import ask, pinned, trusting
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say, table
from lgsp.cli.place import loaded

MARKS = {"up": "●", "degraded": "◐", "down": "○", "unknown": "?", "maintenance": "‖"}
"""Shape beside the word, so that colour is never needed."""


@click.command()
@click.option(
    "--url", help="Address of the bus (else the one of {data}/demo.json, else host and port of the settings)."
)
@click.option("--ca", type=click.Path(path_type=Path, exists=True), help="Certificates that the bus's must chain to.")
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
@click.option(
    "--html",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Writes the board as one file that needs no bus.",
)
@data_option
@json_option
def status(
    url: str | None, ca: Path | None, lang: str, file: Path | None, data: Path | None, *, as_json_: bool
) -> None:
    """Every system with its stage and health. Ends with 3 while one is degraded or down."""
    address, tls = (url, trusting(ca)) if url else _own(data, ca)
    answer = ask("GET", f"{address.rstrip('/')}/status", headers={"accept": "application/json"}, tls=tls)
    if not answer.fine or not isinstance(answer.document, dict):
        refuse(f"{address}: answered {answer.status}")
    board = answer.document
    if file is not None:
        _save(f"{address.rstrip('/')}/status?format=file&lang={lang}", file, tls)
    if as_json_:
        as_json(board)
    else:
        _show(board, lang)
    health = board["health"]
    away = [upstream for upstream in board.get("upstreams", ()) if upstream.get("health") in {"down", "degraded"}]
    if health.get("down") or health.get("degraded") or away:
        sys.exit(Exit.DEGRADED)


def _save(address: str, file: Path, tls: SSLContext | None) -> None:
    answer = ask("GET", address, tls=tls)
    if not answer.fine:
        refuse(f"{address}: answered {answer.status}")
    file.write_bytes(answer.raw)


def _show(board: dict[str, Any], lang: str) -> None:
    say(board["headline"][lang])
    table(
        ("", "system", "stage", "health", "since", "protocol", "p95 ms", "ok %", "calls"), map(_row, board["systems"])
    )
    for system in board["systems"]:
        if cause := system.get("cause"):
            say(f"{system['id']}: {cause[lang]}")


def _row(system: dict[str, Any]) -> tuple[str, ...]:
    rate = system.get("success_rate")
    p95 = (system.get("latency_ms") or {}).get("p95")
    return (
        MARKS.get(system["health"], "?"),
        system["id"],
        system["stage"],
        system["health"],
        str(system.get("health_since") or "")[:19].replace("T", " "),
        str(system.get("protocol") or ""),
        "" if p95 is None else f"{p95:.0f}",
        "" if rate is None else f"{100 * rate:.1f}",
        str(system.get("calls", "")),
    )


def _own(data: Path | None, ca: Path | None) -> tuple[str, SSLContext | None]:
    """The bus of this machine, at its own door: over its own TLS, where it has one, trusted by its own certificate."""
    import json

    settings = loaded(data=data).settings
    try:
        return str(json.loads((settings.data / "demo.json").read_text("utf-8"))["gateway"]), trusting(ca)
    except (OSError, ValueError, KeyError):
        pass
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    place = f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"
    if settings.tls.certificate is None:
        return f"http://{place}", trusting(ca)
    return f"https://{place}", trusting(ca) or pinned(settings.tls.certificate)
