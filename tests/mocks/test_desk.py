"""What a handler is handed, and what the engine does for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lgsp.model import Blob
from lgsp.runtime import HANOI
from lgsp_mocks.desk import question, run_later
from lgsp_mocks.handler import Ask
from lgsp_mocks.work import Job
from tests.mocks.simulated import Caller, play


def asked(caller: Caller) -> Ask:
    return question(caller.sim, caller.sim.systems["so-mau"].backends["rest"], "traCuu", {"ma": "1"}, "lgsp", {})


def test_a_question_knows_the_world_the_hour_and_the_manifest() -> None:
    async def story(caller: Caller) -> None:
        ask = asked(caller)
        assert ask.world is caller.sim.world
        assert ask.now.tzinfo == HANOI
        assert (ask.now.hour, ask.now.date().isoformat()) == (8, "2022-11-16")
        assert (ask.secrets["khoa"], ask.values["maDoiTac"]) == ("demo-khoa", "MAU-17")
        ask.state["x"] = 1
        assert asked(caller).state == {"x": 1}
        assert len(ask.new_id()) == 26

    play(story)


def test_small_and_large_values_are_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(b"large")

    async def story(caller: Caller) -> None:
        ask = asked(caller)
        blob = Blob(file, 5, "digest", 5, 5, "application/xml", "a.xml")
        for value in ("", "Mẫu", "x" * 5_000):
            assert ask.kept(ask.keep(value)) == value
        kept = ask.kept(ask.keep(blob))
        assert isinstance(kept, Blob)
        file.unlink()
        assert kept.path.read_bytes() == b"large"
        assert (kept.size, kept.sha256, kept.content_type, kept.filename) == (5, "digest", "application/xml", "a.xml")

    play(story)


def test_an_ask_without_an_engine_says_so() -> None:
    async def story(caller: Caller) -> None:
        ask = asked(caller)
        bare = Ask(ask.world, "so-mau", "rest", "traCuu", {}, ask.now, {})
        bare.effect("x")
        bare.later(1, "xu_ly")
        bare.call_province("BAO", {})
        with pytest.raises(RuntimeError):
            bare.keep("x")
        with pytest.raises(RuntimeError):
            bare.kept("text:x")

    play(story)


def test_a_defect_of_later_work_is_told_and_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async def story(caller: Caller) -> None:
        for name in ("xu_ly", "khong_co"):
            run_later(caller.sim, Job(0, "function", "so-mau", "rest", name, {"ma": "KHONG-CO"}))
        assert list(caller.sim.defects) == ["so-mau xu_ly: KeyError 'so'"]

    play(story)
    assert "KeyError" in capsys.readouterr().err
