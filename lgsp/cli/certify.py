"""`lgsp certify`: is a consumer's own client ready? The situations are played, judged, and written down as test minutes."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say, table

if TYPE_CHECKING:
    from lgsp.cli.certifying import Entered


@click.command()
@click.argument("consumer")
@click.option(
    "--client", "command", help="The client: a command that does its ordinary work once and ends with 0 or 75."
)
@click.option("--inbox", is_flag=True, help="The client reads its inbox and acknowledges what it read.")
@click.option("--only", multiple=True, metavar="SITUATION", help="Only these situations; repeatable.")
@click.option("--seconds", default=60.0, show_default=True, help="Longest run of the client in one situation.")
@click.option("--province", default="hoa-binh", show_default=True)
@click.option(
    "--minutes", type=click.Path(path_type=Path), help="Write the test minutes here (Markdown); - prints them."
)
@data_option
@json_option
def certify(
    consumer: str, command: str | None, *, inbox: bool, only: tuple[str, ...], seconds: float, province: str,
    minutes: Path | None, data: Path | None, as_json_: bool,
) -> None:  # fmt: skip
    """Play the published situations against the client of CONSUMER and score it; exit 1 where one failed.

    CONSUMER is one of the demonstration, or one that an operator has entered, with its grants. The client finds LGSP_URL,
    LGSP_API_KEY, LGSP_CLIENT_ID, LGSP_CLIENT_SECRET in its environment. Without --client: the list.
    """
    from lgsp.cli.situations import SITUATIONS

    if unknown := set(only) - {each.id for each in SITUATIONS}:
        refuse(f"no situation {', '.join(sorted(unknown))}", Exit.USAGE)
    if command is None:
        rows = [{"id": each.id, "vi": each.vi, "en": each.en} for each in SITUATIONS]
        as_json(rows) if as_json_ else table(("situation", "vi", "en"), [tuple(row.values()) for row in rows])
        return
    import asyncio

    from lgsp.cli.certifying import Client

    client = Client(shlex.split(command), consumer, seconds, inbox, _entered(consumer, province, data))
    try:
        result = asyncio.run(_play(client, only, province))
    except LookupError as error:
        refuse(f"no consumer {consumer!r}; there are {error.args[0]}", Exit.USAGE)
    except FileNotFoundError as error:
        refuse(str(error), Exit.USAGE)
    if minutes is not None and str(minutes) != "-":
        minutes.write_text(written(result), "utf-8")
        say(f"lgsp: wrote {minutes}")
    if as_json_:
        as_json(result)
    elif str(minutes) == "-":
        click.echo(written(result), nl=False)
    else:
        told = [(row["id"], row["verdict"], row["because"]) for row in result["situations"]]
        table(("situation", "verdict", "because"), told)
        click.echo(
            f"{result['passed']} of {result['applicable']} situations: {'fit' if result['fit'] else 'not yet fit'}"
        )
    if not result["fit"]:
        raise SystemExit(Exit.REFUSED)


def _entered(consumer: str, province: str, data: Path | None) -> Entered | None:
    """What the installation knows of it; None where it is the demonstration's."""
    from lgsp.cli.certifying import Entered
    from lgsp.cli.office import act
    from lgsp.cli.place import data_folder
    from lgsp_mocks.world import Province

    demonstration = {each["id"] for each in Province.load(province).consumers}
    folder = data_folder(data)
    if consumer in demonstration or not any((folder / name).exists() for name in ("control.sock", "lgsp.db")):
        return None
    return Entered.shown(act(data, "consumer.show", id=consumer))


async def _play(client: Any, only: tuple[str, ...], province: str) -> dict[str, Any]:
    from lgsp.cli.certifying import play
    from lgsp.cli.situations import SITUATIONS
    from lgsp.simulate import Loaded

    loaded = Loaded.read()
    rows, plain = [], None
    for situation in SITUATIONS:
        if only and situation.id not in (*only, "plain"):
            continue
        seen = await play(situation, client, loaded, province, plain)
        plain = plain or seen
        verdict, because = situation.judge(seen)
        rows.append({
            "id": situation.id, "vi": situation.vi, "en": situation.en, "verdict": verdict, "because": because,
            "calls": len(seen.calls), "seconds": round(seen.seconds, 1),
            "outcomes": sorted({call.outcome for call in seen.calls}),
        })  # fmt: skip
        if verdict == "failed" and situation.id == "plain":
            break  # what does not work when nothing is wrong need not be tried further
    passed = sum(row["verdict"] == "passed" for row in rows)
    applicable = sum(row["verdict"] != "not applicable" for row in rows)
    return {
        "consumer": client.consumer, "client": shlex.join(client.command), "province": province, "at": _now().isoformat(),
        "passed": passed, "applicable": applicable, "fit": passed == applicable and passed > 0, "situations": rows,
    }  # fmt: skip


def _now() -> datetime:
    from lgsp.runtime import HANOI, Runtime

    return Runtime.system().clock.now().astimezone(HANOI).replace(microsecond=0)


def written(result: dict[str, Any]) -> str:
    """The minutes that onboarding asks for, to be signed by both sides."""
    names = {"passed": "Đạt", "failed": "Không đạt", "not applicable": "Không áp dụng"}
    rows = "\n".join(
        f"| {n} | {row['vi']} ({row['en']}) | {names[row['verdict']]} | {row['because']} | {row['calls']} |"
        for n, row in enumerate(result["situations"], 1)
    )
    return f"""# BIÊN BẢN KIỂM THỬ KẾT NỐI

Thực hiện trên hệ thống mô phỏng, dữ liệu giả định. (Made on the simulator, with invented data.)

- Hệ thống khai thác (consumer): **{result["consumer"]}**
- Chương trình (client): `{result["client"]}`
- Thời điểm (at): {result["at"]}
- Tỉnh (province): {result["province"]}
- Kết quả (result): **{result["passed"]}/{result["applicable"]} tình huống đạt; {"ĐẠT" if result["fit"] else "CHƯA ĐẠT"}**

| STT | Tình huống | Kết quả | Ghi nhận | Số lời gọi |
|---|---|---|---|---|
{rows}

| Đại diện đơn vị khai thác | Đại diện đơn vị vận hành |
|---|---|
| (ký, ghi rõ họ tên) | (ký, ghi rõ họ tên) |
"""
