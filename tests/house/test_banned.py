"""Banned calls (RULES 3, 6, 17, 21, 25, 29): ruff's TID251 with the table of pyproject.toml finds none, and would find each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUFF = [
    str(Path(sys.executable).parent / "ruff"),
    "check",
    "--select",
    "TID251",
    "--output-format",
    "concise",
    "--no-cache",
]


def test_nothing_banned_is_called(root: Path) -> None:
    done = subprocess.run([*RUFF, "lgsp", "mocks", "connectors"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "source",
    [
        "import time\n",
        "from time import monotonic\n",
        "import random\nrandom.random()\n",
        "import uuid\nuuid.uuid4()\n",
        "from datetime import datetime\ndatetime.now()\n",
        "from datetime import date\ndate.today()\n",
        "import threading\n",
        "import asyncio\nasyncio.wait_for(1, 2)\n",
        "from lxml import etree\netree.fromstring(b'')\n",
        "from lxml import etree\netree.XMLSchema()\n",
        "from xml.etree import ElementTree\n",
        "import aiohttp\naiohttp.ClientSession()\n",
        "import urllib.request\n",
        "import logging\n",
        "import sqlite3\n",
        "import apsw\n",
    ],
)
def test_each_ban_bites(root: Path, source: str) -> None:
    done = subprocess.run(
        [*RUFF, "--stdin-filename", "lgsp/pipeline/some_step.py", "-"],
        cwd=root, input=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "TID251" in done.stdout, done.stdout + done.stderr


def test_the_same_line_passes_in_its_adapter(root: Path) -> None:
    done = subprocess.run(
        [*RUFF, "--stdin-filename", "lgsp/runtime.py", "-"],
        cwd=root, input="import time\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
