"""`lgsp status`: the table, and the board as one file."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from tests.cli.demonstration import LGSP
from tests.endpoints.bus import running


async def test_the_board_is_saved_as_one_file(tmp_path: Path) -> None:
    file = tmp_path / "board.html"
    async with running(tmp_path / "data") as bus:
        command = [*LGSP, "status", "--url", bus.url, "--html", str(file), "--lang", "en"]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
    assert process.returncode == 0, said
    assert b"9 of 17 systems officially connected" in said
    page = file.read_text("utf-8")
    assert '<html lang="en">' in page
    assert page.count("<svg") > 17
    assert not re.search(r"(?:src|href)=\"(?!#)|<script", page)
