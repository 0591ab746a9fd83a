"""The simulator's memory on disk: one JSON file, replaced as a whole, so that a restart keeps tokens and data."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from lgsp.model import Blob

if TYPE_CHECKING:
    from lgsp_mocks.simulator import Simulator

EVERY = 1.0
"""Seconds between two looks whether something has changed."""
SMALL = 1_024
"""A kept value up to so many characters stands in its own reference."""


class Keeping:
    """`folder` None: a simulator without a memory, except for large values that handlers put aside."""

    def __init__(self, simulator: Simulator, folder: Path | None) -> None:
        self._simulator = simulator
        self._file = folder / "simulator.json" if folder else None
        self.changed = False
        self._count = 0

    def load(self) -> None:
        """What an earlier run of the same province and seed has left; another one's is put aside by not being read."""
        if self._file is None or not self._file.is_file():
            return
        kept = json.loads(self._file.read_text("utf-8"))
        sim = self._simulator
        sim.tokens.restore(kept)
        sim.sessions.restore(kept)
        if kept["of"] != self._of():
            return
        sim.states = kept["states"]
        sim.world.restore(kept["world"])
        sim.journal.effects = kept["effects"]
        sim.work.restore(kept["work"])
        self._count = kept["count"]

    def save(self) -> None:
        """At once and whole: the file is the old one or the new one, never half of it."""
        if self._file is None:
            return
        sim = self._simulator
        kept = {
            "of": self._of(),
            "states": sim.states,
            "world": sim.world.state,
            "effects": sim.journal.effects,
            "work": sim.work.state(),
            "count": self._count,
            **sim.tokens.state(),
            **sim.sessions.state(),
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
        beside.replace(self._file)
        self.changed = False

    async def run(self) -> None:
        """Saves soon after a change; `close` of the simulator saves a last time."""
        while self._file is not None:
            await asyncio.sleep(EVERY)
            if self.changed:
                self.save()

    # values too large for a state

    def keep(self, value: str | Blob) -> str:
        """A reference to the value: itself where it is small, else a file of the simulator."""
        if isinstance(value, str) and len(value) <= SMALL:
            return f"text:{value}"
        self._count += 1
        folder = self._simulator.folder / "values"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self._count:08d}"
        if isinstance(value, str):
            path.write_text(value, "utf-8", newline="")
            return f"file:{path.name}"
        try:
            os.link(value.path, path)
        except OSError:  # another file system
            path.write_bytes(value.path.read_bytes())
        facts = [value.size, value.sha256, value.json_size, value.xml_size, value.content_type, value.filename]
        return f"blob:{path.name}:{json.dumps(facts)}"

    def kept(self, reference: str) -> str | Blob:
        kind, _, rest = reference.partition(":")
        folder = self._simulator.folder / "values"
        if kind == "text":
            return rest
        if kind == "file":
            return (folder / rest).read_text("utf-8")
        name, _, facts = rest.partition(":")
        size, sha256, json_size, xml_size, content_type, filename = json.loads(facts)
        return Blob(folder / name, size, sha256, json_size, xml_size, content_type, filename)

    def _of(self) -> list[object]:
        world = self._simulator.world
        return [world.province.name, world.seed, world.size]
