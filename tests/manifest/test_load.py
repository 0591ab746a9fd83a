"""Manifests: what a sound one becomes, and that every mistake is found, all at once, with what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lgsp.manifest import RegistryError, demonstration, load, load_what_can_be
from lgsp.model import Kind, Stage
from tests.manifest.small_home import MANIFEST, MAPPING, write_home


def findings(folder: Path, manifest: str = MANIFEST, mapping: str = MAPPING) -> list[str]:
    try:
        load([write_home(folder, manifest, mapping=mapping)])
    except RegistryError as error:
        return [f"{each.construct}: {each.text}" for each in error.findings]
    return []


def test_a_sound_manifest_becomes_a_connector(tmp_path: Path) -> None:
    connector = load([write_home(tmp_path)]).connectors["register"]
    assert (connector.stage_now, connector.stage_since, connector.slots) == (Stage.TRIAL, date(2022, 11, 1), 2)
    assert connector.contact == connector.owner
    ghi, hoi = connector.operations["ghi"], connector.operations["hoi"]
    assert (ghi.kind, ghi.timeout, ghi.max_body, ghi.personal) == (Kind.UPDATE, 30.0, 5 << 20, True)
    assert ghi.deliver is not None
    assert (ghi.deliver.expires, ghi.deliver.order_by) == (7 * 86400, "ma")
    assert hoi.subject == ("ma",)
    assert hoi.route("2025").operation.name == "HOI"
    assert connector.inbound["BAO"].key == "MA"
    assert connector.collectors["moi"].every == 300
    assert demonstration(connector, {}) == {"khoa": "demo-khoa"}
    assert demonstration(connector, {"khoa": "x"}) == {"khoa": "x"}


def test_the_native_index_finds_by_method_and_path(tmp_path: Path) -> None:
    native = load([write_home(tmp_path)]).native
    assert [each.operation.name for each in native.at("POST", "/apiSo/hoi")] == ["hoi"]
    assert [each.operation.name for each in native.at("POST", "/apiSo/ghi/7")] == ["ghi"]
    assert native.at("GET", "/apiSo/hoi") == ()
    assert native.at("POST", "/apiSo/ghi/7/8") == ()
    assert native.at("POST", "/apiSo/bao") == ()  # the ministry's call to us is nothing an agency may ask


@pytest.mark.parametrize(
    ("was", "now", "found"),
    [
        ("safe = true\nbackend_op", "saef = true\nbackend_op", 'operations.hoi.saef: unknown key; did you mean "safe"?'),
        ('name = "register"', 'name = "registry"', 'name: is "registry" but the folder is "register"'),
        ('now = "trial"', 'now = "tryal"', "stage.now: must be one of"),
        ("since = 2022-11-01", 'since = "2022-11-01"', "stage.since: must be a date"),
        ('adapter = "rest"', 'adapter = "rset"', 'backends.so.adapter: must be one of rest, soap; did you mean "rest"?'),
        ('"backend-so.yaml"', '"backend-os.yaml"', "backends.so.contract: "),
        ('"backend-so.yaml"', '"../../x.yaml"', "backends.so.contract: "),
        ('path = "/apiSo"', 'path = "https://so.example/api"', "backends.so.path: starts with"),
        ('backend_operation = "HOI"', 'backend_operation = "HOY"', 'operations.hoi.backend_operation: contract of backend "so"'),
        ('backend = "so"\nbackend_op', 'backend = "os"\nbackend_op', "operations.ghi.backend: no [backends.os]"),
        ('key = "ma"\nsubject', 'key = "mx"\nsubject', 'operations.hoi.key: the request has no field "mx"'),
        ('subject = "ma"', 'subject = "ten.x"', ""),
        ('probe = { ma = "0" }', 'probe = { ten = "0" }', "operations.hoi.probe"),
        ('probe = { ma = "0" }', 'probe = { ma = "12345678901" }', "operations.hoi.probe.ma: breaks the contract"),
        ('timeout = "30 s"', "timeout = 0", "operations.ghi.timeout: must be more than 0"),
        ('timeout = "30 s"', 'timeout = "3 min"', "operations.ghi.timeout: must be more than 0 and at most 120"),
        ('max_body = "5 MB"', 'max_body = "5 Megs"', "operations.ghi.max_body: must be a number, or a text with a unit"),
        ('order_by = "ma"', 'order_by = "mo"', 'operations.ghi.deliver.order_by: the request has no field "mo"'),
        ('operation = "hoi", key = "ma"', 'operation = "hoy", key = "ma"', 'operations.ghi.proved_by.operation: no operation "hoy"'),
        ('operation = "hoi", key = "ma"', 'operation = "hoi", key = "mo"', "operations.ghi.proved_by.key: the request of"),
        ('kind = "update"', 'kind = "update"\nsafe = true', "operations.ghi.safe: an update is never safe"),
        ('path = "/apiSo"', 'path = "/apiSo"\nsoap_security = "username-token"', 'backends.so.soap_security: belongs to adapter = "soap"'),
        ('path = "/apiSo"', 'path = "/apiSo"\nsoap_security = "username-token"', 'backends.so.soap_security: needs "password" among secrets'),
        ('path = "/apiSo"', 'path = "/apiSo"\nsoap_security = "x509"', "backends.so.soap_security: must be one of username-token"),
        ("[operations.ghi]", "[operations.gi]", "operations.ghi: the public contract has it; add [operations.ghi]"),
        ('key = "MA"', 'key = "MB"', 'inbound.BAO.key: the message has no field "MB"'),
        ('authenticate = "message"', 'authenticate = "none"', "inbound.BAO.authenticate: must be one of"),
        ("demo_secrets = { khoa", "demo_secrets = { kho", 'backends.so.demo_secrets: "kho" is not among secrets'),
        ('every = "5 min"', 'every = "5 minutes"', "collectors.moi.every: must be a number, or a text with a unit"),
        ("personal = true", "", "personal: is missing"),
        ("[contract]", "[contrat]", 'contrat: unknown key; did you mean "contract"?'),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_what_to_do(tmp_path: Path, was: str, now: str, found: str) -> None:
    assert was in MANIFEST
    said = findings(tmp_path, MANIFEST.replace(was, now))
    if found:
        assert any(each.startswith(found) for each in said), said


def test_all_mistakes_are_found_at_once(tmp_path: Path) -> None:
    broken = (
        MANIFEST.replace('now = "trial"', 'now = "x"')
        .replace("slots = 2", "slotz = 2")
        .replace('key = "MA"', 'key = "Q"')
    )
    assert len(findings(tmp_path, broken)) == 3


def test_broken_toml_and_broken_mapping_are_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, "name = ")[0].startswith("toml: cannot be read")
    assert findings(tmp_path, mapping="import nothing_of_this_name\n")[0].startswith("import: ModuleNotFoundError")
    said = findings(tmp_path, mapping="def ask(operation, data, ctx): return data\n")
    assert [each.split(":")[0] for each in said] == ["answer", "receive"]


def test_public_operations_that_share_a_backend_operation_must_be_told_apart(tmp_path: Path) -> None:
    shared = MANIFEST.replace('backend_operation = "GHI"', 'backend_operation = "HOI"')
    assert any(
        each.startswith("operations.ghi.native: POST /native/apiSo/hoi is hoi as well")
        for each in findings(tmp_path, shared)
    )
    by_field = shared.replace("[operations.ghi]", '[operations.ghi]\nnative = { field = "LOAI", equals = "GHI" }')
    assert findings(tmp_path, by_field) == []
    hidden = shared.replace("[operations.ghi]", "[operations.ghi]\nnative = false")
    assert findings(tmp_path, hidden) == []
    assert len(load([write_home(tmp_path, hidden)]).native.at("POST", "/apiSo/hoi")) == 1


def test_what_is_sound_is_loaded_beside_what_is_not(tmp_path: Path) -> None:
    good, bad = (
        write_home(tmp_path / "good"),
        write_home(tmp_path / "bad", MANIFEST.replace("register", "other"), system="other"),
    )
    (bad.connectors / "other" / "connector.toml").write_text("name = 1", "utf-8")
    registry, found = load_what_can_be([good, bad])
    assert list(registry.connectors) == ["register"]
    assert found


def test_a_name_may_stand_in_one_home_only(tmp_path: Path) -> None:
    homes = [write_home(tmp_path / "a"), write_home(tmp_path / "b")]
    with pytest.raises(RegistryError, match="exists in an earlier home"):
        load(homes)
