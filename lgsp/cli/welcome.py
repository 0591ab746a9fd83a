"""What `lgsp up` prints: where everything is, one REST call and one SOAP call to copy."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgsp.cli.client import send

if TYPE_CHECKING:
    from lgsp.app import Gateway
    from lgsp.cli.demo import DemoConsumer


async def welcome(gateway: Gateway, url: str, simulator: str, data: Path, consumer: DemoConsumer) -> str:
    lines = [
        "",
        "  MÔI TRƯỜNG TRÌNH DIỄN · DEMONSTRATION: invented data, plain HTTP, loopback only",
        "",
        f"  board        {url}/",
        f"  API          {url}/docs",
        f"  simulator    {simulator}/_sim/people",
        f"  data, keys   {data}, {data / 'demo.json'}",
        "",
    ]
    example = await _example(simulator)
    if example is not None:
        lines += ["REST", _rest(url, consumer, example), "", "SOAP", _soap(gateway, url, consumer, example), ""]
    lines.append("Ctrl-C ends both, gateway first.")
    return "\n".join(lines)


async def _example(simulator: str) -> dict[str, Any] | None:
    """The shortest question that asks something, changes nothing and is promised to be answered."""
    answer = await send("GET", f"{simulator}/_sim/examples", seconds=10)
    fine = [each for each in answer.document if each["kind"] == "query" and each["expect"] == "ok" and each["request"]]
    return min(fine, key=lambda each: (len(json.dumps(each)), each["system"], each["operation"]), default=None)


def _rest(url: str, consumer: DemoConsumer, example: dict[str, Any]) -> str:
    path = f"/api/{example['system']}/{example['version']}/{example['operation']}"
    headers = {"X-API-Key": consumer.api_key, "Content-Type": "application/json", **example.get("headers", {})}
    return curl(url + path, headers, json.dumps(example["request"], ensure_ascii=False))


def _soap(gateway: Gateway, url: str, consumer: DemoConsumer, example: dict[str, Any]) -> str:
    from lgsp.adapters import soap

    connector = gateway.registry.connector(example["system"])
    assert connector is not None  # the simulator simulates what is connected
    wire = soap.encode_request(connector.public.operations[example["operation"]], example["request"], "1.1")
    assert isinstance(wire.body, bytes)  # the shortest example is no document
    headers = {"X-API-Key": consumer.api_key, **example.get("headers", {})}
    headers |= {name: value for name, value in wire.headers.items() if name in {"content-type", "soapaction"}}
    return curl(f"{url}/soap/{example['system']}/{example['version']}", headers, wire.body.decode())


def curl(url: str, headers: dict[str, str], body: str) -> str:
    """One command to copy into a shell."""
    named = " ".join(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items())
    return f"curl -s {url} {named} -d {shlex.quote(body)}"
