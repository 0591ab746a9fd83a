"""The schema of the settings is the code's: every key stands in it, and it takes and refuses what the reader does."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from lgsp.settings import SettingsError, keys, load
from lgsp.settings_schema import schema
from lgsp.upstream import MANNERS

VALIDATOR = jsonschema_rs.validator_for(schema(tuple(MANNERS)))


def test_the_page_is_the_codes(root: Path) -> None:
    """`lgsp config schema > docs/settings.schema.json` writes it."""
    assert json.loads((root / "docs" / "settings.schema.json").read_text("utf-8")) == schema(tuple(MANNERS))


def known(shape: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, inner in shape.get("properties", {}).items():
        found |= known(inner, f"{prefix}{name}.") or {f"{prefix}{name}"}
    if isinstance(shape.get("additionalProperties"), dict):
        found |= known(shape["additionalProperties"], f"{prefix}<name>.") or {f"{prefix}<name>"}
    return found


def test_every_key_and_no_other() -> None:
    described = known(schema())
    files = {key for key in described if key.endswith("_file")}
    assert described - files == set(keys())
    assert {key.removesuffix("_file") for key in files} <= set(keys())


def test_secrets_have_no_default_and_may_be_files() -> None:
    upstream = schema()["properties"]["upstreams"]["additionalProperties"]["properties"]
    assert "default" not in upstream["client_secret"]
    assert upstream["password_file"]["type"] == "string"
    assert "Where backends live" in schema()["properties"]["upstreams"]["additionalProperties"]["description"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        'port = 8443\nhost = "0.0.0.0"\ntrusted_proxies = ["10.0.0.1"]\n[limits]\nbody = "5 MB"\nconnections = 10\n',
        '[upstreams.ngsp]\nmanner = "oauth2"\nurl = "https://ngsp.example"\nclient_id = "a"\nclient_secret_file = "s"\n',
        '[upstreams.xroad]\nmanner = "xroad-session"\nusername = "u"\npassword = "p"\nca = "ca.pem"\n',
        '[systems.some-system.secrets]\nauthHash = "x"\nother_file = "s"\n[systems.some-system.values]\nmaDonVi = "1"\n',
        '[tls]\ncertificate = "c.pem"\nkey = "k.pem"\nclient_ca = "ca.pem"\n[store]\nkeep_payload_days = 30\n',
    ],
)
def test_what_the_reader_takes_it_takes(text: str, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("x")
    (tmp_path / "lgsp.toml").write_text(text)
    load(tmp_path / "lgsp.toml")
    VALIDATOR.validate(tomllib.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "prot = 1",
        'port = "many"',
        '[upstreams.ngsp]\nclient_sercet = "x"',
        '[limits]\nbody = "5 miles"',
        'log_level = "loud"',
        "tls = 1",
        '[store]\nkeep_counts_days = "long"',
    ],
)
def test_what_the_reader_refuses_it_refuses(text: str, tmp_path: Path) -> None:
    (tmp_path / "lgsp.toml").write_text(text)
    with pytest.raises(SettingsError):
        load(tmp_path / "lgsp.toml")
    assert not VALIDATOR.is_valid(tomllib.loads(text))


@pytest.mark.parametrize("text", ["port = 70000", '[upstreams.a]\nmanner = "oauth3"', "[store]\nkeep_payload_days = 0"])
def test_what_the_start_would_refuse_it_refuses_before(text: str) -> None:
    assert not VALIDATOR.is_valid(tomllib.loads(text))
