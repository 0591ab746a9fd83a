"""social-protection: dossiers that stand ready, the ministry's ids, and what its serializer makes of names."""

from __future__ import annotations

import pytest

from lgsp.mapping import xml_data
from lgsp_mocks.social_protection_records import drift, home_of, id_of, papers_of, standing
from lgsp_mocks.world import Province, World


@pytest.mark.parametrize(
    ("published", "drifted"),
    [
        ("CMND", "cmnd"),
        ("CMND_NgayCap", "cmnD_NgayCap"),
        ("HKTT_MaTinh", "hktT_MaTinh"),
        ("NOHT_MaXa", "nohT_MaXa"),
        ("MaTTHC", "maTTHC"),
        ("LoaiKetQua", "loaiKetQua"),
    ],
)
def test_leading_capitals_are_lowered_but_for_the_last(published: str, drifted: str) -> None:
    assert drift(published) == drifted


@pytest.mark.parametrize("name", ["hoa-binh", "dien-bien"])
def test_places_have_the_ministrys_ids(name: str) -> None:
    world = World(Province.load(name), 1, 400)
    ids = {id_of(district) for district in world.districts()}
    assert len(ids) == 10
    assert not ids & set(world.places), "its own, not the GSO codes"
    commune = world.communes()[0]
    assert id_of(commune) == commune.code.lstrip("0")
    assert home_of(world, commune.code, "NOHT_").keys() == {"NOHT_MaTinh", "NOHT_MaHuyen", "NOHT_MaXa"}


def test_two_dossiers_stand_ready_one_of_them_decided() -> None:
    world = World(Province.load("hoa-binh"), 1, 400)
    decided, running = standing(world).values()
    assert (decided["StatusId"], running["StatusId"]) == ("10", "2")
    assert decided["NgayThangNamSinh"] == "1948"
    assert running["LoaiDinhDanh"] == "2", "known by the old number"
    assert "SoQuyetDinh" not in running


def test_papers_are_spelt_as_the_ministry_spells_them() -> None:
    papers = xml_data(papers_of("a.pdf", ""))
    assert papers["DanhsachTaiLieuNop"]["TaiLieuNop"]["TenTepDinhKem"] == "a.pdf"
    assert papers["DanhSachGiayToKetQua"] == ""
