"""Templates and words, read once; what every page stands in: language, navigation, the demonstration's sign, the form's guard."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lgsp.console.collate import collation_key
from lgsp.console.format import Formats
from lgsp.console.marks import mark
from lgsp.console.wording import LANGS, Words, load
from lgsp.model import Lang

_HERE = Path(__file__).parent
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": CSP,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Vary": "Accept, Accept-Language, Cookie",
    }
)
"""Of every page."""


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the navigation."""

    address: str
    word: str
    here: bool = False
    badge: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page."""

    province: str
    """Its name in the page's language."""
    address: str
    """The path asked for, to which the other language leads back."""
    demo: bool = False
    links: tuple[Link, ...] = ()
    user: str = ""
    role: str = ""
    guard: str = ""
    """The anti-forgery token of this session's forms."""
    said: Any = None


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes = field(repr=False)
    kind: str
    version: str


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["mark"] = mark
    made.filters["fill"] = lambda text, **values: text.format(**values)
    made.filters["in_order"] = lambda names: sorted(names, key=collation_key)
    return made


@cache
def _assets() -> Mapping[str, Asset]:
    found = {}
    for file in sorted((_HERE / "static").iterdir()):
        if file.suffix in _KINDS:
            content = file.read_bytes()
            found[file.name] = Asset(content, _KINDS[file.suffix], hashlib.sha256(content).hexdigest()[:12])
    return MappingProxyType(found)


@dataclass(frozen=True, slots=True)
class Pages:
    """Made once by the process."""

    templates: Environment = field(default_factory=_environment)
    words: Mapping[Lang, Words] = field(default_factory=lambda: {lang: load(lang) for lang in LANGS})
    assets: Mapping[str, Asset] = field(default_factory=_assets)

    def warm(self) -> None:
        """Compiles every template, so that nobody waits for it; away from the loop."""
        for name in self.templates.list_templates():
            self.templates.get_template(name)

    def formats(self, lang: Lang, now: datetime) -> Formats:
        return Formats(self.words[lang], now)

    def render(self, template: str, lang: Lang, now: datetime, frame: Frame, values: Mapping[str, Any]) -> str:
        return self.templates.get_template(template).render(
            {
                "errors": {},
                **values,
                "w": self.words[lang],
                "lang": lang,
                "f": self.formats(lang, now),
                "frame": frame,
                "asset": self._asset,
                "style": self._style,
            }
        )

    def _asset(self, name: str) -> str:
        return f"/assets/{name}?v={self.assets[name].version}"

    def _style(self, *names: str) -> Markup:
        """Style sheets as they are, for a page that is one file."""
        return Markup("").join(Markup(self.assets[each].content.decode()) for each in names)  # noqa: S704  our own files
