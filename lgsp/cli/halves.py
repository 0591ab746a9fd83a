"""`lgsp serve` and `lgsp sim`: the two halves of `lgsp up`, each alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lgsp.cli.output import data_option
from lgsp.cli.place import loaded

if TYPE_CHECKING:
    from lgsp.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def home_option(function: F) -> F:
    return click.option(
        "--home", "homes", multiple=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="A further folder with connectors/ contracts/ mocks/; repeatable.",
    )(function)  # fmt: skip


def world_options(function: F) -> F:
    """What the simulated province is, and how it behaves."""
    options = (
        click.option("--province", default="hoa-binh", show_default=True, help="Built-in name, or a folder."),
        click.option("--seed", default=1, show_default=True, type=int, help="The same seed gives the same world."),
        click.option("--realism", type=click.Choice(["calm", "typical"]), default="calm", show_default=True,
                     help="calm: no latency, no faults, no quotas, a day of asynchronous work in 10 s."),
        click.option("--time-factor", type=click.FloatRange(0.001, 1e6), help="How many times faster asynchronous work runs."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def traffic_option(function: F) -> F:
    return click.option(
        "--traffic", default="off", show_default=True, metavar="off|calm|typical|RATE", callback=_level,
        help="Agency systems that call by themselves: by the province's hours and rates, or so many calls a second.",
    )(function)  # fmt: skip


def _level(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if value == "off":
        return value
    from lgsp_mocks.traffic import Plan

    try:
        Plan.load().of_level(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None
    return value


@click.command()
@click.option("--host", help="Address to listen on  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="[default: 8080]")
@data_option
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that serve; from two on one more owns the data and watches over them.",
)
@click.option("--sim", help="Address of a simulator: every upstream points there, with demonstration consumers.")
@click.option("--province", default="hoa-binh", show_default=True, help="With --sim: whose demonstration this is.")
@home_option
@click.option("--worker", hidden=True, help="The name of this worker, for the process that starts it.")
@click.option("--doors", hidden=True, help="Descriptors of bound sockets, handed down.")
@click.option("--first", is_flag=True, hidden=True, help="The first worker of a new start.")
def serve(
    host: str | None,
    port: int | None,
    data: Path | None,
    workers: int,
    sim: str | None,
    province: str,
    homes: tuple[Path, ...],
    *,
    worker: str | None,
    doors: str | None,
    first: bool,
) -> None:
    """The gateway alone. Ctrl-C or SIGTERM lets exchanges under way end, at most limits.drain_seconds; SIGHUP reloads.

    With several workers SIGUSR2 replaces them one by one, without losing a call.
    """
    del first  # `cli/worker.py` looks for it

    def read() -> Settings:
        from lgsp.settings import load, settings_file

        options = {
            "host": host,
            "port": port,
            "data": data,
            "sim": sim,
            "homes": homes or None,
            "demo": bool(sim) or None,
        }
        return load(settings_file(os.environ, Path.cwd()), os.environ, options).settings

    settings = loaded(
        host=host, port=port, data=data, sim=sim, homes=homes or None, demo=True if sim else None
    ).settings
    if worker is not None and doors is not None:
        from lgsp.cli.worker import work

        work(settings, province, worker, tuple(map(int, doors.split(","))), read)
    elif workers > 1:
        from lgsp.cli.parent import serve_workers

        serve_workers(settings, workers)
    else:
        from lgsp.cli.serving import serve_gateway

        serve_gateway(settings, province, read)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=9000, show_default=True)
@click.option("--state", type=click.Path(path_type=Path), help="Keep the ministries' memory here over restarts.")
@click.option(
    "--gateway", default="http://127.0.0.1:8080", show_default=True, help="Where ministries call the province."
)
@click.option("--header-faults", is_flag=True, help="Obey the request header X-Sim-Fault.")
@traffic_option
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    default=Path("data/demo.json"),
    show_default=True,
    help="With --traffic: the keys of the agency systems.",
)
@world_options
@home_option
@click.option("--fd", type=int, hidden=True, help="A bound socket, handed down by `up`.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input ends.")
def sim(
    host: str, port: int, fd: int | None, state: Path | None, gateway: str, homes: tuple[Path, ...], *, province: str,
    seed: int, realism: str, time_factor: float | None, header_faults: bool, with_parent: bool, traffic: str,
    profile: Path,
) -> None:  # fmt: skip
    """The simulator alone: the national platform and every ministry on one seeded province."""
    from lgsp.cli.simulating import WorldOptions, serve_simulator

    world = WorldOptions(province, seed, realism, time_factor, header_faults)
    busy = None if traffic == "off" else (traffic, profile)
    serve_simulator(host, port, fd, state, gateway, homes, world, with_parent=with_parent, traffic=busy)
