"""From settings to parts: a simulator's address makes every upstream a demonstration, what is set goes before it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lgsp.manifest import load
from lgsp.registry import Registry
from lgsp.settings import Province, Settings, SettingsError, SystemSettings, Upstream, WitnessSettings
from lgsp.wiring import demonstration, ministry_keys, surroundings, trusted, witnesses
from tests.manifest.small_home import MANIFEST, write_home

PLAIN = Settings(province=Province(code="17", era="2025"))
SIM = replace(PLAIN, sim="http://127.0.0.1:9")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return load([write_home(tmp_path_factory.mktemp("home"), MANIFEST)])


def test_without_a_simulator_nothing_is_invented(registry: Registry) -> None:
    assert demonstration(PLAIN, registry) == {}
    assert ministry_keys(PLAIN, registry) == {"register": ""}
    assert surroundings(PLAIN, registry).secrets == {"register": {}}


def test_with_one_every_upstream_is_the_simulator(registry: Registry) -> None:
    names = {backend.upstream for each in registry.connectors.values() for backend in each.backends.values()}
    found = demonstration(SIM, registry)
    assert set(found) == names | {"ndop"}  # the platform to come, where nothing goes before a cut-over
    assert {each.url for each in found.values()} == {"http://127.0.0.1:9"}
    assert ministry_keys(SIM, registry) == {"register": "demo-register"}


def test_what_is_set_goes_before(registry: Registry) -> None:
    own = replace(SIM, systems={"register": SystemSettings(secrets={"inbound": "set"}, values={"code": "7"})})
    assert ministry_keys(own, registry) == {"register": "set"}
    around = surroundings(own, registry)
    assert around.values == {"register": {"code": "7"}}
    assert around.secrets["register"]["inbound"] == "set"


def test_trust_is_by_the_upstreams_address() -> None:
    ca = Path("ca.pem")
    assert trusted(
        replace(PLAIN, upstreams={"a": Upstream(url="https://a", ca=ca), "b": Upstream(url="https://b")})
    ) == {"https://a": ca}


def test_a_witness_without_a_key_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match=r"witnesses\.w\.key"):
        witnesses(replace(PLAIN, witnesses={"w": WitnessSettings("http://127.0.0.1:1", "none")}))
