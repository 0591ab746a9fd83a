"""An existing gateway's log becomes figures marked as observed; no person, no query string and no stranger's path comes out."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.app import build
from lgsp.cli.main import main
from lgsp.console.standing import standing
from lgsp.observer import Matching, ObservedBook, follow
from lgsp.observer.book import outcome_of
from lgsp.observer.follow import Tail
from lgsp.observer.lines import LONGEST, read
from lgsp.runtime import Runtime, SystemClock
from lgsp.settings import ObserverSettings, Settings
from lgsp.simulate import Loaded

PERSON = "011099900001"
AT = "16/Nov/2022:10:42:18 +0700"
MOMENT = datetime(2022, 11, 16, 3, 42, 18, tzinfo=UTC)
LINES = {
    "wso2": f'10.0.0.1 - nguoi [{AT}] "POST /apiBHXH/1.0/getTraCuuTtHgdByMaSoBhxh?maSoBhxh={PERSON} HTTP/1.1" 200 512 "-" "x" 340',
    "nginx": f'10.0.0.1 - - [{AT}] "POST /apiBHXH/getTraCuuTtHgdByMaSoBhxh?m={PERSON} HTTP/1.1" 200 512 "https://x/?c={PERSON}" "ua" 0.340',
    "haproxy": 'Nov 16 10:42:18 ha haproxy[9]: 10.0.0.1:55 [16/Nov/2022:03:42:18.000] web~ cu/s1 0/0/1/339/340 200 512 - - ---- 1/1/0/0/0 0/0 '
    f'"POST /apiBHXH/getTraCuuTtHgdByMaSoBhxh?m={PERSON} HTTP/1.1"',
    "json": json.dumps({"time": "2022-11-16T10:42:18+07:00", "request_method": "POST", "request_uri": f"/apiBHXH/getTraCuuTtHgdByMaSoBhxh?m={PERSON}", "status": "200", "request_time": "0.340"}),
}  # fmt: skip


@pytest.mark.parametrize("how", LINES)
def test_a_line_of_each_format(how: str) -> None:
    line = read(LINES[how].encode(), how)
    assert line is not None
    assert (line.at, line.method, line.status, line.seconds) == (MOMENT, "POST", 200, 0.34)
    assert line.path.endswith("/getTraCuuTtHgdByMaSoBhxh")
    assert PERSON not in repr(line)
    assert "10.0.0.1" not in repr(line)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\xfe", b"{" * 10_000, b'127.0.0.1 - [16/Nov/2022:10:42:18 +0700] "- - " 200 - "-" "-"', b"x" * (LONGEST + 1),
     b'[99/Xyz/2022:10:42:18 +0700] "GET /x HTTP/1.1" 200 1', '[16/Nov/2022:10:42:18 +0700] "GET /đ HTTP/1.1" 200 1'.encode()],
)  # fmt: skip
def test_what_is_no_call_is_none(raw: bytes) -> None:
    assert [read(raw, how) for how in LINES] == [None] * 4


def test_rules_before_the_ministries_own_paths(lgsp_loaded: Loaded) -> None:
    matching = Matching(
        lgsp_loaded.registry, {"/bhxh/1.0": "social-insurance", "/cu/dkdn": "/apiCSDLDKDN/1.0", "/": "nothing"}
    )
    found = matching.of("POST", "/bhxh/1.0/getMaSoBhxhTheoTieuChi")
    assert found == ("social-insurance", "getMaSoBhxhTheoTieuChi")
    assert matching.of("POST", f"/bhxh/1.0/{PERSON}") == ("social-insurance", "(khác / other)")
    assert matching.of("GET", "/cu/dkdn/chiTietDoanhNghiep") == ("business-registration", "chiTietDoanhNghiep")
    assert matching.of("GET", "/bhxh/1.00/x") is None
    own = Matching(lgsp_loaded.registry)
    assert own.of("POST", "/apiBHXH/1.0/getMaSoBhxhTheoTieuChi") == ("social-insurance", "getMaSoBhxhTheoTieuChi")


def test_counted_as_observed_and_nothing_of_a_person_is_left(lgsp_loaded: Loaded, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    broken = LINES["nginx"].replace('HTTP/1.1" 200', 'HTTP/1.1" 502')
    stranger = f'x [{AT}] "GET /la/{PERSON} HTTP/1.1" 200 1'
    log.write_text("\n".join([LINES["nginx"]] * 8 + [broken, broken, stranger, "khong doc duoc"]) + "\n")
    done = CliRunner().invoke(
        main, ["observe", "--log", str(log), "--format", "nginx", "--csv", str(tmp_path / "x.csv"), "--json"]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    row = said["systems"]["social-insurance"]
    assert (said["evidence"], said["lines"], said["unmatched"], said["unreadable"]) == ("observed", 12, 1, 1)
    assert (row["calls"], row["answered"], row["failed"], row["success_rate"]) == (10, 8, 2, 0.8)
    assert 200 <= row["latency_ms"]["p95"] <= 350
    assert row["operations"] == {"getTraCuuTtHgdByMaSoBhxh": 10}
    assert PERSON not in done.output
    sheet = (tmp_path / "x.csv").read_text("utf-8-sig")
    assert "observed,social-insurance,10" in sheet
    piped = CliRunner().invoke(main, ["observe", "--log", "-", "--format", "nginx"], input=log.read_bytes())
    assert "observed, not proven: 12 lines" in piped.stderr
    assert PERSON not in piped.output


def test_statuses_are_judged_kindly() -> None:
    assert [outcome_of(each) for each in (200, 302, 404, 400, 403, 429)] == ["ok", "ok", "record-not-found"] + [
        "invalid-message"
    ] * 3
    assert [outcome_of(each) for each in (500, 502, 503, 504, 599)] == [
        "bus-fault",
        "connect-failed",
        "overloaded",
        "timeout",
        "bad-answer",
    ]


def test_rotation_loses_and_doubles_nothing(tmp_path: Path) -> None:
    log, tail = tmp_path / "a.log", Tail(tmp_path / "a.log")
    assert tail.read() == []  # it is not there yet
    log.write_bytes(b"1\n2\nhal")
    assert tail.read() == [b"1", b"2"]
    with log.open("ab") as more:
        more.write(b"f\n3\n")
    log.rename(tmp_path / "a.log.1")
    with (tmp_path / "a.log.1").open("ab") as late:
        late.write(b"4\nlast")  # the writer has not been told yet
    log.write_bytes(b"5\n")
    found = [line for _ in range(4) for line in tail.read()]
    assert found == [b"half", b"3", b"4", b"last", b"5"]
    log.write_bytes(b"6\n")  # copytruncate, and shorter than what was read is not needed: the same length
    log.write_bytes(b"")
    assert tail.read() == []
    log.write_bytes(b"7\n")
    assert tail.read() == [b"7"]
    log.write_bytes(b"7\n" + b"x" * (LONGEST + 10))
    assert tail.read() == []
    with log.open("ab") as more:
        more.write(b"y\n8\n")
    endless, after = tail.read()
    assert len(endless) > LONGEST
    assert after == b"8"
    tail.close()


async def test_a_log_that_grows(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"1\n")
    seen: list[bytes] = []
    async with asyncio.timeout(60):
        async for portion, _ in follow(log, Runtime.system()):
            seen += portion
            if not portion and len(seen) == 1:
                with log.open("ab") as more:
                    more.write(b"2\n")
            if len(seen) == 2:
                break
    assert seen == [b"1", b"2"]


async def test_the_board_says_observed_and_mixes_nothing(lgsp_loaded: Loaded, tmp_path: Path) -> None:
    log, now = tmp_path / "access.log", SystemClock().now()
    lines = []
    for number in range(60):
        at = (now - timedelta(seconds=60 - number)).strftime("%d/%b/%Y:%H:%M:%S +0000")
        status = 502 if number >= 30 else 200
        lines.append(f'x [{at}] "POST /apiBHXH/getTraCuuTtHgdByMaSoBhxh HTTP/1.1" {status} 1 "-" "-" 0.2')
    log.write_text("\n".join(lines) + "\n")
    settings = Settings(
        data=tmp_path / "data", sim="http://127.0.0.1:9", observer=ObserverSettings(log, "nginx"), log_level="error"
    )
    gateway = await build(settings, Runtime.system(), registry=lgsp_loaded.registry)
    try:
        assert gateway.observed is not None
        before = gateway.health.system("social-insurance")
        for raw in log.read_bytes().splitlines():
            gateway.observed.take(read(raw, "nginx"))
        shown = {each["id"]: each for each in (await standing(gateway, inside=False))["systems"]}
        seen = shown["social-insurance"]["observed"]
        assert (seen["calls"], seen["health"], seen["success_rate"]) == (60, "down", 0.5)
        assert seen["source"] == "access.log"
        assert shown["population"]["observed"] is None
        after = gateway.health.system("social-insurance")
        assert (after.health, after.calls, after.breaker) == (before.health, 0, "closed")
    finally:
        await gateway.close()


def test_the_page_says_so() -> None:
    from lgsp.console.board import board
    from tests.console.test_board import PAGES, shown, system

    seen = {
        "source": "access.log",
        "health": "up",
        "since": "",
        "calls": 1234,
        "success_rate": 0.991,
        "latency_ms": {},
        "last": "",
    }
    view = board(
        shown(system("a", observed=seen), system("b")),
        lambda _: None,
        PAGES.words["vi"],
        PAGES.formats("vi", MOMENT),
        "vi",
        inside=False,
    )
    said = {row["id"]: row["observed"] for group in view["groups"] for row in group["rows"]}
    assert said["b"] == ""
    assert "chưa kiểm chứng" in said["a"]
    assert "1.234" in said["a"]


def test_a_book_keeps_no_path(lgsp_loaded: Loaded) -> None:
    book = ObservedBook(Matching(lgsp_loaded.registry), Runtime.system(), "x")
    book.take(read(f'x [{AT}] "GET /la/{PERSON} HTTP/1.1" 200 1'.encode(), "nginx"))
    assert PERSON not in repr((book.sums, book.unmatched, book.matching.paths))
    assert book.as_dict()["unmatched"] == 1
