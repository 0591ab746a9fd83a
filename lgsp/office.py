"""What people decide and a command carries out: consumers, keys, grants, operators, stages; each one is noted as evidence.

An action has a name and plain arguments, so that it runs alike in the process that owns the data (asked over
`control.sock`) and in the command line itself where nobody owns it. The person in `by` is whom the operating system names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from lgsp.admission import ADMISSION
from lgsp.alerting.desk import ALERTS
from lgsp.amending import AMENDING
from lgsp.audit import Audit
from lgsp.casebook import CASES
from lgsp.correction import CORRECTION
from lgsp.custody import CUSTODY
from lgsp.cutover import SWITCHING, Switchboard
from lgsp.decisions import DECISIONS, Refused, consumer_of, day_of, grant_shown, iso
from lgsp.diagnosis import DIAGNOSIS, Diagnosis
from lgsp.escrow import ESCROW
from lgsp.health.conformity import Tally, place_of
from lgsp.health.conformity import history as conformity_history
from lgsp.inquiry import INQUIRY
from lgsp.keyring import KEYRING
from lgsp.lifecycle import Ledger, StageRefused
from lgsp.maintenance import MAINTENANCE
from lgsp.model import Consumer, Stage, StageEntry, Text
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
        raise Refused(f"no action {action}")
    return await known(office, by, arguments)


# -- consumers and their secrets ---------------------------------------------------------------------------------------


async def consumer_list(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    del by, arguments
    return [_shown(each) for each in office.policy.consumers()]


async def consumer_show(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    del by
    consumer = consumer_of(office.policy, arguments["id"])
    secrets = await office.store.consumers.secrets(consumer.id)
    return {
        **_shown(consumer),
        "secrets": [
            {
                "kind": each.kind,
                "key_id": each.key_id,
                "created": each.created.isoformat(),
                "expires": each.expires.isoformat() if each.expires else None,
            }
            for each in secrets
        ],
        "grants": [grant_shown(each) for each in office.policy.grants_of(consumer.id)],
    }


async def consumer_add(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    """The only answer that ever carries these secrets."""
    name = str(arguments["name"])
    consumer = Consumer(
        id=str(arguments["id"]),
        name=Text(name, str(arguments.get("name_en") or name)),
        agency=str(arguments.get("agency") or ""),
        admits_trial=bool(arguments.get("admits_trial")),
        security_level=arguments.get("security_level"),
        security_expires=day_of(arguments.get("security_expires")),
    )
    try:
        secrets = await office.policy.create_consumer(consumer)
    except ValueError as error:
        raise Refused(str(error)) from error
    await office.audit.note("consumer-added", by, consumer=consumer.id)
    return {"id": consumer.id, **_secrets(secrets)}


async def consumer_key(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    """Fresh secrets: the client secret replaces the one before, at once or after `overlap` hours in which both hold; API
    keys stay until they are revoked."""
    consumer = consumer_of(office.policy, arguments["id"])
    overlap = float(arguments.get("overlap") or 0)
    if not 0 <= overlap <= 24 * 30:
        raise Refused("two secrets hold beside each other for at most 720 hours")
    secrets = await office.policy.new_secrets(consumer.id, timedelta(hours=overlap))
    await office.audit.note("consumer-key", by, consumer=consumer.id)
    return {"id": consumer.id, **_secrets(secrets)}


async def consumer_revoke(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    consumer = consumer_of(office.policy, arguments["id"])
    key_id = str(arguments["key_id"])
    for secret in await office.store.consumers.secrets(consumer.id):
        if secret.key_id == key_id:
            await office.policy.revoke_secret(secret.kind, key_id)
            await office.audit.note("consumer-key-revoked", by, consumer=consumer.id, key=key_id)
            return {"id": consumer.id, "revoked": key_id}
    raise Refused(f"{consumer.id} has no key {key_id}")


async def consumer_approve(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    """The approved security level (NĐ 85/2016), from a day until a day."""
    consumer = consumer_of(office.policy, arguments["id"])
    level, since, until = int(arguments["level"]), day_of(arguments.get("since")), day_of(arguments.get("until"))
    if not 1 <= level <= 5:
        raise Refused("a security level is 1 to 5")
    protected = arguments.get("anti_malware")
    approved = replace(
        consumer,
        security_level=level,
        security_since=since,
        security_expires=until,
        security_decision=str(arguments["decision"]),
        anti_malware=None if protected is None else bool(protected),
    )
    await office.policy.put_consumer(approved)
    facts = {
        "consumer": consumer.id,
        "level": level,
        "since": iso(since),
        "until": iso(until),
        "decision": arguments["decision"],
        "anti_malware": approved.anti_malware,
    }
    await office.audit.note("security-level-approved", by, **facts)
    return facts


async def consumer_addresses(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    """Where it may call from; nothing named means anywhere."""
    consumer = consumer_of(office.policy, arguments["id"])
    try:
        networks = tuple(str(ipaddress.ip_network(each)) for each in arguments["addresses"])
    except ValueError as error:
        raise Refused("an address is a network, 10.1.2.0/24, or one address") from error
    await office.policy.put_consumer(replace(consumer, addresses=networks))
    await office.audit.note("consumer-addresses", by, consumer=consumer.id, addresses=list(networks))
    return {"id": consumer.id, "addresses": list(networks)}


async def consumer_active(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    consumer, active = consumer_of(office.policy, arguments["id"]), bool(arguments["active"])
    await office.policy.set_active(consumer.id, active=active)
    await office.audit.note("consumer-enabled" if active else "consumer-disabled", by, consumer=consumer.id)
    return {"id": consumer.id, "active": active}


# -- grants ------------------------------------------------------------------------------------------------------------


async def grant_list(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    del by
    consumers = (
        [consumer_of(office.policy, arguments["consumer"])] if arguments.get("consumer") else office.policy.consumers()
    )
    return [grant_shown(grant) for each in consumers for grant in office.policy.grants_of(each.id)]


async def grant_remove(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    which = (str(arguments["consumer"]), str(arguments["system"]), str(arguments["operation"]))
    if not await office.policy.delete_grant(*which):
        raise Refused(f"{which[0]} has no grant for {which[1]} {which[2]}")
    facts = dict(zip(("consumer", "system", "operation"), which, strict=True))
    await office.audit.note("grant-removed", by, **facts)
    return facts


# -- operators ---------------------------------------------------------------------------------------------------------


async def user_list(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    del by, arguments
    return [
        {"user": each.user, "role": each.role, "active": each.active} for each in await office.store.operators.all()
    ]


async def user_add(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    user, role = str(arguments["user"]), str(arguments["role"])
    if role not in ROLES:
        raise Refused(f"a role is one of {', '.join(ROLES)}")
    if await office.store.operators.get(user) is not None:
        raise Refused(f"{user} exists; `lgsp user passwd` sets a new password")
    await put_operator(office.store, office.runtime, user, role, str(arguments["password"]))
    await office.audit.note("operator-added", by, operator=user, role=role)
    return {"user": user, "role": role, "active": True}


async def user_passwd(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    user = str(arguments["user"])
    known = await office.store.operators.get(user)
    if known is None:
        raise Refused(f"no operator {user}")
    await put_operator(office.store, office.runtime, user, known.role, str(arguments["password"]))
    await office.audit.note("operator-password", by, operator=user)
    return {"user": user, "role": known.role, "active": True}


async def user_disable(office: Office, by: str, arguments: Mapping[str, Any]) -> Any:
    user = str(arguments["user"])
    if not await office.store.operators.disable(user):
        raise Refused(f"no operator {user}")
    await office.audit.note("operator-disabled", by, operator=user)
    return {"user": user, "active": False}


async def put_operator(store: Store, runtime: Runtime, user: str, role: str, password: str) -> None:
    """Also lets a disabled one in again: a new password is a decision that he may. Raises `Refused`."""
    if len(password) < 12:
        raise Refused("a password has at least 12 characters")
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
        raise Refused(f"{error.reason.en} ({error.reason.vi})") from error
    shown = _stage_shown(entry)
    await office.audit.note(
        "stage-moved", by, **{name: shown[name] for name in ("system", "stage", "since", "decision")}
    )
    return shown


# -- what is shown -----------------------------------------------------------------------------------------------------


def _shown(consumer: Consumer) -> dict[str, Any]:
    shown = asdict(consumer)
    days = {name: iso(getattr(consumer, name)) for name in ("security_since", "security_expires")}
    return {**shown, **days}


def _secrets(secrets: Any) -> dict[str, str]:
    return {"client_id": secrets.client_id, "client_secret": secrets.client_secret, "api_key": secrets.api_key}


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
    "consumer.list": consumer_list,
    "consumer.show": consumer_show,
    "consumer.add": consumer_add,
    "consumer.key": consumer_key,
    "consumer.revoke": consumer_revoke,
    "consumer.approve": consumer_approve,
    "consumer.addresses": consumer_addresses,
    "consumer.active": consumer_active,
    "grant.list": grant_list,
    "grant.remove": grant_remove,
    "user.list": user_list,
    "user.add": user_add,
    "user.passwd": user_passwd,
    "user.disable": user_disable,
    "stage.list": stage_list,
    "stage.move": stage_move,
    "conformity.show": conformity_show,
    **DECISIONS,
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
