"""The pytest plugin: real servers, isolated, quick, and complaining by themselves."""

from __future__ import annotations

import urllib.error
import urllib.request
from importlib import metadata

import msgspec
import pytest

from lgsp.testing import Bus, Sim

pytest_plugins = ["pytester"]


def post(url: str, body: object, **headers: str) -> tuple[int, object]:
    sent = {"content-type": "application/json", **headers}
    request = urllib.request.Request(url, msgspec.json.encode(body), sent)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, msgspec.json.decode(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, msgspec.json.decode(error.read())


def ask(bus: Bus, example: dict[str, object]) -> tuple[int, object]:
    url = f"{bus.url}/api/{example['system']}/{example['version']}/{example['operation']}"
    given = example.get("headers")
    headers = {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
    return post(url, example["request"], **{"x-api-key": bus.api_key()}, **headers)


def test_a_blocking_client_calls_the_bus(lgsp_bus: Bus) -> None:
    example = next(e for e in lgsp_bus.simulator.examples() if e["kind"] == "query" and e["expect"] == "ok")
    status, _ = ask(lgsp_bus, example)
    assert status == 200
    calls = lgsp_bus.simulator.calls(example["system"], example["operation"])
    assert len(calls) >= 1
    assert calls[-1].request


def test_a_fault_is_seen_through_the_bus(lgsp_bus: Bus) -> None:
    example = next(e for e in lgsp_bus.simulator.examples() if e["kind"] == "query" and e["expect"] == "ok")
    lgsp_bus.simulator.fail(example["system"], "html-200", operation=example["operation"])
    status, answer = ask(lgsp_bus, example)
    assert status == 502
    assert isinstance(answer, dict)
    assert answer["code"] == "bad-answer"
    lgsp_bus.simulator.heal(example["system"])
    assert ask(lgsp_bus, example)[0] == 200


def test_every_test_starts_afresh(lgsp_simulator: Sim) -> None:
    assert lgsp_simulator.calls() == []
    assert all(lgsp_simulator.effects(e["system"]) == {} for e in lgsp_simulator.examples())
    assert len(lgsp_simulator.people()) >= 12


def test_unmatched_calls_are_named_with_what_is_near(lgsp_simulator: Sim) -> None:
    lgsp_simulator.allow_unmatched = True
    assert post(f"{lgsp_simulator.url}/khong-co", {})[0] == 404
    assert "POST /khong-co" in lgsp_simulator.complaints()[0]


@pytest.mark.skipif(
    not list(metadata.entry_points(group="pytest11", name="lgsp")), reason="needs the package installed (make up)"
)
def test_an_unmatched_call_fails_the_test_by_itself(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import urllib.request, urllib.error, pytest

        def test_wrong_address(lgsp_simulator):
            with pytest.raises(urllib.error.HTTPError) as met:
                urllib.request.urlopen(lgsp_simulator.url + "/sai-duong-dan", timeout=10)
            met.value.close()
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*no contract has GET /sai-duong-dan*"])
