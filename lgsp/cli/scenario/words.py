"""A telling in a sentence: who waits how long because something failed, and whether anything is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgsp.cli.scenario.pictures import number


def sentence(results: Mapping[str, Any], language: str) -> str:
    """`language`: vi or en."""
    offices, sent = results["waiting"]["offices"], results["submissions"]
    late = sent["waited"].values()
    count = sum(each["submissions"] for each in late)
    refused, taken = (
        sum(row[name] for row in results["codes_of_before"].values()) for name in ("put_right", "taken_as_they_were")
    )
    gone = sent["lost"] + sum(sent["messages_lost"].values())
    most = max((each["minutes_most"] for each in late), default=0.0)
    if language == "vi":
        waits = [
            f"{each['title']['vi']}: {each['dossiers_held']} hồ sơ chờ trung bình {number(each['working_hours_mean'])} "
            f"giờ làm việc, lâu nhất {number(each['working_hours_most'])}"
            for each in offices
        ]
        kept = f"trục giữ giúp {count} lượt gửi nhờ, lâu nhất {number(most)} phút" if count else ""
        lost = "không ai bị mất" if not gone else f"mất {gone} thông điệp"
        codes = f"{refused} thông điệp mã cũ bị từ chối và sửa tay, {taken} được nhận nguyên" if refused + taken else ""
        return "; ".join(part for part in (*(waits or ["không hồ sơ nào phải chờ"]), kept, codes, lost) if part) + "."
    waits = [
        f"{each['title']['en']}: {each['dossiers_held']} dossiers wait {each['working_hours_mean']} working hours on average, "
        f"{each['working_hours_most']} at most"
        for each in offices
    ]
    kept = f"the bus keeps {count} submissions, {most} minutes at most" if count else ""
    lost = "nobody is lost" if not gone else f"{gone} messages are lost"
    codes = (
        f"{refused} messages with old codes are refused and put right, {taken} taken as they are"
        if refused + taken
        else ""
    )
    return "; ".join(part for part in (*(waits or ["no dossier waits for a system"]), kept, codes, lost) if part) + "."
