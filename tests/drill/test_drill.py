"""Exercises: every one is played to its end, the minutes say what happened, and a moment before the trouble is no notice."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from lgsp.console.wording import load
from lgsp.drill import CAUSES, EXERCISES, Record, as_json, paper
from lgsp.report.docx import docx
from lgsp.settings import ReportSettings

BEGAN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LGSP = [sys.executable, "-m", "lgsp", "drill"]


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def record() -> Record:
    found = Record(EXERCISES["platform-down"], BEGAN, ("Tổ trưởng",))
    found.mark("looked", after(5))  # nothing is wrong yet
    found.mark("struck", after(60))
    return found


def test_the_first_moment_counts_and_none_before_the_trouble() -> None:
    found = record()
    assert found.noticed is None
    found.mark("acknowledged", after(180))
    found.mark("looked", after(120))
    found.mark("looked", after(121))
    assert found.seconds(found.noticed) == 60
    assert not found.answer("network", after(200))
    assert found.answer("platform", after(240))
    assert not found.done
    found.mark("recovered", after(360))
    assert found.done
    said = as_json(found)["seconds"]
    assert said == {"to_notice": 60, "to_acknowledge": 120, "to_cause": 180, "to_recovery": 300}


def test_the_minutes_on_paper() -> None:
    found = record()
    found.mark("looked", after(150))
    found.answer("disk", after(200))
    sheet = paper(found, ReportSettings(body="TRUNG TÂM MẪU", symbol="TTM"))
    assert sheet.kind == "BIÊN BẢN"
    assert sheet.sentence == "Kết quả: nhận ra sau 1,5 phút; chưa hoàn thành"
    assert sheet.tables[1].rows == (("09:03:20", CAUSES["disk"].vi, "chưa đúng"),)
    assert "hư cấu" in sheet.demonstration
    document = Document(io.BytesIO(docx(sheet, BEGAN, load("vi")["report"])))
    said = "\n".join(each.text for each in document.paragraphs)
    assert "BIÊN BẢN" in said
    assert "1,5 phút" in said
    marks, answers = document.tables[1:3]
    assert [cell.text for cell in marks.rows[2].cells] == ["Nhận ra (xem bảng hoặc nhận cảnh báo)", "09:02:30", "1,5"]
    assert [cell.text for cell in answers.rows[1].cells] == ["09:03:20", CAUSES["disk"].vi, "chưa đúng"]


def test_every_exercise_has_a_cause_that_can_be_chosen() -> None:
    assert {each.cause for each in EXERCISES.values()} < CAUSES.keys()
    assert set(EXERCISES) == {"platform-down", "silent-data", "expired-approval", "stolen-key", "full-disk"}


async def played(name: str, folder: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *LGSP, name, "--as-script", "--into", str(folder), "--limit", "3", "--json", cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return dict(json.loads(out))


def pages_of(folder: Path, suffix: str = ".html") -> list[str]:
    return [each.read_text("utf-8", "replace") for each in sorted(folder.glob(f"bien-ban-*{suffix}"))]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_all_are_played_by_a_script(tmp_path: Path) -> None:
    """In processes of their own: a full disk is full for a whole process."""
    two_at_once = asyncio.Semaphore(2)

    async def one(name: str) -> dict[str, Any]:
        async with two_at_once:
            return await played(name, tmp_path)

    names = [name for name in EXERCISES if name != "platform-down"]  # a person plays that one
    for found in await asyncio.gather(*map(one, names)):
        seconds = found["seconds"]
        assert found["done"], found
        assert [each["right"] for each in found["answers"]] == [True], found
        assert 0 <= seconds["to_notice"] <= seconds["to_cause"] <= seconds["to_recovery"], found

    pages = pages_of(tmp_path)
    assert len(pages) == len(names)
    assert len(pages_of(tmp_path, ".docx")) == len(names)
    assert all("BIÊN BẢN" in each and "Diễn tập" in each for each in pages)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_team_at_the_terminal(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *LGSP, "platform-down", "--into", str(tmp_path), "--port", "0", "--after", "0.1", "--repair", "0", "--limit", "3",
        "--person", "Tổ trưởng", "--json", cwd=tmp_path,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stderr is not None
    assert process.stdout is not None

    async def until(words: str) -> None:
        assert process.stderr is not None
        while words not in (line := (await process.stderr.readline()).decode()):
            assert line, f"ended before it said {words}"

    async with asyncio.timeout(200):
        await until("7 disk")
        while True:  # until it has begun
            process.stdin.write(b"2\n")
            line = ""
            while "not" not in line:
                line = (await process.stderr.readline()).decode()
                assert line
            if "not so" in line:
                break
            await asyncio.sleep(0.1)
        process.stdin.write(b"\nplatform\n")
        await until("right")
        out = await process.stdout.read()
        await process.wait()
    found = json.loads(out)
    assert process.returncode == 0
    assert [each["right"] for each in found["answers"]][-2:] == [False, True]
    assert found["people"] == ["Tổ trưởng"]
    assert found["seconds"]["to_notice"] is not None
