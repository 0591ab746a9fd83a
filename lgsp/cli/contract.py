"""`lgsp contract diff`: would those who call by the old contract notice the new one?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say

if TYPE_CHECKING:
    from lgsp.contract import Contract
    from lgsp.contract.diff import Change


@click.group()
def contract() -> None:
    """Contracts of systems, as files."""


@contract.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("new", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--system", help="Whose contract it is, to name its consumers  [default: the folder's name]")
@data_option
@json_option
def diff(old: Path, new: Path, system: str | None, data: Path | None, *, as_json_: bool) -> None:
    """Compatible (0) or breaking (1), element by element; with --data, the consumers whose grants it would touch."""
    from lgsp.contract.diff import diff as compare

    system = system or old.resolve().parent.name
    grants = _grants(data, system) if data else []
    rows = [
        {
            "operation": each.operation,
            "side": each.side,
            "path": each.path,
            "breaking": each.breaking,
            "text": each.text,
            "consumers": concerned(each, grants) if each.breaking else [],
        }
        for each in compare(_loaded(old, system), _loaded(new, system))
    ]
    breaking = any(row["breaking"] for row in rows)
    if as_json_:
        as_json({"compatible": not breaking, "changes": rows})
    else:
        for row in rows:
            click.echo(_line(row))
        say("breaking" if breaking else "compatible" if rows else "no difference")
    sys.exit(Exit.REFUSED if breaking else Exit.FINE)


def concerned(change: Change, grants: list[dict[str, Any]]) -> list[str]:
    """Consumers that may call the operation and, where an answer changed, are granted the field that did."""
    return sorted(
        {
            grant["consumer"]
            for grant in grants
            if grant["operation"] in ("*", change.operation)
            and (change.side != "output" or not change.path or _granted(grant.get("fields"), change.path))
        }
    )


def _granted(fields: list[str] | None, path: str) -> bool:
    return not fields or any(
        path == each or path.startswith(f"{each}.") or each.startswith(f"{path}.") for each in fields
    )


def _grants(data: Path, system: str) -> list[dict[str, Any]]:
    from lgsp.cli.office import act

    if not data.is_dir():
        refuse(f"no data folder {data}", Exit.USAGE)
    return [each for each in act(data, "grant.list", consumer=None) if each["system"] in ("*", system)]


def _loaded(path: Path, system: str) -> Contract:
    """Ends the command (2) for a file that is no contract."""
    from lgsp.contract import ContractError, load

    try:
        return load(path, name=system)
    except ContractError as error:
        for each in error.findings:
            say(str(each))
        refuse(f"{path} is not a contract that can be read", Exit.USAGE)


def _line(row: dict[str, Any]) -> str:
    where = f"{row['operation']} {row['side']}" + (f" {row['path']}" if row["path"] else "")
    noticed = f" (noticed by {', '.join(row['consumers'])})" if row["consumers"] else ""
    return f"{'breaking  ' if row['breaking'] else 'compatible'} {where}: {row['text']}{noticed}"
