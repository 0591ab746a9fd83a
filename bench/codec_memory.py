"""`python -m bench.codec_memory`: 100,000 messages through the codecs, and what they leave behind in memory."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import click

from bench.codec import KIB, generated, messages, of_size, systems
from lgsp.contract import load
from lgsp.xml import parse_xml

BEFORE = 10_000
"""Messages after which pools and caches have their size."""


def held() -> int:
    """Bytes of this process that stand in memory, without what is shared with others."""
    fields = Path("/proc/self/statm").read_text("ascii").split()
    return (int(fields[1]) - int(fields[2])) * 4096


@click.command()
@click.option("--times", default=100_000, show_default=True, help="Messages in all.")
def main(times: int) -> None:
    """Each message is written, parsed, read and goes through JSON. Ends with 1 where memory grew by more than 5 %."""
    works = []
    for path in systems():
        contract = load(path, name=path.parent.name)
        works += [(codec, data) for _, codec, data in messages(contract)]
    with tempfile.TemporaryDirectory() as folder:
        codec = load(generated(Path(folder)), name="bench").operations["op"].input
    works += [(codec, of_size(codec, size)) for size in (KIB, 10 * KIB)]
    start = 0
    for number in range(times + BEFORE):
        if number == BEFORE:
            gc.collect()
            start = held()
        codec, data = works[number % len(works)]
        codec.read_json(codec.write_json(codec.read_xml(parse_xml(codec.write_xml(data)))))
    gc.collect()
    end = held()
    grown = 100 * (end - start) / start
    click.echo(
        f"{times:,} messages of {len(works)} kinds: {start >> 10:,} KiB before, {end >> 10:,} KiB after ({grown:+.1f} %)"
    )
    if grown > 5:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
