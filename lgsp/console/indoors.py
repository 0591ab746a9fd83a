"""What may be wrong with the house itself: the evidence, the store, the disk below both. Tiles beside the platforms'."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from lgsp.health.cause import Cause
from lgsp.model import Health, Text
from lgsp.runtime import HANOI
from lgsp.store.port import Trouble

_LOW_SHARE, _LOW_BYTES, _OUT_BYTES = 0.05, 1 << 30, 64 << 20
_EVIDENCE, _STORE = Text("Sổ chứng cứ", "Evidence"), Text("Kho dữ liệu", "Store")
_DISK = frozenset({"FullError", "IOError", "ReadOnlyError", "CorruptError"})


def indoors(house: Any, now: datetime) -> list[dict[str, Any]]:
    """`house` is the gateway. One tile each; a full disk is one cause and not two."""
    evidence, kept = house.audit.trouble, house.keeper.trouble
    disk = _disk(house.settings.data)
    tiles = [_evidence(evidence, house.audit.entries, now)]
    if kept is not None and evidence is None:
        tiles.append(_tile("store", _STORE, Health.DOWN, kept.since, *_refused(_STORE, kept, now)))
    if disk is not None and evidence is None and kept is None:
        tiles.append(disk)
    return tiles


def _evidence(trouble: Trouble | None, entries: int, now: datetime) -> dict[str, Any]:
    if trouble is None:
        written = Text(f"{entries:,} mục từ khi khởi động".replace(",", "."), f"{entries:,} entries since the start")
        return {**_tile("evidence", _EVIDENCE, Health.UP, None, None, None, None), "said": written.as_dict()}
    return _tile("evidence", _EVIDENCE, Health.DOWN, trouble.since, *_refused(_EVIDENCE, trouble, now))


def _refused(what: Text, trouble: Trouble, now: datetime) -> tuple[str, Text, Text]:
    time = _clock(trouble.since, now)
    consequence = Text(
        "cập nhật và tra cứu dữ liệu cá nhân bị từ chối, chưa mất gì",
        "updates and personal queries are refused, nothing is lost",
    )
    if trouble.reason in _DISK:
        return (
            "disk",
            Text(
                f"{what.vi}: đĩa không nhận ghi từ {time} (đầy hoặc hỏng); {consequence.vi}",
                f"{what.en}: the disk takes no writes since {time} (full or broken); {consequence.en}",
            ),
            Text(
                "giải phóng hoặc thay đĩa của thư mục dữ liệu; trục tự chạy lại; gọi quản trị máy chủ",
                "free or replace the disk of the data folder; the bus goes on by itself; call the server administrator",
            ),
        )
    return (
        "evidence",
        Text(
            f"{what.vi}: không ghi được từ {time}; {consequence.vi}",
            f"{what.en}: cannot be written since {time}; {consequence.en}",
        ),
        Text(
            "kiểm tra tệp và tiến trình đang khoá thư mục dữ liệu; gọi quản trị trục tích hợp",
            "check the files and who locks the data folder; call the administrator of the bus",
        ),
    )


def _disk(data: Path) -> dict[str, Any] | None:
    """Before it is full; None where there is room."""
    try:
        usage = shutil.disk_usage(data)
    except OSError:
        return None
    if usage.free >= _LOW_BYTES or usage.free >= usage.total * _LOW_SHARE:
        return None
    health = Health.DOWN if usage.free < _OUT_BYTES else Health.DEGRADED
    free = usage.free >> 20
    said = Text(f"Đĩa: còn {free} MB cho thư mục dữ liệu", f"Disk: {free} MB left for the data folder")
    todo = Text(
        "giải phóng hoặc mở rộng đĩa trước khi trục phải từ chối cuộc gọi; gọi quản trị máy chủ",
        "free or extend the disk before calls must be refused; call the server administrator",
    )
    return _tile("disk", Text("Đĩa", "Disk"), health, None, "disk", said, todo)


def _tile(
    name: str, title: Text, health: Health, since: datetime | None, layer: str | None, cause: Text | None, todo: Text | None
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": name,
        "title": title.as_dict(),
        "health": health.value,
        "health_since": since.isoformat(timespec="seconds") if since else None,
        "cause": Cause("", cause, todo).text.as_dict() if cause else None,
        "layer": layer,
        "next": todo.as_dict() if todo else None,
    }


def _clock(moment: datetime, now: datetime) -> str:
    local = moment.astimezone(HANOI)
    return f"{local:%H:%M}" if local.date() == now.astimezone(HANOI).date() else f"{local:%H:%M %d/%m}"
