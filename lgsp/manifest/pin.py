"""The pin of a contract: a document that the ministry itself wrote, which nobody changes without saying so.

As the public face of a system such a document says what its messages are; how they travel there is our own rule, so that
identifiers stay out of URLs: every operation is a POST of one JSON object.
"""

from __future__ import annotations

from dataclasses import replace

from lgsp.contract import Contract, Http
from lgsp.manifest.table import Table


def pinned(table: Table, contract: Contract | None) -> Contract | None:
    """A changed document is a finding. What it does not say of an operation's origin is that it is the ministry's own."""
    pin = table.text("sha256")
    if contract is None:
        return None
    if pin != contract.sha256:
        said = f"its files are {contract.sha256}: changed since; compare (lgsp contract diff), then pin them again"
        table.finding("sha256", said)
    origin = f"sourced: the ministry's own document, sha256 {contract.sha256[:12]}"
    named = {
        name: replace(each, origin=each.origin or origin, http=Http("POST", f"/{name}"))
        for name, each in contract.operations.items()
    }
    by_root = {root: named[each.name] for root, each in contract.by_root.items()}
    return replace(contract, operations=named, by_root=by_root)
