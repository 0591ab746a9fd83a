"""mocks/civil_status.py: the ministry alone, in its own dialect."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import datetime

import pytest

from lgsp.runtime import HANOI
from lgsp_mocks import civil_status as ministry
from lgsp_mocks.civil_status_records import sample_unit, standing
from lgsp_mocks.handler import Ask, HttpFault
from lgsp_mocks.world import Province, World

NOW = datetime(2022, 11, 16, 9, 0, tzinfo=HANOI)
OPERATIONS = {operation: backend for backend, handlers in ministry.HANDLERS.items() for operation in handlers}


@pytest.fixture
def ask():
    world = World(Province.load("dien-bien"), 1, 200)
    unit = sample_unit(world)[1]
    return Ask(
        world, "civil-status", "hotich", "danhMuc", {"maDonVi": unit, "maTinh": "31", "loaiDanhMuc": "3"}, NOW, {}
    )


@pytest.mark.parametrize("data", ["<hotich>", "<!DOCTYPE a><hotich/>", "<hotich/>", "<khac><hoso/></khac>", ""])
def test_what_is_no_dossier(ask, data):
    sent = ask.data | {"module": "KS", "maHoSo": "x", "ngayTiepNhan": "2022-11-16", "data": data}
    answer = ministry.dangKyHoTich(replace(ask, operation="dangKyHoTich", data=sent))
    assert (answer["status"], answer["errorCode"]) == (0, "500")
    assert answer["errorDescription"].startswith("DATA_INCORRECT - data")
    assert "hoSo" not in ask.state


def test_a_module_of_the_other_door(ask):
    sent = ask.data | {
        "module": "LTKS",
        "maHoSo": "x",
        "ngayTiepNhan": "2022-11-16",
        "data": "<hotich><hoso/></hotich>",
    }
    assert "module" in ministry.dangKyHoTich(replace(ask, operation="dangKyHoTich", data=sent))["errorDescription"]


def test_who_may_not_come_in(ask):
    assert ministry.danhMuc(replace(ask, headers={"x-forwarded-for": "203.0.113.9"}))["errorCode"] == "101"
    assert ministry.danhMuc(replace(ask, headers={"x-forwarded-for": "10.17.0.1"}))["status"] == 1
    assert ministry.danhMuc(replace(ask, headers={"x-ma-xac-thuc": "sai"}))["errorCode"] == "100"
    assert ministry.danhMuc(replace(ask, data={"loaiDanhMuc": "9"}))["errorCode"] == "302"


def test_codes_of_the_ministry_and_no_others(ask):
    dossiers = ask.data | {"module": "KS", "dsMaHoSo": [899_901]}
    assert ministry.traDanhSachHoSo(replace(ask, data=dossiers))["value"][0]["id"] == 899_901
    assert ministry.traDanhSachHoSo(replace(ask, data=dossiers | {"maTinh": "11"}))["errorCode"] == "108"
    assert ministry.traHoSo(replace(ask, data=dossiers | {"maHoSo": 899_904}))["errorCode"] == "200"
    assert ministry.traHoSo(replace(ask, data=dossiers | {"maHoSo": 1}))["errorCode"] == "201"
    assert ministry.traTrangThaiHoSo(replace(ask, data={"maDonVi": 1, "maHoSo": "x"}))["errorCode"] == "106"


def test_a_batch_has_an_end(ask):
    asked = {"maTinh": "31", "module": "LTKS", "maDinhDanhHoSo": ["x"] * 1001}
    assert ministry.traKetQuaHoSoDKHT(replace(ask, data=asked))["errorCode"] == "500"


def test_faults_on_request_speak_the_dialect(ask):
    for operation, backend in OPERATIONS.items():
        asked = replace(ask, backend=backend, operation=operation, data={"maHoSo": "X"})
        for fault in (ministry.business_error, ministry.duplicate):
            try:
                answer = fault(asked)
            except HttpFault as problem:
                answer = problem.body
            assert answer["status"] in (0, 400)
    asked = replace(ask, operation="dangKyHoTich", data={"maHoSo": "X"})
    assert "đã được tiếp nhận" in ministry.duplicate(asked)["errorDescription"]


def test_a_birth_after_the_last_number_of_its_year_is_registered_without_one(ask, monkeypatch):
    monkeypatch.setattr("lgsp_mocks.world.world.CAST_SERIAL", 0)
    mine = next(
        each for each in ask.state.setdefault("hoSo", deepcopy(standing(ask.world))).values() if each["trangThai"] == 3
    )
    mine["fields"] |= {"nksNgaySinh": "02.11.2022", "nksGioiTinh": "1"}
    ministry.hoanThanh(replace(ask, data={"maHoSo": mine["maHoSo"]}))
    assert mine["trangThai"] == 4
    assert "soDinhDanh" not in mine
