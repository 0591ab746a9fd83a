"""The demonstration's furniture: the province's agency systems with keys, operators with passwords, `{data}/demo.json`.

Made once: consumers, grants and secrets that exist already stay as they are, so tokens and keys survive a restart.
"""

from __future__ import annotations

import asyncio
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgsp.cli.output import Exit, refuse
from lgsp.settings import Province, Settings

if TYPE_CHECKING:
    from lgsp.app import Gateway
    from lgsp.policy import Policy

OPERATORS = {
    "viewer": "viewer",
    "operator": "operator",
    "security": "security-officer",
    "auditor": "auditor",
    "approver": "operator",
}
"""One operator a role, and a second one who approves what the first proposes."""


@dataclass(frozen=True, slots=True)
class DemoConsumer:
    """An agency system of the demonstration with its secrets in the clear: they are invented and live in one folder."""

    id: str
    client_id: str
    client_secret: str
    api_key: str
    note: str


def of_province(settings: Settings, name: str) -> Settings:
    """The settings with the province of a built-in name or folder, unless the settings name their own."""
    if settings.province.code:
        return settings
    found = _province(name)
    return replace(
        settings,
        province=Province(found.code, found.agency, found.title, _without_marks(found.title), found.era),
    )


async def furnish(gateway: Gateway, province: str, file: Path, url: str, simulator: str) -> list[DemoConsumer]:
    """Brings consumers and operators into being and writes `file` (0600)."""
    known = _read(file)
    consumers = [
        await _consumer(gateway.policy, entry, known.get("consumers", ())) for entry in _province(province).consumers
    ]
    await _register(gateway, _province(province).folder / "security-levels.csv")
    operators = await _operators(gateway, known.get("operators", ()))
    document = {
        "gateway": url,
        "simulator": simulator,
        "consumers": [asdict(each) for each in consumers],
        "operators": operators,
    }
    _write(file, document)
    return consumers


async def _consumer(policy: Policy, entry: Mapping[str, Any], known: Any) -> DemoConsumer:
    from lgsp.model import Consumer, Text

    name = str(entry["id"])
    note = str(entry.get("note", ""))
    kept = next((each for each in known if each.get("id") == name), None)
    if kept and _holds(policy, kept):
        return DemoConsumer(name, kept["client_id"], kept["client_secret"], kept["api_key"], note)
    if policy.consumer(name) is None:
        consumer = Consumer(
            id=name,
            name=Text(entry["name"]["vi"], entry["name"]["en"]),
            agency=str(entry.get("agency", "")),
            admits_trial=bool(entry.get("admits_trial", False)),
            security_level=entry.get("security_level"),
        )
        secrets = await policy.create_consumer(consumer, _grants(entry))
    else:
        secrets = await policy.new_secrets(name)
    return DemoConsumer(name, secrets.client_id, secrets.client_secret, secrets.api_key, note)


async def _register(gateway: Gateway, file: Path) -> None:
    """The province's security levels, once; what was decided here since then stays."""
    from lgsp.compliance import as_record, read_register
    from lgsp.decisions import REGISTER, compliance_import

    if file.is_file() and await gateway.store.meta.get(REGISTER) is None:  # noqa: ASYNC240  once, at the start
        register = [as_record(each) for each in read_register(file)]
        await compliance_import(gateway, "demonstration", {"register": register})


def _grants(entry: Mapping[str, Any]) -> list[Any]:
    from lgsp.model import Grant

    return [
        Grant(
            consumer=str(entry["id"]),
            system=grant["system"],
            operation=grant["operation"],
            fields=tuple(grant["fields"]) if "fields" in grant else None,
            purposes=tuple(grant["purposes"]) if "purposes" in grant else None,
            legal_basis=grant.get("legal_basis", ""),
            admits_trial=bool(entry.get("admits_trial", False)),
        )
        for grant in entry.get("grants", ())
    ]


def _holds(policy: Policy, kept: Mapping[str, str]) -> bool:
    """The secrets of an earlier run still open the door."""
    from lgsp.errors import Unauthenticated

    try:
        by_key = policy.by_api_key(kept["api_key"]).id
        return by_key == policy.by_secret(kept["client_id"], kept["client_secret"]).id == kept["id"]
    except (Unauthenticated, KeyError):
        return False


async def _operators(gateway: Gateway, known: Any) -> list[dict[str, str]]:
    """Hashing a password takes 50 ms on purpose, so those who are there already cost nothing and the others go together."""
    from lgsp.office import put_operator

    rows, new = [], []
    for user, role in OPERATORS.items():
        kept = next((each for each in known if each.get("user") == user), None)
        password = str(kept["password"]) if kept else gateway.runtime.ids.token()[:20]
        if kept is None or await gateway.store.operators.get(user) is None:
            new.append(put_operator(gateway.store, gateway.runtime, user, role, password))
        rows.append({"user": user, "password": password, "role": role})
    await asyncio.gather(*new)
    return rows


def _province(name: str) -> Any:
    from lgsp_mocks.world.province import Province as Folder

    try:
        return Folder.load(name)
    except FileNotFoundError as error:
        refuse(str(error), Exit.USAGE)


def _without_marks(text: str) -> str:
    """Hoà Bình -> Hoa Binh, as the province writes itself abroad."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(each for each in plain if not unicodedata.combining(each))


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _write(file: Path, document: Mapping[str, Any]) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(document, out, ensure_ascii=False, indent=2)
        out.write("\n")
    fresh.replace(file)
