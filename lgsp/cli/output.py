"""How commands speak: data on stdout, messages on stderr, `--json` everywhere, exit codes of INTERFACE."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Exit(IntEnum):
    FINE = 0
    REFUSED = 1
    """The check failed or the call was refused."""
    USAGE = 2
    DEGRADED = 3


def json_option(function: F) -> F:
    return click.option("--json", "as_json_", is_flag=True, help="Machine-readable output.")(function)


def json_too(*commands: click.Command) -> None:
    """Commands that speak JSON anyway take `--json` like all others: a script need not know which is which."""
    for each in commands:
        if isinstance(each, click.Group):
            json_too(*each.commands.values())
        elif not any("--json" in option.opts for option in each.params):
            told = "Machine-readable output, as always here."
            each.params.append(click.Option(["--json"], is_flag=True, expose_value=False, help=told))


def data_option(function: F) -> F:
    """`--data`: the folder of a running or resting bus; LGSP_DATA and lgsp.toml name it otherwise."""
    return click.option(
        "--data", type=click.Path(path_type=Path), default=None, help="Data folder (else LGSP_DATA, else ./data)."
    )(function)


def as_json(value: Any) -> None:
    """One document on stdout, UTF-8, indented for people who look."""
    import json

    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say(message: str) -> None:
    click.echo(message, err=True)


def refuse(message: str, code: Exit = Exit.REFUSED) -> NoReturn:
    """Ends the command with one sentence on stderr."""
    click.echo(f"lgsp: {message}", err=True)
    sys.exit(code)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A quiet table on stdout; without colours where they are unwanted (NO_COLOR, a pipe)."""
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for title in head:
        grid.add_column(title, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(grid)
