"""`lgsp call`: one call through the bus, as an agency system would make it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from lgsp.cli.client import Answer, Profile, ask, profile, trusting
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say
from lgsp.cli.place import data_folder


@click.command()
@click.argument("system")
@click.argument("operation")
@click.argument("fields", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--body", type=click.Path(path_type=Path, allow_dash=True), help="JSON file with the request, - for stdin."
)
@click.option("--soap", is_flag=True, help="By SOAP instead of REST.")
@click.option(
    "--profile", "profile_file", type=click.Path(path_type=Path), help="Where and as whom ({data}/demo.json)."
)
@click.option("--consumer", help="Another consumer of the profile than its first.")
@click.option("--purpose", help="X-LGSP-Purpose: procedure code.")
@click.option("--case", help="X-LGSP-Case: dossier code.")
@click.option("--officer", help="X-LGSP-Officer.")
@click.option("--version", help="Major version of the contract  [the newest that has OPERATION].")
@click.option("--ca", type=click.Path(path_type=Path, exists=True), help="Certificates that the bus's must chain to.")
@data_option
@json_option
def call(
    system: str, operation: str, fields: tuple[str, ...], body: Path | None, *, soap: bool, profile_file: Path | None,
    consumer: str | None, purpose: str | None, case: str | None, officer: str | None, version: str | None,
    ca: Path | None, data: Path | None, as_json_: bool,
) -> None:  # fmt: skip
    """Call OPERATION of SYSTEM through the bus.

    KEY=VALUE fills one field of the request (KEY.INNER=VALUE one of a field of it); numbers and booleans follow the
    contract. A refusal prints its problem document and ends with 1.
    """
    if body is not None and fields:
        refuse("give either KEY=VALUE or --body", Exit.USAGE)
    who = profile(profile_file or data_folder(data) / "demo.json", consumer, trusting(ca))
    version = version or _newest(who, system, operation)
    request = _body(body) if body is not None else _fields(fields, who, system, version, operation)
    named = {"x-lgsp-purpose": purpose, "x-lgsp-case": case, "x-lgsp-officer": officer}
    headers = {"x-api-key": who.api_key, **{name: value for name, value in named.items() if value}}
    if soap:
        fine, document, answer = _by_soap(who, system, version, operation, request, headers)
    else:
        url = f"{who.gateway}/api/{system}/{version}/{operation}"
        headers["content-type"] = "application/json"
        answer = ask("POST", url, headers=headers, body=json.dumps(request).encode(), tls=who.tls)
        fine, document = answer.fine, answer.document
    _show(answer, document, fine=fine, as_json_=as_json_)


def _show(answer: Answer, document: Any, *, fine: bool, as_json_: bool) -> None:
    if fine:
        as_json(document)
        if not as_json_ and "location" in answer.headers:
            say(f"accepted; its state: {answer.headers['location']}")
        return
    if as_json_ or not isinstance(document, dict):
        as_json(document)
    else:
        say(f"lgsp: {document.get('code', answer.status)}: {document.get('detail') or document.get('title', '')}")
        for error in document.get("errors", ()):
            say(f"  {error.get('path')}  {error.get('rule')}")
        if provider := document.get("provider"):
            say(f"  {provider.get('code')}  {provider.get('message')}")
        say(f"  correlation id {answer.headers.get('x-correlation-id', '-')}")
    sys.exit(Exit.REFUSED)


def _body(file: Path) -> Any:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        return json.loads(text)
    except (OSError, ValueError) as error:
        refuse(f"--body: {error}", Exit.USAGE)


def _fields(fields: tuple[str, ...], who: Profile, system: str, version: str, operation: str) -> dict[str, Any]:
    schema = _schema(who, system, version, operation) if fields else {}
    request: dict[str, Any] = {}
    for field in fields:
        key, equals, value = field.partition("=")
        if not equals or not key:
            refuse(f"{field}: write KEY=VALUE", Exit.USAGE)
        place, inner = request, schema
        *path, name = key.split(".")
        for part in path:
            place = place.setdefault(part, {})
            inner = inner.get("properties", {}).get(part, {})
        place[name] = typed(value, inner.get("properties", {}).get(name, {}), key)
    return request


def typed(text: str, schema: dict[str, Any], key: str) -> Any:
    """The text of one field as the contract's type has it; texts stay texts."""
    kinds = schema.get("type", "string")
    wanted = {kinds} if isinstance(kinds, str) else set(kinds)
    if "string" in wanted or not wanted & {"integer", "number", "boolean", "array", "object"}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        refuse(f"{key}: the contract wants {' or '.join(sorted(wanted))}", Exit.USAGE)


def _newest(who: Profile, system: str, operation: str) -> str:
    """Of the versions that the bus serves the first that has the operation; what it does not know, it shall say itself."""
    answer = ask("GET", f"{who.gateway}/api/systems", headers={"x-api-key": who.api_key}, tls=who.tls)
    listed = answer.document if answer.fine and isinstance(answer.document, list) else []
    for each in (one for one in listed if one["id"] == system):
        for served in each["versions"]:
            if any(one["name"] == operation for one in served.get("operations", each["operations"])):
                return str(served["version"])
        return str(each["version"])
    return "v1"


def _schema(who: Profile, system: str, version: str, operation: str) -> dict[str, Any]:
    """The request's JSON Schema, references resolved one level; empty where the bus does not know the operation."""
    answer = ask(
        "GET", f"{who.gateway}/api/{system}/{version}/openapi.json", headers={"x-api-key": who.api_key}, tls=who.tls
    )
    if not answer.fine or not isinstance(answer.document, dict):
        return {}
    document = answer.document
    for path, methods in document.get("paths", {}).items():
        if path.rstrip("/").rsplit("/", 1)[-1] == operation:
            content = methods.get("post", {}).get("requestBody", {}).get("content", {})
            return dict(_resolved(document, content.get("application/json", {}).get("schema", {})))
    return {}


def _resolved(document: dict[str, Any], schema: Any, depth: int = 8) -> Any:
    if not isinstance(schema, dict) or depth == 0:
        return schema
    if reference := schema.get("$ref"):
        target: Any = document
        for part in str(reference).removeprefix("#/").split("/"):
            target = target.get(part, {})
        return _resolved(document, target, depth - 1)
    return {
        **schema,
        "properties": {k: _resolved(document, v, depth - 1) for k, v in schema.get("properties", {}).items()},
    }


def _by_soap(
    who: Profile, system: str, version: str, operation: str, request: Any, headers: dict[str, str]
) -> tuple[bool, Any, Answer]:
    """The same through the SOAP face, with the adapter that the bus itself uses for ministries."""
    from lgsp.cli.wire import soap_call

    wire = soap_call(who.gateway, system, version, operation, request)
    answer = ask("POST", wire.url, headers={**headers, **wire.headers}, body=wire.body, tls=who.tls)
    fine, document = wire.read(answer)
    return fine, document, answer
