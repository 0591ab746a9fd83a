"""What an installation may set: `lgsp.toml` < `LGSP_*` in the environment < command line, and where each value came from.

Keys are dotted (`limits.connections`). In the environment a dot is two underscores: `LGSP_LIMITS__CONNECTIONS=2048`,
`LGSP_UPSTREAMS__NGSP__URL=https://…`. A secret may stand in a file: `client_secret_file = "…"` or
`LGSP_UPSTREAMS__NGSP__CLIENT_SECRET_FILE=…`. An unknown key is an error that names the nearest one. Every default is finite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lgsp.configure import (
    SECRET,
    SIZE,
    Found,
    SettingsError,
    build,
    from_file,
    keys_of,
    leaves,
    path_of_variable,
    read_secret,
    show,
)

__all__ = [
    "Limits",
    "Loaded",
    "ObserverSettings",
    "PassthroughSettings",
    "Province",
    "ReportSettings",
    "Settings",
    "SettingsError",
    "SignerSettings",
    "StoreSettings",
    "SystemSettings",
    "TlsSettings",
    "Upstream",
    "WitnessSettings",
    "keys",
    "load",
    "settings_file",
]

_SAID_SHORTER = {"LGSP_STORE_URL": "LGSP_STORE__URL", "LGSP_STORE_URL_FILE": "LGSP_STORE__URL_FILE"}
_CLIENTS_OWN = {"LGSP_URL", "LGSP_API_KEY", "LGSP_CLIENT_ID", "LGSP_CLIENT_SECRET", "LGSP_CONSUMER", "LGSP_SITUATION"}
_NOT_SETTINGS = frozenset({"LGSP_CONFIG", "LGSP_TEST", "LGSP_CRASH_AT"} | _CLIENTS_OWN)  # examples/, `lgsp certify`


@dataclass(frozen=True, slots=True)
class Province:
    """Whose bus this is: data, not code (RULES 28)."""

    code: str = ""
    """Code of the General Statistics Office, two digits."""
    agency: str = ""
    """Mã định danh of the province's committee, e.g. Hnn (QĐ 20/2020/QĐ-TTg)."""
    name_vi: str = ""
    name_en: str = ""
    era: str = "2025"
    """Which administrative setting holds: `2022-2024` (districts, Decree 47/2020) or `2025`."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where backends live and how one signs in there. `manner` names a dance of `lgsp/upstream.py`."""

    manner: str = "none"
    url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False, metadata=SECRET)
    username: str = ""
    password: str = field(default="", repr=False, metadata=SECRET)
    ca: Path | None = None
    """Certificates that this upstream's TLS must chain to; None means the system's."""
    sandbox: str = ""
    """Where calls with a sandbox key go instead, with demonstration credentials; empty means the installation's `sandbox`."""


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """What one system's mapping is handed: secrets by name, and values that override the manifest's."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, metadata=SECRET)
    values: Mapping[str, str] = field(default_factory=dict)
    shadow: str = ""
    """Name of another upstream that is asked beside the real one while the system is in trial; answers are only compared."""


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """An outside witness of the evidence: where it is, and the verifier key that `lgsp witness key` prints there."""

    url: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class SignerSettings:
    """Who signs documents that leave unsigned: a key in a file, or a program that asks a token (PKCS#11)."""

    organ: str = ""
    """Agency code; it signs for this agency and those below it."""
    certificate: Path | None = None
    key: Path | None = None
    password: str = field(default="", repr=False, metadata=SECRET)
    program: tuple[str, ...] = ()
    """Instead of a key: gets the octets on standard input, writes the raw SHA-256 signature, say `pkcs11-tool --sign …`."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """The bus's own TLS; without a certificate it speaks plain HTTP, behind a proxy or on loopback."""

    certificate: Path | None = None
    """Chain, PEM."""
    key: Path | None = None
    client_ca: Path | None = None
    """Client certificates must chain to one of these; without it none is asked for."""
    proxy_header: str = ""
    """Header in which a trusted proxy passes the client certificate that it has verified (`Client-Cert`, RFC 9440; or PEM,
    URL-encoded). From anybody else the header means nothing."""

    @property
    def asks(self) -> bool:
        """Whether a client certificate can come at all."""
        return self.client_ca is not None or bool(self.proxy_header)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the records are. Without an address they are in the data folder (SQLite); with one, many nodes share them."""

    url: str = field(default="", repr=False, metadata=SECRET)
    """`postgresql://user:password@host:port/database`; also `LGSP_STORE_URL`."""
    node: str = ""
    """This node's name among those that share the database, always the same one; empty means the machine's name."""
    keys: str = field(default="", repr=False, metadata=SECRET)
    """The installation's keys, a line `name=hex` each; empty means the folder `{data}/keys`, the same in every node."""
    pool: int = 8
    """Connections of one process to the database, besides two of its own."""
    seconds: float = 2.0
    """Longest that one piece of work in the database may take."""
    journal: Path | None = None
    """Folder on another disk that takes a second copy of all that is committed, before it is (SQLite): docs/backup.md."""
    keep_bodies_days: int = 30
    """Messages and outcomes of submissions that have ended, encrypted."""
    keep_submissions_days: int = 400
    """Records of submissions that have ended."""
    keep_inbox_days: int = 400
    """Keys of acknowledged inbox items, by which a repetition is known."""
    keep_counts_days: int = 400
    """Calls counted by the hour."""
    keep_payload_days: int = 365
    """Messages of operations with `keep_payload`; then the key of their day is destroyed."""
    keep_health_days: int = 400
    """Transitions of health."""
    keep_exchanges_days: int = 400
    """Rows of the index by which exchanges are searched; the evidence itself is not touched."""


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What stands around the figures of the connection report (Decree 30/2020/NĐ-CP, appendix I), and whether it is filed."""

    superior: str = ""
    """Name of the superior body, in capitals: ỦY BAN NHÂN DÂN TỈNH …"""
    body: str = ""
    """Name of the issuing body, in capitals."""
    symbol: str = ""
    """Its abbreviation in the document's symbol: BC-<symbol>."""
    place: str = ""
    """Where it is issued, before the date."""
    to: tuple[str, ...] = ()
    """To whom it is addressed (Kính gửi)."""
    recipients: tuple[str, ...] = ()
    """Who else gets it (Nơi nhận), besides those above."""
    archive: str = ""
    """The last line below them: Lưu: VT, …"""
    office: str = ""
    """Office of the person who signs, in capitals."""
    signer: str = ""
    """Name of that person."""
    monthly: bool = True
    """File last month's report in `{data}/reports` by itself."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The province's mail server, for alerts to addresses that operators have registered. Without a host nothing is mailed."""

    host: str = ""
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """The certificate is always verified; `none` is for a mail server on this very machine."""
    ca: Path | None = None
    """Certificates that the server must chain to; None means the system's."""
    user: str = ""
    password: str = field(default="", repr=False, metadata=SECRET)
    sender: str = ""
    """The address that alerts come from."""


@dataclass(frozen=True, slots=True)
class ObserverSettings:
    """An existing gateway's access log that is read for the board, as observed; no traffic moves (docs/observer.md)."""

    log: Path | None = None
    """The file; it is followed through rotation."""
    format: Literal["wso2", "nginx", "haproxy", "json"] = "nginx"
    paths: Mapping[str, str] = field(default_factory=dict)
    """Prefix at the old gateway -> a system's name, or the beginning of the ministry's own path."""


@dataclass(frozen=True, slots=True)
class PassthroughSettings:
    """Calls of an existing gateway's callers that are passed on to it below `/through`, system by system taken over."""

    upstream: str = ""
    """Name of the `[upstreams.<name>]` whose `url` is the old gateway; empty: nothing is passed on."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Prefix at the old gateway -> the system that it belongs to. Other paths do not exist."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the process (RULES 6, 10, 23). Seconds, bytes, counts."""

    body: int = field(default=60 << 20, metadata=SIZE)
    """Hard cap of any request body at the edge; an operation's own limit is in its manifest."""
    messages: int = field(default=24 << 20, metadata=SIZE)
    """Memory for message bodies above 16 KiB of all exchanges at once, three bytes for each; over it `overloaded`."""
    connections: int = 1024
    """Open connections of callers, and requests under way; for one more the oldest idle one is closed, or it is refused."""
    body_seconds: float = 60.0
    """Longest read of one request body; and of one answer by its caller, who gets a second more for every 64 KiB."""
    keepalive_seconds: float = 15.0
    drain_seconds: float = 30.0
    """After Ctrl-C or SIGTERM: how long exchanges under way may take to end."""
    ready_seconds: float = 2.0
    """`/readyz` waits at most this long for the first probes."""
    evidence_seconds: float = 0.9
    """Longest wait for an entry's commit; then the call is refused (RULES 1: within a second)."""
    token_seconds: float = 3600.0
    quota_per_minute: int = 60_000
    """Calls of one consumer where its grant says nothing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything, resolved. `Settings()` is a valid installation of nothing: loopback, no upstream, no system setting."""

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = Path("data")
    demo: bool = False
    """Demonstration profile: plain HTTP on loopback, invented consumers, said on every page and in a header."""
    sim: str | None = None
    """Address of a simulator: every upstream points there, with demonstration credentials."""
    public_url: str | None = None
    """How callers reach this bus, for WSDL addresses and `Location`; None means as they asked (Host header)."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose `X-Forwarded-For` is believed."""
    homes: tuple[Path, ...] = ()
    """Further folders with connectors/ contracts/ mocks/ beside the built-in ones."""
    province: Province = field(default_factory=Province)
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    systems: Mapping[str, SystemSettings] = field(default_factory=dict)
    witnesses: Mapping[str, WitnessSettings] = field(default_factory=dict)
    signers: Mapping[str, SignerSettings] = field(default_factory=dict)
    signatures_required: bool = False
    """Refuse every document without a signature, not only those of agencies whose certificate is in `{data}/trust`."""
    tls: TlsSettings = field(default_factory=TlsSettings)
    sandbox: str | None = None
    """Address of a simulator that answers calls with a sandbox key; an upstream's own `sandbox` goes before it."""
    store: StoreSettings = field(default_factory=StoreSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    observer: ObserverSettings = field(default_factory=ObserverSettings)
    passthrough: PassthroughSettings = field(default_factory=PassthroughSettings)
    limits: Limits = field(default_factory=Limits)
    security_log: Path | None = None
    """File that takes security events as CEF lines for the province's SOC; None writes none."""
    security_syslog: str = ""
    """Where the same lines go as syslog (RFC 5424): `udp://host:514`, `tcp://host:601` or `tls://host:6514`; empty sends none."""
    security_syslog_ca: Path | None = None
    """Certificates that a `tls://` receiver must chain to; None means the system's."""
    accept_unsafe: tuple[str, ...] = ()
    """Findings of the start-up self-check that somebody answers for, by their codes (docs/operations.md)."""
    bulk_subjects_per_hour: int = 200
    """Distinct people that one consumer may ask about in an hour before an alert."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def system(self, name: str) -> SystemSettings:
        """The settings of a system; empty ones where nothing is set."""
        return self.systems.get(name, SystemSettings())

    def upstream(self, name: str) -> Upstream | None:
        return self.upstreams.get(name)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with the origin of every dotted key: "default", a file's name, a variable's name, "command line"."""

    settings: Settings
    origins: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """(key, value as text with secrets masked, origin), for `lgsp config show`."""
        for key, value, secret in leaves(self.settings):
            shown = "********" if secret and value else show(value)
            yield key, shown, self.origins.get(key, "default")


def load(
    file: Path | None = None, env: Mapping[str, str] | None = None, cli: Mapping[str, Any] | None = None
) -> Loaded:
    """Settings from a TOML file, `LGSP_*` variables and dotted keys of the command line (None = not given), later first.

    Raises `SettingsError`.
    """
    found = Found()
    if file is not None:
        from_file(Settings, file, found)
    for name, text in sorted((env or {}).items()):
        if name.startswith("LGSP_") and name not in _NOT_SETTINGS:
            path, is_file = path_of_variable(Settings, _SAID_SHORTER.get(name, name))
            found.put(path, read_secret(Path(text), name) if is_file else text, name)
    for key, value in (cli or {}).items():
        if value is not None:
            found.put(tuple(key.split(".")), value, "command line")
    settings = build(Settings, (), found)
    return Loaded(settings, {".".join(path): origin for path, (_, origin) in found.values.items()})


def settings_file(env: Mapping[str, str], folder: Path) -> Path | None:
    """`LGSP_CONFIG`, else `lgsp.toml` of the folder where it exists."""
    if named := env.get("LGSP_CONFIG"):
        return Path(named)
    return found if (found := folder / "lgsp.toml").is_file() else None


def keys() -> tuple[str, ...]:
    """Every dotted key that may be set, `<name>` standing for a name of one's own: for documentation and its test."""
    return tuple(keys_of(Settings, ""))
