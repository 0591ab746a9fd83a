"""A client that knows nothing but the served WSDL: plain zeep over a real socket gets what REST gets."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
import zeep
import zeep.exceptions
import zeep.helpers
from zeep.transports import Transport

from lgsp.standard import same
from lgsp.testing import Bus


def rest(bus: Bus, example: dict[str, Any]) -> Any:
    url = f"{bus.url}/api/{example['system']}/{example['version']}/{example['operation']}"
    headers = {"content-type": "application/json", "x-api-key": bus.api_key(), **example.get("headers", {})}
    request = urllib.request.Request(url, json.dumps(example["request"]).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def plain(value: Any) -> Any:
    """What zeep returns, as JSON would have it: absent elements gone, dates and decimals as text."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return (
        base64.b64encode(value).decode()
        if isinstance(value, bytes)
        else str(getattr(value, "isoformat", lambda: value)())
    )


@pytest.mark.parametrize("port", ["1.1", "1.2"])
def test_zeep_gets_what_rest_gets(lgsp_bus: Bus, lgsp_system: str, port: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["x-api-key"] = lgsp_bus.api_key()
        client = zeep.Client(
            f"{lgsp_bus.url}/soap/{lgsp_system}/v1?wsdl", transport=Transport(session=session, timeout=20)
        )
        (service,) = client.wsdl.services.values()
        name = next(each.name for each in service.ports.values() if _version(each) == port)
        proxy = client.bind(service.name, name)
        for example in lgsp_bus.simulator.examples():
            if example["system"] != lgsp_system or example["expect"] == "invalid-message":
                continue
            wanted = rest(lgsp_bus, example)
            lgsp_bus.simulator.reset()
            for header, value in example.get("headers", {}).items():
                session.headers[header] = value
            call = getattr(proxy, example["operation"])
            if example["expect"] == "ok":
                found = plain(zeep.helpers.serialize_object(call(**example["request"]), dict))
                assert differences(_unwrapped(found, wanted), wanted) == [], example["operation"]
            else:
                with pytest.raises(zeep.exceptions.Fault) as fault:
                    call(**example["request"])
                assert example["expect"] in str(zeep.helpers.etree.tostring(fault.value.detail)), example["operation"]


def _version(port: Any) -> str:
    return "1.2" if "12" in type(port.binding).__name__ else "1.1"


def _unwrapped(found: Any, wanted: Any) -> Any:
    """zeep hands out the only element of an answer without its name."""
    if wanted == {} and not found:
        return {}
    if (
        isinstance(wanted, dict)
        and len(wanted) == 1
        and not (isinstance(found, dict) and wanted.keys() <= found.keys())
    ):
        return {next(iter(wanted)): found}
    return found


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two trees differ, for the message of a failing test."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            d
            for name in sorted(one.keys() | other.keys())
            for d in differences(one.get(name), other.get(name), f"{path}/{name}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [d for i, (a, b) in enumerate(zip(one, other, strict=True)) for d in differences(a, b, f"{path}/{i}")]
    return [] if same(one, other) or _moments(one, other) else [f"{path}: {one!r} and {other!r}"]


def _moments(one: Any, other: Any) -> bool:
    """Two calls in the real world are not the same moment."""
    try:
        return abs(datetime.fromisoformat(one) - datetime.fromisoformat(other)) < timedelta(minutes=1)
    except (TypeError, ValueError):
        return False
