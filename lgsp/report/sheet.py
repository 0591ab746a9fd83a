"""The tables as one CSV file: UTF-8 with its mark, and no cell that a spreadsheet would carry out."""

from __future__ import annotations

import csv
import io

from lgsp.report.model import Paper

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What Excel or LibreOffice take a cell for a formula by, the wide forms included."""


def cell(text: str) -> str:
    """Text and nothing else, whoever has chosen the words (CWE-1236). Blanks before it do not hide it."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text[:1] in _FORMULA else text


def sheet(paper: Paper) -> bytes:
    """Each table under its title, a blank line between them."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow([cell(f"{paper.kind} {paper.title}")])
    for line in filter(None, (paper.demonstration, *paper.opening[1:], paper.sentence)):
        rows.writerow([cell(line)])
    for table in paper.tables:
        rows.writerow([])
        rows.writerow([cell(table.title)])
        rows.writerow(list(map(cell, table.head)))
        rows.writerows(list(map(cell, row)) for row in table.rows)
        if not table.rows:
            rows.writerow([cell(table.empty)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
