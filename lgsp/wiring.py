"""From settings and manifests to what the parts are handed: upstreams, secrets, keys, trust. Pure; read again on reload."""

from __future__ import annotations

from pathlib import Path

from lgsp import manifest
from lgsp.alerting.mail import Mail
from lgsp.audit.notes import NoteRefused, VerifierKey
from lgsp.audit.witnessing import Outside
from lgsp.pipeline.call import Surroundings
from lgsp.registry import Registry
from lgsp.settings import Settings, SettingsError, Upstream


def surroundings(settings: Settings, registry: Registry) -> Surroundings:
    """What mappings may know; with `--sim` also the manifests' invented secrets."""
    secrets = {name: settings.system(name).secrets for name in registry.connectors}
    if settings.sim is not None:
        secrets = {name: manifest.demonstration(each, secrets[name]) for name, each in registry.connectors.items()}
    values = {name: settings.system(name).values for name in registry.connectors}

    return Surroundings(settings.province.era, secrets, values)


def demonstration(settings: Settings, registry: Registry) -> dict[str, Upstream]:
    """With `--sim` every upstream that a manifest names is the simulator, signed in with demonstration credentials."""
    if settings.sim is None:
        return {}
    found: dict[str, Upstream] = {}
    for connector in registry.connectors.values():
        for backend in connector.backends.values():
            manner = backend.demo_manner or ("oauth2" if backend.dstcode is None else "xroad-session")
            found[backend.upstream] = Upstream(
                manner="none" if backend.upstream == "direct" else manner,
                url=settings.sim,
                client_id="lgsp",
                client_secret="demo-lgsp",  # noqa: S106  visibly invented: the simulator takes demo-… and nothing else
                username="lgsp",
                password="demo-lgsp",  # noqa: S106
            )
    ndop = Upstream("ndop", settings.sim, client_id="lgsp", client_secret="demo-lgsp")  # noqa: S106  likewise
    return found | {"ndop": ndop}  # reconstructed, and nothing goes there before a cut-over


def demonstration_trust(settings: Settings, registry: Registry) -> list[Path]:
    """With `--sim` the invented certificates beside the manifests are trusted too: the simulator signs with their keys."""
    folders = [each.folder / "demo-trust" for each in registry.connectors.values()]
    return folders if settings.sim is not None else []


def ministry_keys(settings: Settings, registry: Registry) -> dict[str, str]:
    """The key with which a ministry's system proves itself: the secret `inbound`, invented with `--sim`."""
    keys = {name: settings.system(name).secrets.get("inbound", "") for name in registry.connectors}
    return {name: key or (f"demo-{name}" if settings.sim is not None else "") for name, key in keys.items()}


def witnesses(settings: Settings) -> dict[str, Outside]:
    """Raises `SettingsError` for a key that is none."""
    found = {}
    for name, each in settings.witnesses.items():
        try:
            found[name] = Outside(each.url, VerifierKey.parse(each.key))
        except NoteRefused as error:
            raise SettingsError(f"witnesses.{name}.key: {error}") from error
    return found


def mail_of(settings: Settings) -> Mail | None:
    """None where no mail server is named. Raises `SettingsError`."""
    if not settings.mail.host:
        return None
    link = f"{settings.public_url.rstrip('/')}/console/alerts" if settings.public_url else ""
    try:
        return Mail(settings.mail, settings.province.name_vi, link)
    except ValueError as error:
        raise SettingsError(f"mail: {error}") from None


def trusted(settings: Settings) -> dict[str, Path]:
    return {each.url: each.ca for each in settings.upstreams.values() if each.ca is not None}
