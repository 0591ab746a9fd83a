"""The simulator beside WireMock, the same exchange: `python -m bench.simulator [--quick] [--part soap|rest] [--json FILE]`.

Ours checks the token, reads and validates the message, looks the person or the dossier up and writes the answer; WireMock
finds its stub by XPath or JSONPath and returns a fixed text. Each has one core in turn (with all its threads), the load (wrk)
the other. `busy` says how much of its core a contender had, `load_busy` how much of its own the load: where the contender
is far below 1, something else ran there or the load could not ask more (`load_busy` near 1), and the ratio of the CPU that a
call costs (`ratio_by_cpu`) is the better figure. WireMock comes from npm (it needs a Java runtime) and runs as its
documentation advises for load: no journal, no request log, warm.
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.request import Request, urlopen

import click

from bench.load import Ask
from bench.rig import (
    CONTENDERS_CORE,
    LOAD_CORE,
    Rig,
    cpu_seconds,
    free_port,
    held,
    machine,
    once,
    pin,
    rested,
    rig,
    wait,
)
from bench.wiremock import WIREMOCK, wiremock

CONNECTIONS = 32
PERSON = "017190999601"
"""Of the test people's book: the mother of the sample family."""
DOSSIER = "H28.148-221101-9901"
_SOAP = f"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>\
<TraCuuThongTinCongDan xmlns="http://dancuquocgia.bca"><MaYeuCau>BENCH-1</MaYeuCau><MaDVC>1.000000</MaDVC>\
<MaTichHop>037</MaTichHop><MaCanBo>H28-CB-MAU</MaCanBo><SoDinhDanh>{PERSON}</SoDinhDanh>\
<HoVaTen>ĐINH THỊ MẪU HOA</HoVaTen><NgayThangNamSinh><NgayThangNam>19900721</NgayThangNam></NgayThangNamSinh>\
</TraCuuThongTinCongDan></s:Body></s:Envelope>"""


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds of one window, of WireMock's warming, how many rounds."""

    seconds: float
    warm: float
    rounds: int


QUICK, FULL = Plan(2, 5, 2), Plan(5, 60, 3)


@dataclass(frozen=True, slots=True)
class Window:
    """What one contender did in one window."""

    rate: float
    """Calls a second."""
    cpu: float
    """Microseconds a call."""
    load: float
    """Share of its core that the load had."""


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange: the question as ours takes it, and the stub by which WireMock answers the same."""

    work: str
    ask: Ask
    stub: dict[str, Any]


def compare(plan: Plan, part: str | None = None) -> dict[str, Any]:
    with rig() as stage:
        pin(LOAD_CORE)
        ours, simulator = _ours(stage)
        theirs, java = wiremock(stage)
        rows = []
        for row in _rows(ours):
            if part is not None and not row.work.lower().startswith(part):
                continue
            proof = once(row.ask)
            _stub(theirs, row.stub, proof.decode())
            ask = Ask(row.ask.url.replace(ours, theirs), row.ask.headers, row.ask.body)
            if once(ask) != proof:
                raise RuntimeError(f"{row.work}: WireMock answers something else")
            rows.append(_measured(stage, row, ask, plan, simulator, java))
        return {"machine": machine(stage.folder), "peer": WIREMOCK, "connections": CONNECTIONS, "rows": rows}


def _measured(
    stage: Rig, row: Row, theirs: Ask, plan: Plan, simulator: Popen[bytes], java: Popen[bytes]
) -> dict[str, Any]:
    """Each stands still while the other is asked, and Java's compiler has caught up before: it works on for seconds."""

    def asked(ask: Ask, process: Popen[bytes], other: Popen[bytes], seconds: float, *, warming: bool = False) -> Window:
        with held(other):
            window = _window(stage, ask, seconds, process.pid, warming=warming)
            rested(process.pid)
        return window

    asked(theirs, java, simulator, plan.warm, warming=True)
    asked(row.ask, simulator, java, min(plan.warm, 3), warming=True)
    turns = [
        (asked(row.ask, simulator, java, plan.seconds), asked(theirs, java, simulator, plan.seconds))
        for _ in range(plan.rounds)
    ]
    ours, peer = (statistics.median(turn[side].rate for turn in turns) for side in (0, 1))
    cpu, peer_cpu = (statistics.median(turn[side].cpu for turn in turns) for side in (0, 1))
    load, peer_load = (statistics.median(turn[side].load for turn in turns) for side in (0, 1))
    return {
        "work": row.work, "unit": "calls/s", "ours": round(ours, 1), "peer": round(peer, 1), "peer_name": "WireMock",
        "ratio": round(ours / peer, 2), "cpu_us_per_call": round(cpu, 1), "peer_cpu_us_per_call": round(peer_cpu, 1),
        "busy": round(ours * cpu / 1e6, 2), "peer_busy": round(peer * peer_cpu / 1e6, 2),
        "load_busy": round(load, 2), "peer_load_busy": round(peer_load, 2),
        "ratio_by_cpu": round(peer_cpu / cpu, 2),
        "ratios": [round(one.rate / other.rate, 2) for one, other in turns],
    }  # fmt: skip


def _window(stage: Rig, ask: Ask, seconds: float, pid: int, *, warming: bool = False) -> Window:
    """Late answers are forgiven while a contender warms up."""
    script = stage.folder / "ask.lua"
    headers = "".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in ask.headers.items())
    script.write_text(f'wrk.method = "POST"\n{headers}wrk.body = [==[{ask.body.decode()}]==]\n', "utf-8")
    spent, asked = cpu_seconds(pid), _of_load()
    said = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "20s", "-s", str(script), ask.url],
        capture_output=True, text=True, check=True, timeout=seconds + 30,
    ).stdout  # fmt: skip
    spent, asked = cpu_seconds(pid) - spent, _of_load() - asked
    if "Non-2xx" in said or ("Socket errors" in said and not warming):
        raise RuntimeError(said)
    calls = int(_found(r"(\d+) requests in", said))
    return Window(float(_found(r"Requests/sec:\s+([\d.]+)", said)), spent / calls * 1e6, asked / max(1, round(seconds)))


def _of_load() -> float:
    """CPU seconds of every load that has ended so far; the contenders are still running."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise RuntimeError(said)
    return match[1]


def _ours(stage: Rig) -> tuple[str, Popen[bytes]]:
    port = free_port()
    process = stage.start("lgsp", "sim", "--port", str(port), core=CONTENDERS_CORE)
    wait(f"http://127.0.0.1:{port}/_sim/systems")
    return f"http://127.0.0.1:{port}", process


def _stub(url: str, request: dict[str, Any], answer: str) -> None:
    mapping = {"request": {"method": "POST", **request}, "response": {"status": 200, "body": answer}}
    with urlopen(Request(f"{url}/__admin/mappings", json.dumps(mapping).encode(), method="POST"), timeout=10):  # noqa: S310
        pass


def _rows(ours: str) -> Iterator[Row]:
    token = Ask(f"{ours}/token", {"Authorization": "Basic bGdzcDpkZW1vLWxnc3A="}, b"grant_type=client_credentials")
    bearer = {"Authorization": f"Bearer {json.loads(once(token))['access_token']}"}
    soap, rest = "/apiDanCuQuocGia/1.0", "/apiHoTichTuPhap/traTrangThaiHoSo"
    namespaces = {"s": "http://schemas.xmlsoap.org/soap/envelope/", "q": "http://dancuquocgia.bca"}
    yield Row(
        "SOAP, found by the person's number",
        Ask(
            ours + soap,
            {
                **bearer,
                "Content-Type": "text/xml; charset=utf-8",
                "SOAPAction": '"http://dancuquocgia.bca/TraCuuThongTinCongDan"',
            },
            _SOAP.encode(),
        ),
        {
            "urlPath": soap,
            "bodyPatterns": [
                {
                    "matchesXPath": f"/s:Envelope/s:Body/q:TraCuuThongTinCongDan[q:SoDinhDanh='{PERSON}']",
                    "xPathNamespaces": namespaces,
                }
            ],
        },
    )
    body = json.dumps({"maDonVi": 48601, "maHoSo": DOSSIER}).encode()
    json_ask = Ask(ours + rest, {**bearer, "Content-Type": "application/json"}, body)
    yield Row(
        "REST, found by the dossier",
        json_ask,
        {"urlPath": rest, "bodyPatterns": [{"matchesJsonPath": f"$[?(@.maHoSo == '{DOSSIER}')]"}]},
    )


@click.command()
@click.option("--quick", is_flag=True, help="Half a minute; WireMock is hardly warm then.")
@click.option("--part", type=click.Choice(["soap", "rest"]), help="One of the two exchanges alone.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write the figures here.")
def main(file: Path | None, part: str | None, *, quick: bool) -> None:
    """The simulator beside WireMock; a ratio above 1 means that ours is faster."""
    for program in ("wrk", "java", "npm"):
        if shutil.which(program) is None:
            click.echo(f"{program} is needed", err=True)
            sys.exit(2)
    found = compare(QUICK if quick else FULL, part)
    if file is not None:
        file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")
    for row in found["rows"]:
        click.echo(
            f"{row['work']:36} ours {row['ours']:8.0f}/s {row['cpu_us_per_call']:6.0f} us   WireMock {row['peer']:8.0f}/s "
            f"{row['peer_cpu_us_per_call']:6.0f} us   {row['ratio']:5.2f}x  {row['ratios']}  by CPU {row['ratio_by_cpu']:.2f}x, "
            f"cores busy {row['busy']:.2f} and {row['peer_busy']:.2f}, "
            f"the load's {row['load_busy']:.2f} and {row['peer_load_busy']:.2f}"
        )


if __name__ == "__main__":
    main()
