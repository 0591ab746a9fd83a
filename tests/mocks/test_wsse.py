"""mocks/wsse.py: who is let in, and why somebody is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lgsp.adapters.envelope import UsernameToken
from lgsp_mocks.wsse import FRESH, REMEMBERED, Guard

NOW = datetime(2022, 11, 16, 2, 0, tzinfo=UTC)
SECRETS = {"username": "demo-lgsp", "password": "demo-mật-khẩu"}


def token(nonce: bytes = b"1", moment: datetime = NOW, **secrets: str) -> UsernameToken:
    said = SECRETS | secrets
    return UsernameToken.digested(said["username"], said["password"], nonce, moment)


def code(guard: Guard, sent: UsernameToken | None, now: datetime = NOW) -> str:
    found = guard.refusal(sent, SECRETS, now)
    return found[0] if found else ""


def test_a_token_is_good_once() -> None:
    guard = Guard()
    assert code(guard, token()) == ""
    assert code(guard, token()) == "InvalidSecurityToken"
    assert code(guard, token(b"2")) == ""


@pytest.mark.parametrize("seconds", [-1, 1])
def test_five_minutes_on_both_sides(seconds: int) -> None:
    assert code(Guard(), token(moment=NOW + seconds * FRESH)) == ""
    assert code(Guard(), token(moment=NOW + seconds * (FRESH + timedelta(seconds=1)))) == "MessageExpired"


@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        (None, "InvalidSecurity"),
        (replace(token(), digest=False, password=SECRETS["password"]), "InvalidSecurity"),
        (replace(token(), nonce=None), "InvalidSecurity"),
        (replace(token(), created=None), "InvalidSecurity"),
        (replace(token(), nonce="không"), "InvalidSecurityToken"),
        (replace(token(), created="hôm qua"), "InvalidSecurityToken"),
        (token(username="demo-khac"), "FailedAuthentication"),
        (token(password="demo-khac"), "FailedAuthentication"),
        (replace(token(), password="sai"), "FailedAuthentication"),
    ],
)
def test_why_somebody_is_not_let_in(sent: UsernameToken | None, refused: str) -> None:
    assert code(Guard(), sent) == refused


def test_nonces_are_forgotten_when_their_tokens_are_too_old() -> None:
    guard = Guard()
    assert code(guard, token()) == ""
    assert code(guard, token(b"2", NOW + 2 * FRESH), NOW + 2 * FRESH) == ""
    assert len(guard._seen) == 1


def test_a_storm_pushes_the_oldest_out_and_stops_nobody() -> None:
    guard = Guard()
    guard._seen = {str(n): NOW + FRESH for n in range(REMEMBERED)}
    assert code(guard, token()) == ""
    assert len(guard._seen) == REMEMBERED
    assert "0" not in guard._seen
    assert code(guard, token()) == "InvalidSecurityToken"
