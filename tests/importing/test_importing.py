"""Another gateway's export: 24 invented APIs become 24 proposals with what is missing; hostile exports are refused whole."""

from __future__ import annotations

import csv
import io
import json
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from lgsp import manifest
from lgsp.cli.main import main
from lgsp.home import Home, builtin
from lgsp.importing import ExportRefused, read_tree, read_wso2, tree
from lgsp.importing.missing import MISSING
from lgsp.importing.paper import read_grants
from lgsp.importing.proposal import slug
from lgsp.importing.swagger2 import converted
from lgsp.model import Stage
from tests.importing.exported import SECRET, api, application, swagger, twenty_four, wsdl, zipped

SYNAPSE = f"""<proxy xmlns="http://ws.apache.org/ns/synapse" name="DichVuCu" transports="https http">
<target><inSequence><xslt key="doi"/><send><endpoint><address uri="http://u:{SECRET}@cu.mau.invalid/dv?k={SECRET}"/></endpoint></send></inSequence></target>
<publishWSDL uri="file:repository/DichVuCu.wsdl"/></proxy>"""
SYNAPSE_API = """<api xmlns="http://ws.apache.org/ns/synapse" name="ThoiTiet" context="/thoitiet">
<resource methods="GET POST" uri-template="/ngay/{ngay}"><inSequence><call><endpoint><http method="get" uri-template="http://tt.mau.invalid/api"/></endpoint></call><respond/></inSequence></resource></api>"""


def lgsp(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("export")
    (folder / "export.zip").write_bytes(zipped(twenty_four()))
    done = lgsp("import", "wso2", folder / "export.zip", "--into", folder / "out", "--json")
    assert done.exit_code == 0, done.output
    return folder / "out", json.loads(done.stdout)


def test_24_apis_become_24_proposed_connectors(proposed: tuple[Path, dict[str, Any]]) -> None:
    folder, said = proposed
    assert said["counts"]["connectors"] == 24 == len({each["system"] for each in said["connectors"]})
    ready = {each["system"] for each in said["connectors"] if each["ready"]}
    assert said["counts"]["ready"] == len(ready) == 21
    missing = {each["system"]: set(each["missing"]) for each in said["connectors"]}
    always = {"owner", "decision", "personal", "safe"}
    assert all(always <= each for each in missing.values())
    assert "definition" in missing["khong-dinh-nghia"]
    assert "kind" in missing["ban-do"]
    assert {"definition-refused", "backend-address", "published"} <= missing["hong-dinh-nghia"]
    assert "mediation" in missing["sua-thong-diep"]
    assert {"backend-not-registered", "backend-credentials"} <= missing["cu-mot"]
    assert "version" in missing["api-ho-tich"] & missing["api-ho-tich-v1-0-0"]
    assert set().union(*missing.values()) <= MISSING.keys()
    waiting = {each.parent.name for each in (folder / "waiting").glob("*/connector.toml")}
    assert waiting == set(missing) - ready
    # those that are ready load beside the built-in ones, planned and with nothing marked safe
    loaded = manifest.load([builtin(), Home.at(folder)]).connectors
    assert ready <= loaded.keys()
    assert {loaded[name].stage_now for name in ready} == {Stage.PLANNED}
    assert not any(operation.safe for name in ready for operation in loaded[name].operations.values())
    assert {backend.upstream for name in ready for backend in loaded[name].backends.values()} == {"not-registered"}
    assert loaded["cong-dan"].backends["ministry"].adapter == "soap"
    assert loaded["danh-muc-dung-chung"].operations.keys() == {"danhMuc", "guiHoSo"}


def test_consumers_and_grants_are_proposed_and_no_secret_comes_over(proposed: tuple[Path, dict[str, Any]]) -> None:
    folder, said = proposed
    assert {(each["id"], each["keys"]) for each in said["consumers"]} == {
        ("mot-cua-dien-tu", 1),
        ("ioc", 1),
        ("cu-app", 0),
    }
    grants = {(each["consumer"], each["system"], each["operation"]): set(each["missing"]) for each in said["grants"]}
    assert grants["mot-cua-dien-tu", "api-ho-tich", "traCuu"] == {"legal-basis", "purposes", "fields"}
    assert "api" in grants["ioc", "da-xoa", "*"]
    assert "blocked" in grants["cu-app", "cu-mot", "danhMuc"]
    for path in folder.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path
    assert SECRET not in json.dumps(said)
    assert "Nothing is in force" in (folder / "proposal.md").read_text("utf-8")


def test_complete_rows_become_requests_for_a_second_person(
    proposed: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, _ = proposed
    rows = list(csv.DictReader(io.StringIO((folder / "grants.csv").read_text("utf-8-sig"))))
    for row in rows:
        if row["system"] == "cong-dan":
            row |= {"legal_basis": "Quyết định 1/QĐ-MẪU", "purposes": "1.001193", "fields": "ketQua"}
    file = tmp_path / "grants.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    data = tmp_path / "data"
    assert lgsp("consumer", "add", "mot-cua-dien-tu", "--name", "Một cửa", "--data", data).exit_code == 0
    done = lgsp("import", "ask", file, "--by", "nguoi-mot", "--data", data, "--json")
    assert done.exit_code == 1, done.output  # the other rows wait
    said = json.loads(done.stdout)
    assert [each["grant"]["operation"] for each in said["asked"]] == ["traCuu"]
    assert len(said["waiting"]) == len(rows) - 1
    assert json.loads(lgsp("grant", "list", "--data", data, "--json").stdout) == []  # asked is not granted
    request = said["asked"][0]["id"]
    assert lgsp("grant", "approve", request, "--by", "nguoi-mot", "--data", data).exit_code == 1
    assert lgsp("grant", "approve", request, "--by", "nguoi-hai", "--data", data).exit_code == 0


def test_nothing_is_overwritten(proposed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "export.zip").write_bytes(zipped({"A-1/api.yaml": api("A", "1")}))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "grants.csv").write_text("mine")
    done = lgsp("import", "wso2", tmp_path / "export.zip", "--into", tmp_path / "out")
    assert done.exit_code == 1
    assert (tmp_path / "out" / "grants.csv").read_text() == "mine"
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["grants.csv"]


def test_artefacts_of_the_integrator(tmp_path: Path) -> None:
    for name, text in {"DichVuCu.xml": SYNAPSE, "ThoiTiet.xml": SYNAPSE_API, "DichVuCu.wsdl": wsdl("DichVuCu")}.items():
        (tmp_path / name).write_text(text, "utf-8")
    found = {each.name: each for each in read_wso2(read_tree(tmp_path)).apis}
    assert found["DichVuCu"].addresses == ("http://cu.mau.invalid/dv",)
    assert (found["DichVuCu"].definition, found["DichVuCu"].mediation) == ("DichVuCu.wsdl", ("xslt",))
    assert [(each.verb, each.target) for each in found["ThoiTiet"].operations] == [
        ("GET", "/ngay/{ngay}"),
        ("POST", "/ngay/{ngay}"),
    ]
    assert found["ThoiTiet"].addresses == ("http://tt.mau.invalid/api",)


def test_lists_of_subscriptions_and_zips_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "A-1.zip").write_bytes(zipped({"A-1/api.yaml": api("A", "1")}))
    (tmp_path / "app.zip").write_bytes(zipped({"app/application.yaml": application("Một", ("A", "1"))}))
    listed = {
        "count": 1,
        "list": [{"apiInfo": {"name": "A", "version": "1"}, "applicationInfo": {"name": "Hai"}, "status": "UNBLOCKED"}],
    }
    (tmp_path / "subscriptions.json").write_text(json.dumps(listed))
    found = read_wso2(read_tree(tmp_path))
    assert {(each.application, each.api) for each in found.subscriptions} == {("Một", "A"), ("Hai", "A")}


def test_swagger_2_says_the_same_as_openapi() -> None:
    made = converted(swagger("x"))
    asked = made["paths"]["/guiHoSo"]["post"]["requestBody"]
    assert asked == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HoSo"}}},
    }
    assert made["paths"]["/danhMuc/{ma}"]["get"]["parameters"][1] == {
        "name": "trang",
        "in": "query",
        "schema": {"type": "integer"},
    }
    assert "servers" not in made
    assert "securitySchemes" not in made["components"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Hộ tịch điện tử", "ho-tich-dien-tu"), ("apiHoTichTP", "api-ho-tich-tp"), ("1Cửa", "api-1-cua"), ("///", "api")],
)
def test_names(name: str, expected: str) -> None:
    assert slug(name) == expected


# -- hostile ---------------------------------------------------------------------------------------------------------------


def _refused(path: Path) -> str:
    with pytest.raises(ExportRefused) as refusal:
        read_tree(path)
    return str(refusal.value)


@pytest.mark.parametrize(
    "name", ["../../ra-ngoai.yaml", "/etc/passwd.yaml", "C:\\x.yaml", "a\\..\\b.yaml", "a/../../b.yaml"]
)
def test_zip_slip(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.zip").write_bytes(zipped({name: "a: 1"}))
    assert "outside" in _refused(tmp_path / "x.zip")
    done = lgsp("import", "wso2", tmp_path / "x.zip", "--into", tmp_path / "out")
    assert done.exit_code == 1
    assert not (tmp_path / "out").exists()


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = tmp_path / "x.zip"
    bomb.write_bytes(zipped({"api.yaml": b"a" * (15 << 20)}))
    assert "grows" in _refused(bomb)
    bomb.write_bytes(zipped({"api.yaml": b"0" * (17 << 20)}))
    assert "too large" in _refused(bomb)
    inner = zipped({"api.yaml": "a: 1"})
    for _ in range(4):
        inner = zipped({"x.zip": inner})
    bomb.write_bytes(inner)
    assert "nested" in _refused(bomb)
    bomb.write_bytes(zipped({f"{number}.yaml": "a: 1" for number in range(5_001)}))
    assert "more than 5000" in _refused(bomb)
    monkeypatch.setattr(tree, "MAX_BYTES", 1 << 20)
    bomb.write_bytes(zipped({f"{number}.yaml": bytes(range(256)) * 1_000 for number in range(5)}))
    assert "unpacked" in _refused(bomb)


def test_a_zip_that_lies_about_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_FILE", 10_000)
    raw = bytearray(zipped({"api.yaml": b"ab" * 50_000}))
    at = raw.index(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 100)
    (tmp_path / "x.zip").write_bytes(raw)
    try:
        found = read_tree(tmp_path / "x.zip").files
    except ExportRefused:
        return
    assert len(found["api.yaml"]) <= 100


def test_links_and_encryption(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("api.yaml")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    (tmp_path / "x.zip").write_bytes(out.getvalue())
    assert "symbolic link" in _refused(tmp_path / "x.zip")
    raw = bytearray(zipped({"api.yaml": "a: 1"}))
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(raw)
    assert "encrypted" in _refused(tmp_path / "x.zip")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "api.yaml").symlink_to("/etc/hostname")
    assert "symbolic link" in _refused(folder)
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04nothing")
    assert "zip" in _refused(tmp_path / "x.zip")


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [1,1,1]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\ndata: {name: *c}\n",
        "[" * 5_000,
        "a: " + "{a: " * 100,
        "a: !!python/object/apply:os.system ['true']\n",
        "- not\n- a table\n",
        "\x00",
    ],
    ids=["aliases", "deep", "deep-map", "python", "list", "nul"],
)
def test_yaml_bombs_are_left_out_and_told(tmp_path: Path, text: str) -> None:
    files = {"X-1/api.yaml": text, "A-1/api.yaml": api("A", "1")}
    (tmp_path / "x.zip").write_bytes(zipped(files))
    found = read_wso2(read_tree(tmp_path / "x.zip"))
    assert [each.name for each in found.apis] == ["A"]
    assert len(found.left_out) == 1
    assert found.left_out[0].startswith("X-1/api.yaml: ")


def test_a_definition_that_points_outside_brings_nothing_in(tmp_path: Path) -> None:
    secret = tmp_path / "ngoai.yaml"
    secret.write_text(f"components: {{schemas: {{X: {{type: object, description: {SECRET}}}}}}}")
    document = {"openapi": "3.0.1", "info": {"title": "x", "version": "1"}, "paths": {"/x": {"post": {"operationId": "x", "requestBody": {"content": {"application/json": {"schema": {"$ref": f"../../../../../../../..{secret}#/components/schemas/X"}}}}, "responses": {"200": {"description": "OK"}}}}}}  # fmt: skip
    files = {"A-1/api.yaml": api("A", "1"), "A-1/Definitions/swagger.yaml": yaml.safe_dump(document)}
    (tmp_path / "x.zip").write_bytes(zipped(files))
    done = lgsp("import", "wso2", tmp_path / "x.zip", "--into", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    assert "definition-refused" in json.loads(done.stdout)["connectors"][0]["missing"]
    assert not any(SECRET in each.read_text("utf-8") for each in (tmp_path / "out").rglob("*") if each.is_file())


def test_rows_of_a_foreign_sheet() -> None:
    with pytest.raises(ValueError, match="columns"):
        read_grants(b"a,b\n1,2\n")
