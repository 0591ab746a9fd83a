"""Where a command works: settings from file, environment and options, and the data folder that follows from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgsp.cli.output import Exit, refuse

if TYPE_CHECKING:
    from lgsp.settings import Loaded


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
