"""mocks/social_insurance.py: the register alone, in its own dialect."""

from __future__ import annotations

from datetime import datetime

import pytest

from lgsp.runtime import HANOI
from lgsp_mocks import social_insurance as ministry
from lgsp_mocks.handler import Ask
from lgsp_mocks.world import Province, World

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)


@pytest.fixture(scope="module", params=["hoa-binh", "dien-bien"])
def world(request):
    return World(Province.load(request.param), 1, 400)


def ask(world, operation, **data):
    return ministry.HANDLERS["bhxh"][operation](Ask(world, "social-insurance", "bhxh", operation, data, NOW, {}))


@pytest.mark.parametrize(("role", "flag"), [("mother-hoa", "0"), ("year-only", "1"), ("month-only", "2")])
def test_the_date_has_eight_digits_whatever_is_known(world, role, flag):
    said = ask(world, "getTraCuuTtHgdByMaSoBhxh", maSoBhxh=world.actor(role).insurance_no)
    assert len(said["ngaySinh"]) == 8
    assert said["loaiNgaySinh"] == flag


def test_the_dead_keep_their_number(world):
    number = world.actor("deceased").insurance_no
    assert ask(world, "getTraCuuTtHgdByMaSoBhxh", maSoBhxh=number)["trangThai"] == "3"


def test_two_of_one_name_and_birth_are_told_apart_by_the_commune(world):
    one, two = world.actor("twin-name-a"), world.actor("twin-name-b")
    asked = {"hoTen": one.full_name, "ngaySinh": "19750101", "loaiNgaySinh": "0", "gioiTinh": "1"}
    assert ask(world, "getMaSoBhxhTheoTieuChi", **asked)["errorCode"] == "02"
    for each in (one, two):
        found = ask(world, "getMaSoBhxhTheoTieuChi", **asked, maXaKs=each.residence.commune, isKs="0")
        assert found == {"maSoBhxh": each.insurance_no, "trangThai": found["trangThai"], "errorCode": "00"}


@pytest.mark.parametrize(
    "wrong", [{"ngaySinh": "21/07/1990"}, {"loaiNgaySinh": "3"}, {"hoTen": " "}, {"ngaySinh": "1990"}, {"ngaySinh": ""}]
)
def test_what_is_malformed_is_03(world, wrong):
    mother = world.actor("mother-hoa")
    asked = {"hoTen": mother.full_name, "ngaySinh": "19900721", "loaiNgaySinh": "0", "gioiTinh": "2"} | wrong
    assert ask(world, "getMaSoBhxhTheoTieuChi", **asked)["errorCode"] == "03"


def test_an_old_book_leads_to_its_owner(world):
    owner = world.actor("owner")
    book = ministry.old_book(owner)
    assert book is not None
    rows = ask(world, "getTraCuuThongTinHgd", maTinh=world.province.code, soSo=book)["result"]
    assert owner.insurance_no in {row["maSo"] for row in rows}
    young = world.actor("single-mother")
    assert ministry.old_book(young) is None


def test_every_member_of_the_cast_is_in_the_peoples_book(world):
    told = ministry.outcomes(world)
    assert told["deceased"].endswith("ended")
    assert "several" in told["twin-name-a"]
    assert told.keys() == {each.role for each in world.cast.values() if each.kind == "person"}
