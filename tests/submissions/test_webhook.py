"""Standard Webhooks: signatures verified by code of the test's own, addresses that a receiver may not have."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from lgsp.runtime import SystemClock, SystemIds
from lgsp.submissions.webhook import Secret, address, new_secret, rotated, signed

NOW = datetime(2022, 11, 16, 1, 2, 3, tzinfo=UTC)


def verified(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """As the receiver's side is written by somebody who has read the specification only."""
    key = base64.b64decode(secret[len("whsec_") :])
    content = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")


def test_only_the_secret_signs_and_every_byte_counts() -> None:
    ids = SystemIds(SystemClock())
    one, other = new_secret(ids), new_secret(ids)
    assert len(base64.b64decode(one.text.removeprefix("whsec_"))) == 32
    headers = signed([one], "id", b"{}", NOW)
    assert verified(one.text, headers, b"{}")
    assert not verified(other.text, headers, b"{}")
    assert not verified(one.text, headers, b"{ }")
    assert not verified(one.text, {**headers, "webhook-id": "other"}, b"{}")


def test_both_secrets_sign_while_one_takes_the_others_place() -> None:
    first, second, third = Secret("whsec_AAAA"), Secret("whsec_BBBB"), Secret("whsec_CCCC")
    until = NOW + timedelta(hours=1)
    two = rotated([first], second, until, NOW)
    headers = signed(two, "id", b"{}", NOW)
    assert verified(first.text, headers, b"{}")
    assert verified(second.text, headers, b"{}")
    after = signed(two, "id", b"{}", until)
    assert not verified(first.text, after, b"{}")
    assert verified(second.text, after, b"{}")
    assert [each.text for each in rotated(two, third, until, NOW)] == [third.text, second.text], "two at most"
    assert rotated(two, third, NOW, NOW) == (third,)


@pytest.mark.parametrize(
    ("url", "base", "target"),
    [
        ("https://receiver.example/hook?system=1", "https://receiver.example", "/hook?system=1"),
        ("https://10.1.2.3:8443", "https://10.1.2.3:8443", "/"),
    ],
)
def test_addresses_that_are_taken(url: str, base: str, target: str) -> None:
    assert address(url, demonstration=False) == (base, target)


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/", "ftp://receiver.example/", "https://", "https:///x", "//receiver.example/",
        "https://user:word@receiver.example/", "https://user@receiver.example/", "https://receiver.example/#part",
        "https://receiver.example\\@other.example/", "https://receiver.example/a b", "https://receiver.example:port/",
        "https://máy.example/", "https://169.254.169.254/latest", "https://0.0.0.0/", "https://224.0.0.1/", "https://[fe80::1]/",
        "https://[::ffff:169.254.1.1]/", "https://receiver.example/" + "x" * 2048, "http://10.1.2.3/",
    ],
)  # fmt: skip
def test_addresses_that_nobody_may_register(url: str) -> None:
    for demonstration in (False, True):
        with pytest.raises(ValueError):
            address(url, demonstration=demonstration)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "http://localhost:9/x", "http://[::1]:9/x", "https://127.0.0.1/x", "https://LOCALHOST./"]
)  # fmt: skip
def test_this_machine_only_in_the_demonstration(url: str) -> None:
    assert address(url, demonstration=True)
    with pytest.raises(ValueError, match=r"https://|another machine"):
        address(url, demonstration=False)
