"""`lgsp user`: the people who sign in to the console."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lgsp.cli.office import act
from lgsp.cli.output import as_json, data_option, json_option, table

_ROLES = click.Choice(["viewer", "operator", "security-officer", "auditor"])


@click.group()
def user() -> None:
    """Operators of the console, with roles."""


@user.command("list")
@data_option
@json_option
def user_list(data: Path | None, *, as_json_: bool) -> None:
    """All of them."""
    rows = act(data, "user.list")
    if as_json_:
        as_json(rows)
    else:
        table(("user", "role", "active"), [(r["user"], r["role"], "yes" if r["active"] else "") for r in rows])


@user.command("add")
@click.argument("name")
@click.option("--role", type=_ROLES, required=True)
@data_option
def user_add(name: str, role: str, data: Path | None) -> None:
    """A new operator; the password is asked for, or read from standard input."""
    as_json(act(data, "user.add", user=name, role=role, password=_password()))


@user.command("passwd")
@click.argument("name")
@data_option
def user_passwd(name: str, data: Path | None) -> None:
    """A new password; a disabled operator may sign in again with it."""
    as_json(act(data, "user.passwd", user=name, password=_password()))


@user.command("disable")
@click.argument("name")
@data_option
def user_disable(name: str, data: Path | None) -> None:
    """No longer lets this operator in."""
    as_json(act(data, "user.disable", user=name))


def _password() -> str:
    """Never an argument: those stand in the history and in the list of processes."""
    if sys.stdin.isatty():
        return str(click.prompt("password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
