"""WSO2 API Manager's exports as `apictl` writes them: API projects, applications with subscriptions, lists of subscriptions.

By the public documentation: a project of version 4 is a folder with `api.yaml` (`type`, `version`, `data`), definitions in
`Definitions/` or `WSDL/`; versions 2 and 3 have `Meta-information/api.yaml`, whose `endpointConfig` is JSON in a string. An
application is `application.yaml` (`data.applicationInfo`, `data.subscribedAPIs`) or, before, one JSON file of its name.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from lgsp.importing import synapse
from lgsp.importing.found import Export, FoundApi, FoundApplication, FoundOperation, FoundSubscription, bare_address
from lgsp.importing.tree import ExportRefused, Tree, document

_PROJECT = ("api.yaml", "api.yml", "api.json")
_APPLICATION = ("application.yaml", "application.yml", "application.json")
_SUBSCRIPTIONS = ("subscriptions.yaml", "subscriptions.yml", "subscriptions.json")
_UNSUPPORTED_FILES = ("api_product.yaml", "api_product.json")
_TEXT = 400


def read(tree: Tree) -> Export:
    """Everything at once. A file of its own that cannot be read is told and left out; the export is refused only whole."""
    apis: list[FoundApi] = []
    applications: list[FoundApplication] = []
    subscriptions: list[FoundSubscription] = []
    left_out: list[str] = []
    projects = {_root_of(name) for name in tree.files if posixpath.basename(name) in _PROJECT}
    for name in sorted(tree.files):
        base, raw = posixpath.basename(name), tree.files[name]
        try:
            if base in _PROJECT:
                apis.append(_api(tree, name, document(name, raw)))
            elif base in _APPLICATION or _is_old_application(name, raw, projects):
                application, theirs = _application(name, document(name, raw))
                applications.append(application)
                subscriptions += theirs
            elif base in _SUBSCRIPTIONS:
                subscriptions += _subscriptions(document(name, raw))
            elif base in _UNSUPPORTED_FILES:
                left_out.append(f"{name}: an API product; its APIs are taken one by one where they are exported")
            elif base.endswith(".xml") and not any(_inside(name, project) for project in projects):
                apis += synapse.read(tree, name, raw)
        except ExportRefused as error:
            left_out.append(str(error))
    return Export(
        tuple(_once(apis, left_out)), tuple(applications), tuple(dict.fromkeys(subscriptions)), tuple(left_out)
    )


def _once(apis: list[FoundApi], left_out: list[str]) -> Iterator[FoundApi]:
    met: set[tuple[str, str]] = set()
    for each in apis:
        if each.key in met:
            left_out.append(f"{each.where}: {each.name} {each.version} stands twice in the export")
            continue
        met.add(each.key)
        yield each


# -- APIs --------------------------------------------------------------------------------------------------------------


def _api(tree: Tree, name: str, found: Mapping[str, Any]) -> FoundApi:
    data = found.get("data") if isinstance(found.get("data"), dict) else found
    assert isinstance(data, Mapping)
    identity = data.get("id") if isinstance(data.get("id"), dict) else {}
    assert isinstance(identity, Mapping)
    title = _text(data.get("name") or identity.get("apiName"))
    version = _text(data.get("version") or identity.get("version"))
    if not title:
        raise ExportRefused(f"{name}: an API without a name")
    root = _root_of(name)
    kind = _text(data.get("type") or "HTTP").upper()
    definition, born = _definition(tree, root, kind)
    endpoints = _endpoints(data.get("endpointConfig"))
    return FoundApi(
        name=title,
        version=version or "1.0.0",
        kind=kind,
        context=_text(data.get("context") or data.get("contextTemplate")),
        state=_text(data.get("lifeCycleStatus") or data.get("status")).upper(),
        description=_text(data.get("description")),
        addresses=tuple(dict.fromkeys(filter(None, map(bare_address, _addresses(endpoints))))),
        operations=tuple(_operations(data)),
        definition=definition,
        born=born,
        files=_beside(tree, root, definition),
        tiers=tuple(_texts(data.get("policies")) or _tiers(data.get("availableTiers"))),
        mediation=tuple(_mediation(tree, root, data)),
        secured=_secured(endpoints, data),
        where=root or name,
    )


def _root_of(name: str) -> str:
    folder = posixpath.dirname(name)
    return posixpath.dirname(folder) if posixpath.basename(folder) == "Meta-information" else folder


def _inside(name: str, folder: str) -> bool:
    return not folder or name.startswith(folder + "/")


def _definition(tree: Tree, root: str, kind: str) -> tuple[str, str]:
    """A SOAP API is what its WSDL says, also where the old gateway showed it as REST: that is what the ministry speaks."""
    own = sorted(name for name in tree.files if _inside(name, root))
    wsdls = [name for name in own if name.lower().endswith(".wsdl")]
    papers = [
        name
        for name in own
        if posixpath.basename(name).rpartition(".")[0] in ("swagger", "openapi")
        and posixpath.basename(posixpath.dirname(name)) in ("Definitions", "Meta-information")
    ]
    if wsdls and (kind.startswith("SOAP") or not papers):
        named = [each for each in wsdls if b":service" in tree.files[each] or b"<service" in tree.files[each]]
        return (named or wsdls)[0], "wsdl"
    return (papers[0], "openapi") if papers else ("", "")


def _beside(tree: Tree, root: str, definition: str) -> dict[str, bytes]:
    folder = posixpath.dirname(definition)
    if not definition:
        return {}
    return {name: raw for name, raw in tree.files.items() if _inside(name, folder) and _inside(name, root)}


def _endpoints(given: Any) -> Mapping[str, Any]:
    if isinstance(given, str):  # until version 3 it is JSON in a string
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {}
    return given if isinstance(given, dict) else {}


def _addresses(endpoints: Mapping[str, Any]) -> Iterator[str]:
    """Of production alone: what a sandbox of the old gateway was no ministry is behind."""
    given = endpoints.get("production_endpoints")
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, dict) and isinstance(each.get("url"), str):
            yield each["url"]


def _operations(data: Mapping[str, Any]) -> Iterator[FoundOperation]:
    for each in _tables(data.get("operations")):
        yield FoundOperation(_text(each.get("verb")).upper(), _text(each.get("target")))
    for each in _tables(data.get("uriTemplates")):
        yield FoundOperation(
            _text(each.get("httpVerb") or each.get("HTTPVerb")).upper(), _text(each.get("uriTemplate"))
        )


def _mediation(tree: Tree, root: str, data: Mapping[str, Any]) -> Iterator[str]:
    named: list[str] = []
    for place in [
        data.get("apiPolicies"),
        *(each.get("operationPolicies") for each in _tables(data.get("operations"))),
    ]:
        if isinstance(place, dict):
            named += [_text(each.get("policyName")) for flow in place.values() for each in _tables(flow)]
    named += [_text(each.get("name")) for each in _tables(data.get("mediationPolicies"))]
    named += [_text(data.get(flow)) for flow in ("inSequence", "outSequence", "faultSequence")]
    named += [posixpath.basename(name) for name in sorted(tree.files) if _inside(name, f"{root}/Sequences".lstrip("/"))]
    yield from dict.fromkeys(filter(None, named))


def _secured(endpoints: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    security = endpoints.get("endpoint_security")
    sides = security.values() if isinstance(security, dict) else ()
    return any(isinstance(each, dict) and each.get("enabled") in (True, "true") for each in sides) or bool(
        data.get("endpointSecured") in (True, "true")
    )


# -- applications and subscriptions ------------------------------------------------------------------------------------


def _is_old_application(name: str, raw: bytes, projects: set[str]) -> bool:
    """Before version 4 the file has the application's own name."""
    if not name.endswith(".json") or any(project and _inside(name, project) for project in projects):
        return False
    return b'"subscribedAPIs"' in raw and b'"name"' in raw


def _application(name: str, found: Mapping[str, Any]) -> tuple[FoundApplication, list[FoundSubscription]]:
    data = found.get("data") if isinstance(found.get("data"), dict) else found
    assert isinstance(data, Mapping)
    info = data.get("applicationInfo") if isinstance(data.get("applicationInfo"), dict) else data
    assert isinstance(info, Mapping)
    title = _text(info.get("name"))
    if not title:
        raise ExportRefused(f"{name}: an application without a name")
    keys = next((each for each in (info.get("keys"), data.get("keys")) if each), ())
    application = FoundApplication(
        title, _text(info.get("description")), _text(info.get("throttlingPolicy") or info.get("tier")), len(keys), name
    )
    given = data.get("subscribedAPIs") or info.get("subscribedAPIs")
    return application, [_subscription(title, each) for each in _tables(given)]


def _subscription(application: str, each: Mapping[str, Any]) -> FoundSubscription:
    api = each.get("apiId") or each.get("apiIdentifier") or each.get("apiInfo")
    said = api if isinstance(api, dict) else {}
    return FoundSubscription(
        application,
        _text(said.get("apiName") or said.get("name")),
        _text(said.get("version")),
        _text(each.get("throttlingPolicy") or each.get("tier")),
        "BLOCKED" in _text(each.get("subscriptionStatus") or each.get("subStatus") or each.get("status")).upper(),
    )


def _subscriptions(found: Mapping[str, Any]) -> Iterator[FoundSubscription]:
    for each in _tables(found.get("list")):
        info = each.get("applicationInfo")
        name = _text(info.get("name")) if isinstance(info, dict) else ""
        if name:
            yield _subscription(name, each)


# -- values ------------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    return " ".join(str(value).split())[:_TEXT] if isinstance(value, str | int | float) else ""


def _texts(value: Any) -> list[str]:
    return [_text(each) for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _tiers(value: Any) -> list[str]:
    return [_text(each.get("name")) for each in _tables(value)]


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
