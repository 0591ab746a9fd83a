"""Where systems live: a folder with connectors/, contracts/ and mocks/. One is built in, more are named by `--home`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import util
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """`mocks` may be missing: a system of one's own can be connected before it is simulated."""

    connectors: Path
    contracts: Path
    mocks: Path

    @classmethod
    def at(cls, folder: Path) -> Home:
        """A home of one's own."""
        return cls(folder / "connectors", folder / "contracts", folder / "mocks")

    def systems(self) -> tuple[str, ...]:
        """Names of the folders with a manifest, sorted."""
        if not self.connectors.is_dir():
            return ()
        return tuple(sorted(each.parent.name for each in self.connectors.glob("*/connector.toml")))

    def simulator(self, system: str) -> Path:
        """The module that simulates a system: one system, one name."""
        return self.mocks / f"{system.replace('-', '_')}.py"


def builtin() -> Home:
    """The systems that come with the bus: the checkout's own folders, or what the wheel carries."""
    package = Path(__file__).parent
    if (package / "_home").is_dir():
        spec = util.find_spec("lgsp_mocks")
        found = spec.submodule_search_locations if spec else None
        mocks = Path(next(iter(found))) if found else package / "_home" / "mocks"
        return Home(package / "_home" / "connectors", package / "_home" / "contracts", mocks)
    return Home.at(package.parent)
