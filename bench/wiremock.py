"""WireMock from npm (it needs a Java runtime), started as its documentation advises for load: no journal, no request log."""

from __future__ import annotations

import subprocess

from bench.packages import installed
from bench.rig import CONTENDERS_CORE, Rig, free_port, wait

WIREMOCK = "wiremock@3.13.2"


def wiremock(stage: Rig) -> tuple[str, subprocess.Popen[bytes]]:
    """Where it listens. It answers what it is told at `/__admin/mappings`."""
    jar = next((installed(WIREMOCK) / "wiremock" / "build").glob("*.jar"))
    port, folder = free_port(), stage.folder / "wiremock"
    folder.mkdir()
    process = stage.execute(
        "java", "-jar", str(jar), "--port", str(port), "--bind-address", "127.0.0.1", "--root-dir", str(folder),
        "--no-request-journal", "--disable-request-logging", "--disable-banner", core=CONTENDERS_CORE,
    )  # fmt: skip
    wait(f"http://127.0.0.1:{port}/__admin/mappings", 60)
    return f"http://127.0.0.1:{port}", process
