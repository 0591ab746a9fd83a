"""`lgsp consumer` and `lgsp grant`: agency systems, their keys and approvals, and what each may ask."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lgsp.cli.office import act
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say, table
from lgsp.cli.place import loaded

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def consumer() -> None:
    """Agency systems that call the bus."""


@consumer.command("list")
@data_option
@json_option
def consumer_list(data: Path | None, *, as_json_: bool) -> None:
    """All of them."""
    rows = act(data, "consumer.list")
    if as_json_:
        as_json(rows)
        return
    table(
        ("id", "name", "agency", "level", "until", "trial", "active"),
        [
            (r["id"], r["name"]["vi"], r["agency"], str(r["security_level"] or ""), r["security_expires"] or "",
             _yes(r["admits_trial"]), _yes(r["active"]))
            for r in rows
        ],
    )  # fmt: skip


@consumer.command("show")
@click.argument("consumer_id", metavar="ID")
@data_option
def consumer_show(consumer_id: str, data: Path | None) -> None:
    """One of them with its keys (never the secrets) and grants."""
    as_json(act(data, "consumer.show", id=consumer_id))


@consumer.command("add")
@click.argument("consumer_id", metavar="ID")
@click.option("--name", required=True, help="What people call it, in Vietnamese.")
@click.option("--name-en", help="The same in English.")
@click.option("--agency", default="", help="Mã định danh cơ quan, e.g. H28.05.")
@click.option("--admits-trial", is_flag=True, help="May see systems in trial.")
@data_option
@json_option
def consumer_add(consumer_id: str, data: Path | None, *, as_json_: bool, **facts: Any) -> None:
    """A new one. Its keys are shown once; without an approved security level it is still refused (`lgsp consumer approve`)."""
    _keys(act(data, "consumer.add", id=consumer_id, **facts), as_json_=as_json_)


@consumer.command("key")
@click.argument("consumer_id", metavar="ID")
@data_option
@json_option
@click.option(
    "--overlap", type=click.FloatRange(0, 720), default=0, help="Hours in which the old client secret still holds."
)
def consumer_key(consumer_id: str, overlap: float, data: Path | None, *, as_json_: bool) -> None:
    """Fresh keys, shown once. The client secret replaces the old one; old API keys stay until revoked."""
    _keys(act(data, "consumer.key", id=consumer_id, overlap=overlap), as_json_=as_json_)


@consumer.command("password")
@click.argument("consumer_id", metavar="ID")
@click.option(
    "--overlap", type=click.FloatRange(0, 720), default=0, help="Hours in which the old password still holds."
)
@data_option
@json_option
def consumer_password(consumer_id: str, overlap: float, data: Path | None, *, as_json_: bool) -> None:
    """A password for WS-Security UsernameToken with digest, shown once. A digest is made of the password: it is kept sealed."""
    _keys(act(data, "consumer.password", id=consumer_id, overlap=overlap), as_json_=as_json_, kept="sealed")


@consumer.command("sandbox-key")
@click.argument("consumer_id", metavar="ID")
@click.option(
    "--overlap", type=click.FloatRange(0, 720), default=0, help="Hours in which the old client secret still holds."
)
@data_option
@json_option
def consumer_sandbox_key(consumer_id: str, overlap: float, data: Path | None, *, as_json_: bool) -> None:
    """Keys that reach the simulated systems only (`sandbox` in the settings says where they are), shown once."""
    _keys(act(data, "consumer.sandbox-key", id=consumer_id, overlap=overlap), as_json_=as_json_)


@consumer.command("certificate")
@click.argument("consumer_id", metavar="ID")
@click.argument("certificate", metavar="FILE|FINGERPRINT|SUBJECT")
@click.option(
    "--use",
    type=click.Choice(["call", "sign"]),
    default="call",
    show_default=True,
    help="call: as a TLS client certificate; sign: for the signature of its SOAP messages (takes the file).",
)
@data_option
def consumer_certificate(consumer_id: str, certificate: str, use: str, data: Path | None) -> None:
    """Register a certificate: a PEM file, its SHA-256 fingerprint, or its subject (CN=…,O=…). Old ones stay until revoked."""
    file = Path(certificate)
    named = {"pem": file.read_text("utf-8")} if file.is_file() else {"name": certificate}
    as_json(act(data, "consumer.certificate", id=consumer_id, use=use, **named))


@consumer.command("certificate-revoke")
@click.argument("consumer_id", metavar="ID")
@click.argument("name", metavar="FINGERPRINT|SUBJECT")
@data_option
def consumer_certificate_revoke(consumer_id: str, name: str, data: Path | None) -> None:
    """Take a certificate back; the next call with it is refused."""
    as_json(act(data, "consumer.certificate-revoke", id=consumer_id, name=name))


@consumer.command("addresses")
@click.argument("consumer_id", metavar="ID")
@click.argument("networks", nargs=-1)
@data_option
def consumer_addresses(consumer_id: str, networks: tuple[str, ...], data: Path | None) -> None:
    """Let it call from these networks only (10.1.2.0/24 …); none named: from anywhere."""
    as_json(act(data, "consumer.addresses", id=consumer_id, addresses=list(networks)))


@consumer.command("revoke")
@click.argument("consumer_id", metavar="ID")
@click.argument("key_id")
@click.option("--kind", type=click.Choice(["api_key", "client", "password"]), help="Where two keys have one name.")
@data_option
def consumer_revoke(consumer_id: str, key_id: str, kind: str | None, data: Path | None) -> None:
    """Make one key useless (`lgsp consumer show` names them)."""
    as_json(act(data, "consumer.revoke", id=consumer_id, key_id=key_id, kind=kind))


@consumer.command("approve")
@click.argument("consumer_id", metavar="ID")
@click.option("--level", type=click.IntRange(1, 5), required=True, help="Approved cấp độ (NĐ 85/2016).")
@click.option("--since", metavar="DATE", help="First day of the approval.")
@click.option("--until", metavar="DATE", help="Last day of the approval.")
@click.option(
    "--anti-malware/--no-anti-malware", default=None, help="Declared to run the central anti-malware, or not to."
)
@click.option("--decision", required=True, help="Number of the decision.")
@data_option
def consumer_approve(consumer_id: str, data: Path | None, **facts: Any) -> None:
    """Enter its approved security level."""
    as_json(act(data, "consumer.approve", id=consumer_id, **facts))


@consumer.command("disable")
@click.argument("consumer_id", metavar="ID")
@data_option
def consumer_disable(consumer_id: str, data: Path | None) -> None:
    """Refuse it from now on; keys and grants stay."""
    as_json(act(data, "consumer.active", id=consumer_id, active=False))


@consumer.command("enable")
@click.argument("consumer_id", metavar="ID")
@data_option
def consumer_enable(consumer_id: str, data: Path | None) -> None:
    """Let it in again."""
    as_json(act(data, "consumer.active", id=consumer_id, active=True))


@consumer.command("trial")
@click.argument("consumer_id", metavar="ID")
@click.argument("admits", type=click.Choice(["open", "closed"]))
@data_option
def consumer_trial(consumer_id: str, admits: str, data: Path | None) -> None:
    """Open the connections in trial to it, or close them; a grant for one says --admits-trial too."""
    as_json(act(data, "consumer.trial", id=consumer_id, admits=admits == "open"))


@click.group()
def grant() -> None:
    """Which consumer may ask which operation, for what, and which fields may leave."""


@grant.command("list")
@click.option("--consumer", help="Only this one's.")
@data_option
@json_option
def grant_list(consumer: str | None, data: Path | None, *, as_json_: bool) -> None:
    """All that stand."""
    rows = act(data, "grant.list", consumer=consumer)
    if as_json_:
        as_json(rows)
        return
    table(
        ("consumer", "system", "operation", "fields", "purposes", "legal basis", "until"),
        [
            (r["consumer"], r["system"], r["operation"], ", ".join(r["fields"] or ["all"]), ", ".join(r["purposes"] or []),
             r["legal_basis"], r["valid_to"] or "")
            for r in rows
        ],
    )  # fmt: skip


def _of_a_grant(function: F) -> F:
    """What a grant says, asked for or entered."""
    options = (
        click.argument("consumer"),
        click.argument("system"),
        click.argument("operation"),
        click.option("--legal-basis", required=True, help="The decision or law that it rests on."),
        click.option(
            "--field", "fields", multiple=True, help="Dotted path of an answer field that may leave; repeatable [all]."
        ),
        click.option("--purpose", "purposes", multiple=True, help="Procedure code that must be named; repeatable."),
        click.option("--needs-case", is_flag=True, help="A dossier code must be named in X-LGSP-Case."),
        click.option("--admits-trial", is_flag=True, help="Also while the system is in trial."),
        click.option("--valid-from", metavar="DATE"),
        click.option("--valid-to", metavar="DATE"),
        click.option("--quota-per-minute", type=click.IntRange(1)),
    )
    for option in reversed(options):
        function = option(function)
    return function


@grant.command("ask")
@_of_a_grant
@click.option("--by", help="Who asks [the person at the keyboard].")
@data_option
def grant_ask(data: Path | None, **facts: Any) -> None:
    """Ask that CONSUMER may call OPERATION of SYSTEM ("*" for all of it). Somebody else approves it."""
    as_json(act(data, "grant.ask", **facts))


@grant.command("requests")
@data_option
def grant_requests(data: Path | None) -> None:
    """Those that wait for their second person."""
    as_json(act(data, "grant.requests"))


@grant.command("approve")
@click.argument("request")
@click.option("--by", help="Who approves: not the one who asked [the person at the keyboard].")
@data_option
def grant_approve(request: str, by: str | None, data: Path | None) -> None:
    """Make a REQUEST a grant."""
    as_json(act(data, "grant.approve", request=request, by=by))


@grant.command("reject")
@click.argument("request")
@click.option("--by", help="Who says no [the person at the keyboard].")
@data_option
def grant_reject(request: str, by: str | None, data: Path | None) -> None:
    """Say no to a REQUEST."""
    as_json(act(data, "grant.reject", request=request, by=by))


@grant.command("add")
@_of_a_grant
@click.option("--by", required=True, help="Who asked for it.")
@click.option("--approved-by", required=True, help="Who approved it: somebody else.")
@data_option
def grant_add(data: Path | None, **facts: Any) -> None:
    """Enter a grant that two people have decided on paper: CONSUMER may call OPERATION of SYSTEM ("*" for all of it)."""
    as_json(act(data, "grant.add", **facts))


@grant.command("explain")
@click.argument("consumer")
@click.argument("operation", metavar="SYSTEM/OPERATION")
@click.option("--purpose", help="With this X-LGSP-Purpose.")
@click.option("--case", help="With this X-LGSP-Case.")
@click.option("--native", is_flag=True, help="By the ministry's own dialect.")
@data_option
@json_option
def grant_explain(
    consumer: str,
    operation: str,
    purpose: str | None,
    case: str | None,
    data: Path | None,
    *,
    native: bool,
    as_json_: bool,
) -> None:
    """Why a call would be allowed or refused today, question by question. Ends with 1 where it would be refused."""
    system, _, name = operation.partition("/")
    if not name:
        system, name = _system_of(operation), operation
    asked = {"consumer": consumer, "system": system, "operation": name, "purpose": purpose, "case": case}
    found = act(data, "grant.explain", **asked, native=native)
    if as_json_:
        as_json(found)
    else:
        for answer in found["answers"]:
            click.echo(f"{'+' if answer['ok'] else '-'} {answer['text']['vi']}\n  {answer['text']['en']}")
        verdict = ("ĐƯỢC PHÉP", "allowed") if found["allowed"] else ("TỪ CHỐI", f"refused: {found['code']}")
        click.echo(f"= {verdict[0]} / {verdict[1]}")
    sys.exit(Exit.FINE if found["allowed"] else Exit.REFUSED)


def _system_of(operation: str) -> str:
    """The one built-in system that has an operation of this name. Ends the command (2) where that is not one."""
    from lgsp import manifest
    from lgsp.home import Home, builtin

    homes = [builtin(), *map(Home.at, loaded().settings.homes)]
    owners = [
        each.name
        for each in manifest.load(homes).connectors.values()
        if any(operation in version.operations for version in each.versions())
    ]
    if len(owners) != 1:
        named = ", ".join(f"{each}/{operation}" for each in owners) or "SYSTEM/OPERATION"
        refuse(f"name the system too: {named}", Exit.USAGE)
    return owners[0]


@grant.command("remove")
@click.argument("consumer")
@click.argument("system")
@click.argument("operation")
@data_option
def grant_remove(data: Path | None, **which: str) -> None:
    """Take it back."""
    as_json(act(data, "grant.remove", **which))


def _keys(found: dict[str, str], *, as_json_: bool, kept: str = "hashed") -> None:
    if not as_json_:
        say(f"shown once; the bus keeps it {kept}")
    as_json(found)


def _yes(value: Any) -> str:
    return "yes" if value else ""
