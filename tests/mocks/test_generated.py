"""The simulator of a system that is a contract and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lgsp.runtime import HANOI
from lgsp_mocks.clock import EPOCH
from lgsp_mocks.generated import Specimens
from lgsp_mocks.handler import Ask, HttpFault, SoapFault
from lgsp_mocks.world import Province, World

FIXTURES = Path(__file__).parents[1] / "scaffold" / "fixtures"
WSDL, OPENAPI = Specimens(FIXTURES / "tau-ca" / "tau-ca.wsdl", "tau-ca"), Specimens(FIXTURES / "thu-y.yaml", "thu-y")


def question(operation: str, data: dict[str, Any], state: dict[str, Any] | None = None) -> Ask:
    world = World(Province.load("hoa-binh"), 1, 10)
    return Ask(world, "mau", "ministry", operation, data, EPOCH.astimezone(HANOI), {} if state is None else state)


def test_answers_are_valid_invented_and_the_same() -> None:
    answer = WSDL.answer(question("traCuuTau", {"soDangKy": "HB-00001-TS"}))
    WSDL.contract.operations["traCuuTau"].output.check(answer)
    assert "MAU" in str(answer)
    assert WSDL.answer(question("traCuuTau", {"soDangKy": "khác"})) == answer


def test_a_declared_fault_is_asked_for_by_its_name() -> None:
    with pytest.raises(SoapFault) as soap_fault:
        WSDL.answer(question("traCuuTau", {"soDangKy": "LOI:tuChoi"}))
    assert "MAU-lyDo" in soap_fault.value.detail
    with pytest.raises(HttpFault) as http_fault:
        OPENAPI.answer(question("layTrangTrai", {"ma": "LOI:404"}))
    assert http_fault.value.status == 404


def test_a_business_error_is_a_declared_one_or_a_plain_refusal() -> None:
    with pytest.raises(SoapFault) as declared:
        WSDL.business_error(question("traCuuTau", {}))
    assert "tuChoi" in declared.value.detail
    with pytest.raises(SoapFault) as plain:
        WSDL.business_error(question("dangKyTau", {}))
    assert (plain.value.code, plain.value.detail) == ("Client", "")
    with pytest.raises(HttpFault) as status:
        OPENAPI.business_error(question("post_tiem_phong", {}))
    assert status.value.status == 422


def test_examples_cover_operations_and_refusals() -> None:
    assert [(each.operation, each.expect) for each in WSDL.examples()] == [
        ("traCuuTau", "ok"), ("traCuuTau", "provider-fault"), ("dangKyTau", "ok")
    ]  # fmt: skip
    assert [(each.operation, each.expect) for each in OPENAPI.examples()] == [
        ("layTrangTrai", "ok"), ("layTrangTrai", "record-not-found"), ("post_tiem_phong", "ok"), ("post_tiem_phong", "provider-fault")
    ]  # fmt: skip


def test_the_same_update_has_one_effect() -> None:
    state: dict[str, Any] = {}
    for _ in range(2):
        WSDL.answer(question("dangKyTau", {"tau": {}}, state))
    assert len(state["seen"]) == 1
