"""`lgsp status`: the table, and the board as one file."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from lgsp.certificates import server_context
from tests.cli.demonstration import LGSP
from tests.endpoints.bus import running
from tests.security.house import Authority, bus_of


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


async def status(settings: Path, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *LGSP, "status", "--lang", "en", *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LGSP_CONFIG": str(settings)},
    )  # fmt: skip
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_over_the_bus_s_own_tls_by_the_certificate_of_the_settings(tmp_path: Path) -> None:
    """Its name leads elsewhere and nobody here trusts its authority: it is this very certificate, and no other one."""
    ours = Authority(tmp_path / "ca")
    own, strange = ours.issue("lgsp.example"), ours.issue("other.example")
    settings = tmp_path / "lgsp.toml"
    door = server_context(own.file, own.key, None)
    async with bus_of(tmp_path / "data", door=door) as bus:
        for certificate in (own, strange):
            settings.write_text(
                f'data = "{tmp_path}/none"\nhost = "0.0.0.0"\nport = {bus.url.rpartition(":")[2]}\n'
                f'public_url = "https://lgsp.example"\n[province]\ncode = "17"\n'
                f'[tls]\ncertificate = "{certificate.file}"\nkey = "{certificate.key}"\n'
            )
            code, said = await status(settings)
            if certificate is own:
                assert code in (0, 3), said
                assert "9 of 17 systems" in said
            else:
                assert code == 1
                assert "not trusted here" in said
        code, said = await status(settings, "--url", bus.url, "--ca", str(ours.file))
        assert code == 1, "a certificate of another name"
        code, said = await status(settings, "--ca", str(settings))
        assert (code, "holds no certificates" in said) == (2, True)
