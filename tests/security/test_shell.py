"""What every answer carries whoever gives it, what is refused before it is read, and that a refusal keeps nothing alive."""

from __future__ import annotations

import gc
import gzip
import re
import weakref
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lgsp.endpoints import edge
from lgsp.endpoints.whole import SHELL
from lgsp.errors import InvalidMessage
from lgsp.log import silent
from tests.endpoints.bus import Bus, running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running(tmp_path_factory.mktemp("bus")) as started:
        yield started


async def test_every_answer_has_the_shell(bus: Bus) -> None:
    """Each route once, and what is no route: no answer without them, and none that says what it runs on."""
    addresses = {(r.method, r.resource.canonical) for r in bus.gateway.application.router.routes() if r.resource}
    asked = 0
    for method, path in sorted(
        addresses | {("GET", "/nowhere"), ("PUT", "/token"), ("POST", "/api/x"), ("GET", "/soap/x/v1")}
    ):
        if path.endswith("/events") or method == "*":
            continue
        reply = await bus.send(method, re.sub(r"\{[^}]+\}", "x", path), headers={"Content-Type": "application/json"})
        asked += 1
        for name in SHELL:
            assert reply.headers.get(name.lower()), (method, path, name)
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert reply.headers["server"] == "lgsp"
        assert reply.headers.get("x-lgsp-profile") == ("demonstration" if bus.gateway.settings.demo else None), path
    assert asked > 20


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, identity", "x-unknown"])
@pytest.mark.parametrize(
    "path", ["/token", "/api/civil-status/v1/danhMuc", "/soap/civil-status/v1", "/native/token", "/nowhere"]
)
async def test_compressed_bodies_are_refused(bus: Bus, coding: str, path: str) -> None:
    headers = {**bus.key, "Content-Type": "application/json", "Content-Encoding": coding}
    reply = await bus.send("POST", path, b"\0", headers)
    assert reply.status in (400, 415)
    plain = await bus.send("POST", path, gzip.compress(b"{}"), {**headers, "Content-Encoding": "identity"})
    assert plain.status != 415 or path.startswith("/soap")  # which never takes JSON


async def test_a_refusal_lets_go_of_what_was_read(bus: Bus) -> None:
    """The exchange holds its error, the error's frames the exchange and the body: without help, until the collector comes."""

    class Body:
        """Stands for what was read."""

    def refused() -> tuple[InvalidMessage, weakref.ref[Body]]:
        body = Body()
        try:
            raise InvalidMessage() from ValueError()
        except InvalidMessage as error:
            return error, weakref.ref(body)

    gc.disable()
    try:
        error, body = refused()
        assert body() is not None
        edge._let_go(error)
        assert body() is None
        assert (error.__cause__, error.__context__) == (None, None)
    finally:
        gc.enable()


async def test_the_servers_own_words_go_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    silent().error("Bad status line: GET /x?soDinhDanh=099096990001")
    assert capsys.readouterr() == ("", "")
