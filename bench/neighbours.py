"""What normal calls feel of a neighbour: p99 beside a slow system, beside a large document, and in a crowd of connections."""

from __future__ import annotations

import json
import resource
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from bench.growth import learned
from bench.load import Ask, Measured, run
from bench.openloop import paced
from bench.rig import LOAD_CORE, cpu_seconds, pin, resident_mb, rig
from bench.works import Contender, started
from lgsp import runtime

CROWD, NORMAL, SLOW_CALLS, SLOW_SECONDS = 1000, 16, 500, 30
DOCUMENT = 50_000_000
"""Bytes: about as large as the exchange of documents takes one."""
SHARES = (0.1, 0.5)
"""Of the rate that a gateway reaches: a normal load (a tenth is some 300 million calls a month), and a heavy one."""
SECONDS, ROUNDS = 4.0, 3
Figures = dict[str, Any]


def crowd() -> Figures:
    with rig() as stage:
        house = started(stage)
        ours = learned(house)
        pin(LOAD_CORE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        before = resident_mb(house.gateway.pid)
        measured = runtime.run(run(ours.ask, CROWD, 2 * SECONDS, 1.0, lambda: cpu_seconds(house.gateway.pid)))
        return {
            "connections": CROWD,
            "answered": measured.calls,
            "shed with Retry-After": measured.shed,
            "anything else": measured.others - measured.shed,
            "calls/s": round(measured.calls / measured.seconds),
            "p99 ms": round(measured.percentile(0.99) * 1e3),
            "resident MB before and after": [round(before), round(resident_mb(house.gateway.pid))],
        }


def slow() -> Figures:
    """The slow system is the one of the REST work, the normal calls are those of the SOAP work."""
    with rig() as stage:
        house = started(stage)
        ours = learned(house)
        pin(LOAD_CORE)
        example = house.example("danhMuc", "loaiDanhMuc")
        fault = {"kind": "latency", "when": {"always": True}, "seconds": SLOW_SECONDS}
        alone = [_p99(ours) for _ in range(ROUNDS)]
        _put(f"{house.simulator}/_sim/faults/{example['system']}", fault)
        hanging = _hanging(house.ours(example, "slow").ask)
        try:
            beside = [_p99(ours) for _ in range(ROUNDS)]
        finally:
            for line in hanging:
                line.close()
    return _beside(alone, beside)


def document() -> Figures:
    """Documents of 50 MB, one after the other without a pause, while normal calls come evenly."""
    with rig() as stage:
        house = started(stage)
        ours = learned(house)
        sending = house.ours(house.example("sendEdoc"), "document")
        house.asked_by(sending, "edocFile")
        pin(LOAD_CORE)
        reached = runtime.run(run(ours.ask, NORMAL, SECONDS, 1.0, lambda: 0.0))
        found: Figures = {}
        for share in SHARES:
            rate = share * reached.calls / reached.seconds
            alone, beside, took = list[float](), list[float](), list[float]()
            for _ in range(ROUNDS):
                alone.append(_paced_p99(ours, rate))
                with _documents(sending.ask, took):
                    beside.append(_paced_p99(ours, rate))
            of_them = {"documents": len(took), "seconds of one": round(statistics.median(took), 2)}
            found[f"{rate:.0f} calls/s, {share:.0%} of what it reaches"] = {**_beside(alone, beside), **of_them}
        return {**found, "resident MB": round(resident_mb(house.gateway.pid))}


def _beside(alone: list[float], beside: list[float]) -> Figures:
    one, two = statistics.median(alone), statistics.median(beside)
    return {"p99 ms alone": one, "p99 ms beside": two, "ratio": round(two / one, 2), "rounds": [alone, beside]}


def _p99(ours: Contender) -> float:
    return _of_all(runtime.run(run(ours.ask, NORMAL, SECONDS, 0.5, lambda: 0.0)))


def _paced_p99(ours: Contender, rate: float) -> float:
    return _of_all(runtime.run(paced(ours.ask, rate, SECONDS, 0.5, NORMAL)))


def _of_all(measured: Measured) -> float:
    if measured.others:
        raise RuntimeError(f"{measured.others} normal calls failed")
    return round(measured.percentile(0.99) * 1e3, 2)


def _hanging(ask: Ask) -> list[socket.socket]:
    """Calls that hang, each asked once: who is refused does not ask again at once."""
    asked = replace(ask, headers={**ask.headers, "X-LGSP-Timeout": str(SLOW_SECONDS)}).wire()
    lines = [_line(ask) for _ in range(SLOW_CALLS)]
    for line in lines:
        line.sendall(asked)
    time.sleep(1)
    return lines


@contextmanager
def _documents(ask: Ask, took: list[float]) -> Iterator[None]:
    """One after the other on one connection, as long as the block lasts; the seconds of each. Raises where one is refused."""
    small = json.loads(ask.body)
    end = small["edocFile"].rindex("</")
    filler = f"<!--{'A' * (DOCUMENT - len(small['edocFile']))}-->"
    large = {**small, "edocFile": f"{small['edocFile'][:end]}{filler}{small['edocFile'][end:]}"}
    wire, over, refused = replace(ask, body=json.dumps(large).encode()).wire(), threading.Event(), list[bytes]()

    def send() -> None:
        with _line(ask) as line:
            while not over.is_set() and not refused:
                began = time.perf_counter()
                line.sendall(wire)
                answer = line.recv(1 << 16)
                took.append(time.perf_counter() - began)
                if not answer.startswith(b"HTTP/1.1 200 "):
                    refused.append(answer)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if refused:
        raise RuntimeError(f"a document was refused: {refused[0][-1000:]!r}")


def _line(ask: Ask) -> socket.socket:
    parts = urlsplit(ask.url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=120)


def _put(url: str, document: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json"}
    request = Request(url, json.dumps(document).encode(), headers, method="PUT")  # noqa: S310  loopback, ours
    with urlopen(request, timeout=10):  # noqa: S310
        pass
