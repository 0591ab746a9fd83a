"""What people decide about agency systems: a new one, its secrets, its approved level, its addresses, on and off."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from lgsp.compliance import of_consumer, said, standing
from lgsp.decisions import Desk, Refused, consumer_of, day_of, iso
from lgsp.granting import grant_shown
from lgsp.guard import NewSecrets
from lgsp.model import Consumer, Text

HOUR = timedelta(hours=1)


async def consumer_list(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    del by, arguments
    return [_shown(each) for each in desk.policy.consumers()]


async def consumer_show(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    del by
    consumer = consumer_of(desk.policy, arguments["id"])
    secrets = await desk.store.consumers.secrets(consumer.id)
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
        "grants": [grant_shown(each) for each in desk.policy.grants_of(consumer.id)],
    }


async def consumer_add(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
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
        desk.policy.check_new(consumer.id)
    except ValueError as error:
        raise Refused("Mã không hợp lệ hoặc đã có", str(error)) from error
    await desk.audit.note("consumer-added", by, consumer=consumer.id)
    return {"id": consumer.id, **secrets_shown(await desk.policy.create_consumer(consumer))}


async def consumer_key(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Fresh secrets: the client secret replaces the one before, at once or after `overlap` hours in which both hold; API
    keys stay until they are revoked."""
    consumer, overlap = consumer_of(desk.policy, arguments["id"]), overlap_of(arguments)
    await desk.audit.note("consumer-key", by, consumer=consumer.id, overlap_hours=overlap / HOUR)
    return {"id": consumer.id, **secrets_shown(await desk.policy.new_secrets(consumer.id, overlap))}


async def consumer_password(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """A password for WS-Security UsernameToken with digest. The digest is made of the password itself, so it is kept sealed
    under the installation's key instead of hashed; it replaces the one before as `consumer_key` does."""
    consumer, overlap = consumer_of(desk.policy, arguments["id"]), overlap_of(arguments)
    await desk.audit.note("consumer-password", by, consumer=consumer.id, overlap_hours=overlap / HOUR)
    password = desk.runtime.ids.token()
    await desk.policy.set_password(consumer.id, password, overlap)
    return {"id": consumer.id, "username": consumer.id, "password": password}


async def consumer_revoke(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Taken back first, then noted: what must end does not wait for evidence."""
    consumer = consumer_of(desk.policy, arguments["id"])
    key_id, kind = str(arguments["key_id"]), arguments.get("kind")
    named = [
        each
        for each in await desk.store.consumers.secrets(consumer.id)
        if each.key_id == key_id and kind in (None, "", each.kind)
    ]
    if not named:
        raise Refused(f"{consumer.id} không có khoá {key_id}", f"{consumer.id} has no key {key_id}")
    if len(named) > 1:
        kinds = ", ".join(each.kind for each in named)
        raise Refused(
            f"{key_id} là tên của nhiều khoá ({kinds}): nêu loại bằng --kind",
            f"{key_id} names several keys ({kinds}): say which with --kind",
        )
    await desk.policy.revoke_secret(named[0].kind, key_id)
    await desk.audit.note("consumer-key-revoked", by, consumer=consumer.id, key=key_id, key_kind=named[0].kind)
    return {"id": consumer.id, "revoked": key_id, "kind": named[0].kind}


async def consumer_approve(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The approved security level (NĐ 85/2016), from a day until a day. It takes the place of the one before, and the answer says
    what that makes of the consumer today. What is not said of the anti-malware stays as it was declared."""
    consumer = consumer_of(desk.policy, arguments["id"])
    level, since, until = int(arguments["level"]), day_of(arguments.get("since")), day_of(arguments.get("until"))
    if not 1 <= level <= 5:
        raise Refused("Cấp độ an toàn từ 1 đến 5", "a security level is 1 to 5")
    if since is not None and until is not None and until < since:
        raise Refused("Ngày cuối đứng trước ngày đầu", "the last day is before the first")
    protected = arguments.get("anti_malware")
    approved = replace(
        consumer,
        security_level=level,
        security_since=since,
        security_expires=until,
        security_decision=str(arguments["decision"]),
        anti_malware=consumer.anti_malware if protected is None else bool(protected),
    )
    facts = {
        "consumer": consumer.id,
        "level": level,
        "since": iso(since),
        "until": iso(until),
        "decision": arguments["decision"],
        "anti_malware": approved.anti_malware,
    }
    await desk.audit.note("security-level-approved", by, **facts)
    await desk.policy.put_consumer(approved)
    found = standing(of_consumer(approved), desk.policy.today())
    return {**facts, "standing": found.value, "cut": found.cut, "why": said(found).as_dict()}


async def consumer_addresses(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Where it may call from; nothing named means anywhere."""
    consumer = consumer_of(desk.policy, arguments["id"])
    try:
        networks = tuple(str(ipaddress.ip_network(each)) for each in arguments["addresses"])
    except ValueError as error:
        raise Refused(
            "Địa chỉ là một dải mạng, ví dụ 10.1.2.0/24, hoặc một địa chỉ",
            "an address is a network, 10.1.2.0/24, or one address",
        ) from error
    await desk.audit.note("consumer-addresses", by, consumer=consumer.id, addresses=list(networks))
    await desk.policy.put_consumer(replace(consumer, addresses=networks))
    return {"id": consumer.id, "addresses": list(networks)}


async def consumer_active(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Off at once and then noted; on only when it is noted."""
    consumer, active = consumer_of(desk.policy, arguments["id"]), bool(arguments["active"])
    if not active:
        await desk.policy.set_active(consumer.id, active=False)
    await desk.audit.note("consumer-enabled" if active else "consumer-disabled", by, consumer=consumer.id)
    if active:
        await desk.policy.set_active(consumer.id, active=True)
    return {"id": consumer.id, "active": active}


async def consumer_trial(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Whether it may use connections in trial; each grant says so of itself as well."""
    consumer, admits = consumer_of(desk.policy, arguments["id"]), bool(arguments["admits"])
    await desk.audit.note("consumer-trial", by, consumer=consumer.id, admits_trial=admits)
    await desk.policy.put_consumer(replace(consumer, admits_trial=admits))
    return {"id": consumer.id, "admits_trial": admits}


# -- what is shown -----------------------------------------------------------------------------------------------------


def _shown(consumer: Consumer) -> dict[str, Any]:
    shown = asdict(consumer)
    days = {name: iso(getattr(consumer, name)) for name in ("security_since", "security_expires")}
    return {**shown, **days}


def overlap_of(arguments: Mapping[str, Any]) -> timedelta:
    """For how long the old secret holds beside the new one. Raises `Refused`."""
    try:
        hours = float(arguments.get("overlap") or 0)
    except (TypeError, ValueError):
        hours = -1
    if not 0 <= hours <= 24 * 30:
        raise Refused(
            "Hai khoá bí mật cùng hiệu lực tối đa 720 giờ", "two secrets hold beside each other for at most 720 hours"
        )
    return timedelta(hours=hours)


def secrets_shown(secrets: NewSecrets) -> dict[str, str]:
    """In one answer, and nowhere else."""
    return {"client_id": secrets.client_id, "client_secret": secrets.client_secret, "api_key": secrets.api_key}


CONSUMERS: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "consumer.list": consumer_list,
        "consumer.show": consumer_show,
        "consumer.add": consumer_add,
        "consumer.key": consumer_key,
        "consumer.password": consumer_password,
        "consumer.revoke": consumer_revoke,
        "consumer.approve": consumer_approve,
        "consumer.addresses": consumer_addresses,
        "consumer.active": consumer_active,
        "consumer.trial": consumer_trial,
    }
)
