"""`lgsp compliance`: whose security level is approved on a day, who would be cut off, whose approval ends soon."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from lgsp.cli.office import act
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, table
from lgsp.cli.place import data_folder


@click.group(invoke_without_command=True)
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The day that is looked at [today].")
@click.option("--province", help="A built-in province or a folder: its register alone, without this bus's callers.")
@data_option
@json_option
@click.pass_context
def compliance(
    ctx: click.Context, on: datetime | None, province: str | None, data: Path | None, *, as_json_: bool
) -> None:
    """Security levels (Decree 85/2016) on a day: how many are approved, who is cut off, who will be soon."""
    if ctx.invoked_subcommand is not None:
        return
    found = _of_province(province, on) if province else _of_bus(data, on)
    if as_json_:
        as_json(found)
        return
    others = [*found["consumers"], *found["connected"]]
    rows = [*found["systems"], *(each for each in others if each["cut"] or each["standing"] == "expiring")]
    table(
        ("id", "name", "level", "decision", "until", "standing"),
        [
            (r["id"], r["name"], str(r["level"] or ""), r["decision"], r["expires"] or "", r["standing"])
            for r in rows
        ],
    )  # fmt: skip
    click.echo(_headline(found))
    for title, names in (("cut off", found["cut"]), ("ends soon", found["warn"])):
        if names:
            click.echo(f"{title} ({len(names)}): {', '.join(names)}")


@compliance.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_option
def compliance_import(file: Path, data: Path | None) -> None:
    """Take over the province's register, a CSV. Callers of the same id get its approvals, or lose them."""
    from lgsp.compliance import RegisterError, as_record, read_register

    try:
        register = read_register(file)
    except (RegisterError, OSError, UnicodeDecodeError) as error:
        refuse(str(error), Exit.USAGE)
    as_json(act(data, "compliance.import", register=[as_record(each) for each in register]))


@compliance.command("system")
@click.argument("system")
@click.option("--level", type=click.IntRange(1, 5), required=True, help="Approved cấp độ (NĐ 85/2016).")
@click.option("--decision", required=True, help="Number of the decision.")
@click.option("--since", metavar="DATE", help="First day of the approval [today].")
@click.option("--until", metavar="DATE", help="Last day; after it the system is no longer called.")
@click.option("--anti-malware/--no-anti-malware", default=None, help="Runs the central anti-malware, or does not.")
@data_option
def compliance_system(system: str, data: Path | None, **facts: Any) -> None:
    """Enter the approved level of a connected SYSTEM, as its ministry has declared it."""
    as_json(act(data, "compliance.system", system=system, **facts))


def _of_bus(data: Path | None, on: datetime | None) -> Any:
    """The register that was imported; on a fresh place that of the province named in the settings, else the sample's."""
    folder = data_folder(data)
    if (folder / "lgsp.db").exists():
        found = act(folder, "compliance.show", on=on.date().isoformat() if on else None)
        if found["total"]:
            return found
    return _of_province("hoa-binh", on)


def _of_province(name: str, on: datetime | None) -> Any:
    from lgsp.compliance import RegisterError, preview, read_register
    from lgsp.runtime import HANOI, SystemClock
    from lgsp_mocks.world.province import Province

    day = on.date() if on else SystemClock().now().astimezone(HANOI).date()
    try:
        register = read_register(Province.load(name).folder / "security-levels.csv")
    except (RegisterError, OSError) as error:
        refuse(str(error), Exit.USAGE)
    return preview(register, (), day).as_dict()


def _headline(found: Any) -> str:
    total, approved, pending = found["total"], found["approved"], found["pending"]
    if not total:
        return f"{found['on']}: no register"
    share = f"{found['percent']:g} %"
    parts = [f"{found['on']}: {approved}/{total} approved ({share})", f"{pending} pending"]
    parts += [f"{found[name]} {name}" for name in ("expired", "unprotected") if found[name]]
    return ", ".join(parts)
