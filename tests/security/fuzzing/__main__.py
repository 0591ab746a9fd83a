"""`make fuzz`: each target under atheris, guided by coverage, for so many seconds; ends with 1 where one of them breaks.

    python -m tests.security.fuzzing [--seconds 600] [--corpus DIR] [--longest 10] [TARGET ...]

What breaks a target is written to DIR/TARGET/crash-…; make it a seed in `targets.py` together with the repair (RULES 32).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

NAMES = ("xml", "json", "username-token", "signature", "token")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz"))
    parser.add_argument("--longest", type=int, default=10, help="seconds of the clock that one input may take")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := set(given.targets) - set(NAMES):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if given.alone:
        return alone(given.targets[0], given.corpus, given.seconds, given.longest)
    broken = []
    for name in given.targets or NAMES:
        print(f"-- {name}: {given.seconds} s", flush=True)
        command = [
            sys.executable,
            "-m",
            __package__,
            "--alone",
            name,
            "--corpus",
            str(given.corpus),
            "--seconds",
            str(given.seconds),
            "--longest",
            str(given.longest),
        ]
        if subprocess.run(command, check=False).returncode:
            broken.append(name)
    print(f"broken: {', '.join(broken)}" if broken else "no target broke")
    return 1 if broken else 0


def alone(name: str, corpus: Path, seconds: int, longest: int) -> int:
    """One target in a process of its own, for libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["lgsp"]):
        from tests.security.fuzzing.targets import TARGETS, seeds
    folder = corpus / name
    folder.mkdir(parents=True, exist_ok=True)
    target = TARGETS[name]
    for number, seed in enumerate(seeds(name)):
        (folder / f"seed-{number}").write_bytes(seed)
        target(seed)
    arguments = [
        sys.argv[0], str(folder), f"-max_total_time={seconds}", f"-artifact_prefix={folder}/", f"-timeout={longest}", "-max_len=20000",
        "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1",
    ]  # fmt: skip
    atheris.Setup(arguments, target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
