"""The agency system's own tests, on the simulator: `pytest examples/python` where the package `lgsp` is installed."""

from __future__ import annotations

import pytest
from agency import Bus, Refused

PURPOSE = {"X-LGSP-Purpose": "1.001193", "X-LGSP-Officer": "H28-CB-MAU"}
QUESTION = {"maDonVi": 48601, "maHoSo": "H28.148-221101-9901"}


@pytest.fixture
def bus(lgsp_bus):
    secrets = lgsp_bus.secrets["mot-cua"]
    return Bus(lgsp_bus.url, secrets.client_id, secrets.client_secret, pause=0.01)


def birth(lgsp_bus):
    examples = lgsp_bus.simulator.examples()
    return next(e["request"] for e in examples if e["operation"] == "dangKyHoTich" and e["expect"] == "ok")


def test_it_asks(bus, lgsp_bus):
    assert bus.call("civil-status", "traTrangThaiHoSo", QUESTION, **PURPOSE)["trangThai"]
    call = lgsp_bus.simulator.calls("civil-status", "traTrangThaiHoSo")[-1]
    assert call.request["maHoSo"] == QUESTION["maHoSo"]


def test_a_short_failure_costs_nobody_anything(bus, lgsp_bus):
    lgsp_bus.simulator.fail("civil-status", "reset", times=1)
    assert bus.call("civil-status", "traTrangThaiHoSo", QUESTION, **PURPOSE)["trangThai"]
    lgsp_bus.simulator.retried("civil-status", "traTrangThaiHoSo", times=2)


def test_a_lost_answer_is_not_sent_again(bus, lgsp_bus):
    lgsp_bus.simulator.fail("civil-status", "lost-answer", operation="dangKyHoTich", times=1)
    message = birth(lgsp_bus)
    with pytest.raises(Refused) as refused:
        bus.update("civil-status", "dangKyHoTich", message, "khoa-1", **PURPOSE)
    assert refused.value.problem["code"] == "timeout"
    assert not refused.value.retryable
    assert len(lgsp_bus.simulator.calls("civil-status", "dangKyHoTich")) == 1


def test_the_same_key_takes_effect_once(bus, lgsp_bus):
    message = birth(lgsp_bus)
    first = bus.update("civil-status", "dangKyHoTich", message, "khoa-2", **PURPOSE)
    assert bus.update("civil-status", "dangKyHoTich", message, "khoa-2", **PURPOSE) == first
    assert set(lgsp_bus.simulator.effects("civil-status").values()) == {1}
