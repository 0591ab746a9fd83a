"""Credentials beside the usual keys, and levels of connected systems: what an operator registers, noted as evidence each.

Carried out like every action of the office (`office.py`): a name and plain arguments.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from lgsp.certificates import from_pem, named, registered_name
from lgsp.compliance import Approval
from lgsp.consumers import HOUR, overlap_of, secrets_shown
from lgsp.decisions import Desk, Refused, consumer_of, day_of, iso
from lgsp.pipeline.shadow import PLACE
from lgsp.store.port import SecretRecord

_USES: Mapping[str, Literal["certificate", "signer"]] = {"call": "certificate", "sign": "signer"}


async def certificate_add(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Registers a certificate of a consumer: to call with over TLS, or to sign SOAP messages with. Two may stand at a time."""
    consumer = consumer_of(desk.policy, arguments["id"])
    use = str(arguments.get("use") or "call")
    if use not in _USES:
        raise Refused("Chứng thư dùng để gọi (`call`) hoặc để ký (`sign`)", "a certificate is for `call` or for `sign`")
    der, name, expires = b"", None, None
    if pem := arguments.get("pem"):
        der = from_pem(str(pem)) or b""
        found = named(der)
        if found is None:
            raise Refused("Tệp không có chứng thư dạng PEM", "the file holds no certificate (PEM)")
        name, expires = found.fingerprint, found.ends
        if expires <= desk.runtime.clock.now():
            raise Refused("Chứng thư đã hết hạn", "the certificate is over")
    elif use == "call":
        name = registered_name(str(arguments.get("name") or ""))
    if name is None:
        raise Refused(
            "Nêu tệp PEM, dấu vân tay SHA-256 hoặc chủ thể (CN=…,O=…); để ký thì cần tệp",
            "name a PEM file, a SHA-256 fingerprint or a subject (CN=…,O=…); to sign it takes the file",
        )
    facts = {"consumer": consumer.id, "use": use, "name": name, "expires": expires.isoformat() if expires else None}
    known = desk.policy.credentials.get(_USES[use], name)
    if known is not None and known.consumer != consumer.id:
        raise Refused("Chứng thư này đã đăng ký cho hệ thống khác", f"it is registered for {known.consumer}")
    await desk.audit.note("consumer-certificate", by, **facts)
    await desk.policy.keep(SecretRecord(consumer.id, _USES[use], name, der, desk.runtime.clock.now(), expires))
    return facts


async def certificate_revoke(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Takes a certificate back, whatever it was for; the next call is refused."""
    consumer = consumer_of(desk.policy, arguments["id"])
    wanted = str(arguments["name"])
    name = registered_name(wanted.removeprefix("subject:")) or wanted
    gone = []
    for secret in await desk.store.consumers.secrets(consumer.id):
        if secret.kind in _USES.values() and secret.key_id == name:
            await desk.policy.revoke_secret(secret.kind, name)
            gone.append(secret.kind)
    if not gone:
        raise Refused(
            f"{consumer.id} không có chứng thư này; xem bằng `lgsp consumer show`",
            f"{consumer.id} has no such certificate; `lgsp consumer show` names them",
        )
    await desk.audit.note("consumer-certificate-revoked", by, consumer=consumer.id, name=name)
    return {"id": consumer.id, "revoked": name}


async def sandbox_key(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """Secrets that reach the simulated systems and nothing else; the only answer that ever carries them."""
    consumer, overlap = consumer_of(desk.policy, arguments["id"]), overlap_of(arguments)
    await desk.audit.note("consumer-sandbox-key", by, consumer=consumer.id, overlap_hours=overlap / HOUR)
    made = await desk.policy.new_secrets(consumer.id, overlap, sandbox=True)
    return {"id": consumer.id, "environment": "sandbox", **secrets_shown(made)}


async def system_level(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """The approved level of a connected system (Decree 85/2016): from its first day it may be called, after its last no more."""
    system = str(arguments["system"])
    if desk.ledger.stage(system) is None:
        raise Refused(
            f"Không có hệ thống {system}; xem bằng `lgsp status`", f"no system {system}; `lgsp status` shows them"
        )
    level, protected = int(arguments["level"]), arguments.get("anti_malware")
    if not 1 <= level <= 5:
        raise Refused("Cấp độ an toàn từ 1 đến 5", "a security level is 1 to 5")
    since = day_of(arguments.get("since")) or desk.policy.today()
    until = day_of(arguments.get("until"))
    if until is not None and until < since:
        raise Refused("Ngày cuối phải sau ngày đầu", "the last day comes after the first")
    decision = str(arguments.get("decision") or "").strip()
    if not decision:
        raise Refused("Phê duyệt phải có số quyết định", "an approval has a decision: name it")
    flag = desk.policy.level_of(system).anti_malware if protected is None else bool(protected)
    facts = {
        "system": system,
        "level": level,
        "decision": decision,
        "since": iso(since),
        "until": iso(until),
        "anti_malware": flag,
    }
    await desk.audit.note("system-level-approved", by, **facts)
    await desk.policy.put_level(Approval(system, system, "", level, decision, since, until, flag))
    return facts


async def shadow_show(desk: Desk, by: str, arguments: Mapping[str, Any]) -> Any:
    """What the comparison with the other service has found, by operation and field path."""
    del by
    wanted = str(arguments.get("system") or "")
    known = await desk.store.meta.get(PLACE) or {}
    return {name: each for name, each in sorted(known.items()) if not wanted or name.split("/")[0] == wanted}


KEYRING: Mapping[str, Callable[[Desk, str, Mapping[str, Any]], Awaitable[Any]]] = MappingProxyType(
    {
        "consumer.certificate": certificate_add,
        "consumer.certificate-revoke": certificate_revoke,
        "consumer.sandbox-key": sandbox_key,
        "compliance.system": system_level,
        "shadow.show": shadow_show,
    }
)
