"""Another gateway's export becomes proposals: connectors, consumers, grants, with all that is missing. Nothing is activated."""

from lgsp.importing.found import Export
from lgsp.importing.proposal import Drafted, Drafting, Proposal, origin, propose
from lgsp.importing.tree import ExportRefused, Tree
from lgsp.importing.tree import read as read_tree
from lgsp.importing.wso2 import read as read_wso2

__all__ = [
    "Drafted",
    "Drafting",
    "Export",
    "ExportRefused",
    "Proposal",
    "Tree",
    "origin",
    "propose",
    "read_tree",
    "read_wso2",
]
