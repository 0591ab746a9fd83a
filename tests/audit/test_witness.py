"""The outside witness: what it has seen cannot be unsaid, not even with the installation's own key."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from lgsp.audit import Audit, verifier, verify
from lgsp.audit.export import export
from lgsp.audit.notes import LOG, Note, NoteRefused, VerifierKey
from lgsp.audit.verify import Seen
from lgsp.audit.witness import Reply, Witness, request
from lgsp.audit.witnessing import Outside, Witnessing, log_key, signed_note
from lgsp.cli.main import main
from lgsp.cli.witness import application
from lgsp.errors import ConnectFailed
from lgsp.events import Event, Events
from lgsp.model import HttpRequest, HttpResponse
from lgsp.runtime import Runtime
from lgsp.store import Store, open_store
from lgsp.transport import AiohttpTransport
from lgsp_mocks.clock import run

NAME = "witness.mau.invalid"


@dataclass
class Wire:
    """A `Transport` to one witness in this process."""

    witness: Witness
    away: bool = False
    says: Reply | None = None
    """Instead of what the witness has to say."""
    heard: list[Reply] = field(default_factory=list)

    async def send(self, system: str, base: str, request: HttpRequest, deadline: object, **_: object) -> HttpResponse:
        assert (system, base, request.target) == ("witness", "http://witness.invalid", "/add-checkpoint")
        if self.away:
            raise ConnectFailed()
        assert isinstance(request.body, bytes)
        reply = self.says or self.witness.add_checkpoint(request.body)
        self.heard.append(reply)
        return HttpResponse(reply.status, {}, reply.body.encode())


@dataclass
class House:
    store: Store
    audit: Audit
    wire: Wire
    client: Witnessing
    said: list[Event]

    async def write(self, count: int) -> None:
        for number in range(count):
            await self.audit.note("test", "nobody", number=number)
        await self.audit.checkpoint()


async def house(runtime: Runtime, data: Path, state: Path) -> House:
    store = await open_store(data, runtime, inline=True)
    key = log_key(store.keys.public, "w0")
    witness = Witness.open(NAME, state, {key.name: key}, lambda: int(runtime.clock.now().timestamp()))
    wire, events = Wire(witness), Events()
    said: list[Event] = []
    events.subscribe(said.append)
    outside = {NAME: Outside("http://witness.invalid", witness.key)}
    return House(store, Audit(store, runtime), wire, Witnessing(store, wire, runtime, events, outside), said)


def note_of(state: Path) -> Path:
    (found,) = state.glob("*.checkpoint")
    return found


def seen(state: Path) -> Seen:
    point = Note.parse(note_of(state).read_bytes()).checkpoint
    return Seen(point.origin.rpartition("/")[2], point.size, point.root, NAME)


def test_the_tree_is_carried_on_step_by_step(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        at_home = await house(runtime, tmp_path / "data", tmp_path / "state")
        for count in (1, 1, 2, 3, 7, 50, 1):
            await at_home.write(count)
            assert await at_home.client.ask(NAME) == "ok"
        assert await at_home.client.ask(NAME) == "nothing"
        point = at_home.wire.witness.last(log_key(at_home.store.keys.public, "w0").name)
        assert point is not None
        assert point.size == 65
        await at_home.audit.close()
        await at_home.store.close()

    run(story)
    assert verify(tmp_path / "data", [seen(tmp_path / "state")]).ok
    out = CliRunner().invoke(main, ["audit", "verify", "--data", str(tmp_path / "data")]).stdout
    assert f"witnessed by {NAME} up to entry 65" in out
    assert "window 0 entries" in out


def forged(tmp_path: Path, length: int, what: str = "forged") -> Path:
    """The thief has keys and disk: a chain of that length, rebuilt and signed with the very key of the installation."""
    other = tmp_path / f"forged-{length}-{what}"
    (other / "keys").mkdir(parents=True)
    for path in (tmp_path / "data" / "keys").iterdir():
        (other / "keys" / path.name).write_bytes(path.read_bytes())

    async def story(runtime: Runtime) -> None:
        store = await open_store(other, runtime, inline=True)
        audit = Audit(store, runtime)
        for number in range(length):
            await audit.note("test" if number < 20 else what, "nobody", number=number)
        await audit.close()
        await store.close()

    run(story)
    return other


def test_a_tail_cut_or_rebuilt_with_the_stolen_key_is_found(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> VerifierKey:
        at_home = await house(runtime, tmp_path / "data", tmp_path / "state")
        await at_home.write(30)
        assert await at_home.client.ask(NAME) == "ok"
        await at_home.store.close()
        return at_home.wire.witness.key

    key = run(story)
    witnessed = seen(tmp_path / "state")
    for length, index in ((25, 25), (30, 29), (35, 29)):
        thief = forged(tmp_path, length)
        assert verify(thief).ok, "against the stolen key alone the chain looks whole"
        bad = verify(thief, [witnessed]).first_bad
        assert bad is not None
        assert bad.index == index
        folder = tmp_path / f"out-{length}"
        export(thief, folder)
        assert verifier.verify(folder)["ok"]
        alone = verifier.verify(folder, None, [(note_of(tmp_path / "state").read_bytes(), str(key))])
        assert alone["first_bad"]["index"] == index
        arguments = ["--witness", str(note_of(tmp_path / "state")), "--witness-key", str(key)]
        assert CliRunner().invoke(main, ["audit", "verify", "--data", str(thief), *arguments]).exit_code == 1
        assert verifier.main([str(folder), *arguments]) == 1


def test_the_witness_itself_refuses_a_rewritten_tree(tmp_path: Path) -> None:
    async def first(runtime: Runtime) -> None:
        at_home = await house(runtime, tmp_path / "data", tmp_path / "state")
        await at_home.write(30)
        assert await at_home.client.ask(NAME) == "ok"
        await at_home.store.close()

    run(first)
    for length, outcome in ((25, "ahead"), (30, "disputed"), (35, "http-422")):
        thief = forged(tmp_path, length)

        async def again(runtime: Runtime, thief: Path = thief, outcome: str = outcome) -> None:
            at_home = await house(runtime, thief, tmp_path / "state")
            assert await at_home.client.ask(NAME) == outcome
            assert at_home.said[-1].outcome == outcome  # type: ignore[union-attr]
            await at_home.store.close()

        run(again)
    assert seen(tmp_path / "state").size == 30


def test_a_state_that_was_lost_on_our_side_is_found_again(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        at_home = await house(runtime, tmp_path / "data", tmp_path / "state")
        await at_home.write(30)
        assert await at_home.client.ask(NAME) == "ok"
        for count in (0, 9):
            await at_home.store.meta.put(f"witnessed:{NAME}:w0", None)
            await at_home.write(count)
            assert await at_home.client.ask(NAME) == "ok"
        at_home.wire.away = True
        await at_home.write(1)
        assert await at_home.client.ask(NAME) == "connect-failed"
        await at_home.store.close()

    run(story)


def test_a_witness_that_lies_costs_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments that no calendar has, sizes that it does not hold, and another one every minute."""
    monkeypatch.setattr("lgsp.audit.witnessing._STEP", 10)

    async def story(runtime: Runtime) -> None:
        at_home = await house(runtime, tmp_path / "data", tmp_path / "state")
        await at_home.write(30)
        for moment in (1 << 63, 1 << 40):
            at_home.wire.witness.now = lambda moment=moment: moment
            assert await at_home.client.ask(NAME) == "unreadable"
        for said, outcome in (
            ("29", "disputed"), ("28", "set-back"), ("5", "disputed"), ("31", "ahead"), ("9" * 18, "ahead"), ("9" * 19, "unreadable"),
            ("-1", "unreadable"), ("\u0662", "unreadable"), ("", "unreadable"),
        ):  # fmt: skip
            at_home.wire.says = Reply(409, said)
            assert await at_home.client.ask(NAME) == outcome, said
        for body, outcome in (
            ("", "unknown-key"), ("\u2014 n AAAA\n", "NoteRefused"), ("\u2014 n AAAAAAAA\n" * 101, "NoteRefused"), ("x", "NoteRefused"),
        ):  # fmt: skip
            at_home.wire.says = Reply(200, body)
            assert await at_home.client.ask(NAME) == outcome
        await asyncio.sleep(3600)
        at_home.wire.says = Reply(409, "28")
        assert await at_home.client.ask(NAME) == "disputed", "looked into again after an hour"
        await at_home.store.close()

    run(story)


def test_every_other_request_is_refused(tmp_path: Path) -> None:
    async def story(runtime: Runtime) -> None:
        at_home = await house(runtime, tmp_path / "data", tmp_path / "state")
        witness, keys = at_home.wire.witness, at_home.store.keys
        root = bytes(32)
        good = signed_note(keys, "w0", 5, root)
        for body, status in (
            (b"", 400),
            (b"old 0\n\n", 400),
            (b"old x\n\n" + good, 400),
            (b"old 0\nnot base64!\n\n" + good, 400),
            (b"old 0\nAAAA\n\n" + good, 400),
            (b"old 6\n\n" + good, 400),
            (request(3, [], good), 409),
            (request(0, [root], good), 422),
            (request(0, [], signed_note(keys, "w9", 5, root)), 404),
            (request(0, [], good.replace(b"\n5\n", b"\n6\n")), 403),
            (request(0, [], good), 200),
            (request(0, [], good), 409),
            (request(5, [], signed_note(keys, "w0", 5, bytes(31) + b"x")), 409),
        ):
            assert witness.add_checkpoint(body).status == status, body
        assert witness.add_checkpoint(request(0, [], good)).body == "5\n"
        await at_home.store.close()

    run(story)


def test_notes_and_keys_as_text() -> None:
    key = VerifierKey("log.mau.invalid", LOG, bytes(range(32)))
    assert VerifierKey.parse(str(key)) == key
    for wrong in ("", "a+b+c", str(key).replace("+", "-", 1), str(key)[:-4], f"x{key}"):
        with pytest.raises(NoteRefused):
            VerifierKey.parse(wrong)
    line = f"\u2014 n {base64.b64encode(bytes(8)).decode()}\n"
    root = base64.b64encode(bytes(32)).decode()
    assert Note.parse(f"o\n7\n{root}\n\n{line}".encode()).checkpoint.size == 7
    for wrong in (
        f"o\n07\n{root}\n\n{line}",
        f"o\n7\n\n{line}",
        f"o\n7\n{root}\n",
        f"o\n7\nAAAA\n\n{line}",
        f"o\n-1\n{root}\n\n{line}",
        f"o\n7\n{root}\n\n{line}x",
    ):
        with pytest.raises(NoteRefused):
            Note.parse(wrong.encode())


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Callable[[Witness], TestServer]]:
    servers: list[TestServer] = []

    def make(witness: Witness) -> TestServer:
        servers.append(TestServer(application(witness)))
        return servers[-1]

    yield make
    for each in servers:
        await each.close()


async def test_over_a_real_socket(tmp_path: Path, served: Callable[[Witness], TestServer]) -> None:
    runtime = Runtime.system()
    store = await open_store(tmp_path / "data", runtime)
    audit, key = Audit(store, runtime), log_key(store.keys.public, "w0")
    witness = Witness.open(NAME, tmp_path / "state", {key.name: key}, lambda: int(runtime.clock.now().timestamp()))
    server = served(witness)
    await server.start_server()
    transport = AiohttpTransport(runtime, cas={})
    outside = {NAME: Outside(f"http://127.0.0.1:{server.port}", witness.key)}
    client = Witnessing(store, transport, runtime, Events(), outside)
    for _ in range(2):
        for _ in range(3):
            await audit.note("test", "nobody")
        await audit.checkpoint()
        assert await client.ask(NAME) == "ok"
    assert (await store.meta.get(f"witnessed:{NAME}:w0"))["size"] == 6
    await transport.close()
    await audit.close()
    await store.close()
