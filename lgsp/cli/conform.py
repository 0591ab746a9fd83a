"""`lgsp conform`: sample calls of the safe operations against a live backend, scored by its contract."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from lgsp.cli.halves import home_option
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say
from lgsp.cli.place import loaded

if TYPE_CHECKING:
    from lgsp.conform import Conformity
    from lgsp.registry import Backend, Connector
    from lgsp.runtime import Runtime
    from lgsp.settings import Settings, Upstream
    from lgsp.transport import Transport
    from lgsp.upstream import Upstreams

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.argument("system")
@click.option("--url", help="Address of the platform, or of the backend itself where it has a path.")
@click.option(
    "--history", "past", is_flag=True, help="What was found before: each check, and every real answer by day."
)
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write the result as JUnit XML.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the result as a page.")
@home_option
@data_option
@json_option
def conform(
    system: str, url: str | None, junit: Path | None, html: Path | None, homes: tuple[Path, ...], data: Path | None, *,
    past: bool, as_json_: bool,
) -> None:  # fmt: skip
    """Does the backend of SYSTEM keep its contract? Asks safe operations only; 0 where no answer deviates, else 1.

    One signs in as the settings say for its upstream; a loopback address that asks for it gets the demonstration's account.
    """
    import asyncio

    if past:
        _history(system, loaded(data=data, homes=homes or None).settings, as_json_=as_json_)
        return
    if url is None:
        refuse("name the backend's address by --url, or ask for --history", Exit.USAGE)
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        refuse(f"{url} is no address (http://… or https://…)", Exit.USAGE)
    settings = loaded(data=data, homes=homes or None).settings
    connector = _connector(system, settings)
    found = asyncio.run(_ask(connector, url, settings))
    from lgsp.conform.reports import junit as as_junit
    from lgsp.conform.reports import page, remember
    from lgsp.runtime import Runtime

    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "") + parts.path
    before = remember(settings.data, found, where, Runtime.system().clock.now())
    if junit:
        junit.write_text(as_junit(found), "utf-8")
    if html:
        html.write_text(page(found, before), "utf-8")
    _show(found, as_json_=as_json_)
    sys.exit(Exit.FINE if found.score == 100 else Exit.REFUSED)


def _history(system: str, settings: Settings, *, as_json_: bool) -> None:
    """Asks nothing of the ministry: what `lgsp conform` found before, and what every real answer has counted for."""
    from lgsp.cli.office import act
    from lgsp.conform.reports import remembered

    _connector(system, settings)
    if not settings.data.is_dir():
        refuse(f"no data folder {settings.data}", Exit.USAGE)
    checks = remembered(settings.data, system)
    answers = act(settings.data, "conformity.show", system=system)
    if as_json_:
        as_json({"system": system, "checks": checks, "answers": answers})
        return
    for each in checks:
        click.echo(f"{each['at']} checked {each['url']}: {_points(each['score'])}, {each['calls']} calls")
    for each in answers["days"]:
        classes = ", ".join(f"{name} {times}" for name, times in each["deviations"].items())
        click.echo(
            f"{each['day']} {each['answers']} answers: {_points(each['score'])}" + (f" ({classes})" if classes else "")
        )
    for each in answers["latest"]:
        click.echo(f"{each['at']} {each['operation']}: {each['deviation']} {'; '.join(each['rules'])}")
    say(f"{system}: {_points(answers['score'])} over {answers['answers']} real answers")


def _points(score: float | None) -> str:
    return "nothing answered" if score is None else f"{score:g} of 100"


def _show(found: Conformity, *, as_json_: bool) -> None:
    if as_json_:
        as_json(found.as_json())
        return
    for each in found.checks:
        rules = f": {'; '.join(each.rules)}" if each.rules else ""
        click.echo(
            f"{each.deviation or 'ok':12} {each.operation} ({each.backend}, {each.sample}) {each.outcome}{rules}"
        )
    if found.score is None:
        say(f"nothing was asked: no operation of {found.system} is marked safe = true in its connector.toml")
    else:
        say(f"score {found.score:g} of 100, {len(found.checks)} calls")


def _connector(system: str, settings: Settings) -> Connector:
    from lgsp.home import Home, builtin
    from lgsp.manifest import RegistryError, load_connector

    for home in (builtin(), *map(Home.at, settings.homes)):
        if system in home.systems():
            try:
                return load_connector(home, system)
            except RegistryError as error:
                for each in error.findings:
                    say(str(each))
                refuse(f"{system} is not sound; lgsp check says more")
    return refuse(f"no system {system}; `lgsp check` lists them", Exit.USAGE)


async def _ask(connector: Connector, url: str, settings: Settings) -> Conformity:
    from lgsp.conform import conform as ask
    from lgsp.manifest import demonstration
    from lgsp.runtime import Runtime
    from lgsp.transport import AiohttpTransport

    runtime = Runtime.system()
    local = urlsplit(url).hostname in _LOOPBACK
    own = settings.system(connector.name)
    secrets: Mapping[str, str] = demonstration(connector, own.secrets) if local else own.secrets
    transport = AiohttpTransport(runtime)
    try:
        asked = _at(connector, url)
        found = await ask(
            asked, _line(asked, url, settings, runtime, transport, demo=False), runtime, secrets, own.values
        )
        if local and any(each.deviation == "sign-in" for each in found.checks):
            line = _line(asked, url, settings, runtime, transport, demo=True)
            found = await ask(asked, line, runtime, secrets, own.values)
        return found
    finally:
        await transport.close()


def _at(connector: Connector, url: str) -> Connector:
    """An address with a path is the backend's own: nothing is put before the contract's paths."""
    if urlsplit(url).path in ("", "/"):
        return connector
    operations = {
        name: replace(
            each, routes=tuple(replace(route, backend=replace(route.backend, path="")) for route in each.routes)
        )
        for name, each in connector.operations.items()
    }
    return replace(connector, operations=operations)


def _line(
    connector: Connector, url: str, settings: Settings, runtime: Runtime, transport: Transport, *, demo: bool
) -> Upstreams:
    from lgsp.events import Events
    from lgsp.upstream import Upstreams

    upstreams: dict[str, Upstream] = {}
    for operation in connector.operations.values():
        for route in operation.routes:
            upstreams[route.backend.upstream] = _upstream(route.backend, url, settings, demo=demo)
    return Upstreams(upstreams, transport, runtime, Events())


def _upstream(backend: Backend, url: str, settings: Settings, *, demo: bool) -> Upstream:
    from lgsp.settings import Upstream

    known = settings.upstream(backend.upstream)
    if known is not None and not demo:
        return replace(known, url=url)
    if not demo:
        return Upstream(manner="none", url=url)
    manner = backend.demo_manner or ("oauth2" if backend.dstcode is None else "xroad-session")
    word = "demo-lgsp"
    return Upstream(manner, url, client_id="lgsp", client_secret=word, username="lgsp", password=word)
