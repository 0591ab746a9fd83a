"""Figures and moments as people here write them: 1.204, 99,1 %, 10:42 16/11/2022. English keeps the day before the month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from lgsp.console.wording import Words
from lgsp.runtime import HANOI

NONE = "—"


@dataclass(frozen=True, slots=True)
class Formats:
    """Of one language, at one moment. Every method takes None, which is written as a dash."""

    w: Words
    now: datetime

    def number(self, value: float | None, digits: int = 0) -> str:
        if value is None:
            return NONE
        marks = self.w["common"]["number"]
        written = f"{abs(value):,.{digits}f}".translate({ord(","): marks["thousands"], ord("."): marks["decimal"]})
        return f"−{written}" if round(value, digits) < 0 else written

    def percent(self, share: float | None, digits: int = 1) -> str:
        """`share` of one; 100 % only where nothing is missing."""
        if share is None:
            return NONE
        hundred = share * 100
        if share < 1 and round(hundred, digits) >= 100:
            hundred = 100 - 10**-digits
        return str(self.w["common"]["number"]["percent"]).format(number=self.number(hundred, digits))

    def change(self, value: float, before: float) -> str:
        """+46 %; nothing where there was nothing before, and "≈" below half a percent."""
        if not before:
            return ""
        share = (value - before) / before
        written = str(self.w["common"]["number"]["percent"]).format(number=self.number(abs(share) * 100))
        return f"{'+' if share > 0 else '−'}{written}" if abs(share) >= 0.005 else f"±{written}"

    def seconds(self, value: float | None, digits: int | None = None) -> str:
        """Without the unit, which stands in the heading: two places below one second, one above."""
        return NONE if value is None else self.number(value, (2 if value < 1 else 1) if digits is None else digits)

    def bytes(self, value: float | None) -> str:
        if value is None:
            return NONE
        units = ("B", "KB", "MB", "GB", "TB")
        place = 0
        while value >= 1024 and place < len(units) - 1:
            value, place = value / 1024, place + 1
        return f"{self.number(value, 1 if place and value < 100 else 0)} {units[place]}"

    def clock(self, moment: datetime | str | None) -> str:
        """09:12, with the day where it is not today, with the year where it is not this one."""
        if moment is None:
            return NONE
        local, today = _local(moment), self.now.astimezone(HANOI)
        if local.date() == today.date():
            return f"{local:%H:%M}"
        return f"{local:%H:%M %d/%m}" if local.year == today.year else f"{local:%H:%M %d/%m/%Y}"

    def day(self, moment: date | datetime | str | None) -> str:
        if moment is None:
            return NONE
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment) if "T" in moment else date.fromisoformat(moment)
        return f"{_local(moment) if isinstance(moment, datetime) else moment:%d/%m/%Y}"

    def moment(self, moment: datetime | str | None, *, seconds: bool = True) -> str:
        """10:42:18 16/11/2022."""
        return NONE if moment is None else f"{_local(moment):{'%H:%M:%S' if seconds else '%H:%M'} %d/%m/%Y}"

    def dateline(self, moment: datetime | str) -> str:
        """Lúc 10:42:18, thứ Tư 16/11/2022."""
        local, common = _local(moment), self.w["common"]
        weekday = common["weekdays"][local.weekday()]
        return str(common["dateline"]).format(time=f"{local:%H:%M:%S}", weekday=weekday, date=f"{local:%d/%m/%Y}")

    def span(self, length: timedelta | float | None) -> str:
        """1 giờ 30 phút: the two largest units that are not nothing."""
        if length is None:
            return NONE
        left = int(length.total_seconds() if isinstance(length, timedelta) else length)
        units: Any = self.w["common"]["units"]
        parts = []
        for name, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
            count, left = divmod(left, size)
            if count:
                parts.append(str(units[name if count == 1 else f"{name}s"]).format(n=count))
        return " ".join(parts[:2]) or str(units["seconds"]).format(n=0)

    def ago(self, moment: datetime | str | None) -> str:
        """How long since then, for "1 giờ 30 phút trước" and the like."""
        return NONE if moment is None else self.span(max(timedelta(0), self.now - _aware(moment)))


def _aware(moment: datetime | str) -> datetime:
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def _local(moment: datetime | str) -> datetime:
    return _aware(moment).astimezone(HANOI)
