"""What settings and files alone tell, before anything is opened: what is unsafe, missing, unreadable, about to end."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from lgsp.audit.notes import NoteRefused, VerifierKey
from lgsp.certificates import from_pem, named, server_context
from lgsp.model import Stage, Text
from lgsp.registry import Registry
from lgsp.runtime import Runtime
from lgsp.selfcheck import unsafe
from lgsp.settings import Settings, SettingsError, TlsSettings
from lgsp.signature.files import signers
from lgsp.targets.checked import Checked, note, right, users_of, wrong
from lgsp.upstream import MANNERS

SOON = timedelta(days=30)
"""A certificate that ends within these days is named while there is time."""


def of_settings(settings: Settings, registry: Registry, env: Mapping[str, str]) -> Iterator[Checked]:
    if settings.sim is None and not settings.province.code:
        yield wrong("province.code", "", "Chưa đặt mã tỉnh", "It is not set: whose bus is this?")
    for each in unsafe(settings, env):
        yield wrong(f"accept_unsafe {each.code}", "", f"Thiết lập không an toàn: {each.what}", f"Unsafe: {each.what}")
    if settings.sim is not None:
        return
    for name, users in sorted(users_of(registry, (Stage.OFFICIAL, Stage.TRIAL)).items()):
        listed = ", ".join(sorted({each.name for each in users}))
        setting = settings.upstreams.get(name)
        if setting is None:
            yield note(f"upstreams.{name}", f"Chưa cấu hình; {listed} cần", f"It is not set; {listed} need it")
        elif setting.manner not in MANNERS:
            known = ", ".join(MANNERS)
            yield wrong(f"upstreams.{name}.manner", "", f"Không có; biết: {known}", f"No such manner; known: {known}")
        elif setting.manner != "none" and not (setting.client_secret or setting.password):
            yield wrong(
                f"upstreams.{name}", "", "Thiếu bí mật: client_secret hoặc password",
                f"{setting.manner} needs a secret: client_secret(_file) or password(_file)",
            )  # fmt: skip
    for connector in registry.connectors.values():
        for backend in connector.backends.values():
            missing = ", ".join(sorted(set(backend.secrets) - set(settings.system(connector.name).secrets)))
            if missing and backend.upstream in settings.upstreams:
                key = f"systems.{connector.name}.secrets"
                yield note(key, f"{backend.name} còn thiếu: {missing}", f"{backend.name} still needs: {missing}")


def of_files(settings: Settings, runtime: Runtime) -> Iterator[Checked]:
    tls = settings.tls
    if tls.certificate is not None:
        yield _door(settings, runtime)
    elif tls.client_ca is not None and not tls.proxy_header:
        said = Text(
            "Cần certificate để hỏi chứng thư khách", "It asks for client certificates, but [tls] has no certificate"
        )
        yield wrong("tls.client_ca", str(tls.client_ca), said.vi, said.en)
    for name, each in settings.upstreams.items():
        if each.ca is not None:
            yield _authorities(f"upstreams.{name}.ca", each.ca)
    if settings.security_syslog_ca is not None:
        yield _authorities("security_syslog_ca", settings.security_syslog_ca)
    if settings.signers:
        try:
            signers(settings)
            yield Checked("signers", ", ".join(settings.signers), (right(),))
        except SettingsError as error:
            yield wrong("signers", "", f"Không ký được: {error}", f"It cannot sign: {error}")
    for name, witness in settings.witnesses.items():
        try:
            VerifierKey.parse(witness.key)
        except NoteRefused as error:
            yield wrong(f"witnesses.{name}.key", "", f"Không phải khoá kiểm: {error}", f"No verifier key: {error}")
    for key, folder in (
        ("data", settings.data),
        ("security_log", settings.security_log and settings.security_log.parent),
    ):
        if folder and folder.exists() and not os.access(folder, os.W_OK):
            yield wrong(key, str(folder), "Không ghi được thư mục", "The folder cannot be written by this user")


def _door(settings: Settings, runtime: Runtime) -> Checked:
    tls = settings.tls
    assert tls.certificate is not None
    if (found_wrong := _unusable(tls)) is not None:
        return found_wrong
    der = from_pem(tls.certificate.read_text("utf-8", "replace"))
    found = named(der) if der else None
    now = runtime.clock.now()
    if found is not None and not found.begins <= now <= found.ends:
        vi, en = (
            f"Chứng thư hết hạn {found.ends:%d/%m/%Y}",
            f"The certificate holds from {found.begins:%F} to {found.ends:%F}",
        )
        return wrong("tls", str(tls.certificate), vi, en)
    if found is not None and found.ends - now < SOON:
        vi, en = f"Chứng thư sắp hết hạn {found.ends:%d/%m/%Y}", f"The certificate ends on {found.ends:%F}: renew it"
        return note("tls", vi, en)
    return Checked("tls", str(tls.certificate), (right(),))


def _unusable(tls: TlsSettings) -> Checked | None:
    """Which of the files it is, and what is the matter with it."""
    assert tls.certificate is not None
    for name, file in (("certificate", tls.certificate), ("key", tls.key), ("client_ca", tls.client_ca)):
        try:
            text = file.read_text("utf-8", "replace") if file is not None else ""
        except OSError as error:
            why = error.strerror
            return wrong("tls", str(file), f"{name}: không đọc được: {why}", f"{name}: cannot be read: {why}")
        if name == "key" and "ENCRYPTED" in text:
            vi, en = "có mật khẩu, không ai gõ khi khởi động", "has a passphrase, and nobody types it at a start"
            return wrong("tls", str(file), f"{name}: {vi}", f"{name}: {en}")
    if from_pem(tls.certificate.read_text("utf-8", "replace")) is None:
        return wrong(
            "tls", str(tls.certificate), "certificate: không có chứng thư PEM", "certificate: holds none (PEM)"
        )
    try:
        server_context(tls.certificate, tls.key, None)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            vi, en = "không phải khoá của chứng thư này", "is not the key of this certificate"
        else:
            vi, en = "không có khoá riêng PEM", "holds no private key (PEM)"
        return wrong("tls", str(tls.key or tls.certificate), f"key: {vi}", f"key: {en}")
    if tls.client_ca is not None and (found := _authorities("client_ca", tls.client_ca)).failed is not None:
        return wrong("tls", str(tls.client_ca), f"client_ca: {found.said.vi}", f"client_ca: {found.said.en}")
    return None


def _authorities(key: str, file: Path) -> Checked:
    try:
        ssl.create_default_context(cadata=file.read_text("ascii"))
    except (ssl.SSLError, UnicodeDecodeError):
        return wrong(key, str(file), "Không có chứng thư PEM nào", "The file holds no certificate (PEM)")
    except OSError as error:
        return wrong(key, str(file), f"Không đọc được: {error.strerror}", f"Cannot be read: {error.strerror}")
    return Checked(key, str(file), (right(),))
