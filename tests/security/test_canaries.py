"""After every example at debug level, nothing personal stands in log, metrics, errors or files, in any common spelling.

The real bus as a process of its own: its standard error is the log, its data folder is what a thief of the disk would get.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from lgsp.testing import Sim

_NUMBER = re.compile(r"[0-9]{9,15}")
_MOST = 250


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)
    elif isinstance(value, str):
        yield key, value


def canaries(messages: list[Any], people: list[str]) -> list[str]:
    """Numbers of people and their names, as they passed through the bus."""
    known = set(people)
    found = {
        text
        for message in messages
        for _, text in strings(message)
        if text in known or (_NUMBER.fullmatch(text) and not text.endswith("000000"))  # round numbers are amounts
    }
    return sorted(found)[:_MOST]


def spellings(text: str) -> set[bytes]:
    """Plain, composed and decomposed, hex, URL-encoded, escaped in JSON, and base64 wherever in a group it begins."""
    forms: set[bytes] = set()
    for form in ("NFC", "NFD"):
        raw = unicodedata.normalize(form, text).encode()
        forms |= {raw, raw.hex().encode(), raw.hex().upper().encode(), quote(raw).encode()}
        forms.add(json.dumps(unicodedata.normalize(form, text))[1:-1].encode())
        forms |= {base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3)}
    return {each for each in forms if len(each) >= 8}


def found_in(haystack: bytes, values: list[str]) -> list[int]:
    """Places in the list, so that a failing test does not print the value."""
    return [place for place, value in enumerate(values) if any(form in haystack for form in spellings(value))]


def test_the_search_finds_every_spelling() -> None:
    name, number = "Nguyễn Thị Mẫu", "099301990001"
    for text in (name, number):
        raw = text.encode()
        for hidden in (
            raw,
            unicodedata.normalize("NFD", text).encode(),
            b"xy" + base64.b64encode(b"a" + raw + b"bc"),
            base64.b64encode(b"ab" + raw),
            raw.hex().encode(),
            quote(text).encode(),
            json.dumps({"a": text}).encode(),
        ):
            assert found_in(b"before " + hidden + b" after", [text]) == [0]
    assert found_in(b"nothing", [name, number]) == []


@pytest.fixture
def bus(lgsp_simulator: Sim, tmp_path: Path) -> Iterator[tuple[int, Path, subprocess.Popen[bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = tmp_path / "data"
    command = [sys.executable, "-c", "from lgsp.cli.main import main; main()", "serve", "--port", str(port)]
    env = {**os.environ, "LGSP_LOG_LEVEL": "debug", "LGSP_SECURITY_LOG": str(tmp_path / "security.cef")}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--data", str(data), "--sim", lgsp_simulator.url], stdout=log, stderr=log, env=env, cwd=tmp_path
        )
    try:
        _until_ready(port, process)
        yield port, data, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(30)


def _until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            if ask(port, "GET", "/readyz")[0] == 200:
                return
        except OSError:
            with socket.socket() as pause:  # a pause without sleeping: a connection that nobody takes
                pause.settimeout(0.05)
                pause.connect_ex(("127.0.0.1", port))
    raise AssertionError("the bus has ended")


def ask(
    port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        raw = json.dumps(body).encode() if body is not None else None
        connection.request(method, path, raw, {"content-type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_personal_stays(
    lgsp_simulator: Sim, bus: tuple[int, Path, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    port, data, process = bus
    key = json.loads((data / "demo.json").read_text("utf-8"))["consumers"][0]["api_key"]
    messages: list[Any] = []
    errors = b""
    for example in lgsp_simulator.examples():
        path = f"/api/{example['system']}/{example['version']}/{example['operation']}"
        headers = {"x-api-key": key, **(example.get("headers") or {})}
        status, raw = ask(port, "POST", path, example["request"], headers)
        messages.append(example["request"])
        if status < 400:
            messages.append(json.loads(raw) if raw else None)
        spoiled = {**example["request"], "khongCo": "x"}
        for request in (spoiled, {name: {"sai": True} for name in example["request"]}):
            status, raw = ask(port, "POST", path, request, headers)
            errors += raw if status in (400, 401, 403) else b""
    metrics = ask(port, "GET", "/metrics")[1]
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    world = lgsp_simulator.world
    numbers = {text for message in messages for _, text in strings(message) if len(text) == 12}
    cast = [found for found in map(world.person, numbers) if found is not None]
    values = canaries(messages, [person.full_name for person in [*cast, *islice(world.people(), 1000)]])
    assert len(cast) >= 5
    assert len(values) >= 50
    files = b"".join(
        path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file() and path.name != "demo.json"
    )
    log = (tmp_path / "log").read_bytes() + (tmp_path / "security.cef").read_bytes()
    assert b'"event":"attempt-made"' in log.replace(b" ", b""), "the log is not at debug level"
    assert b'"kind":"asked"' in files, "no evidence was written"
    for what, haystack in (("log", log), ("metrics", metrics), ("errors", errors), ("files", files)):
        assert found_in(haystack, values) == [], what
