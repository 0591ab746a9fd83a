"""Facts of an invented month for tests of the report's forms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from lgsp.console.format import Formats
from lgsp.console.wording import load
from lgsp.model import Evidence, Health, Lang, Stage, Text
from lgsp.report.facts import CallerFacts, Facts, Period, SystemFacts, WorkFacts
from lgsp.report.incidents import Incident
from lgsp.report.model import Paper, paper
from lgsp.settings import ReportSettings

MADE = datetime(2023, 2, 3, 1, 0, tzinfo=UTC)
AROUND = ReportSettings(
    superior="ỦY BAN NHÂN DÂN TỈNH MẪU",
    body="SỞ THÔNG TIN VÀ TRUYỀN THÔNG",
    symbol="STTTT",
    place="Mẫu",
    to=("Ủy ban nhân dân tỉnh Mẫu",),
    recipients=("Như trên", "Văn phòng tỉnh"),
    archive="Lưu: VT, CNTT",
    office="GIÁM ĐỐC",
    signer="Bùi Thị Mẫu",
)
TITLES = {f"s{n}": Text(f"Hệ thống {n}", f"System {n}") for n in range(17)}


def system(n: int, stage: Stage) -> SystemFacts:
    return SystemFacts(
        f"s{n}", stage, date(2022, 11, 16), "714/QĐ-UBND", Evidence.DECLARED, 1204, 0.991, 0.42, 0.99999, 36.0
    )


def facts(official: int = 9, trial: int = 8) -> Facts:
    stages = [Stage.OFFICIAL] * official + [Stage.TRIAL] * trial
    return Facts(
        Period(date(2023, 1, 1), date(2023, 1, 31)),
        MADE,
        datetime(2023, 1, 31, 17, tzinfo=UTC),
        demonstration=False,
        systems=(
            *(system(n, stage) for n, stage in enumerate(stages)),
            replace(system(90, Stage.PLANNED), since=None),
            system(91, Stage.RETIRED),
        ),
        callers=(
            CallerFacts("portal", "H28.01", "Cổng dịch vụ công", 100, 90, 10),
            CallerFacts("desk", "H28.01", "Một cửa", 50, 50, 0),
            CallerFacts("other", "", "=cmd|'/c calc'!A1", 7, 0, 0),
        ),
        incidents=(
            Incident("s1", datetime(2023, 1, 4, 2, 12, tzinfo=UTC), datetime(2023, 1, 4, 3, 42, tzinfo=UTC), 5400.0,
                     Health.DOWN, Text("quá thời hạn", "timed out")),
            Incident("upstream:ngsp", datetime(2023, 1, 31, 16, tzinfo=UTC), None, 3600.0, Health.DOWN, None),
        ),
        work=(WorkFacts("s1", 12, 7, 1, 2, 1, 1, 0),),
    )  # fmt: skip


def written(found: Facts | None = None, lang: Lang = "vi", around: ReportSettings = AROUND, number: str = "") -> Paper:
    words = load(lang)
    return paper(found or facts(), TITLES, around, words, Formats(words, MADE), lang, number)
