"""`lgsp keys`: the installation's keys made, laid down elsewhere, tried out, renewed; never shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lgsp.cli.office import act
from lgsp.cli.output import Exit, as_json, data_option, json_option, refuse, say, table
from lgsp.cli.place import loaded

if TYPE_CHECKING:
    from lgsp.backup.sealing import Opener, Sealed
    from lgsp.settings import Settings

_PASSPHRASE = click.option(
    "--passphrase-file", "passphrase", type=click.File("r", encoding="utf-8"), help="- is standard input."
)
_IDENTITY = click.option(
    "--identity", type=click.Path(path_type=Path, exists=True), help="Secret half that `lgsp backup key` has made."
)
_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def keys() -> None:
    """Keys of this installation: what hashes people, seals messages, signs evidence."""


@keys.command("list")
@data_option
@json_option
def keys_list(data: Path | None, *, as_json_: bool) -> None:
    """Each key with its fingerprint and what it is for."""
    from lgsp.escrow import known

    rows = known(_own(loaded(data=data).settings))
    if as_json_:
        as_json([each.as_dict() for each in rows])
    else:
        table(("key", "fingerprint", "for"), [(each.name, each.fingerprint, each.purpose) for each in rows])


@keys.command()
@data_option
@json_option
def create(data: Path | None, *, as_json_: bool) -> None:
    """Make the keys before the first start, so that they are laid down elsewhere before anything needs them."""
    from lgsp.escrow import create as made
    from lgsp.escrow import known
    from lgsp.runtime import Runtime

    settings = loaded(data=data).settings
    if settings.store.url or settings.store.keys:
        refuse("the nodes of one database share keys: the first one makes them, docs/operations.md", Exit.USAGE)
    with _told():
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = made(settings.data / "keys", Runtime.system().ids)
    if as_json_:
        as_json([each.as_dict() for each in known(found)])
    else:
        click.echo(f"{settings.data / 'keys'}: {', '.join(each.name for each in known(found))}")
        say("lay them down elsewhere now: lgsp keys escrow FILE --passphrase-file …")


@keys.command()
@_FILE
@_PASSPHRASE
@click.option("--recipient", help="Seal for whoever holds the other half of this (`lgsp backup key`).")
@data_option
def escrow(file: Path, passphrase: Any, recipient: str | None, data: Path | None) -> None:
    """All keys into the new FILE, sealed. Keep it, and what opens it, in two places that are neither of this machine."""
    from lgsp.escrow import lay_down

    if (passphrase is None) == (recipient is None):
        refuse("one of --passphrase-file and --recipient", Exit.USAGE)
    settings = loaded(data=data).settings
    found = _own(settings)
    with _told():
        lay_down(found, _seal(passphrase, recipient), file)
        _noted(settings, "keys-escrowed", found)
    click.echo(f"{file}: sealed by {'passphrase' if recipient is None else 'recipient'}")


@keys.command()
@_FILE
@_PASSPHRASE
@_IDENTITY
@data_option
def prove(file: Path, passphrase: Any, identity: Path | None, data: Path | None) -> None:
    """Does the escrow FILE open, and are these the keys in use? Ends with 1 where not. Do it twice a year."""
    from lgsp.escrow import compared, opened

    settings = loaded(data=data).settings
    own = _own(settings)
    with _told():
        differing = compared(opened(file, _opener(passphrase, identity)), own)
        if differing:
            refuse(f"the escrow is not what is in use ({', '.join(differing)}): lay the keys down again")
        _noted(settings, "keys-proved", own)
    click.echo(f"{file} opens, and holds the keys that are in use")


@keys.command()
@_FILE
@_PASSPHRASE
@_IDENTITY
@click.option("--into", type=click.Path(path_type=Path), required=True, help="A folder without keys: DATA/keys.")
def recover(file: Path, passphrase: Any, identity: Path | None, into: Path) -> None:
    """The keys of an escrow FILE back into a folder."""
    from lgsp.escrow import opened
    from lgsp.store.keys import write_keys

    if into.is_dir() and any(into.glob("*.key")):
        refuse(f"{into} has keys already; they are never written over")
    with _told():
        write_keys(into, opened(file, _opener(passphrase, identity)))
    click.echo(f"{into}: the keys are back")


@keys.command()
@data_option
def rotate(data: Path | None) -> None:
    """A fresh key for what is sealed from now on; what was sealed before opens as before. The bus must not run.

    Only `bodies` is renewed: people would no longer be found under a new `subjects`, and the evidence is known by `evidence`.
    """
    from lgsp.escrow import rotate as renewed
    from lgsp.runtime import Runtime

    settings = loaded(data=data).settings
    if settings.store.url or settings.store.keys:
        refuse(
            "keys of many nodes are renewed by hand, in all of them at once: docs/operations-handbook.md", Exit.USAGE
        )
    with _told():
        found = renewed(settings.data, Runtime.system().ids)
        _noted(settings, "keys-rotated", found)
    click.echo("a fresh key seals from the next start on; lay the keys down again: lgsp keys escrow FILE …")


def _own(settings: Settings) -> dict[str, bytes]:
    """Ends the command (2) where there are none."""
    from lgsp.store.keys import folder_keys, written_keys

    try:
        found = written_keys(settings.store.keys) if settings.store.keys else folder_keys(settings.data / "keys")
    except (ValueError, OSError) as error:
        refuse(f"the keys cannot be read: {type(error).__name__}", Exit.USAGE)
    if found is None:
        refuse(f"no keys in {settings.data / 'keys'}: name the data folder with --data", Exit.USAGE)
    return found


def _noted(settings: Settings, what: str, found: Mapping[str, bytes]) -> None:
    from lgsp.store.keys import fingerprints

    act(settings.data, "keys.note", what=what, fingerprints=fingerprints(found))


def _seal(passphrase: Any, recipient: str | None) -> Callable[[bytes], Sealed]:
    from lgsp.backup.sealing import read_recipient, seal_for_passphrase, seal_for_recipient
    from lgsp.runtime import Runtime

    ids = Runtime.system().ids
    if recipient is not None:
        whom = read_recipient(recipient)
        return lambda plain: seal_for_recipient(plain, whom, ids)
    word = passphrase.readline().rstrip("\r\n")
    return lambda plain: seal_for_passphrase(plain, word, ids)


def _opener(passphrase: Any, identity: Path | None) -> Opener:
    from lgsp.backup.sealing import Opener, read_identity

    if (passphrase is None) == (identity is None):
        refuse("one of --passphrase-file and --identity", Exit.USAGE)
    if identity is not None:
        return Opener(identity=read_identity(identity.read_text("utf-8")))
    return Opener(passphrase=passphrase.readline().rstrip("\r\n"))


@contextmanager
def _told() -> Iterator[None]:
    """Ends the command (1) with the sentence of what was refused."""
    from lgsp.backup.sealing import SealRefused
    from lgsp.decisions import Refused
    from lgsp.store import StoreBusy

    try:
        yield
    except (Refused, SealRefused, StoreBusy) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename or 'disk'}: {error.strerror or error}")
