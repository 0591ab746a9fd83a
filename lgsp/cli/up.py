"""`lgsp up`: the whole demonstration in one command; Ctrl-C drains it and leaves nothing running."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lgsp.cli.halves import home_option, traffic_option, world_options
from lgsp.cli.output import data_option
from lgsp.cli.place import loaded


@click.command()
@click.option("--host", help="Address of the gateway  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the gateway  [default: 8080]")
@click.option(
    "--sim-port", type=click.IntRange(0, 65535), default=9000, show_default=True, help="Port of the simulator."
)
@data_option
@traffic_option
@world_options
@home_option
def up(
    host: str | None,
    port: int | None,
    sim_port: int,
    data: Path | None,
    traffic: str,
    homes: tuple[Path, ...],
    **world: Any,
) -> None:
    """Gateway, simulator and demonstration data on loopback, until Ctrl-C.

    Invented data, plain HTTP: for trying, never for serving. Consumers, keys and data survive a restart.
    """
    found = loaded(host=host, port=port, data=data, homes=homes or None, demo=True)
    settings = found.settings
    if "log_level" not in found.origins:
        settings = replace(settings, log_level="warning")  # the two calls to copy stay in sight
    from lgsp.cli.starting import start

    start(settings, sim_port, world, traffic)
