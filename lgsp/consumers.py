"""What people decide about agency systems: a new one, its secrets, its approved level, its addresses, on and off."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from lgsp.decisions import Desk, Refused, consumer_of, day_of, grant_shown, iso
from lgsp.model import Consumer, Text


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
        secrets = await desk.policy.create_consumer(consumer)
    except ValueError as error:
        raise Refused("Mã không hợp lệ hoặc đã có", str(error)) from error
    await desk.audit.note("consumer-added", by, consumer=consumer.id)
    return {"id": consumer.id, **_secrets(secrets)}


async def consumer_key(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Fresh secrets: the client secret replaces the one before, at once or after `overlap` hours in which both hold; API
    keys stay until they are revoked."""
    consumer = consumer_of(desk.policy, arguments["id"])
    overlap = float(arguments.get("overlap") or 0)
    if not 0 <= overlap <= 24 * 30:
        raise Refused(
            "Hai khoá bí mật cùng hiệu lực tối đa 720 giờ", "two secrets hold beside each other for at most 720 hours"
        )
    secrets = await desk.policy.new_secrets(consumer.id, timedelta(hours=overlap))
    await desk.audit.note("consumer-key", by, consumer=consumer.id)
    return {"id": consumer.id, **_secrets(secrets)}


async def consumer_revoke(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    consumer = consumer_of(desk.policy, arguments["id"])
    key_id = str(arguments["key_id"])
    for secret in await desk.store.consumers.secrets(consumer.id):
        if secret.key_id == key_id:
            await desk.policy.revoke_secret(secret.kind, key_id)
            await desk.audit.note("consumer-key-revoked", by, consumer=consumer.id, key=key_id)
            return {"id": consumer.id, "revoked": key_id}
    raise Refused(f"{consumer.id} không có khoá {key_id}", f"{consumer.id} has no key {key_id}")


async def consumer_approve(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The approved security level (NĐ 85/2016), from a day until a day."""
    consumer = consumer_of(desk.policy, arguments["id"])
    level, since, until = int(arguments["level"]), day_of(arguments.get("since")), day_of(arguments.get("until"))
    if not 1 <= level <= 5:
        raise Refused("Cấp độ an toàn từ 1 đến 5", "a security level is 1 to 5")
    protected = arguments.get("anti_malware")
    approved = replace(
        consumer,
        security_level=level,
        security_since=since,
        security_expires=until,
        security_decision=str(arguments["decision"]),
        anti_malware=None if protected is None else bool(protected),
    )
    await desk.policy.put_consumer(approved)
    facts = {
        "consumer": consumer.id,
        "level": level,
        "since": iso(since),
        "until": iso(until),
        "decision": arguments["decision"],
        "anti_malware": approved.anti_malware,
    }
    await desk.audit.note("security-level-approved", by, **facts)
    return facts


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
    await desk.policy.put_consumer(replace(consumer, addresses=networks))
    await desk.audit.note("consumer-addresses", by, consumer=consumer.id, addresses=list(networks))
    return {"id": consumer.id, "addresses": list(networks)}


async def consumer_active(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    consumer, active = consumer_of(desk.policy, arguments["id"]), bool(arguments["active"])
    await desk.policy.set_active(consumer.id, active=active)
    await desk.audit.note("consumer-enabled" if active else "consumer-disabled", by, consumer=consumer.id)
    return {"id": consumer.id, "active": active}


# -- what is shown -----------------------------------------------------------------------------------------------------


def _shown(consumer: Consumer) -> dict[str, Any]:
    shown = asdict(consumer)
    days = {name: iso(getattr(consumer, name)) for name in ("security_since", "security_expires")}
    return {**shown, **days}


def _secrets(secrets: Any) -> dict[str, str]:
    return {"client_id": secrets.client_id, "client_secret": secrets.client_secret, "api_key": secrets.api_key}


CONSUMERS: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "consumer.list": consumer_list,
        "consumer.show": consumer_show,
        "consumer.add": consumer_add,
        "consumer.key": consumer_key,
        "consumer.revoke": consumer_revoke,
        "consumer.approve": consumer_approve,
        "consumer.addresses": consumer_addresses,
        "consumer.active": consumer_active,
    }
)
