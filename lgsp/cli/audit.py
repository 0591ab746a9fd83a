"""`lgsp audit`: does the evidence stand, and who read whose data. Reads beside a running owner."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from lgsp.cli.custody import hold, payload, retention
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say, table
from lgsp.cli.place import evidence_folder


@click.group()
def audit() -> None:
    """The evidence: does it stand, and who read whose data."""


for each in (payload, retention, hold):
    audit.add_command(each)


@audit.command()
@click.option(
    "--witness",
    "notes",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="A note that an outside witness keeps.",
)
@click.option("--witness-key", "keys", multiple=True, help="That witness's verifier key; one a note.")
@data_option
@json_option
def verify(data: Path | None, notes: tuple[Path, ...], keys: tuple[str, ...], *, as_json_: bool) -> None:
    """Every chain against its own hashes and checkpoints; ends with 1 and names the first bad entry where one is."""
    from lgsp.audit import verify as verify_folder

    folder = evidence_folder(data)
    if not folder.is_dir():
        refuse(f"{folder} does not exist; name the data folder with --data", Exit.USAGE)
    if len(notes) != len(keys):
        refuse("every --witness has its --witness-key", Exit.USAGE)
    try:
        seen = [_seen(folder, note, key) for note, key in zip(notes, keys, strict=True)]
        verdict = verify_folder(folder, seen)
    except OSError as error:
        refuse(f"{folder}: {error.strerror or error}")
    if as_json_:
        as_json(verdict.as_dict())
    elif bad := verdict.first_bad:
        click.echo(f"BAD: writer {bad.writer}, entry {bad.index}: {bad.reason}")
    else:
        rows = [(name, str(w.entries), str(w.signed)) for name, w in verdict.writers.items()]
        table(("writer", "entries", "signed"), rows)
        click.echo(_window(folder, {name: w.entries for name, w in verdict.writers.items()}))
    sys.exit(Exit.FINE if verdict.ok else Exit.REFUSED)


def _seen(folder: Path, file: Path, key: str) -> Any:
    """What a witness's note says about one of our writers. Ends the command (2) where it says nothing."""
    from lgsp.audit.notes import Note, NoteRefused, VerifierKey
    from lgsp.audit.verify import Seen
    from lgsp.audit.witnessing import origin_of
    from lgsp.store.keys import public_key

    try:
        note, witness = Note.parse(file.read_bytes()), VerifierKey.parse(key)
    except NoteRefused as error:
        refuse(f"{file}: {error}", Exit.USAGE)
    point = note.checkpoint
    writer = point.origin.rpartition("/")[2]
    if point.origin != origin_of(public_key(folder / "keys"), writer):
        refuse(f"{file}: the note is about another installation's evidence", Exit.USAGE)
    if note.witnessed_at(witness) is None:
        refuse(f"{file}: no co-signature of {witness.name} holds", Exit.USAGE)
    return Seen(writer, point.size, point.root, witness.name)


def _window(folder: Path, entries: dict[str, int]) -> str:
    """How much somebody who holds the signing key could still change unnoticed."""
    from lgsp.store.sqlite.evidence import witnessed

    lines = []
    for name, state in sorted(witnessed(folder).items()):
        witness, _, writer = name.rpartition(":")
        behind = max(0, entries.get(writer, 0) - int(state["size"]))
        lines.append(
            f"{writer}: witnessed by {witness} up to entry {state['size']} at {state['at']}; window {behind} entries"
        )
    if not lines:
        return "the evidence stands; against somebody who holds the signing key it has no outside witness"
    return "\n".join(["the evidence stands", *lines])


@audit.command()
@click.option("--to", type=click.Path(path_type=Path), required=True, help="A folder that is new or empty.")
@data_option
def export(to: Path, data: Path | None) -> None:
    """Everything as plain files, with a verifier that needs nothing of this bus: `python TO/verify.py TO`."""
    from lgsp.audit.export import export as write
    from lgsp.store.sqlite.evidence import EvidenceUnreadable

    try:
        as_json(write(evidence_folder(data), to))
    except OSError as error:
        refuse(str(error))
    except EvidenceUnreadable as error:
        refuse(f"the evidence cannot be read: {error}")


@audit.command()
@data_option
def key(data: Path | None) -> None:
    """What an outside witness must know of this installation: one verifier key a writer."""
    from lgsp.audit.witnessing import log_key
    from lgsp.store.keys import public_key
    from lgsp.store.sqlite.evidence import known_writers

    folder = evidence_folder(data)
    try:
        public = public_key(folder / "keys")
    except OSError as error:
        refuse(f"{folder}: {error.strerror or error}", Exit.USAGE)
    for writer in known_writers(folder):
        click.echo(str(log_key(public, writer)))


@audit.command()
@click.argument("subject")
@data_option
@json_option
def who(subject: str, data: Path | None, *, as_json_: bool) -> None:
    """Who asked about SUBJECT, a personal number, and what came of it.

    - reads the number from standard input, so that it stays out of the history.
    """
    from lgsp.audit import who as entries_about

    person = sys.stdin.readline().strip() if subject == "-" else subject
    folder = evidence_folder(data)
    try:
        entries = entries_about(folder, person)
    except OSError as error:
        refuse(f"{error.filename or folder}: {error.strerror or error}", Exit.USAGE)
    if as_json_:
        as_json(entries)
        return
    names = ("at", "kind", "consumer", "system", "operation", "purpose", "officer", "outcome")
    table(names, [tuple(str(entry.get(name) or "") for name in names) for entry in entries])
    if not entries:
        say("nobody has asked about this person")
