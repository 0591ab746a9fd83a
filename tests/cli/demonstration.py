"""A demonstration in processes of its own, for tests that do what a person does."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

LGSP = [sys.executable, "-m", "lgsp"]


@dataclass(frozen=True)
class Running:
    """One demonstration. `said` is everything up to the last line of its welcome."""

    process: subprocess.Popen[str]
    said: str
    data: Path

    @property
    def demo(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "demo.json").read_text("utf-8")))

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@contextmanager
def running(data: Path, *options: str, program: list[str] = LGSP) -> Iterator[Running]:
    """Reads its output until it is ready for calls; kills what a failed test leaves."""
    command = [*program, "up", "--port", "0", "--sim-port", "0", "--data", str(data), *options]
    with subprocess.Popen(
        command, cwd=data.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("Ctrl-C"):
                    break
            else:
                assert process.stderr is not None
                pytest.fail(process.stderr.read())
            yield Running(process, "".join(lines), data)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def lgsp(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*LGSP, *arguments, "--data", str(data)]
    return subprocess.run(command, cwd=data.parent, capture_output=True, text=True, check=False)


def answered(command: str) -> bytes:
    """What a printed curl command gets. Its words are carried out here: curl need not be installed."""
    words = shlex.split(command)
    assert words[:2] == ["curl", "-s"]
    headers = {
        words[i + 1].partition(": ")[0]: words[i + 1].partition(": ")[2] for i, w in enumerate(words) if w == "-H"
    }
    request = urllib.request.Request(words[2], words[words.index("-d") + 1].encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200
        return bytes(answer.read())


def gone(url: str) -> bool:
    port = int(url.rsplit(":", 1)[1])
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) != 0


def printed(said: str) -> list[str]:
    return [part.strip() for part in re.findall(r"^curl -s .*?(?=\n\n)", said, re.MULTILINE | re.DOTALL)]
