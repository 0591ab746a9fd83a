"""CEF: one line an event, and nobody's text breaks a line or a field."""

from __future__ import annotations

import io

from lgsp import cef
from lgsp.events import BusFaultFound, Event, SecurityAlert, StageChanged
from lgsp.model import Stage
from tests.test_alerts import NOW, Clock, finished


def test_cef_lines() -> None:
    out = io.StringIO()
    say = cef.subscriber(out, Clock(), "0.1.0")
    quiet: list[Event] = [finished("ok"), finished("timeout")]
    loud: list[Event] = [
        SecurityAlert("bulk-reading", "x", 6, 8, NOW),
        finished("forbidden", correlation="a=b|c\\d\nCEF:0|forged|\u2028x"),
        StageChanged("births", Stage.TRIAL, Stage.OFFICIAL, "1/QĐ", NOW),
        BusFaultFound("ValueError", "lgsp.x:1", "c"),
    ]
    for event in quiet + loud:
        say(event)
    written = out.getvalue()
    assert written.count("\n") == len(loud) == len(written.splitlines())
    first, second, *_ = written.splitlines()
    assert first == "CEF:0|lgsp|data-bus|0.1.0|bulk-reading|bulk reading|8|rt=1670288400000 suser=x cnt=6"
    assert "externalId=a\\=b|c\\\\d CEF:0|forged| x" in second
    assert all(each.startswith("CEF:0|lgsp|") for each in written.splitlines())
