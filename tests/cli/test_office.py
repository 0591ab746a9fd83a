"""Commands that change something: without an owner under its lock, with one over `control.sock`."""

from __future__ import annotations

import asyncio
import json
import random
import stat
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lgsp.audit import Audit
from lgsp.cli.main import main
from lgsp.endpoints.control import listen
from lgsp.events import Events
from lgsp.lifecycle import Ledger
from lgsp.office import Office, perform
from lgsp.policy import Policy
from lgsp.runtime import Runtime, SystemClock, SystemIds
from lgsp.store import open_store


def lgsp(data: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, [*arguments, "--data", str(data)], input=typed)


@pytest.fixture
async def owner(tmp_path: Path) -> AsyncIterator[Office]:
    """A process that owns the data folder, with its control socket."""
    clock = SystemClock()
    runtime = Runtime(clock, SystemIds(clock), random.Random(1))
    store = await open_store(tmp_path, runtime)
    policy, ledger, audit = Policy(store, runtime), Ledger(store, runtime, Events()), Audit(store, runtime)
    await policy.load()
    await ledger.load(())
    office = Office(store, policy, audit, runtime, ledger)
    listening = await listen(partial(perform, office), tmp_path)
    yield office
    await listening.close()
    await store.close()


async def beside(data: Path, *arguments: str, typed: str = "") -> Result:
    """The command in a thread, while this loop serves the socket."""
    return await asyncio.to_thread(lgsp, data, *arguments, typed=typed)


def test_without_an_owner(tmp_path: Path) -> None:
    made = lgsp(tmp_path, "consumer", "add", "mot-cua", "--name", "Một cửa")
    assert made.exit_code == 0, made.output
    assert set(json.loads(made.stdout)) == {"id", "client_id", "client_secret", "api_key"}
    assert lgsp(tmp_path, "consumer", "approve", "mot-cua", "--level", "3", "--decision", "1/QĐ").exit_code == 0
    granted = lgsp(
        tmp_path,
        "grant",
        "add",
        "mot-cua",
        "births",
        "*",
        "--legal-basis",
        "Luật",
        "--by",
        "An",
        "--approved-by",
        "Bình",
    )
    assert granted.exit_code == 0, granted.output
    assert json.loads(lgsp(tmp_path, "grant", "list", "--json").stdout)[0]["system"] == "births"
    listed = json.loads(lgsp(tmp_path, "consumer", "list", "--json").stdout)
    assert [each["security_level"] for each in listed] == [3]
    assert json.loads(made.stdout)["api_key"] not in lgsp(tmp_path, "consumer", "show", "mot-cua").stdout


async def test_by_the_owner_at_once_and_as_whom(tmp_path: Path, owner: Office) -> None:
    made = await beside(tmp_path, "consumer", "add", "ioc", "--name", "IOC")
    assert made.exit_code == 0, made.output
    assert owner.policy.by_api_key(json.loads(made.stdout)["api_key"]).id == "ioc"
    note = json.loads((await owner.store.evidence.rows(0, 1))[0].body)
    assert note["what"] == "consumer-added"
    assert note["by"].startswith("local:")


async def test_a_refusal_of_the_owner_ends_with_1(tmp_path: Path, owner: Office) -> None:
    del owner
    refused = await beside(tmp_path, "consumer", "disable", "nobody")
    assert refused.exit_code == 1
    assert "no consumer nobody" in refused.stderr


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_the_socket_is_the_owners_alone(tmp_path: Path, owner: Office) -> None:
    del owner
    assert mode_of(tmp_path / "control.sock") == 0o600


async def test_an_owner_without_its_socket_is_named(tmp_path: Path, owner: Office) -> None:
    del owner
    (tmp_path / "control.sock").unlink()
    refused = await beside(tmp_path, "user", "list")
    assert refused.exit_code == 1
    assert "another process" in refused.stderr


def test_a_socket_left_by_a_killed_process_is_passed_over(tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    assert lgsp(tmp_path, "user", "list", "--json").stdout.strip() == "[]"


def test_operators_and_their_passwords_from_standard_input(tmp_path: Path) -> None:
    added = lgsp(tmp_path, "user", "add", "lan", "--role", "viewer", typed="a-long-password\n")
    assert added.exit_code == 0, added.output
    assert lgsp(tmp_path, "user", "add", "lan", "--role", "viewer", typed="a-long-password\n").exit_code == 1
    assert lgsp(tmp_path, "user", "passwd", "lan", typed="short\n").exit_code == 1
    assert lgsp(tmp_path, "user", "disable", "lan").exit_code == 0
    assert json.loads(lgsp(tmp_path, "user", "list", "--json").stdout)[0]["active"] is False


def test_a_stage_needs_decision_and_two_people(tmp_path: Path) -> None:
    missing = lgsp(tmp_path, "stage", "births", "trial", "--decision", "1/QĐ")
    assert missing.exit_code == 2
    assert "--by, --approved-by" in missing.stderr
    unknown: Any = lgsp(tmp_path, "stage", "births", "trial", "--decision", "1", "--by", "a", "--approved-by", "b")
    assert unknown.exit_code == 1
    assert "no system births" in unknown.stderr
