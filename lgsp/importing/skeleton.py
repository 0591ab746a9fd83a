"""The manifests of proposals: a draft's own brought to stage planned, or a skeleton that waits for its definition."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from urllib.parse import urlsplit

from lgsp.importing.found import FoundApi
from lgsp.importing.missing import MISSING

UNREGISTERED = "not-registered"
"""The upstream of a proposal until an operator has registered its address: no setting has that name, so nothing is called."""


def amended(
    files: dict[str, bytes], system: str, api: FoundApi, upstream: str, *, native: bool
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The draft with the stage planned and the place below its upstream, and the operations that its contract has."""
    place = f"connectors/{system}/connector.toml"
    text = files[place].decode()
    path = urlsplit(api.addresses[0]).path if api.addresses else ""
    text = text.replace('\nnow = "trial"\n', '\nnow = "planned"\n', 1)
    text = text.replace('\nupstream = "ngsp"\n', f"\nupstream = {_quoted(upstream or UNREGISTERED)}\n", 1)
    if api.addresses:
        text = re.sub(r"\npath = \"[^\"\n]*\"([^\n]*)\n", lambda _: f"\npath = {_quoted(path)}\n", text, count=1)
    text = text.replace(
        "# Written by `lgsp new`", f"# Proposed by `lgsp import wso2` from {_comment(api)}; `lgsp new`", 1
    )
    if not native:  # another system is asked there in its own dialect
        text = re.sub(r"\nnative = false[^\n]*", "", text)
        text = re.sub(
            r"(\nkind = \"(?:query|update)\"\n)",
            lambda found: f"{found[1]}native = false   # this path is another's\n",
            text,
        )
    manifest = tomllib.loads(text)
    return files | {place: text.encode()}, tuple(manifest.get("operations", {}))


def skeleton(system: str, api: FoundApi, missing: Iterable[str]) -> str:
    """Not a connector yet: `lgsp new` makes one when the definition is there."""
    lines = [
        f"# Proposed by `lgsp import wso2` from {_comment(api)}. It waits: not a connector yet.",
        *(f"# - {MISSING[each].vi} / {MISSING[each].en}" for each in missing),
        f"# With the definition: lgsp new {system} --openapi FILE (or --wsdl FILE)",
        f"name = {_quoted(system)}",
        f"title = {{ vi = {_quoted(api.name)}, en = {_quoted(api.name)} }}",
        'owner = { vi = "chưa khai báo", en = "not named yet" }',
        "",
        "[stage]",
        'now = "planned"',
        "",
        "[old_gateway]",
        f"context = {_quoted(api.context)}",
        f"backend = {_quoted(api.addresses[0] if api.addresses else '')}",
        f"operations = [{', '.join(_quoted(f'{each.verb} {each.target}') for each in api.operations)}]",
    ]
    return "\n".join(lines) + "\n"


def _comment(api: FoundApi) -> str:
    return _quoted(f"{api.name} {api.version}")[1:-1]


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(" ".join(text.split())[:200], ensure_ascii=False).replace("\x7f", "\\u007f")
