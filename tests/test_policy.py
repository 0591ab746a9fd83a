"""Who may ask what: secrets, tokens, grants, quotas, the security level; deny by default."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from lgsp.errors import Forbidden, PurposeRequired, QuotaExceeded, SecurityLevelNotApproved, Unauthenticated
from lgsp.model import Consumer, Grant, Text
from lgsp.policy import NewSecrets, Policy
from lgsp.runtime import Runtime, SeededIds
from lgsp.store import open_store

ONE = Consumer("mot-cua", Text("Mẫu", "Sample"), security_level=3)
GRANT = Grant("mot-cua", "register", "ask", legal_basis="QĐ mẫu")


@dataclass
class Clock:
    """Moves only when told to."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2022, 11, 16, 3, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Case:
    clock: Clock
    policy: Policy
    secrets: NewSecrets

    async def restarted(self) -> Policy:
        again = Policy(self.policy.store, self.policy.runtime)
        await again.load()
        return again


@pytest.fixture
async def case() -> AsyncIterator[Case]:
    clock = Clock()
    runtime = Runtime(clock, SeededIds(clock, 1), random.Random(1))
    store = await open_store(None, runtime, inline=True)
    policy = Policy(store, runtime, quota_per_minute=5)
    await policy.load()
    yield Case(clock, policy, await policy.create_consumer(ONE, [GRANT]))
    await store.close()


async def test_each_secret_leads_to_its_consumer_also_after_a_restart(case: Case) -> None:
    for policy in (case.policy, await case.restarted()):
        assert policy.by_api_key(case.secrets.api_key) == ONE
        assert policy.by_secret(case.secrets.client_id, case.secrets.client_secret) == ONE


async def test_no_secret_stands_in_the_store(case: Case) -> None:
    kept = await case.policy.store.consumers.secrets()
    shown = {case.secrets.client_secret, case.secrets.api_key.rpartition("_")[2]}
    assert all(record.hash.decode("latin-1") not in shown and len(record.hash) == 32 for record in kept)
    assert case.secrets.client_secret not in repr(case.secrets)


@pytest.mark.parametrize("key", ["", "lgsp_", "lgsp_000000000000_" + "x" * 43, "mot-cua"])
async def test_a_wrong_key_opens_nothing(case: Case, key: str) -> None:
    with pytest.raises(Unauthenticated):
        case.policy.by_api_key(key)


async def test_revoked_disabled_and_replaced_secrets_are_dead(case: Case) -> None:
    policy, old = case.policy, case.secrets
    new = await policy.new_secrets("mot-cua")
    with pytest.raises(Unauthenticated):
        policy.by_secret("mot-cua", old.client_secret)
    assert (
        policy.by_api_key(old.api_key) == policy.by_api_key(new.api_key) == ONE
    )  # two are valid while one is replaced
    assert await policy.revoke_secret("api_key", old.api_key.split("_")[1])
    with pytest.raises(Unauthenticated):
        policy.by_api_key(old.api_key)
    token = await policy.issue("mot-cua", new.client_secret)
    await policy.set_active("mot-cua", active=False)
    with pytest.raises(Unauthenticated):
        policy.by_api_key(new.api_key)
    with pytest.raises(Unauthenticated):
        policy.by_token(token.access_token)


async def test_two_client_secrets_hold_while_one_takes_over(case: Case) -> None:
    policy, old = case.policy, case.secrets
    new = await policy.new_secrets("mot-cua", timedelta(hours=24))
    assert policy.by_secret("mot-cua", old.client_secret) == policy.by_secret("mot-cua", new.client_secret) == ONE
    with pytest.raises(Unauthenticated):
        policy.by_secret("mot-cua~before", old.client_secret)  # it is the same client, not one of that name
    again = Policy(case.policy.store, case.policy.runtime)
    await again.load()
    assert again.by_secret("mot-cua", old.client_secret) == ONE
    case.clock.seconds += 24 * 3600
    with pytest.raises(Unauthenticated):
        policy.by_secret("mot-cua", old.client_secret)
    assert policy.by_secret("mot-cua", new.client_secret) == ONE


async def test_what_is_replaced_at_once_leaves_nothing_earlier_behind(case: Case) -> None:
    """A secret that has leaked while the one before it still held: neither opens the door, nor a token of either."""
    policy, first = case.policy, case.secrets
    second = await policy.new_secrets("mot-cua", timedelta(hours=24))
    tokens = [await policy.issue("mot-cua", each.client_secret, each.client_secret[:4]) for each in (first, second)]
    third = await policy.new_secrets("mot-cua")
    for each in (policy, await case.restarted()):
        for secret in (first, second):
            with pytest.raises(Unauthenticated):
                each.by_secret("mot-cua", secret.client_secret)
        for token in tokens:
            with pytest.raises(Unauthenticated):
                each.by_token(token.access_token)
        assert each.by_secret("mot-cua", third.client_secret) == ONE


async def test_a_token_that_another_process_has_just_handed_out_ends_with_its_secret(case: Case) -> None:
    other = await case.restarted()
    token = await other.issue("mot-cua", case.secrets.client_secret)  # no news of it here yet
    await case.policy.new_secrets("mot-cua")
    await other.refresh("mot-cua")
    for each in (case.policy, other, await case.restarted()):
        with pytest.raises(Unauthenticated):
            each.by_token(token.access_token)


async def test_a_day_ends_at_midnight_in_vietnam(case: Case) -> None:
    """16 November ends there at 17:00 UTC; a grant that ends that day holds until then, one of the 17th not before."""
    last, next_ = replace(GRANT, valid_to=date(2022, 11, 16)), replace(GRANT, valid_from=date(2022, 11, 17))
    until = replace(ONE, security_expires=date(2022, 11, 16))
    for seconds, stands in ((14 * 3600 - 1, True), (14 * 3600, False)):
        case.clock.seconds = seconds
        await case.policy.put_grant(last)
        assert (case.policy.grant_for(ONE, GRANT.system, GRANT.operation) is not None) is stands
        await case.policy.put_grant(next_)
        assert (case.policy.grant_for(ONE, GRANT.system, GRANT.operation) is not None) is not stands
        if stands:
            case.policy.check_security_level(until)
        else:
            with pytest.raises(SecurityLevelNotApproved):
                case.policy.check_security_level(until)


async def test_rotated_twice_the_last_two_hold(case: Case) -> None:
    policy, day = case.policy, timedelta(hours=24)
    second, third = await policy.new_secrets("mot-cua", day), await policy.new_secrets("mot-cua", day)
    with pytest.raises(Unauthenticated):
        policy.by_secret("mot-cua", case.secrets.client_secret)
    for each in (second, third):
        assert policy.by_secret("mot-cua", each.client_secret) == ONE


async def test_a_sandbox_secret_that_is_replaced_leaves_the_real_side_alone(case: Case) -> None:
    policy = case.policy
    token = await policy.issue("mot-cua", case.secrets.client_secret)
    for _ in range(2):
        await policy.new_secrets("mot-cua", sandbox=True)
    assert policy.by_token(token.access_token) == ONE
    assert policy.by_secret("mot-cua", case.secrets.client_secret) == ONE


async def test_a_revoked_client_secret_takes_its_tokens_along(case: Case) -> None:
    policy = case.policy
    token = await policy.issue("mot-cua", case.secrets.client_secret)
    assert await policy.revoke_secret("client", "mot-cua")
    with pytest.raises(Unauthenticated):
        policy.by_token(token.access_token)
    again = Policy(case.policy.store, case.policy.runtime)
    await again.load()
    with pytest.raises(Unauthenticated):
        again.by_token(token.access_token)


@pytest.mark.parametrize(
    ("addresses", "peer", "let_in"),
    [
        ((), "192.0.2.1", True),
        (("192.0.2.0/24",), "192.0.2.1", True),
        (("192.0.2.0/24",), "::ffff:192.0.2.1", True),
        (("192.0.2.0/24",), "198.51.100.1", False),
        (("192.0.2.0/24", "2001:db8::/32"), "2001:db8::7", True),
        (("192.0.2.0/24",), "", False),
        (("192.0.2.0/24",), "192.0.2.1.evil.invalid", False),
    ],
)
def test_addresses(addresses: tuple[str, ...], peer: str, let_in: bool) -> None:
    bound = replace(ONE, addresses=addresses)
    if let_in:
        Policy.check_address(bound, peer)
    else:
        with pytest.raises(Unauthenticated):
            Policy.check_address(bound, peer)


async def test_guessing_is_slowed_for_the_guesser_and_for_nobody_else(case: Case) -> None:
    policy, right = case.policy, case.secrets.client_secret
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            policy.by_secret("mot-cua", "guess", "192.0.2.1")
    with pytest.raises(Unauthenticated) as locked:
        policy.by_secret("mot-cua", right, "192.0.2.1")
    assert locked.value.retry_after is not None
    assert policy.by_secret("mot-cua", right, "192.0.2.2") == ONE
    case.clock.seconds += 31
    assert policy.by_secret("mot-cua", right, "192.0.2.1") == ONE


async def test_a_new_secret_is_not_locked_by_what_failed_before_it(case: Case) -> None:
    """Whoever asks with a key before the news of it has come here is let in as soon as it has."""
    elsewhere = await case.restarted()
    key = (await elsewhere.new_secrets("mot-cua")).api_key
    for _ in range(12):
        with pytest.raises(Unauthenticated):
            case.policy.by_api_key(key, "192.0.2.1")
    await case.policy.refresh("mot-cua")
    assert case.policy.by_api_key(key, "192.0.2.1") == ONE
    await case.policy.refresh("mot-cua")
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            case.policy.by_api_key(f"{key}x", "192.0.2.1")
    await case.policy.refresh("mot-cua")
    with pytest.raises(Unauthenticated):  # what is not new stays locked
        case.policy.by_api_key(key, "192.0.2.1")


async def test_a_token_lives_for_its_time_and_is_the_same_meanwhile(case: Case) -> None:
    policy, secret = case.policy, case.secrets.client_secret
    first = await policy.issue("mot-cua", secret)
    case.clock.seconds += 1000
    again = await policy.issue("mot-cua", secret)
    assert (again.access_token, again.expires_in) == (first.access_token, 2600)
    assert policy.by_token(first.access_token) == ONE
    other = await policy.issue("mot-cua", secret, "session")
    assert other.access_token != first.access_token
    survived = await case.restarted()
    assert survived.by_token(first.access_token) == ONE
    case.clock.seconds += 2601
    for each in (policy, survived):
        with pytest.raises(Unauthenticated):
            each.by_token(first.access_token)
    assert (await policy.issue("mot-cua", secret)).expires_in == 3600


async def test_only_its_holder_revokes_a_token(case: Case) -> None:
    token = await case.policy.issue("mot-cua", case.secrets.client_secret)
    await case.policy.revoke_token(token.access_token, "another")
    assert case.policy.by_token(token.access_token) == ONE
    await case.policy.revoke_token(token.access_token, "mot-cua")
    with pytest.raises(Unauthenticated):
        case.policy.by_token(token.access_token)
    with pytest.raises(Unauthenticated):
        (await case.restarted()).by_token(token.access_token)


@pytest.mark.parametrize(
    ("grant", "granted"),
    [
        (GRANT, True),
        (replace(GRANT, operation="*"), True),
        (replace(GRANT, system="*", operation="*"), True),
        (replace(GRANT, operation="other"), False),
        (replace(GRANT, valid_from=date(2022, 11, 17)), False),
        (replace(GRANT, valid_to=date(2022, 11, 15)), False),
        (replace(GRANT, valid_from=date(2022, 11, 16), valid_to=date(2022, 11, 16)), True),
    ],
)
async def test_grants(case: Case, grant: Grant, granted: bool) -> None:
    await case.policy.delete_grant("mot-cua", "register", "ask")
    with pytest.raises(Forbidden):
        case.policy.check_grant(ONE, "register", "ask")
    await case.policy.put_grant(grant)
    assert (case.policy.grant_for(ONE, "register", "ask") is not None) is granted
    assert case.policy.grant_for(replace(ONE, id="another"), "register", "ask") is None


async def test_the_narrowest_grant_counts(case: Case) -> None:
    await case.policy.put_grant(replace(GRANT, system="*", operation="*"))
    await case.policy.put_grant(replace(GRANT, fields=("a",)))
    assert case.policy.check_grant(ONE, "register", "ask").fields == ("a",)
    assert case.policy.check_grant(ONE, "other", "ask").fields is None
    with pytest.raises(KeyError):
        await case.policy.put_grant(replace(GRANT, consumer="nobody"))


async def test_purpose_and_security_level(case: Case) -> None:
    bound = replace(GRANT, purposes=("1.001193",))
    Policy.check_purpose(GRANT, None)
    Policy.check_purpose(bound, "1.001193")
    for purpose in (None, "1.000000"):
        with pytest.raises(PurposeRequired):
            Policy.check_purpose(bound, purpose)
    case.policy.check_security_level(replace(ONE, security_expires=date(2022, 11, 16)))
    for cut_off in (replace(ONE, security_level=None), replace(ONE, security_expires=date(2022, 11, 15))):
        with pytest.raises(SecurityLevelNotApproved):
            case.policy.check_security_level(cut_off)


async def test_a_quota_is_of_one_grant_and_one_minute(case: Case) -> None:
    left = [case.policy.spend(replace(GRANT, quota_per_minute=2)).remaining for _ in range(2)]
    assert left == [1, 0]
    with pytest.raises(QuotaExceeded) as over:
        case.policy.spend(replace(GRANT, quota_per_minute=2))
    assert over.value.retry_after == 60
    assert case.policy.spend(replace(GRANT, operation="other")).remaining == 4  # the default of five
    case.clock.seconds += 60
    assert case.policy.spend(replace(GRANT, quota_per_minute=2)).remaining == 1
    with pytest.raises(QuotaExceeded):
        case.policy.spend(replace(GRANT, operation="none", quota_per_minute=0))


async def test_a_digest_is_fresh_and_used_once(case: Case) -> None:
    await case.policy.set_password("mot-cua", "mật khẩu mẫu")

    def digest(nonce: bytes, created: str, password: str = "mật khẩu mẫu") -> tuple[str, str, str]:
        raw = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
        return base64.b64encode(raw).decode(), base64.b64encode(nonce).decode(), created

    now = case.clock.now().isoformat()
    assert case.policy.by_digest("mot-cua", *digest(b"one", now)) == ONE
    old = (case.clock.now() - timedelta(minutes=6)).isoformat()
    for wrong in (
        digest(b"one", now),
        digest(b"two", now, "other"),
        digest(b"three", old),
        ("x", "!", now),
        ("x", "eA==", "now"),
    ):
        with pytest.raises(Unauthenticated):
            case.policy.by_digest("mot-cua", *wrong)


async def test_two_passwords_hold_while_one_takes_over(case: Case) -> None:
    policy = case.policy
    await policy.set_password("mot-cua", "mật khẩu một")
    await policy.set_password("mot-cua", "mật khẩu hai", timedelta(hours=24))

    def opens(password: str, nonce: bytes, name: str = "mot-cua") -> bool:
        created = case.clock.now().isoformat()
        raw = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
        try:
            policy.by_digest(name, base64.b64encode(raw).decode(), base64.b64encode(nonce).decode(), created)
        except Unauthenticated:
            return False
        return True

    assert opens("mật khẩu một", b"1")
    assert opens("mật khẩu hai", b"2")
    assert not opens("mật khẩu một", b"3", "mot-cua~before")
    assert policy.by_secret("mot-cua", "mật khẩu một") == ONE
    case.clock.seconds += 24 * 3600
    assert not opens("mật khẩu một", b"4")
    assert opens("mật khẩu hai", b"5")
    await policy.set_password("mot-cua", "mật khẩu ba", timedelta(hours=24))
    await policy.set_password("mot-cua", "mật khẩu bốn")
    assert [opens(f"mật khẩu {each}", each.encode()) for each in ("hai", "ba", "bốn")] == [False, False, True]
    token = await policy.issue("mot-cua", "mật khẩu bốn")
    assert await policy.revoke_secret("password", "mot-cua")
    assert not opens("mật khẩu bốn", b"6")
    with pytest.raises(Unauthenticated):
        policy.by_token(token.access_token)


async def test_consumers_have_proper_names(case: Case) -> None:
    for taken in (ONE, replace(ONE, id="Một cửa"), replace(ONE, id="")):
        with pytest.raises(ValueError, match=r"consumer|exists"):
            await case.policy.create_consumer(taken)
