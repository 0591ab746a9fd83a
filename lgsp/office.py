"""What people decide and a command carries out: operators and stages here, the rest in rooms of their own; all of it is
noted as evidence.

An action has a name and plain arguments, so that it runs alike in the process that owns the data (asked over
`control.sock`) and in the command line itself where nobody owns it. The person in `by` is whom the operating system names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lgsp.admission import ADMISSION
from lgsp.alerting.desk import ALERTS
from lgsp.amending import AMENDING
from lgsp.audit import Audit
from lgsp.casebook import CASES
from lgsp.consumers import CONSUMERS
from lgsp.correction import CORRECTION
from lgsp.custody import CUSTODY
from lgsp.cutover import SWITCHING, Switchboard
from lgsp.decisions import DECISIONS, Refused, day_of
from lgsp.diagnosis import DIAGNOSIS, Diagnosis
from lgsp.escrow import ESCROW
from lgsp.granting import GRANTS
from lgsp.health.conformity import Tally, place_of
from lgsp.health.conformity import history as conformity_history
from lgsp.inquiry import INQUIRY
from lgsp.keyring import KEYRING
from lgsp.lifecycle import Ledger, StageRefused
from lgsp.maintenance import MAINTENANCE
from lgsp.model import Stage, StageEntry
from lgsp.passwords import hash_password
from lgsp.policy import Policy
from lgsp.promotion import PROMOTION, Promotion
from lgsp.receivers import RECEIVERS
from lgsp.registry import Registry
from lgsp.report.filing import REPORTS
from lgsp.report.incidents import Times
from lgsp.runtime import HANOI, Runtime
from lgsp.store import OperatorRecord, Store

ROLES = ("viewer", "operator", "security-officer", "auditor")


async def _nothing() -> None:
    """Where no bus runs, the next one reads what was decided."""


@dataclass(frozen=True, slots=True)
class Office:
    """Everything that an action may touch."""

    store: Store
    policy: Policy
    audit: Audit
    runtime: Runtime
    ledger: Ledger
    demonstration: bool = False
    excused: Mapping[str, Times] = field(default_factory=dict)
    """Downtime that somebody has reclassified as maintenance, by system."""
    wake: Callable[[], None] = lambda: None
    """Something is due in this process's queues."""
    diagnose: Callable[[str, str], Awaitable[Diagnosis]] | None = None
    """Tests the connection of a system; None where no bus runs."""
    decided: Callable[[], Awaitable[None]] = _nothing
    """Maintenance windows are read again."""
    promotion: Promotion | None = None
    """Collects the evidence of a promotion; None where no bus runs."""
    registry: Registry | None = None
    """By whose contracts a corrected message is checked; None where no bus runs."""
    switchboard: Switchboard | None = None
    """Which upstream carries an operation; None where no bus runs."""


Action = Callable[[Office, str, Mapping[str, Any]], Awaitable[Any]]


async def perform(office: Office, action: str, by: str, arguments: Mapping[str, Any]) -> Any:
    """Carries out one named action; the answer is JSON. Raises `Refused`."""
    known = ACTIONS.get(action)
    if known is None:
        raise Refused(f"Không có thao tác {action}", f"no action {action}")
    return await known(office, by, arguments)


# -- operators ---------------------------------------------------------------------------------------------------------


async def user_list(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    del by, arguments
    return [
        {"user": each.user, "role": each.role, "active": each.active} for each in await office.store.operators.all()
    ]


async def user_add(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    user, role = str(arguments["user"]), str(arguments["role"])
    if role not in ROLES:
        raise Refused(f"Vai trò phải là một trong: {', '.join(ROLES)}", f"a role is one of {', '.join(ROLES)}")
    if await office.store.operators.get(user) is not None:
        raise Refused(
            f"Đã có {user}; đặt mật khẩu mới bằng `lgsp user passwd`",
            f"{user} exists; `lgsp user passwd` sets a new password",
        )
    await put_operator(office.store, office.runtime, user, role, str(arguments["password"]))
    await office.audit.note("operator-added", by, operator=user, role=role)
    return {"user": user, "role": role, "active": True}


async def user_passwd(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    user = str(arguments["user"])
    known = await office.store.operators.get(user)
    if known is None:
        raise Refused(f"Không có người vận hành {user}", f"no operator {user}")
    await put_operator(office.store, office.runtime, user, known.role, str(arguments["password"]))
    await office.audit.note("operator-password", by, operator=user)
    return {"user": user, "role": known.role, "active": True}


async def user_disable(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    user = str(arguments["user"])
    if not await office.store.operators.disable(user):
        raise Refused(f"Không có người vận hành {user}", f"no operator {user}")
    await office.audit.note("operator-disabled", by, operator=user)
    return {"user": user, "active": False}


async def put_operator(store: Store, runtime: Runtime, user: str, role: str, password: str) -> None:
    """Also lets a disabled one in again: a new password is a decision that he may. Raises `Refused`."""
    if len(password) < 12:
        raise Refused("Mật khẩu có ít nhất 12 ký tự", "a password has at least 12 characters")
    salt = runtime.ids.token().encode()[:16]
    digest = await runtime.offload(lambda: hash_password(password, salt))
    await store.operators.put(OperatorRecord(user, role, digest, runtime.clock.now()))


# -- stages ------------------------------------------------------------------------------------------------------------


async def stage_list(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    """Where all systems stand, or the whole history of one."""
    del by
    if system := arguments.get("system"):
        return [_stage_shown(entry) for entry in await office.ledger.entries(str(system))]
    return [_stage_shown(entry) for _, entry in sorted(office.ledger.all().items())]


async def stage_move(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    """`by` and `approved_by` of the arguments are the people who decided; who typed it stands in the evidence."""
    try:
        entry = await office.ledger.move(
            str(arguments["system"]),
            Stage(arguments["to"]),
            decision=str(arguments["decision"]),
            by=str(arguments["by"]),
            approved_by=str(arguments["approved_by"]),
            since=day_of(arguments.get("since")),
        )
    except StageRefused as error:
        raise Refused(error.reason.vi, error.reason.en) from error
    shown = _stage_shown(entry)
    await office.audit.note(
        "stage-moved", by, **{name: shown[name] for name in ("system", "stage", "since", "decision")}
    )
    return shown


# -- what is shown -----------------------------------------------------------------------------------------------------


def _stage_shown(entry: StageEntry) -> dict[str, Any]:
    return {
        "system": entry.system,
        "stage": entry.stage.value,
        "since": entry.since.isoformat(),
        "decision": entry.decision,
        "by": entry.by,
        "approved_by": entry.approved_by,
        "evidence": entry.evidence.value,
        "recorded": entry.recorded.isoformat(),
    }


async def conformity_show(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    """What every real answer of a system has counted for, day by day."""
    del by
    kept = Tally.of_json(await office.store.meta.get(place_of(str(arguments["system"]))))
    return conformity_history(kept, office.runtime.clock.now().astimezone(HANOI).date())


ACTIONS: Mapping[str, Action] = {
    "user.list": user_list,
    "user.add": user_add,
    "user.passwd": user_passwd,
    "user.disable": user_disable,
    "stage.list": stage_list,
    "stage.move": stage_move,
    "conformity.show": conformity_show,
    **CONSUMERS,
    **DECISIONS,
    **GRANTS,
    **ADMISSION,
    **CUSTODY,
    **KEYRING,
    **ESCROW,
    **CASES,
    **CORRECTION,
    **AMENDING,
    **RECEIVERS,
    **REPORTS,
    **ALERTS,
    **DIAGNOSIS,
    **MAINTENANCE,
    **PROMOTION,
    **SWITCHING,
    **INQUIRY,
}
