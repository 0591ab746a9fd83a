"""Writes a Postman collection (v2.1) of every operation to stdout, from a simulator's examples.

python make_collection.py http://127.0.0.1:9000 [--all] > lgsp.postman_collection.json

One request an operation, `--all`: every example. Each tests its own answer, so that `newman run` says what works.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any


def collection(examples: list[dict[str, Any]]) -> dict[str, Any]:
    """One folder a system; address and key are variables."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for n, example in enumerate(examples):
        path = ["api", example["system"], example["version"], example["operation"]]
        named = {"Content-Type": "application/json", "X-API-Key": "{{api_key}}", **example.get("headers", {})}
        folders.setdefault(example["system"], []).append(
            {
                "name": f"{example['operation']} ({example['expect']}) {n}",
                "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": _test(example["expect"])}}],
                "request": {
                    "method": "POST",
                    "header": [{"key": key, "value": value} for key, value in named.items()],
                    "body": {
                        "mode": "raw",
                        "raw": json.dumps(example["request"], ensure_ascii=False, indent=2),
                        "options": {"raw": {"language": "json"}},
                    },
                    "url": {"raw": "{{gateway}}/" + "/".join(path), "host": ["{{gateway}}"], "path": path},
                },
            }
        )
    return {
        "info": {
            "name": "LGSP (sample)",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [
            {"key": "gateway", "value": "http://127.0.0.1:8080"},
            {"key": "api_key", "value": ""},
        ],
        "item": [{"name": system, "item": items} for system, items in folders.items()],
    }


def _test(expect: str) -> list[str]:
    if expect == "ok":
        said = "pm.expect(pm.response.code).to.be.oneOf([200, 202]);"
    else:
        said = f"pm.expect(pm.response.json().code).to.equal({json.dumps(expect)});"
    return [f"pm.test({json.dumps(expect)}, () => {{", f"  {said}", "});"]


def one_each(examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first example of every operation; those that succeed come first."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for example in sorted(examples, key=lambda each: each["expect"] != "ok"):
        found.setdefault((example["system"], example["version"], example["operation"]), example)
    chosen = {id(example) for example in found.values()}
    return [example for example in examples if id(example) in chosen]


if __name__ == "__main__":
    with urllib.request.urlopen(f"{sys.argv[1]}/_sim/examples", timeout=30) as answer:
        told = json.load(answer)
    made = collection(told if "--all" in sys.argv else one_each(told))
    json.dump(made, sys.stdout, ensure_ascii=False, indent=1)
    print()
