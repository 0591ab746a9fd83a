"""The measuring: every contender in turn, round after round, so that a slow moment of the machine meets all of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bench.load import Ask, Measured, run
from bench.openloop import paced
from bench.rig import LOAD_CORE, Disk, cpu_seconds, fetch, held, machine, pin, resident_mb, rested, rig
from bench.works import PARTS, Contender, House, Work, prepared, versions
from lgsp import runtime

CONNECTIONS = 16
_COMPILING = ("wiremock", "node")
FSYNCS = 2
"""That a personal call waits for: asked and answered."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each window is, how often every contender has its turn, which further sizes of the SOAP answer."""

    seconds: float
    warm: float
    rounds: int
    kilobytes: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    """Of the rate that a contender reaches: at each of them calls are paced, and their latencies measured."""
    foreign: bool = False
    """Peers of other worlds too: Caddy, Node, WireMock."""
    heat: float = 0.0
    """Seconds that a contender with a compiler at run time is heated before its first window."""
    parts: tuple[str, ...] = PARTS


QUICK, FULL = Plan(1.2, 0.3, 2), Plan(5.0, 1.0, 5, (10, 100), (0.1, 0.5, 0.8), foreign=True, heat=20.0)


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the rounds; `low` and `high` are the rates' range."""

    rate: float
    low: float
    high: float
    cpu_us: float
    p50_ms: float
    p95_ms: float
    size: int

    @classmethod
    def of(cls, rounds: list[Measured]) -> Result:
        rates = [each.calls / each.seconds for each in rounds]
        return cls(
            rate=statistics.median(rates),
            low=min(rates),
            high=max(rates),
            cpu_us=statistics.median(each.cpu_seconds / each.calls * 1e6 for each in rounds),
            p50_ms=statistics.median(each.percentile(0.5) * 1e3 for each in rounds),
            p95_ms=statistics.median(each.percentile(0.95) * 1e3 for each in rounds),
            size=rounds[0].size,
        )


def compare(plan: Plan) -> dict[str, Any]:
    """The whole run, or some parts of it: `{"machine", "rows"}` as INTERFACE has it, with what the figures mean beside them."""
    with rig() as stage:
        house, works = prepared(stage, plan.kilobytes, foreign=plan.foreign, parts=plan.parts)
        pin(LOAD_CORE)
        about = machine(stage.folder) | {"versions": versions(), "rig_calls_per_s": round(_saturation(house, plan))}
        _heated(works, plan)
        results = _in_turn(house, works, plan, CONNECTIONS)
        with Disk(stage.folder) as disk:
            alone = _in_turn(house, _first_peers(works), replace(plan, seconds=plan.seconds / 2), 1)
        rows = [row for work in works for row in _rates(work, results)]
        rows += [row for work in works for row in _latencies(work, alone, disk.ms)]
        rows += [row for work in _first_peers(works) for row in _paced(house, work, plan, results)]
        about["resident_mb"] = round(resident_mb(house.gateway.pid))
    return {"machine": about, "rows": rows, "notes": [*NOTES, *_doubts(about, results)]}


def _heated(works: list[Work], plan: Plan) -> None:
    """Java and Node get the time that their compilers need; the others are as quick at once as later."""
    if plan.heat:
        for each in {peer.name: peer for work in works for peer in work.peers}.values():
            if each.name.startswith(_COMPILING):
                runtime.run(run(each.ask, CONNECTIONS, plan.heat, 0.1, lambda: 0.0))
                rested(each.process.pid)


def _in_turn(house: House, works: list[Work], plan: Plan, connections: int) -> dict[str, Result]:
    """Who compiles behind his answers stands still while another is asked on the same core, and has the time to end it."""
    turns = {each.name: (each, work.people) for work in works for each in (work.ours, *work.peers)}
    compiling = [each.process for each, _ in turns.values() if each.name.startswith(_COMPILING)]
    rounds: dict[str, list[Measured]] = {name: [] for name in turns}
    for _ in range(plan.rounds):
        for name, (contender, people) in turns.items():
            fetch(f"{house.ministry}/_bench/people/{people}")
            with held(*(each for each in compiling if each is not contender.process)):
                rounds[name].append(_window(contender, connections, plan))
                if contender.process in compiling:
                    rested(contender.process.pid)
    return {name: Result.of(each) for name, each in rounds.items()}


def _first_peers(works: list[Work]) -> list[Work]:
    return [replace(each, peers=each.peers[:1]) for each in works if each.people == 1 and each.name in _ALONE]


def _window(contender: Contender, connections: int, plan: Plan) -> Measured:
    pid = contender.process.pid
    measured = runtime.run(run(contender.ask, connections, plan.seconds, plan.warm, lambda: cpu_seconds(pid)))
    if measured.others or not measured.calls:
        raise RuntimeError(f"{contender.name}: {measured.others} answers were not {contender.ask.status}")
    return measured


def _saturation(house: House, plan: Plan) -> float:
    """What load and ministry reach on their core with no contender between: no figure above it can be believed."""
    ask = Ask(f"{house.ministry}/_bench/nothing", {}, b"{}")
    measured = runtime.run(run(ask, CONNECTIONS, min(plan.seconds, 2.0), 0.2, lambda: 0.0))
    return measured.calls / measured.seconds


def _rates(work: Work, results: dict[str, Result]) -> Iterator[dict[str, Any]]:
    ours = results[work.ours.name]
    for peer in work.peers:
        theirs = results[peer.name]
        yield {
            "work": work.name,
            "size": ours.size,
            "unit": "calls/s",
            "ours": round(ours.rate, 1),
            "peer": round(theirs.rate, 1),
            "peer_name": _named(peer),
            "ratio": round(ours.rate / theirs.rate, 3),
            "cpu_us_per_call": round(ours.cpu_us, 1),
            "peer_cpu_us_per_call": round(theirs.cpu_us, 1),
            "cpu_ratio": round(theirs.cpu_us / ours.cpu_us, 3),
            "range": [round(ours.low, 1), round(ours.high, 1)],
            "peer_range": [round(theirs.low, 1), round(theirs.high, 1)],
            "p95_ms": round(ours.p95_ms, 2),
            "peer_p95_ms": round(theirs.p95_ms, 2),
            "resident_mb": round(resident_mb(work.ours.process.pid)),
            "peer_resident_mb": round(resident_mb(peer.process.pid)),
        }


def _latencies(work: Work, alone: dict[str, Result], fsync_ms: float) -> Iterator[dict[str, Any]]:
    """One call at a time against the first peer: what the bus adds, and how much of it is waiting for the disk."""
    if work.ours.name not in alone:
        return
    peer = work.peers[0]
    ours, theirs = alone[work.ours.name], alone[peer.name]
    yield {
        "work": f"{work.name}, one at a time",
        "size": ours.size,
        "unit": "ms p50",
        "ours": round(ours.p50_ms, 3),
        "peer": round(theirs.p50_ms, 3),
        "peer_name": _named(peer),
        "ratio": round(theirs.p50_ms / ours.p50_ms, 3),
        "cpu_us_per_call": round(ours.cpu_us, 1),
        "peer_cpu_us_per_call": round(theirs.cpu_us, 1),
        "cpu_ratio": round(theirs.cpu_us / ours.cpu_us, 3),
        **_above((ours.p50_ms - theirs.p50_ms) / 1e3, fsync_ms),
    }


def _paced(house: House, work: Work, plan: Plan, results: dict[str, Result]) -> Iterator[dict[str, Any]]:
    """Latency where calls come at a steady pace: what is added to the first peer, both at the same share of our own rate."""
    peer = work.peers[0]
    for share in plan.shares:
        rate = share * results[work.ours.name].rate
        fetch(f"{house.ministry}/_bench/people/{work.people}")
        with Disk(house.stage.folder) as disk:
            ours = runtime.run(paced(work.ours.ask, rate, plan.seconds, plan.warm, CONNECTIONS))
        theirs = runtime.run(paced(peer.ask, rate, plan.seconds, plan.warm, CONNECTIONS))
        yield {
            "work": f"{work.name}, at {share:.0%} of our rate",
            "size": results[work.ours.name].size,
            "unit": "ms p50",
            "ours": round(ours.percentile(0.5) * 1e3, 3),
            "peer": round(theirs.percentile(0.5) * 1e3, 3),
            "peer_name": _named(peer),
            "ratio": round(theirs.percentile(0.5) / ours.percentile(0.5), 3),
            "cpu_us_per_call": round(results[work.ours.name].cpu_us, 1),
            "peer_cpu_us_per_call": round(results[peer.name].cpu_us, 1),
            "cpu_ratio": round(results[peer.name].cpu_us / results[work.ours.name].cpu_us, 3),
            "calls_per_s": round(rate, 1),
            "p99_ms": round(ours.percentile(0.99) * 1e3, 3),
            "peer_p99_ms": round(theirs.percentile(0.99) * 1e3, 3),
            **_above(ours.percentile(0.5) - theirs.percentile(0.5), disk.ms),
        }


def _above(added: float, fsync_ms: float) -> dict[str, float]:
    """What an fsync cost meanwhile, and what is added beside those that a call waits for."""
    return {"fsync_ms": round(fsync_ms, 3), "above_fsyncs_ms": round(added * 1e3 - FSYNCS * fsync_ms, 3)}


def _named(peer: Contender) -> str:
    return PEERS[peer.name.partition(",")[0]]


def _doubts(about: dict[str, Any], results: dict[str, Result]) -> Iterator[str]:
    """What makes the figures of this run doubtful, said aloud."""
    fastest = max(each.rate for each in results.values())
    if about["rig_calls_per_s"] < 1.5 * fastest:
        yield f"load and ministry reach {about['rig_calls_per_s']} calls/s alone: the fastest rows measure them as well"
    wide = [name for name, each in results.items() if each.high > 1.25 * each.low]
    if wide:
        yield f"rates moved by more than a quarter between rounds (other work on this machine): {', '.join(wide)}"


_ALONE = ("JSON to SOAP to JSON", "REST to REST")
PEERS = {
    "lxml": "aiohttp handler with hand-written lxml",
    "zeep": "zeep's encoding and decoding over aiohttp",
    "proxy": "bare aiohttp proxy",
    "nginx": "nginx as proxy",
    "caddy": "Caddy as proxy, one thread",
    "wiremock": "WireMock as proxy",
    "node proxy": "fastify with @fastify/http-proxy",
    "node soap": "Node soap with fastify",
    "lgsp rest": "our own accepted REST call",
}
NOTES = [
    "size is bytes of our answer; one core for each contender in turn, the other for load and ministry",
    f"{CONNECTIONS} connections in a closed loop; the ministry answers from memory; Python contenders all on uvloop if there",
    "ours also does keys, grants, quotas, validation both ways, deadline, retry, breaker, metrics, a log line",
    "ours commits evidence with full sync twice a personal call; the peers check nothing and keep nothing",
    "CPU is the scheduler's account of all threads of a contender, system time included",
    "a paced or single call waits for two fsyncs; what one costs meanwhile is measured beside, every 25 ms on the same disk",
]
