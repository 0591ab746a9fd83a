"""One page of numbers for several processes: counters add up, gauges as they are meant, nothing counted is lost with a process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from lgsp.workers.totals import Page, past, together


def page(calls: int, inflight: int, lag: float, *systems: str) -> str:
    registry = CollectorRegistry()
    counter = Counter("lgsp_exchanges", "Exchanges", ["system"], registry=registry)
    seconds = Histogram("lgsp_exchange_seconds", "Seconds", ["system"], buckets=(0.1, 1), registry=registry)
    busy = Gauge("lgsp_inflight", "Under way", ["system"], registry=registry)
    Gauge("lgsp_loop_lag_seconds", "Lag", registry=registry).set(lag)
    Gauge("lgsp_audit_entries_total", "Entries", registry=registry).set(calls)
    for system in systems:
        counter.labels(system).inc(calls)
        for _ in range(calls):
            seconds.labels(system).observe(0.05)
        busy.labels(system).set(inflight)
    return generate_latest(registry).decode()


def test_a_page_comes_out_as_it_went_in() -> None:
    text = page(3, 1, 0.25, "a", "b")
    assert Page.read(text).written() == text
    assert together([Page.read(text)]).written() == text


def test_what_is_counted_adds_up_and_what_is_the_case_does_not() -> None:
    whole = together([Page.read(page(3, 1, 0.25, "a")), Page.read(page(4, 2, 0.5, "a", "b"))])
    value = whole.values
    assert value['lgsp_exchanges_total{system="a"}'] == 7
    assert value['lgsp_exchanges_total{system="b"}'] == 4
    assert value['lgsp_exchange_seconds_count{system="a"}'] == 7
    assert value['lgsp_exchange_seconds_bucket{le="0.1",system="a"}'] == 7
    assert value['lgsp_inflight{system="a"}'] == 3
    assert value["lgsp_loop_lag_seconds"] == 0.5
    assert value["lgsp_audit_entries_total"] == 7
    text = whole.written()
    assert text.index('lgsp_exchanges_total{system="b"}') < text.index("# HELP lgsp_exchange_seconds"), (
        "beside its kind"
    )
    assert text.count("# TYPE lgsp_exchanges_total counter") == 1


def test_a_process_that_is_gone_has_counted_all_the_same() -> None:
    gone = past(Page.read(page(3, 1, 0.25, "a")))
    whole = together([Page.read(page(4, 2, 0.1, "a")), gone])
    assert whole.values['lgsp_exchanges_total{system="a"}'] == 7
    assert whole.values["lgsp_audit_entries_total"] == 7
    assert whole.values['lgsp_inflight{system="a"}'] == 2
    assert whole.values["lgsp_loop_lag_seconds"] == 0.1
