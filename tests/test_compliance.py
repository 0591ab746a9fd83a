"""Security levels: the provinces' own figures, standings by day, and the register's way in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.cli.main import main
from lgsp.compliance import (
    COLUMNS,
    Approval,
    RegisterError,
    Standing,
    as_record,
    from_records,
    of_consumer,
    preview,
    read_register,
    standing,
)
from lgsp.model import Consumer, Text
from lgsp_mocks.world.province import PROVINCES, Province

DAY = date(2022, 12, 6)
ONE = Approval("a", "Mẫu", "H28.01", 2, "1/QĐ", date(2022, 1, 1), date(2022, 12, 31), True)


def test_hoa_binh_on_the_day_of_its_article() -> None:
    found = preview(read_register(PROVINCES / "hoa-binh" / "security-levels.csv"), (), DAY).as_dict()
    assert (found["total"], found["approved"], found["pending"]) == (83, 38, 45)
    assert {row["level"] for row in found["systems"]} == {2, 3}
    figures = Province.load("hoa-binh").figures
    said = [int(figures[f"{name}-systems"].value) for name in ("classified", "approved", "pending")]
    assert said == [found["total"], found["approved"], found["pending"]]


def test_dien_bien_on_the_day_of_its_article() -> None:
    found = preview(read_register(PROVINCES / "dien-bien" / "security-levels.csv"), (), date(2024, 1, 3)).as_dict()
    assert (found["percent"], found["cut"]) == (100.0, [])
    assert found["total"] > 0


@pytest.mark.parametrize("province", ["hoa-binh", "dien-bien"])
def test_names_are_visibly_invented_and_demonstration_consumers_may_call(province: str) -> None:
    register = {each.id: each for each in read_register(PROVINCES / province / "security-levels.csv")}
    assert all(
        each.name.endswith("(mẫu)") and (not each.decision or "MẪU" in each.decision) for each in register.values()
    )
    for entry in Province.load(province).consumers:
        approval = register[entry["id"]]
        assert approval.level == entry["security_level"]
        assert not standing(approval, date(2100, 1, 1)).cut


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, Standing.EXPIRING),
        ({"expires": date(2023, 1, 6)}, Standing.APPROVED),
        ({"expires": date(2023, 1, 5)}, Standing.EXPIRING),
        ({"expires": DAY}, Standing.EXPIRING),
        ({"expires": DAY - timedelta(days=1)}, Standing.EXPIRED),
        ({"expires": None}, Standing.APPROVED),
        ({"approved": None, "expires": None}, Standing.PENDING),
        ({"approved": DAY}, Standing.EXPIRING),
        ({"approved": DAY + timedelta(days=1)}, Standing.PENDING),
        ({"level": None}, Standing.PENDING),
        ({"anti_malware": False}, Standing.UNPROTECTED),
        ({"anti_malware": None, "expires": None}, Standing.APPROVED),
        ({"anti_malware": False, "expires": date(2022, 1, 2)}, Standing.EXPIRED),
    ],
)
def test_standing(changed: dict[str, object], wanted: Standing) -> None:
    found = standing(replace(ONE, **changed), DAY)  # type: ignore[arg-type]
    assert found is wanted
    assert found.cut is (wanted not in (Standing.APPROVED, Standing.EXPIRING))


def test_a_consumer_without_dates_was_approved_before() -> None:
    consumer = Consumer("x", Text("Mẫu", "Sample"), security_level=2)
    assert standing(of_consumer(consumer), DAY) is Standing.APPROVED
    assert standing(of_consumer(replace(consumer, security_level=None)), DAY) is Standing.PENDING
    shown = preview((), [consumer], DAY).as_dict()
    assert shown["percent"] is None
    assert shown["consumers"][0]["approved"] is None


def test_a_register_goes_through_its_records() -> None:
    register = read_register(PROVINCES / "hoa-binh" / "security-levels.csv")
    assert from_records(map(as_record, register)) == register


@pytest.mark.parametrize(
    "line",
    [
        "a,Mẫu,H28,6,1/QĐ,2022-01-01,,yes",
        "a,Mẫu,H28,٣,1/QĐ,2022-01-01,,yes",
        "a,Mẫu,H28,2,,2022-01-01,,yes",
        "a,Mẫu,H28,,1/QĐ,2022-01-01,,yes",
        "a,Mẫu,H28,2,1/QĐ,01/01/2022,,yes",
        "a,Mẫu,H28,2,1/QĐ,2022-01-01,2021-01-01,yes",
        "a,Mẫu,H28,2,,,2023-01-01,yes",
        "a,Mẫu,H28,2,1/QĐ,2022-01-01,,maybe",
        ",Mẫu,H28,2,1/QĐ,2022-01-01,,yes",
        "a,Mẫu,H28,2,,,,\na,Mẫu,H28,2,,,,",
    ],
)
def test_a_wrong_register_is_refused_without_its_values(tmp_path: Path, line: str) -> None:
    file = tmp_path / "r.csv"
    file.write_text(",".join(COLUMNS) + f"\n{line}\n", "utf-8")
    with pytest.raises(RegisterError) as error:
        read_register(file)
    assert "Mẫu" not in str(error.value)
    file.write_text("id,name\na,b\n", "utf-8")
    with pytest.raises(RegisterError, match="columns"):
        read_register(file)


def test_the_command(tmp_path: Path) -> None:
    def lgsp(*arguments: str) -> str:
        done = CliRunner().invoke(main, [*arguments, "--data", str(tmp_path)])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "38/83 approved (45.8 %), 45 pending" in lgsp("compliance", "--on", "2022-12-06")
    assert "41/41 approved (100 %)" in lgsp("compliance", "--on", "2024-01-03", "--province", "dien-bien")
    lgsp("consumer", "add", "cong-01", "--name", "Cổng mẫu")
    lgsp("consumer", "approve", "cong-01", "--level", "2", "--decision", "1/QĐ")
    assert '"cong-01"' in lgsp("compliance", "import", str(PROVINCES / "hoa-binh" / "security-levels.csv"))
    shown = lgsp("compliance", "--on", "2022-12-06")
    assert "38/83 approved" in shown
    assert '"security_level": null' in lgsp("consumer", "show", "cong-01")  # the register says: pending
