"""What connectors' mappings build on: dates, codes, places, XML and JSON inside strings, business-error shapes.

A connector's `mapping.py` is pure and total. It has these functions (operation is always the PUBLIC name):

    ask(operation, data, ctx) -> data            the caller's message into the ministry's dialect
    answer(operation, data, ctx) -> data         the ministry's answer into clean types, or raise a leaf of `lgsp.errors`
    receive(operation, data, ctx) -> Received    optional: a call that the ministry makes to the province
    refuse(operation, data, error, ctx) -> data  optional: what to tell the ministry when its call cannot be taken

and imports the standard library (not xml, time, random), this module and `lgsp.errors`, nothing else.
"""

from __future__ import annotations

from lgsp.mapping.context import CodeTable, Context, PlaceTable, Received
from lgsp.mapping.dates import read_date, read_moment, write_date, write_moment
from lgsp.mapping.embedded import json_data, json_text, xml_data, xml_text
from lgsp.mapping.refusals import already_received, field_errors, not_admitted, pointers, refusal, rule_of
from lgsp.mapping.shapes import filled, listed, text_of, texts
from lgsp.model import Blob, Data, FieldError

__all__ = [
    "Blob",
    "CodeTable",
    "Context",
    "Data",
    "FieldError",
    "PlaceTable",
    "Received",
    "already_received",
    "field_errors",
    "filled",
    "json_data",
    "json_text",
    "listed",
    "not_admitted",
    "pointers",
    "read_date",
    "read_moment",
    "refusal",
    "rule_of",
    "text_of",
    "texts",
    "write_date",
    "write_moment",
    "xml_data",
    "xml_text",
]
