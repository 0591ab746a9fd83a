"""`lgsp config`: what is set, and where; whether it can be used; what may be set at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgsp.cli.halves import home_option
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say, table
from lgsp.cli.place import loaded

if TYPE_CHECKING:
    from lgsp.targets import Checked


@click.group()
def config() -> None:
    """What is set, where each value came from, and whether what it leads to can be reached."""


@config.command()
@click.option("--origin", is_flag=True, help="Also say where each value came from.")
@json_option
def show(*, origin: bool, as_json_: bool) -> None:
    """Every setting; secrets are masked."""
    rows = tuple(loaded().rows())
    if as_json_:
        as_json({key: {"value": value, "origin": where} if origin else value for key, value, where in rows})
    elif origin:
        table(("key", "value", "origin"), rows)
    else:
        table(("key", "value"), [row[:2] for row in rows])


@config.command()
@click.option("--offline", is_flag=True, help="Look at settings and files only; open no connection.")
@home_option
@data_option
@json_option
def check(homes: tuple[Path, ...], data: Path | None, *, offline: bool, as_json_: bool) -> None:
    """Opens every target of the settings (DNS, TCP, TLS, sign-in) and says in a sentence what is wrong; then ends with 1.

    Upstreams, sandbox, witnesses, syslog receiver, database; certificates, keys and signers on the way. No personal question.
    """
    import asyncio

    from lgsp import manifest
    from lgsp.home import Home, builtin
    from lgsp.manifest import RegistryError
    from lgsp.runtime import Runtime
    from lgsp.targets import check as opened

    settings = loaded(data=data, homes=homes or None).settings
    try:
        registry = manifest.load([builtin(), *map(Home.at, settings.homes)])
    except RegistryError as error:
        refuse(f"the connectors are not sound, `lgsp check` says more: {error}")
    found = asyncio.run(opened(settings, registry, os.environ, Runtime.system(), network=not offline))
    wrong = sum(each.failed is not None for each in found)
    if as_json_:
        as_json({"ok": not wrong, "targets": [each.as_json() for each in found]})
    else:
        for each in found:
            click.echo(_line(each))
        say(f"{len(found)} looked at, {wrong} wrong" if wrong else f"{len(found)} looked at, nothing wrong")
    sys.exit(Exit.REFUSED if wrong else Exit.FINE)


@config.command()
def schema() -> None:
    """JSON Schema of lgsp.toml, for editors and pipelines."""
    from lgsp.settings_schema import schema as made
    from lgsp.upstream import MANNERS

    as_json(made(tuple(MANNERS)))


def _line(each: Checked) -> str:
    where = f" ({each.where})" if each.where else ""
    if (step := each.failed) is not None:
        at = "" if step.name == "settings" else f"{step.name}: "
        return f"wrong  {each.key}{where}: {at}{step.said.en} · {step.said.vi}"
    said = each.said
    told = said.en if said.en == said.vi else f"{said.en} · {said.vi}"
    return f"{'note ' if each.note else 'ok   '}  {each.key}{where}: {told}"
