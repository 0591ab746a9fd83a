"""From an export to proposals: connectors drafted from their definitions, consumers and grants, and all that is missing.

Nothing of it is in force. A connector whose definition can be carried is a home of its own (`lgsp check --home DIR`), in stage
planned; the others wait with a skeleton that says why. Grants are rows for a person to complete and two to decide.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from lgsp.contract.documents import parse_document
from lgsp.contract.findings import ContractError
from lgsp.home import builtin
from lgsp.importing.found import Export, FoundApi, FoundApplication, FoundSubscription
from lgsp.importing.scrub import without_credentials, without_gateway
from lgsp.importing.skeleton import amended, skeleton
from lgsp.importing.swagger2 import converted, is_swagger

ALWAYS = ("owner", "decision", "personal", "safe")
_CARRIED = ("HTTP", "SOAP", "SOAPTOREST", "PROXY", "SYNAPSE-API", "APIPRODUCT")
_LONGEST = 36


@dataclass(frozen=True, slots=True)
class Drafted:
    """What the scaffold has made of one definition: files below a home, or findings; `operations` of the contract."""

    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    findings: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[Mapping[str, Any], ...] = ()


Drafting = Callable[[str, Mapping[str, bytes], str, str], Drafted]
"""(system, files of the definition, path of the root among them, wsdl or openapi) -> a draft, within bounds of its own."""


@dataclass(frozen=True, slots=True)
class ProposedConnector:
    system: str
    api: str
    version: str
    kind: str
    context: str
    state: str
    where: str
    ready: bool
    """Drafted whole: it can be checked and simulated as it stands."""
    backend: str
    """Where the old gateway sent its calls; to be registered, never called from here."""
    operations: tuple[str, ...]
    missing: tuple[str, ...]
    findings: tuple[Mapping[str, Any], ...] = ()
    mediation: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposedConsumer:
    id: str
    name: str
    keys: int
    missing: tuple[str, ...]
    tier: str = ""


@dataclass(frozen=True, slots=True)
class ProposedGrant:
    """One subscription. It allowed the whole API; here somebody narrows it to operations, fields and purposes."""

    consumer: str
    system: str
    operation: str
    missing: tuple[str, ...]
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    connectors: tuple[ProposedConnector, ...]
    consumers: tuple[ProposedConsumer, ...]
    grants: tuple[ProposedGrant, ...]
    left_out: tuple[str, ...]
    ignored: int
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Below DIR: connectors/ contracts/ mocks/ tests/ of those that are ready, waiting/ for the others."""


def propose(export: Export, drafting: Drafting, registered: Mapping[str, str], ignored: int = 0) -> Proposal:
    """`registered` names, by the origin of its address, each upstream that an operator has set."""
    names = _named(export.apis)
    files: dict[str, bytes] = {}
    connectors = []
    builtins = _native_paths()
    native = set(builtins)
    for api in sorted(export.apis, key=lambda each: names[each.key]):
        made, theirs = _connector(api, names, drafting, registered, native, builtins)
        connectors.append(made)
        files |= theirs
    ids = _ids(export.applications)
    operations = {each.system: each.operations for each in connectors}
    grants = [grant for each in export.subscriptions for grant in _grants(each, names, ids, operations)]
    consumers = [_consumer(each, ids[each.name]) for each in export.applications]
    return Proposal(tuple(connectors), tuple(consumers), tuple(dict.fromkeys(grants)), export.left_out, ignored, files)


# -- connectors --------------------------------------------------------------------------------------------------------


def _connector(
    api: FoundApi,
    names: Mapping[tuple[str, str], str],
    drafting: Drafting,
    registered: Mapping[str, str],
    native: set[str],
    builtins: set[str],
) -> tuple[ProposedConnector, dict[str, bytes]]:
    system = names[api.key]
    backend = api.addresses[0] if api.addresses else ""
    upstream = registered.get(origin(backend), "")
    made = _drafted(api, system, drafting)
    ready = made is not None and not made.findings and bool(made.files)
    missing = [*_about_definition(api, made)]
    missing += [] if upstream else ["backend-not-registered" if backend else "backend-address"]
    missing += ["backend-credentials"] * api.secured + ["mediation"] * bool(api.mediation)
    missing += [*ALWAYS]
    missing += ["published"] * (api.state not in ("", "PUBLISHED"))
    missing += ["version"] * (sum(name == api.key[0] for name, _ in names) > 1)
    known = slug(api.name) in builtin().systems() or urlsplit(backend).path in builtins
    missing += ["built-in"] * known
    files: dict[str, bytes] = {}
    operations = tuple(f"{each.verb} {each.target}".strip() for each in api.operations)
    if made is not None and ready:
        path = urlsplit(backend).path
        files, operations = amended(dict(made.files), system, api, upstream, native=path not in native)
        native.add(path)
    else:
        files[f"waiting/{system}/connector.toml"] = skeleton(system, api, missing).encode()
    proposed = ProposedConnector(
        system, api.name, api.version, api.kind, api.context, api.state, api.where, ready, backend, operations,
        tuple(missing), (*made.findings, *made.notes) if made is not None else (), api.mediation, api.tiers,
    )  # fmt: skip
    return proposed, files


def _about_definition(api: FoundApi, made: Drafted | None) -> Iterable[str]:
    if api.kind not in _CARRIED:
        return ["kind"]
    if made is None:
        return ["definition"]
    return ["definition-refused"] if made.findings or not made.files else []


def _drafted(api: FoundApi, system: str, drafting: Drafting) -> Drafted | None:
    if not api.definition or api.kind not in _CARRIED:
        return None
    files = {_place(name): raw for name, raw in api.files.items()}
    place = _place(api.definition)
    try:
        if api.born == "openapi":
            found = parse_document(files.pop(place), place)
            place = place.rpartition(".")[0] + ".json"
            bare = without_gateway(converted(found) if is_swagger(found) else found)
            files[place] = msgspec.json.format(msgspec.json.encode(bare), indent=2)
        else:
            files = {name: without_credentials(raw) for name, raw in files.items()}
    except ContractError as error:
        return Drafted(findings=tuple(_finding(each.file, each.line, each.text) for each in error.findings))
    except RecursionError:
        return Drafted(findings=(_finding(place, 0, "refers to itself without an end"),))
    return drafting(system, files, place, api.born)


def _place(name: str) -> str:
    """A path of its own below the folder of one draft: what the export calls its folders is nobody's file name."""
    return "/".join(re.sub(r"[^A-Za-z0-9._-]", "_", part) for part in name.split("/"))


def _finding(file: str, line: int, text: str) -> Mapping[str, Any]:
    return {"file": file, "line": line, "construct": "definition", "text": text}


def _native_paths() -> set[str]:
    """Where built-in systems are asked in their own dialect: a proposal of the same path is likely the same database."""
    home = builtin()
    tables = (tomllib.loads((home.connectors / name / "connector.toml").read_text("utf-8")) for name in home.systems())
    return {str(each["path"]) for table in tables for each in table.get("backends", {}).values() if each.get("path")}


def origin(address: str) -> str:
    """Scheme, host and port, by which a registered upstream is known again."""
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname else ""


# -- consumers and grants ----------------------------------------------------------------------------------------------


def _consumer(application: FoundApplication, name: str) -> ProposedConsumer:
    missing = ("agency", "security-level", *(("keys",) if application.keys else ()))
    return ProposedConsumer(name, application.name, application.keys, missing, application.tier)


def _grants(
    each: FoundSubscription, names: Mapping[tuple[str, str], str], ids: Mapping[str, str], operations: Mapping[str, Any]
) -> Iterable[ProposedGrant]:
    system = names.get((each.api.casefold(), each.version), "")
    missing = ["legal-basis", "purposes", "fields"]
    missing += ["api"] * (not system) + ["application"] * (each.application not in ids) + ["blocked"] * each.blocked
    consumer = ids.get(each.application) or slug(each.application)
    wanted = operations.get(system) or ("*",)
    for operation in wanted:
        named = operation if re.fullmatch(r"[A-Za-z0-9_.-]+", operation) else "*"
        yield ProposedGrant(consumer, system or slug(each.api), named, tuple(missing), each.tier)


# -- names -------------------------------------------------------------------------------------------------------------


def slug(text: str) -> str:
    """`Hộ tịch điện tử` -> `ho-tich-dien-tu`, `apiHoTich` -> `api-ho-tich`."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", plain)
    words = re.sub(r"[^A-Za-z0-9]+", "-", split).strip("-").lower()
    words = words if words[:1].isalpha() else f"api-{words}".rstrip("-")
    return words[:_LONGEST].rstrip("-")


def _named(apis: Iterable[FoundApi]) -> dict[tuple[str, str], str]:
    """The newest version of an API has its plain name, an older one says which it is. No two are called the same."""
    newest: dict[str, tuple[int, ...]] = {}
    for api in apis:
        newest[api.key[0]] = max(newest.get(api.key[0], (-1,)), _number(api.version))
    taken: set[str] = set(builtin().systems())
    found = {}
    for api in sorted(
        apis, key=lambda each: (each.key[0], [-number for number in _number(each.version)], each.version)
    ):
        base = slug(api.name)
        if _number(api.version) < newest[api.key[0]]:
            base = f"{base[: _LONGEST - 8]}-{slug('v' + api.version)}"[:_LONGEST]
        found[api.key] = _free(base, taken)
    return found


def _ids(applications: Iterable[FoundApplication]) -> dict[str, str]:
    taken: set[str] = set()
    return {each.name: _free(slug(each.name), taken) for each in applications}


def _free(base: str, taken: set[str]) -> str:
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"[0-9]{1,6}", version)[:4]) or (0,)
