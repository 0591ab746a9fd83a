"""One table of a manifest, read key by key: what is wrong becomes a finding, what nobody read is an unknown key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from lgsp.contract.findings import Finding
from lgsp.model import Data, Text

MIB = 1 << 20
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)")


@dataclass(slots=True)
class Table:
    """`path` are the keys that lead here. Reading never raises: a default stands in and the finding says what to do."""

    file: str
    path: tuple[str, ...]
    values: dict[str, Any]
    findings: list[Finding]
    read: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return Path(self.file).parent

    def finding(self, key: str, text: str, *, file: Path | None = None) -> None:
        where = ".".join((*self.path, key) if key else self.path)
        self.findings.append(Finding(str(file) if file else self.file, 0, where, text))

    def nearest(self, name: str, known: Iterable[str]) -> str:
        """A hint for a name that does not exist."""
        found = difflib.get_close_matches(name, list(known), 1, 0.5)
        return f'; did you mean "{found[0]}"?' if found else ""

    def done(self) -> None:
        """Whatever was not read is unknown."""
        for key in self.values.keys() - self.read:
            hint = self.nearest(key, self.read) or f"; known: {', '.join(sorted(self.read))}"
            self.finding(key, f"unknown key{hint}")

    def has(self, key: str) -> bool:
        self.read.add(key)
        return key in self.values

    def value(self, key: str) -> Any:
        self.read.add(key)
        return self.values.get(key)

    def text(self, key: str, *, default: str | None = None) -> str:
        found = self.value(key)
        if found is None:
            if default is None:
                self.finding(key, "is missing")
            return default or ""
        if not isinstance(found, str) or (not found and default is None):
            self.finding(key, "must be a text")
            return default or ""
        return found

    def both(self, key: str) -> Text:
        """A sentence in both languages."""
        found = self.value(key)
        if not isinstance(found, dict) or not all(isinstance(found.get(lang), str) for lang in ("vi", "en")):
            self.finding(key, 'must be { vi = "…", en = "…" }')
            return Text("", "")
        for more in found.keys() - {"vi", "en"}:
            self.finding(f"{key}.{more}", "unknown key; known: en, vi")
        return Text(found["vi"], found["en"])

    def flag(self, key: str, *, default: bool | None) -> bool | None:
        """`default` None: the key must be there."""
        found = self.value(key)
        if found is None:
            if default is None:
                self.finding(key, "is missing: true or false")
            return default
        if not isinstance(found, bool):
            self.finding(key, "must be true or false")
            return default
        return found

    def number(self, key: str, default: float, least: float, most: float) -> float:
        found = self.value(key)
        if found is None:
            return default
        if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
            self.finding(key, f"must be a number from {least:g} to {most:g}")
            return default
        return float(found)

    def seconds(self, key: str, default: float, most: float) -> float:
        """A number of seconds, or "90 s", "5 min", "12 h", "7 d"; more than nothing, never endless (RULES 6)."""
        found = self._amount(key, _SECONDS)
        if found is None:
            return default
        if not 0 < found <= most:
            self.finding(key, f"must be more than 0 and at most {most:g} s")
            return default
        return found

    def size(self, key: str, default: int) -> int:
        """A number of bytes, or "64 KB", "5 MB" (1 MB is 1,048,576 bytes)."""
        found = self._amount(key, _BYTES)
        if found is None:
            return default
        if not 0 < found <= 1 << 30:
            self.finding(key, 'must be more than 0 and at most "1 GB"')
            return default
        return int(found)

    def _amount(self, key: str, units: dict[str, Any]) -> float | None:
        found = self.value(key)
        if found is None:
            return None
        if isinstance(found, int | float) and not isinstance(found, bool):
            return float(found)
        said = _AMOUNT.fullmatch(found) if isinstance(found, str) else None
        unit = said[2].upper() if said and units is _BYTES else said[2] if said else ""
        if said is None or unit not in units:
            self.finding(key, f"must be a number, or a text with a unit: {', '.join(units)}")
            return None
        return float(said[1]) * float(units[unit])

    def choice(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """One of `choices`; "" where it is wrong or missing without a default."""
        found, known = self.value(key), [str(each) for each in choices]
        if found is None and default is not None:
            return default
        if not isinstance(found, str) or found not in known:
            hint = self.nearest(found, known) if isinstance(found, str) else ""
            self.finding(key, f"must be one of {', '.join(known)}{hint}")
            return default or ""
        return found

    def date(self, key: str) -> date | None:
        found = self.value(key)
        if type(found) is not date:
            self.finding(key, "must be a date like 2022-11-01, without quotation marks")
            return None
        return found

    def names(self, key: str) -> tuple[str, ...]:
        """A text or a list of texts."""
        found = self.value(key)
        if found is None:
            return ()
        many = [found] if isinstance(found, str) else found
        if not isinstance(many, list) or not all(isinstance(each, str) and each for each in many):
            self.finding(key, "must be a text or a list of texts")
            return ()
        return tuple(many)

    def strings(self, key: str) -> dict[str, str]:
        found = self.value(key)
        if found is None:
            return {}
        if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
            self.finding(key, 'must be { name = "text", … }')
            return {}
        return dict(found)

    def data(self, key: str) -> Data | None:
        """A message: TOML's dates become ISO texts, as everywhere in `Data`."""
        found = self.value(key)
        if found is None:
            return None
        if not isinstance(found, dict):
            self.finding(key, "must be a table of fields")
            return None
        plain = _plain(found)
        assert isinstance(plain, dict)
        return plain

    def table(self, key: str) -> Table:
        found = self.value(key)
        if not isinstance(found, dict):
            self.finding(key, "is missing" if found is None else "must be a table")
            found = {}
        return Table(self.file, (*self.path, key), found, self.findings)

    def tables(self, key: str) -> Iterator[tuple[str, Table]]:
        """Each table below `key`, e.g. every [operations.x]."""
        found = self.value(key)
        if found is not None and not isinstance(found, dict):
            self.finding(key, f"must be tables [{key}.name]")
        for name, values in found.items() if isinstance(found, dict) else ():
            if isinstance(values, dict):
                yield name, Table(self.file, (*self.path, key, name), values, self.findings)
            else:
                self.finding(f"{key}.{name}", f"must be a table [{key}.{name}]")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
