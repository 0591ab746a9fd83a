"""Every real answer counts into a system's score: by class, bounded, over restarts, through the whole bus."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lgsp.cli.main import main
from lgsp.errors import BadAnswer, ConnectFailed, Timeout
from lgsp.events import AttemptMade, Event
from lgsp.health.conformity import (
    DAYS,
    LATEST,
    ConformityBook,
    Tally,
    deviation_of,
    history,
    judged,
    place_of,
    summary,
)
from lgsp.model import FieldError, Text
from lgsp.scaffold import draft, write
from lgsp.simulate import Loaded, Province, tell
from lgsp.store import open_store
from lgsp.store.port import StoreFailed
from tests.pipeline.house import House, play

FIXTURES = Path(__file__).parents[1] / "scaffold" / "fixtures"
SYSTEM = "tau-ca"
QUESTION = {"soDangKy": "HB-00001-TS"}


class Records:
    """Keeps JSON texts, as a store does; refuses while `full`."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.full = False

    async def get(self, name: str) -> Any:
        await asyncio.sleep(0)
        return json.loads(self.kept.get(name, "null"))

    async def put(self, name: str, value: Any) -> None:
        await asyncio.sleep(0)
        if self.full:
            raise StoreFailed
        self.kept[name] = json.dumps(value)


def answered(deviation: str = "", outcome: str = "ok", system: str = "register") -> Event:
    return AttemptMade("c", system, "hoi", 1, outcome, 0.1, deviation, ("/ten type:string",) if deviation else ())


def test_answers_count_and_what_never_came_does_not(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        book = ConformityBook(Records(), house.runtime)
        assert book.of("register") == {"score": None, "answers": 0, "deviations": {}, "since": None}
        for event in [answered()] * 6 + [answered(outcome="business")] + [answered(outcome="timeout")] * 5:
            book(event)
        assert (book.of("register")["score"], book.of("register")["answers"]) == (100.0, 7)
        book(answered("type", "bad-answer"))
        found = book.of("register")
        assert (found["score"], found["answers"], found["deviations"]) == (87.5, 8, {"type": 1})
        (latest,) = book.history("register")["latest"]
        assert (latest["operation"], latest["deviation"], latest["rules"]) == ("hoi", "type", ["/ten type:string"])

    play(tmp_path, story)


def test_one_deviation_among_very_many_is_not_rounded_away() -> None:
    tally = Tally()
    tally.add(Tally.of_json({"days": {"2026-11-22": {"answers": 10_000_000, "deviations": {"form": 1}}}}))
    assert summary(tally, date(2026, 11, 22))["score"] == 99.99


def test_memory_has_a_bound(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        book = ConformityBook(Records(), house.runtime)
        for _ in range(DAYS + 20):
            for _ in range(3):
                book(answered("value", "bad-answer"))
            await asyncio.sleep(86_400)
        kept = book._whole["register"]
        assert (len(kept.days), len(kept.latest)) == (DAYS, LATEST)
        assert book.of("register")["answers"] == 3 * (DAYS - 1), "the last day stood at midnight"

    play(tmp_path, story)


def test_a_restart_forgets_nothing_and_two_processes_add_up(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        records = Records()
        one, other = ConformityBook(records, house.runtime), ConformityBook(records, house.runtime)
        one(answered())
        other(answered("form", "bad-answer"))
        await one.flush()
        await other.flush()
        await other.flush()
        third = ConformityBook(records, house.runtime)
        await third.restore(["register"])
        assert third.of("register") == other.of("register")
        assert (third.of("register")["answers"], third.of("register")["score"]) == (2, 50)

    play(tmp_path, story)


def test_a_store_that_says_no_is_asked_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        records = Records()
        book = ConformityBook(records, house.runtime)
        task = asyncio.create_task(book.run())
        records.full = True
        for _ in range(3):
            book(answered())
            await asyncio.sleep(10)
        assert not records.kept
        records.full = False
        await asyncio.sleep(10)
        assert (
            history(Tally.of_json(await records.get(place_of("register"))), date.max - timedelta(DAYS))["days"][0][
                "answers"
            ]
            == 3
        )
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    play(tmp_path, story)


def test_each_error_has_its_class() -> None:
    assert deviation_of(Timeout()) == ("", ())
    assert deviation_of(ConnectFailed()) == ("", ())
    assert judged(Timeout()) == "timeout"
    for rule, deviation in (
        ("required", "missing"), ("unknown field", "unknown"), ("type:integer", "type"), ("maxLength 3", "value"),
        ("xml:malformed", "form"), ("element", "form"),
    ):  # fmt: skip
        assert deviation_of(BadAnswer(errors=(FieldError("/ten", rule),))) == (deviation, (f"/ten {rule}",))
    assert judged(BadAnswer(Text("", "HTTP 500 answered"))) == "status"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    home = tmp_path_factory.mktemp("home")
    write(draft(SYSTEM, FIXTURES / "tau-ca", "wsdl", date(2022, 11, 16)).files, home)
    return Loaded.read([home], built_in=False)


def test_the_bus_counts_real_answers_and_shows_them(loaded: Loaded) -> None:
    async def story(province: Province) -> None:
        for _ in range(3):
            assert (await province.call(SYSTEM, "traCuuTau", QUESTION)).code == "ok"
        assert (await province.call(SYSTEM, "traCuuTau", {"soDangKy": "LOI:tuChoi"})).code == "provider-fault"
        province.fail(SYSTEM, "wrong-namespace", times=1)
        assert (await province.call(SYSTEM, "traCuuTau", QUESTION)).code == "bad-answer"
        province.fail(SYSTEM, "hang", times=1)
        assert (await province.call(SYSTEM, "traCuuTau", QUESTION)).code == "timeout"
        (row,) = (await province.get("/status")).data["systems"]
        assert row["conformance"] == {
            "score": 80,
            "answers": 5,
            "deviations": {"form": 1},
            "since": row["conformance"]["since"],
        }
        await asyncio.sleep(10)
        kept = Tally.of_json(await province.gateway.store.meta.get(place_of(SYSTEM)))
        assert summary(kept, date.fromisoformat(row["conformance"]["since"]))["answers"] == 5

    tell(story, loaded=loaded, size=50)


def test_the_command_shows_the_history_without_asking_anybody(tmp_path: Path) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    write(draft(SYSTEM, FIXTURES / "tau-ca", "wsdl", date(2022, 11, 16)).files, home)
    data.mkdir()

    async def count() -> None:
        from lgsp.runtime import Runtime

        runtime = Runtime.system()
        store = await open_store(data, runtime)
        book = ConformityBook(store.meta, runtime)
        for event in (answered(system=SYSTEM), answered("type", "bad-answer", SYSTEM)):
            book(event)
        await book.flush()
        await store.close()

    asyncio.run(count())
    asked = ["conform", SYSTEM, "--history", "--home", str(home), "--data", str(data)]
    said = CliRunner().invoke(main, [*asked, "--json"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert found["checks"] == []
    assert (found["answers"]["score"], found["answers"]["deviations"]) == (50, {"type": 1})
    plain = CliRunner().invoke(main, asked)
    assert "50 of 100 (type 1)" in plain.output
    assert CliRunner().invoke(main, ["conform", SYSTEM, "--home", str(home), "--data", str(data)]).exit_code == 2
