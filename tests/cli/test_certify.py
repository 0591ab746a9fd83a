"""The situations against a good client and a careless one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lgsp.cli.certify import written
from lgsp.cli.main import main
from lgsp.cli.situations import SITUATIONS, Call, Seen, done, had_already, met, never_again, orderly_end

ROOT = Path(__file__).resolve().parents[2]
GOOD = f"{sys.executable} {ROOT / 'examples/python/agency.py'}"

CARELESS = """
import json, os, urllib.request, urllib.error
birth = json.load(open({birth!r}))
for _ in range(2):
    request = urllib.request.Request(
        os.environ["LGSP_URL"] + "/api/civil-status/v1/dangKyHoTich", json.dumps(birth).encode(),
        {{"Content-Type": "application/json", "X-API-Key": os.environ["LGSP_API_KEY"], "X-LGSP-Purpose": "1.001193"}},
    )
    try:
        urllib.request.urlopen(request, timeout=30).close()
        break
    except urllib.error.HTTPError as error:
        error.close()
"""


def certified(*arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    result = CliRunner().invoke(main, ["certify", "mot-cua", "--json", *arguments])
    rows = json.loads(result.stdout)["situations"]
    return result.exit_code, {row["id"]: row for row in rows}


@pytest.mark.slow
def test_the_example_client_is_fit(tmp_path: Path) -> None:
    minutes = tmp_path / "bien-ban.md"
    code, rows = certified("--client", GOOD, "--inbox", "--minutes", str(minutes))
    assert code == 0, rows
    assert {row["verdict"] for row in rows.values()} == {"passed"}
    assert len(rows) == len(SITUATIONS)
    assert "BIÊN BẢN KIỂM THỬ" in minutes.read_text("utf-8")


ASKS = """
import json, os, urllib.request
asked = urllib.request.Request(
    os.environ["LGSP_URL"] + "/api/civil-status/v1/" + os.environ.get("ASK", "traTrangThaiHoSo"),
    json.dumps({"maDonVi": 48601, "maHoSo": "H28.148-221101-9901"}).encode(),
    {"Content-Type": "application/json", "X-API-Key": os.environ["LGSP_API_KEY"], "X-LGSP-Purpose": "1.001193"},
)
urllib.request.urlopen(asked, timeout=30).close()
"""


def test_a_consumer_that_an_operator_has_entered_is_tried_with_what_it_was_granted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LGSP_DATA", str(tmp_path / "data"))
    script = tmp_path / "asks.py"
    script.write_text(ASKS, "utf-8")
    client = ("--client", f"{sys.executable} {script}", "--only", "slow")
    assert CliRunner().invoke(main, ["certify", "so-mau", *client]).exit_code == 2, "nobody has entered it yet"
    grant = [
        "grant",
        "add",
        "so-mau",
        "civil-status",
        "traTrangThaiHoSo",
        "--purpose",
        "1.001193",
        "--legal-basis",
        "99/QĐ",
    ]
    for command in (["consumer", "add", "so-mau", "--name", "Sở Mẫu"], [*grant, "--by", "a", "--approved-by", "b"]):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output

    def certified_so_mau() -> dict[str, str]:
        told = CliRunner().invoke(main, ["certify", "so-mau", "--json", *client])
        return {row["id"]: row["verdict"] for row in json.loads(told.stdout)["situations"]}

    assert certified_so_mau() == {"plain": "passed", "slow": "passed"}
    monkeypatch.setenv("ASK", "danhMuc")
    assert certified_so_mau() == {"plain": "failed"}, "it was not granted this"


def test_a_client_that_sends_an_unknown_outcome_again_is_found_out(tmp_path: Path) -> None:
    script = tmp_path / "careless.py"
    script.write_text(CARELESS.format(birth=str(ROOT / "examples/python/birth.json")), "utf-8")
    code, rows = certified("--client", f"{sys.executable} {script}", "--only", "lost-answer")
    assert code == 1
    assert rows["plain"]["verdict"] == "passed"
    assert rows["lost-answer"]["verdict"] == "failed"


def test_the_list_and_what_does_not_exist() -> None:
    listed = CliRunner().invoke(main, ["certify", "mot-cua", "--json"])
    assert [row["id"] for row in json.loads(listed.stdout)] == [each.id for each in SITUATIONS]
    assert CliRunner().invoke(main, ["certify", "mot-cua", "--client", "x", "--only", "khong-co"]).exit_code == 2


def test_the_nine_situations_of_onboarding_are_there() -> None:
    wanted = {
        "token-expiry", "suspend-303001", "xml-fault", "duplicate", "lost-answer", "nfd", "unknown-code", "slow", "callback-twice"
    }  # fmt: skip
    assert wanted < {each.id for each in SITUATIONS}


def test_the_minutes_say_who_what_when_and_leave_room_for_two_signatures() -> None:
    row = {"id": "nfd", "vi": "Họ tên tổ hợp", "en": "Decomposed names", "verdict": "failed", "because": "mã 1", "calls": 3,
           "seconds": 1.0, "outcomes": ["ok"]}  # fmt: skip
    result = {"consumer": "mot-cua", "client": "python x.py", "province": "hoa-binh", "at": "2026-01-05T08:00:00+07:00",
              "passed": 0, "applicable": 1, "fit": False, "situations": [row]}  # fmt: skip
    text = written(result)
    assert text.startswith("# BIÊN BẢN KIỂM THỬ KẾT NỐI")
    for part in ("mot-cua", "python x.py", "2026-01-05", "hoa-binh", "0/1 tình huống đạt; CHƯA ĐẠT", "Không đạt"):
        assert part in text
    assert text.count("(ký, ghi rõ họ tên)") == 2


def test_judgements() -> None:
    call = Call("civil-status", "dangKyHoTich", "update", "timeout", 1.0)
    again = Call("civil-status", "dangKyHoTich", "update", "ok", 2.0)
    assert done(Seen(0, [again], {}, 1))[0] == "passed"
    assert done(Seen(None, [], {}, 1))[0] == "failed"
    assert done(Seen(75, [], {}, 1))[0] == "failed"
    assert orderly_end(Seen(75, [], {}, 1))[0] == "passed"
    assert orderly_end(Seen(1, [], {}, 1))[0] == "failed"
    assert orderly_end(Seen(0, [], {"civil-status": {"H1": 2}}, 1))[0] == "failed"
    assert orderly_end(Seen(0, [again] * 40, {}, 1))[0] == "failed"
    assert met(done)(Seen(0, [], {}, 0))[0] == "not applicable"
    assert never_again(Seen(0, [call, again], {}, 1, plain=[again]))[0] == "failed"
    assert never_again(Seen(75, [call], {}, 1, plain=[again]))[0] == "passed"
    assert had_already(Seen(0, [again], {}, 1, plain=[again]))[0] == "passed"
    assert had_already(Seen(0, [again, again], {}, 1, plain=[again]))[0] == "failed", (
        "the same birth under another code"
    )
    assert had_already(Seen(1, [again], {}, 1, plain=[again]))[0] == "failed"
