"""Every page that a browser is put in front of: axe in both themes, 360 px, a hundred kilobytes, no script, all by themselves.

A page with data of its own names what must be there first in `prepare` (of `Sample`), once for all tests of the module.
"""

from __future__ import annotations

from dataclasses import dataclass

PUBLIC = ""


@dataclass(frozen=True)
class Sample:
    address: str
    role: str = "operator"
    """Who opens it; `PUBLIC` for nobody."""
    status: int = 200
    charts: bool = False
    """With charts it may weigh more than a hundred kilobytes."""

    @property
    def name(self) -> str:
        return f"{self.address} {self.role}".strip()


PAGES: tuple[Sample, ...] = (
    Sample("/status", PUBLIC),
    Sample("/status?format=file", PUBLIC),
    Sample("/console/sign-in", PUBLIC),
    Sample("/console/"),
    Sample("/console/account"),
    Sample("/console/topology"),
    Sample("/console/systems/civil-status", charts=True),
    Sample("/console/systems/civil-status/stage"),
    Sample("/console/maintenance"),
    Sample("/console/maintenance", "viewer"),
    Sample("/console/exchanges"),
    Sample("/console/exchanges?case=H28.01-221206-0001&outcome=timeout"),
    Sample("/console/desk"),
    Sample("/console/desk?state=failed"),
    Sample("/console/desk/again?state=failed"),
    Sample("/console/consumers"),
    Sample("/console/consumers/tester", "security-officer"),
    Sample("/console/explain?consumer=tester&call=civil-status/danhMuc"),
    Sample("/console/security", "security-officer"),
    Sample("/console/security?on=2099-01-01"),
    Sample("/console/approvals"),
    Sample("/console/alerts"),
    Sample("/console/reports"),
    Sample("/console/reports?from=2022-11-16&to=2022-01-01", status=422),
    Sample("/console/reports/paper"),
    Sample("/console/khong-co", status=404),
)
