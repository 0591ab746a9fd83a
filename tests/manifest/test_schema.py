"""docs/connector.md and its JSON Schema say what is really read, no more and no less."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from lgsp.home import builtin
from lgsp.manifest import RegistryError, load
from tests.manifest.small_home import MANIFEST, PUBLIC, write_home

STRANGE = "qqqqqqqqqqqq"
VERSIONS = """
[versions.v1]
contract = "v1.yaml"
deprecated = 2026-01-01
sunset = 2026-12-31

[versions.v1.operations.hoi]
becomes = "hoi"

[versions.v1.operations.ghi]
kind = "update"
backend = "so"
backend_operation = "GHI"
deliver = { when_away = true, expires = "7 d", order_by = "ma" }
proved_by = { operation = "hoi", key = "ma" }
"""


@pytest.fixture
def schema(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "docs" / "connector.schema.json").read_text("utf-8"))
    return found


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def tables(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every closed table of the schema with its keys; names of one's own are `*`."""
    for each in schema.get("oneOf", []):
        yield from tables(each, path)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from tables(schema["additionalProperties"], f"{path}.*")
    elif schema.get("additionalProperties") is False:
        yield path.lstrip("."), set(schema["properties"])
        for name, inner in schema["properties"].items():
            yield from tables(inner, f"{path}.{name}")


def read_keys(folder: Path) -> dict[str, set[str]]:
    """What the loader knows in each table, learned from its own answer to a strange key."""
    whole = f"{STRANGE} = 1\n" + MANIFEST.replace('public = "v1.yaml"', 'public = "v2.yaml"') + VERSIONS
    manifest = re.sub(r"^(\[[^\]]+\])$", rf"\1\n{STRANGE} = 1", whole, flags=re.MULTILINE)
    manifest = manifest.replace("deliver = {", f"deliver = {{ {STRANGE} = 1,").replace(
        "proved_by = {", f"proved_by = {{ {STRANGE} = 1,"
    )
    manifest = manifest.replace(
        "operations.ghi]",
        f'operations.ghi]\nnative = {{ {STRANGE} = 1, field = "A", equals = "B" }}\nsigned = {{ {STRANGE} = 1, field = "ma" }}',
    )
    found: dict[str, set[str]] = {}
    home = write_home(folder, manifest)
    (home.contracts / "register" / "v2.yaml").write_text(PUBLIC, "utf-8")
    with pytest.raises(RegistryError) as caught:
        load([home])
    for each in caught.value.findings:
        if each.construct.endswith(STRANGE):
            place = re.sub(r"\b(versions|backends|operations|inbound|collectors)\.\w+", r"\1.*", each.construct)
            place = place.removesuffix(STRANGE)
            known = each.text.partition("known: ")[2]
            found.setdefault(place.rstrip("."), set()).update(known.split(", "))
    return found


def test_the_schema_has_the_keys_that_are_read(schema: dict[str, Any], tmp_path: Path) -> None:
    told = {path: keys for path, keys in tables(schema) if path not in ("title", "owner", "contact")}
    assert read_keys(tmp_path) == told


def test_the_page_names_every_key(schema: dict[str, Any], root: Path) -> None:
    page = (root / "docs" / "connector.md").read_text("utf-8")
    for path, keys in tables(schema):
        for key in keys - {"vi", "en"}:
            assert re.search(rf"\b{key}\b", page), f"{path}.{key} is not in docs/connector.md"


def test_every_manifest_of_the_house_keeps_the_schema(schema: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for(schema)
    home = builtin()
    manifests = {name: home.connectors / name / "connector.toml" for name in home.systems()}
    assert manifests
    for name, file in manifests.items():
        errors = [each.message for each in validator.iter_errors(plain(tomllib.loads(file.read_text("utf-8"))))]
        assert not errors, f"{name}: {errors}"
    assert validator.is_valid(plain(tomllib.loads(MANIFEST)))
    assert not validator.is_valid(plain(tomllib.loads(MANIFEST.replace("slots", "slotz"))))
