"""Where a command works: settings from file, environment and options, and the data folder that follows from them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgsp.cli.output import Exit, refuse

if TYPE_CHECKING:
    from lgsp.settings import Loaded, Settings


def loaded(**options: Any) -> Loaded:
    """Settings of this call; `limits__body=…` stands for `limits.body`. Ends the command (2) where they are wrong."""
    from lgsp.settings import SettingsError, load, settings_file

    try:
        return load(
            settings_file(os.environ, Path.cwd()),
            os.environ,
            {name.replace("__", "."): value for name, value in options.items()},
        )
    except SettingsError as error:
        refuse(str(error), Exit.USAGE)


def data_folder(data: Path | None) -> Path:
    return loaded(data=data).settings.data


def evidence_folder(data: Path | None) -> Path:
    """The data folder; with PostgreSQL a copy of every chain in it, laid out like one, as long as the command lasts."""
    settings = loaded(data=data).settings
    if not settings.store.url:
        return settings.data
    return click.get_current_context().with_resource(_copied(settings))


@contextmanager
def _copied(settings: Settings) -> Iterator[Path]:
    import asyncio
    from tempfile import TemporaryDirectory

    from lgsp.runtime import SystemClock
    from lgsp.store import StoreRefused
    from lgsp.store.postgres.copies import copy_evidence

    with TemporaryDirectory(prefix="lgsp-evidence-") as folder:
        try:
            place, keys = Path(folder), settings.data / "keys"
            asyncio.run(copy_evidence(settings.store.url, settings.store.keys, keys, place, SystemClock()))
        except StoreRefused as error:
            refuse(str(error))
        yield place
