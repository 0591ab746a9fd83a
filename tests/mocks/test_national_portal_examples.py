"""mocks/national_portal_examples.py: at least one for each operation, in every province."""

from __future__ import annotations

import pytest

from lgsp.identifiers import parse_dossier_code, parse_personal_number
from lgsp_mocks.national_portal import HANDLERS
from lgsp_mocks.national_portal_examples import examples
from lgsp_mocks.world import Province, World


@pytest.mark.parametrize("province", ["hoa-binh", "dien-bien", "phu-tho-2025"])
def test_examples(province: str) -> None:
    found = examples(World(Province.load(province), 1, 200))
    named = {operation for handlers in HANDLERS.values() for operation in handlers}
    assert {each.operation for each in found if each.expect == "ok"} == named
    for each in found:
        code = each.request.get("MaHoSo")
        assert code is None or "-000101-" in code or parse_dossier_code(code)
        for name in ("MaDoiTuong", "SoDinhDanhChuSoHuu"):
            assert name not in each.request or parse_personal_number(each.request[name])
