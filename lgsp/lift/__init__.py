"""Takes large strings out of a message while it streams past, so that a 50 MB document never stands in memory.

A lifter is fed the chunks of a JSON or XML message. What it lets through is the message itself with every string
value (JSON) or run of element text (XML) above `THRESHOLD` taken out to a `Blob`: a `Spooled` of small bytes and blobs
in turn. Codecs never see blobs: `with_placeholders` swaps each for a short text that is valid base64, `restore` swaps it
back, and `lower`/`split` do the same on the way out.

    chunks --lifter--> Spooled --with_placeholders--> small bytes --codec--> Data --restore--> Data with Blobs
    Data with Blobs --lower--> Data --codec--> bytes --split--> Spooled --pieces--> socket

Escapes are decoded on the way into a blob and written again on the way out, so a blob holds the text itself.
"""

from lgsp.lift.around import has_blob, lower, restore, split, with_placeholders
from lgsp.lift.escapes import Escape, Piece, escaped, escaped_size, utf8_cut
from lgsp.lift.json_lifter import JsonLifter
from lgsp.lift.lifter import THRESHOLD, BlobWriter, Lifter
from lgsp.lift.xml_lifter import XmlLifter

__all__ = [
    "THRESHOLD",
    "BlobWriter",
    "Escape",
    "JsonLifter",
    "Lifter",
    "Piece",
    "XmlLifter",
    "escaped",
    "escaped_size",
    "has_blob",
    "lower",
    "restore",
    "split",
    "utf8_cut",
    "with_placeholders",
]
