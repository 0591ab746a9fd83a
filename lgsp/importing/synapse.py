"""Artefacts of WSO2's integrator (EI, MI): proxy services and APIs in Synapse's XML, each as one found API.

Only what says where calls come in and where they go is read; mediation is named, never translated.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lgsp.errors import LgspError
from lgsp.importing.found import FoundApi, FoundOperation, bare_address
from lgsp.importing.tree import ExportRefused, Tree
from lgsp.xml import parse_xml

if TYPE_CHECKING:
    from lxml import etree

SPACE = "{http://ws.apache.org/ns/synapse}"
_CARRYING = frozenset(
    {"send", "call", "endpoint", "address", "http", "wsdl", "loadbalance", "failover", "respond", "log", "target", "inSequence",
     "outSequence", "faultSequence", "resource", "publishWSDL", "property", "drop", "loopback", "timeout", "suspendOnFailure",
     "markForSuspension", "initialDuration", "progressionFactor", "duration", "responseAction", "retriesBeforeSuspension",
     "retryDelay", "errorCodes", "description", "parameter", "maximumDuration", "proxy", "api", "handlers", "handler", "header"}
)  # fmt: skip
"""What only carries messages or watches them; every other mediator changes something on the way."""


def read(tree: Tree, name: str, raw: bytes) -> list[FoundApi]:
    """Nothing where the file is no such artefact. Raises `ExportRefused` where it is one that cannot be read."""
    if SPACE[1:-1].encode() not in raw:
        return []
    try:
        root = parse_xml(raw, limit=2 << 20)
    except LgspError as error:
        raise ExportRefused(f"{name}: not XML that is taken ({error.code})") from error
    artefacts = [root] if root.tag in (f"{SPACE}proxy", f"{SPACE}api") else [
        each for each in root if each.tag in (f"{SPACE}proxy", f"{SPACE}api")
    ]  # fmt: skip
    return [_artefact(tree, name, each) for each in artefacts if each.get("name")]


def _artefact(tree: Tree, name: str, element: etree._Element) -> FoundApi:
    proxy = element.tag == f"{SPACE}proxy"
    title = " ".join((element.get("name") or "").split())[:200]
    definition = _published(tree, name, element) if proxy else ""
    return FoundApi(
        name=title,
        version=element.get("version") or "1.0.0",
        kind="PROXY" if proxy else "SYNAPSE-API",
        context=f"/services/{title}" if proxy else (element.get("context") or ""),
        addresses=tuple(dict.fromkeys(filter(None, map(bare_address, _addresses(element))))),
        operations=tuple(
            FoundOperation(verb, each.get("uri-template") or each.get("url-mapping") or "/*")
            for each in element.iter(f"{SPACE}resource")
            for verb in (each.get("methods") or "GET").split()
        ),
        definition=definition,
        born="wsdl" if definition else "",
        files={place: raw for place, raw in tree.files.items() if place.lower().endswith((".wsdl", ".xsd"))}
        if definition
        else {},
        mediation=tuple(dict.fromkeys(_changing(element))),
        where=name,
    )


def _published(tree: Tree, name: str, element: etree._Element) -> str:
    """The WSDL that a proxy publishes, where it lies in the export too: found by its file's name, never fetched."""
    for each in element.iter(f"{SPACE}publishWSDL"):
        said = (each.get("uri") or each.get("key") or "").rpartition("/")[2].rpartition(":")[2]
        near = [place for place in sorted(tree.files) if said and posixpath.basename(place) == said]
        near.sort(key=lambda place: posixpath.dirname(place) != posixpath.dirname(name))
        if near and near[0].lower().endswith(".wsdl"):
            return near[0]
    return ""


def _addresses(element: etree._Element) -> list[str]:
    found = [each.get("uri") or "" for each in element.iter(f"{SPACE}address")]
    return found + [each.get("uri-template") or "" for each in element.iter(f"{SPACE}http")]


def _changing(element: etree._Element) -> list[str]:
    return [
        tag.removeprefix(SPACE)
        for each in element.iter()
        if isinstance(tag := each.tag, str) and tag.startswith(SPACE) and tag.removeprefix(SPACE) not in _CARRYING
    ]
