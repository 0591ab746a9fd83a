"""Why a call would be allowed or refused: the questions of `Authorize`, in its order, answered in words of both languages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from lgsp.compliance import of_consumer, of_system, said, standing
from lgsp.gate import is_case
from lgsp.lifecycle import NAMES
from lgsp.model import Consumer, Grant, Stage, StageEntry, Text
from lgsp.policy import Policy
from lgsp.runtime import HANOI


class Stages(Protocol):
    """What is asked of the ledger of decisions."""

    def stage(self, system: str) -> StageEntry | None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and what it gives. `code` is the error that a call would get from it."""

    question: str
    ok: bool
    text: Text
    code: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"question": self.question, "ok": self.ok, "code": self.code, "text": self.text.as_dict()}


@dataclass(frozen=True, slots=True)
class Explanation:
    consumer: str
    system: str
    operation: str
    answers: tuple[Answer, ...]

    @property
    def refusal(self) -> Answer | None:
        """The first no, which is what the caller would be told."""
        return next((each for each in self.answers if not each.ok), None)

    def as_dict(self) -> dict[str, Any]:
        refusal = self.refusal
        return {
            "consumer": self.consumer,
            "system": self.system,
            "operation": self.operation,
            "allowed": refusal is None,
            "code": refusal.code if refusal else None,
            "answers": [each.as_dict() for each in self.answers],
        }


def explain(
    policy: Policy,
    stages: Stages,
    consumer: str,
    system: str,
    operation: str,
    *,
    purpose: str | None = None,
    case: str | None = None,
    native: bool = False,
    exists: bool = True,
) -> Explanation:
    """Spends no quota and asks nobody. Questions that an earlier no makes pointless are left out only where they need its yes.

    `exists`: the system has that operation."""
    answers: list[Answer] = []
    known = policy.consumer(consumer)
    answers.append(_consumer(consumer, known))
    entry = stages.stage(system)
    stage = entry.stage if entry else Stage.PLANNED
    if entry is not None and not exists:
        answers.append(_nowhere(system, operation))
    answers.append(_stage(system, stage, entry))
    if entry is not None:
        answers.append(_system_level(policy, system))
    if known is not None:
        answers += _rights(policy, known, system, operation, stage, purpose, case, native=native)
    return Explanation(consumer, system, operation, tuple(answers))


def _rights(
    policy: Policy,
    consumer: Consumer,
    system: str,
    operation: str,
    stage: Stage,
    purpose: str | None,
    case: str | None,
    *,
    native: bool,
) -> list[Answer]:
    today = policy.runtime.clock.now().astimezone(HANOI).date()
    level = standing(of_consumer(consumer), today)
    code = "security-level-not-approved" if level.cut else None
    answers = [Answer("security-level", not level.cut, _level(consumer, said(level)), code)]
    grant = policy.grant_for(consumer, system, operation)
    if grant is None:
        return [*answers, Answer("grant", False, _no_grant(policy, consumer, system, operation, today), "forbidden")]
    answers.append(Answer("grant", True, _granted(grant)))
    if stage is Stage.TRIAL:
        answers.append(_trial(consumer, grant))
    answers.append(_fields(grant, native=native))
    answers.append(_purpose(grant, purpose))
    if grant.needs_case:
        answers.append(_case(case, today))
    limit = grant.quota_per_minute if grant.quota_per_minute is not None else policy.quota_per_minute
    enough = Text(f"Tối đa {limit} lần gọi mỗi phút", f"At most {limit} calls a minute")
    answers.append(Answer("quota", limit > 0, enough, None if limit > 0 else "quota-exceeded"))
    return answers


def _consumer(name: str, known: Consumer | None) -> Answer:
    if known is None:
        text = Text(f"Không có hệ thống khai thác {name}", f"There is no consumer {name}")
        return Answer("consumer", False, text, "unauthenticated")
    if not known.active:
        text = Text(f"Hệ thống {name} đang bị khoá", f"The consumer {name} is disabled")
        return Answer("consumer", False, text, "unauthenticated")
    return Answer("consumer", True, Text(f"{known.name.vi} đang hoạt động", f"{known.name.en} is active"))


def _nowhere(system: str, operation: str) -> Answer:
    text = Text(
        f"{system} không có chức năng {operation}; xem ở /docs", f"{system} has no operation {operation}; see /docs"
    )
    return Answer("operation", False, text, "unknown-operation")


def _stage(system: str, stage: Stage, entry: StageEntry | None) -> Answer:
    if entry is None:
        return Answer(
            "stage", False, Text(f"Không có hệ thống {system}", f"There is no system {system}"), "unknown-operation"
        )
    since = f"{entry.since:%d/%m/%Y}"
    text = Text(
        f"Giai đoạn {NAMES[stage].vi} từ {since}, theo {entry.decision}",
        f"Stage {stage.value} since {since}, by {entry.decision}",
    )
    if stage is Stage.SUSPENDED:
        return Answer("stage", False, text, "suspended")
    ok = stage in (Stage.TRIAL, Stage.OFFICIAL)
    return Answer("stage", ok, text, None if ok else "forbidden")


def _level(consumer: Consumer, words: Text) -> Text:
    level = f" {consumer.security_level}" if consumer.security_level else ""
    decision = f" ({consumer.security_decision})" if consumer.security_decision else ""
    end = consumer.security_expires
    until_vi, until_en = (f", đến hết {end:%d/%m/%Y}", f", until {end:%d/%m/%Y}") if end else ("", "")
    return Text(
        f"Cấp độ an toàn{level}: {words.vi}{decision}{until_vi}",
        f"Security level{level}: {words.en}{decision}{until_en}",
    )


def _system_level(policy: Policy, system: str) -> Answer:
    found = of_system(policy.level_of(system), policy.today())
    words = said(found)
    text = Text(f"Cơ sở dữ liệu: {words.vi}", f"The database: {words.en}")
    return Answer("system-level", not found.cut, text, "security-level-not-approved" if found.cut else None)


def _granted(grant: Grant) -> Text:
    where = _where(grant)
    until_vi, until_en = (
        (f", đến hết {grant.valid_to:%d/%m/%Y}", f", until {grant.valid_to:%d/%m/%Y}") if grant.valid_to else ("", "")
    )
    return Text(
        f"Được cấp quyền {where.vi} theo {grant.legal_basis or '(không ghi căn cứ)'}{until_vi}",
        f"Granted {where.en} by {grant.legal_basis or '(no legal basis entered)'}{until_en}",
    )


def _where(grant: Grant) -> Text:
    if grant.system == "*" and grant.operation == "*":
        return Text("mọi chức năng", "every operation")
    if grant.operation == "*":
        return Text(f"mọi chức năng của {grant.system}", f"every operation of {grant.system}")
    return Text(*[f"{grant.system}/{grant.operation}"] * 2)


def _no_grant(policy: Policy, consumer: Consumer, system: str, operation: str, today: date) -> Text:
    """A grant that is over, or not begun, is the usual reason: it is named."""
    for grant in policy.grants_of(consumer.id):
        if grant.system not in (system, "*") or grant.operation not in (operation, "*"):
            continue
        if grant.valid_to is not None and grant.valid_to < today:
            end = f"{grant.valid_to:%d/%m/%Y}"
            return Text(f"Quyền đã hết hạn ngày {end}", f"The grant ended on {end}")
        if grant.valid_from is not None and grant.valid_from > today:
            begin = f"{grant.valid_from:%d/%m/%Y}"
            return Text(f"Quyền có hiệu lực từ ngày {begin}", f"The grant begins on {begin}")
    return Text("Chưa được cấp quyền nào cho chức năng này", "No grant covers this operation")


def _trial(consumer: Consumer, grant: Grant) -> Answer:
    if consumer.admits_trial and grant.admits_trial:
        text = Text("Đang thử nghiệm và được mở cho hệ thống này", "In trial, and open to this consumer")
        return Answer("trial", True, text)
    if consumer.admits_trial:
        text = Text(
            "Đang thử nghiệm, và quyền này không bao gồm thử nghiệm", "In trial, and this grant does not cover trials"
        )
    else:
        text = Text("Kết nối thử nghiệm không mở cho hệ thống này", "The trial is not open to this consumer")
    return Answer("trial", False, text, "forbidden")


def _fields(grant: Grant, *, native: bool) -> Answer:
    if grant.fields is None:
        return Answer("fields", True, Text("Nhận toàn bộ trường dữ liệu", "The whole answer leaves"))
    listed = ", ".join(grant.fields)
    if native:
        text = Text(
            "Quyền theo trường dữ liệu không dùng được với giao diện gốc", "A grant by fields does not open native"
        )
        return Answer("fields", False, text, "forbidden")
    return Answer("fields", True, Text(f"Chỉ nhận các trường: {listed}", f"Only these fields leave: {listed}"))


def _case(case: str | None, today: date) -> Answer:
    text = Text("Phải nêu mã hồ sơ hợp lệ ở X-LGSP-Case", "X-LGSP-Case must name the dossier, in its format")
    ok = is_case(case, today)
    return Answer("case", ok, text, None if ok else "purpose-required")


def _purpose(grant: Grant, purpose: str | None) -> Answer:
    if grant.purposes is None:
        return Answer("purpose", True, Text("Không yêu cầu mục đích", "No purpose is asked for"))
    listed = ", ".join(grant.purposes)
    ok = purpose in grant.purposes
    text = Text(f"X-LGSP-Purpose phải là một trong: {listed}", f"X-LGSP-Purpose must be one of: {listed}")
    return Answer("purpose", ok, text, None if ok else "purpose-required")
