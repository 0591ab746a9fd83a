"""mocks/population.py: the register alone, in its own dialect."""

from __future__ import annotations

import base64
from datetime import datetime

import pytest

from lgsp.runtime import HANOI
from lgsp.xml import parse_xml
from lgsp_mocks import population as ministry
from lgsp_mocks.handler import Ask, SoapFault
from lgsp_mocks.world import Province, World

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
SECRETS = {"authKeyName": "khoa", "authKeyPass": "mau"}
ORDER = ("SoDinhDanh", "SoCMND", "HoVaTen", "GioiTinh", "DanToc", "TonGiao", "TinhTrangHonNhan", "NhomMau", "NgayThangNamSinh",
         "NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai", "QuocTich", "Cha", "Me", "VoChong", "NguoiDaiDien", "ChuHo",
         "SoSoHoKhau")  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return World(Province.load("hoa-binh"), 1, 200)


def ask(world, backend="dancu-soap", **fields):
    mother = world.actor("mother-hoa")
    data = {"MaYeuCau": "1", "MaDVC": "1.001193", "MaTichHop": "037", "MaCanBo": "H28-CB-MAU", "SoDinhDanh": mother.cccd,
            "HoVaTen": mother.full_name.upper(), "AuthHash": base64.b64encode(b"khoa:mau").decode()}  # fmt: skip
    return Ask(world, "population", backend, "TraCuuThongTinCongDan", data | fields, NOW, {}, secrets=SECRETS)


def test_elements_stand_in_the_order_of_the_schema(world):
    for person in (*world.people(0, 50), world.actor("old-cmnd")):
        names = list(ministry.citizen(world, person))
        assert names == [name for name in ORDER if name in names]


def test_names_are_written_in_capitals(world):
    assert ministry.TraCuuThongTinCongDan(ask(world))["CongDan"]
    assert ministry.TraCuuThongTinCongDan(ask(world, HoVaTen=world.actor("mother-hoa").full_name)) == {}


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"MaCanBo": "CHUAGAN-1"}, "2"), ({"MaDVC": "x"}, "3"), ({"MaTichHop": "001"}, "3"), ({"SoDinhDanh": ""}, "4")],
)
def test_refusals_in_both_dialects(world, fields, code):
    assert ministry.ChiaSeThongTinCongDan(ask(world, "dancu-rest", **fields))["error_code"] == int(code)
    with pytest.raises(SoapFault) as caught:
        ministry.XacMinhThongTinNhanThan(ask(world, **fields))
    detail = parse_xml(caught.value.detail.encode())
    assert [child.text for child in detail] == [code, ministry.REFUSALS[code]]


def test_the_facades_key(world):
    assert ministry.ChiaSeThongTinCongDan(ask(world, "dancu-rest", AuthHash="sai"))["error_code"] == 1


def test_questions_are_counted_by_officer(world):
    asked = ask(world)
    for _ in range(3):
        ministry.TraCuuThongTinCongDan(asked)
    assert asked.state == {"luotTraCuu": {"H28-CB-MAU": 3}}


def test_examples_cover_every_operation(world):
    examples = ministry.examples(world)
    assert len({each.operation for each in examples}) == sum(len(handlers) for handlers in ministry.HANDLERS.values())
    assert {each.expect for each in examples} == {"ok", "record-not-found", "provider-fault"}
