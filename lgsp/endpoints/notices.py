"""What a caller of an older major version reads in every answer: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), `Link`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from lgsp.model import Face
from lgsp.registry import Connector


def notices(connector: Connector | None, operation: str | None, face: Face) -> dict[str, str]:
    """Headers that say that this version is old, and where the newer one is. None for the newest version."""
    if connector is None or connector.notice is None:
        return {}
    notice = connector.notice
    links = [f'<{_successor(connector, operation, face)}>; rel="successor-version"']
    if notice.info is not None:
        links.append(f'<{notice.info}>; rel="deprecation"; type="text/html"')
    headers = {"Deprecation": f"@{int(_at(notice.deprecated, time(0)).timestamp())}", "Link": ", ".join(links)}
    if notice.sunset is not None:
        headers["Sunset"] = format_datetime(_at(notice.sunset, time(16, 59, 59)), usegmt=True)
    return headers


def _successor(connector: Connector, operation: str | None, face: Face) -> str:
    assert connector.notice is not None
    newest = connector.notice.successor
    if face is Face.SOAP:
        return f"/soap/{connector.name}/{newest}"
    carrier = connector.notice.becomes.get(operation or "")
    return f"/api/{connector.name}/{newest}/{carrier or 'openapi.json'}"


def _at(day: date, moment: time) -> datetime:
    """The dates are days of this country: a deprecation begins at 7 in the morning, a sunset is the last second of its
    day; so both stand on the same date in UTC, as which these headers are read."""
    return datetime.combine(day, moment, UTC)
