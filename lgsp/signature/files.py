"""The signers that an installation names in its settings, loaded once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lgsp.settings import Settings, SettingsError
from lgsp.signature.signer import KeySigner, ProgramSigner, Signer


def signers(settings: Settings) -> Mapping[str, Signer]:
    """By agency code. Raises `SettingsError` for one that cannot sign."""
    found: dict[str, Signer] = {}
    for name, each in settings.signers.items():
        where = f"signers.{name}"
        if not each.organ or each.certificate is None or (each.key is None) == (not each.program):
            raise SettingsError(f"{where}: needs organ, certificate, and either key or program")
        try:
            if each.key is not None:
                password = each.password.encode() if each.password else None
                found[each.organ] = KeySigner.load(each.key, each.certificate, password)
            else:
                found[each.organ] = ProgramSigner.load(each.program, each.certificate)
        except OSError as error:
            raise SettingsError(f"{where}: {error.filename}: {error.strerror}") from error
        except (ValueError, TypeError) as error:  # TypeError: a password where none is needed, or none where one is
            raise SettingsError(f"{where}: the key or the certificate cannot be used") from error
    return MappingProxyType(found)
