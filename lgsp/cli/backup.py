"""`lgsp backup`: copies of the whole installation, made while it serves; checked, put in place elsewhere, rehearsed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse
from lgsp.cli.place import loaded

if TYPE_CHECKING:
    from lgsp.backup.manifest import Manifest
    from lgsp.backup.restoring import Restored
    from lgsp.backup.sealing import Opener, Sealed
    from lgsp.settings import Settings

_FOLDER = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_JOURNAL = click.option(
    "--journal",
    type=click.Path(path_type=Path, exists=True),
    help="Folder of the journal (store.journal) to be played upon it.",
)
_KEYS = click.option(
    "--keys", "keys_at", type=click.Path(path_type=Path, exists=True),
    help="The installation's keys as they are kept elsewhere: a folder, or the file of store.keys.",
)  # fmt: skip
_PASSPHRASE = click.option(
    "--passphrase-file",
    "passphrase",
    type=click.File("r", encoding="utf-8"),
    help="Passphrase of the keys; - is standard input.",
)
_IDENTITY = click.option(
    "--identity", type=click.Path(path_type=Path, exists=True), help="Secret half that `lgsp backup key` has made."
)
_PUBLIC = click.option(
    "--evidence-key",
    "public",
    help="Public key of the evidence as it is known elsewhere (64 hex digits); else the backup's own.",
)


@click.group()
def backup() -> None:
    """Copies of the whole installation, made while it serves."""


@backup.command()
@_FOLDER
@_PASSPHRASE
@click.option("--recipient", help="Seal the keys for whoever holds the other half of this (`lgsp backup key`).")
@click.option("--without-keys", is_flag=True, help="The keys are kept elsewhere; without them the copy cannot be used.")
@click.option("--forget-journal", is_flag=True, help="Remove what the journal has from before this backup.")
@data_option
@json_option
def create(
    folder: Path, data: Path | None, passphrase: Any, recipient: str | None, *,
    without_keys: bool, forget_journal: bool, as_json_: bool,
) -> None:  # fmt: skip
    """A whole backup in DIR, which is new or empty. The bus may run meanwhile.

    Records, evidence, certificates, filed reports; the keys sealed by a passphrase or for a recipient. It is whole when the
    command has ended with 0: until then it has no manifest.
    """
    from lgsp.backup.making import create as made
    from lgsp.runtime import SystemClock

    if sum((passphrase is not None, recipient is not None, without_keys)) != 1:
        refuse("the keys: one of --passphrase-file, --recipient, --without-keys", Exit.USAGE)
    settings = loaded(data=data).settings
    with refusals():
        keys = own_keys(settings)
        sealed = _sealed(keys, passphrase, recipient)
        if settings.store.url:
            import asyncio

            from lgsp.backup.clustered import create as of_database

            manifest = asyncio.run(of_database(settings.data, settings.store.url, folder, keys, sealed, SystemClock()))
        else:
            manifest = made(settings.data, folder, keys, sealed, SystemClock())
        gone = _forget(settings, manifest) if forget_journal else 0
    if as_json_:
        as_json({**_summary(manifest), "journal_files_removed": gone})
        return
    size = sum(each.size for each in manifest.files.values())
    click.echo(f"{folder}: {len(manifest.files)} files, {size / 1e6:.1f} MB, {_seconds(manifest):.1f} s")
    click.echo(
        f"submissions {_counted(manifest.submissions)}; evidence {_counted(manifest.entries)}; keys {manifest.keys}"
    )


@backup.command()
@_FOLDER
@_PASSPHRASE
@_IDENTITY
@_PUBLIC
@json_option
def verify(folder: Path, passphrase: Any, identity: Path | None, public: str | None, *, as_json_: bool) -> None:
    """Is DIR whole, unchanged, and does its evidence stand? With passphrase or identity: do the keys open?"""
    from lgsp.backup.checking import check

    with refusals():
        checked = check(folder, _opener(passphrase, identity), _public(public))
    if as_json_:
        as_json(checked.as_dict())
    else:
        for finding in checked.findings:
            click.echo(f"BAD: {finding}")
        if checked.ok:
            click.echo(f"{folder} is whole: {_counted(checked.manifest.submissions)}; the evidence stands")
    sys.exit(Exit.FINE if checked.ok else Exit.REFUSED)


@backup.command()
@_FOLDER
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="The new data folder: not there, or empty."
)
@_JOURNAL
@_PASSPHRASE
@_IDENTITY
@_KEYS
@_PUBLIC
@json_option
def restore(
    folder: Path, data: Path, journal: Path | None, passphrase: Any, identity: Path | None, keys_at: Path | None,
    public: str | None, *, as_json_: bool,
) -> None:  # fmt: skip
    """DIR into an empty data folder; with --journal up to the last thing that somebody was told.

    Cut off, it is simply run again. Nothing is overwritten. Evidence is verified before anything is in its place.
    """
    from lgsp.backup.manifest import read
    from lgsp.backup.restoring import restore as placed
    from lgsp.runtime import SystemClock

    with refusals():
        manifest = read(folder, _public(public))
        keys = _keys(folder, manifest, _opener(passphrase, identity), keys_at)
        if manifest.store == "postgres":
            restored = _into_database(folder, manifest, keys, data)
        else:
            restored = placed(folder, manifest, keys, data, SystemClock(), journal)
    if as_json_:
        as_json(restored.as_dict())
        return
    click.echo(f"{data} as of {manifest.began.isoformat()}, in {restored.seconds:.1f} s; the evidence stands")
    click.echo(f"submissions {_counted(restored.submissions)}")
    for each in restored.journal:
        click.echo(f"journal of {each.database}: {each.groups} groups played{f'; {each.why}' if each.why else ''}")
    if restored.lost:
        click.echo(
            f"LOST: the evidence tells of {restored.lost} submissions that the records do not have, the first ones:"
        )
        click.echo("\n".join(restored.lost_ids))
    if journal is None and manifest.store == "sqlite":
        click.echo("what came after the backup is not in it: play the journal, or ask the agencies to send it again")


@backup.command()
@_FOLDER
@click.option(
    "--at",
    type=click.Path(path_type=Path, exists=True),
    help="Disk of the passing copy; else the system's temporary folder.",
)
@click.option(
    "--database-file",
    "database",
    type=click.File("r", encoding="utf-8"),
    help="Of a backup of PostgreSQL: file with the address of an empty database; - is standard input.",
)
@_JOURNAL
@_PASSPHRASE
@_IDENTITY
@_KEYS
@_PUBLIC
@json_option
def drill(
    folder: Path, at: Path | None, database: Any, journal: Path | None, passphrase: Any, identity: Path | None,
    keys_at: Path | None, public: str | None, *, as_json_: bool,
) -> None:  # fmt: skip
    """Rehearse the restore of DIR: into a folder that passes, a gateway on it that reaches nobody, evidence verified.

    Says how long it took and what is there; leaves nothing. Ends with 1 where a restore could not be relied upon.
    """
    from lgsp.backup.manifest import read
    from lgsp.cli.rehearsal import rehearse

    with refusals():
        manifest = read(folder, _public(public))
        if (manifest.store == "postgres") != (database is not None):
            refuse(
                "a backup of PostgreSQL is rehearsed in an empty database: --database-file"
                if database is None
                else "--database-file: this is no backup of PostgreSQL",
                Exit.USAGE,
            )
        keys = _keys(folder, manifest, _opener(passphrase, identity), keys_at)
        url = database.readline().strip() if database is not None else ""
        rehearsed = rehearse(folder, manifest, keys, loaded().settings, at, journal, url)
    if as_json_:
        as_json(rehearsed.as_dict())
    else:
        for name, seconds in rehearsed.steps.items():
            click.echo(f"{name}: {seconds:.1f} s")
        click.echo(f"answers {_counted(rehearsed.answers)}; submissions {_counted(rehearsed.restored.submissions)}")
        lost = rehearsed.restored.lost
        click.echo(
            f"{'fit' if rehearsed.ok else 'NOT FIT'} for use after {sum(rehearsed.steps.values()) / 60:.1f} minutes; lost {lost}"
        )
    sys.exit(Exit.FINE if rehearsed.ok else Exit.REFUSED)


@backup.command()
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """A pair for --recipient: the secret half into FILE, to be kept elsewhere; prints the other one."""
    from lgsp.backup.sealing import new_identity
    from lgsp.runtime import Runtime

    try:
        click.echo(new_identity(file, Runtime.system().ids))
    except OSError as error:
        refuse(f"{file}: {error.strerror or error}")


def _into_database(folder: Path, manifest: Manifest, keys: dict[str, bytes], data: Path) -> Restored:
    import asyncio

    from lgsp.backup.clustered import restore
    from lgsp.runtime import SystemClock

    if not (url := loaded(data=data).settings.store.url):
        refuse("this is a backup of PostgreSQL: name an empty database in store.url (LGSP_STORE_URL)", Exit.USAGE)
    return asyncio.run(restore(folder, manifest, keys, data, url, SystemClock()))


@contextmanager
def refusals() -> Iterator[None]:
    """Ends the command (1) with the sentence of what was refused."""
    from lgsp.backup.manifest import BackupRefused
    from lgsp.backup.sealing import SealRefused
    from lgsp.store import StoreBusy, StoreFailed, StoreRefused
    from lgsp.store.migrations import MigrationError

    try:
        yield
    except (BackupRefused, SealRefused, StoreBusy, StoreFailed, StoreRefused, MigrationError) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename or 'disk'}: {error.strerror or error}")


def own_keys(settings: Settings) -> dict[str, bytes]:
    from lgsp.store.keys import folder_keys, written_keys

    try:
        found = written_keys(settings.store.keys) if settings.store.keys else folder_keys(settings.data / "keys")
    except ValueError as error:
        refuse(f"store.keys: {error}", Exit.USAGE)
    if found is None:
        refuse(f"no keys in {settings.data / 'keys'}: name the data folder with --data", Exit.USAGE)
    return found


def _sealed(keys: dict[str, bytes], passphrase: Any, recipient: str | None) -> Sealed | None:
    from lgsp.backup.sealing import read_recipient, seal_for_passphrase, seal_for_recipient
    from lgsp.runtime import Runtime
    from lgsp.store.keys import keys_text

    plain, ids = keys_text(keys).encode(), Runtime.system().ids
    if passphrase is not None:
        return seal_for_passphrase(plain, passphrase.readline().rstrip("\r\n"), ids)
    return None if recipient is None else seal_for_recipient(plain, read_recipient(recipient), ids)


def _opener(passphrase: Any, identity: Path | None) -> Opener | None:
    from lgsp.backup.sealing import Opener, read_identity

    if passphrase is not None:
        return Opener(passphrase=passphrase.readline().rstrip("\r\n"))
    return None if identity is None else Opener(identity=read_identity(identity.read_text("utf-8")))


def _keys(folder: Path, manifest: Manifest, opener: Opener | None, keys_at: Path | None) -> dict[str, bytes]:
    """Ends the command (2) where nothing that opens them was handed in."""
    from lgsp.backup.checking import keys_of, same_keys
    from lgsp.store.keys import folder_keys, written_keys

    if keys_at is not None:
        try:
            found = folder_keys(keys_at) if keys_at.is_dir() else written_keys(keys_at.read_text("utf-8"))
        except ValueError as error:
            refuse(f"{keys_at}: {error}", Exit.USAGE)
        if found is None:
            refuse(f"no keys in {keys_at}", Exit.USAGE)
        return same_keys(manifest, found)
    if manifest.keys == "without":
        refuse("this backup was made without the keys: name them with --keys", Exit.USAGE)
    if opener is None:
        needed = "--passphrase-file" if manifest.keys == "passphrase" else "--identity"
        refuse(f"the keys of this backup are sealed: {needed}, or --keys", Exit.USAGE)
    return keys_of(folder, manifest, opener)


def _public(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        refuse("--evidence-key has 64 hexadecimal digits: the content of keys/evidence.pub", Exit.USAGE)
    return found


def _forget(settings: Settings, manifest: Manifest) -> int:
    from lgsp.store.sqlite.journal import forget

    if settings.store.journal is None:
        refuse("--forget-journal: store.journal is not set", Exit.USAGE)
    return forget(settings.store.journal, {name: each.journal for name, each in manifest.files.items() if each.journal})


def _summary(manifest: Manifest) -> dict[str, Any]:
    return {
        "began": manifest.began.isoformat(), "seconds": round(_seconds(manifest), 1), "store": manifest.store,
        "files": len(manifest.files), "bytes": sum(each.size for each in manifest.files.values()),
        "keys": manifest.keys, "submissions": dict(manifest.submissions), "entries": dict(manifest.entries),
    }  # fmt: skip


def _seconds(manifest: Manifest) -> float:
    return (manifest.ended - manifest.began).total_seconds()


def _counted(counts: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
