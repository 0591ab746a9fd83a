"""mocks/civil_status_examples.py: at least one for each operation, in every province."""

from __future__ import annotations

import pytest

from lgsp.identifiers import parse_dossier_code, parse_personal_number
from lgsp_mocks.civil_status import HANDLERS
from lgsp_mocks.civil_status_examples import examples
from lgsp_mocks.world import Province, World


@pytest.mark.parametrize("province", ["hoa-binh", "dien-bien"])
def test_examples(province):
    found = examples(World(Province.load(province), 1, 100))
    named = {operation for handlers in HANDLERS.values() for operation in handlers}
    assert {each.operation for each in found if each.expect == "ok"} == named
    assert {each.expect for each in found} == {"ok", "provider-fault", "record-not-found"}
    for each in found:
        for name in ("maHoSo", "maHoSoLT", "maHoSoMCDT", "soHoSoLT"):
            if name in each.request and not each.request[name].isdigit():
                assert parse_dossier_code(each.request[name]) or "-000101-" in each.request[name]
        mother = each.request.get("hoSo", {}).get("meSoDDCN")
        assert mother is None or parse_personal_number(mother)
