"""Alerts by e-mail: TLS verified, registered targets only, one message whole, and nothing in the clear."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lgsp.alerting.desk import route_add
from lgsp.alerting.mail import Mail, MailRefused, address, composed
from lgsp.alerting.routes import Sender, message
from lgsp.decisions import Refused
from lgsp.model import Text
from lgsp.runtime import Runtime
from lgsp.settings import MailSettings, Settings, SettingsError
from lgsp.store.port import AlertRow
from lgsp.wiring import mail_of
from tests.alerting.post import Post, office
from tests.alerting.test_watch import duty
from tests.alerting.trust import authority, contexts

ALERT = AlertRow(
    "A1",
    "health:x",
    "health",
    9,
    Text("Hộ tịch: gián đoạn\n.từ 09:12", "Civil status: down"),
    Runtime.system().clock.now(),
)
TOLD = {"type": "alert.raised"}


def told() -> Any:
    import msgspec

    return msgspec.json.decode(message("alert.raised", ALERT))


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return contexts(authority(tmp_path_factory.mktemp("trust")))


def settings(post: Post, ca: Path | None, **changed: Any) -> MailSettings:
    given: dict[str, Any] = {"host": "localhost", "port": post.port, "tls": post.tls, "ca": ca, "user": "lgsp",
                             "password": "secret", "sender": "lgsp@h99.example"}  # fmt: skip
    return MailSettings(**{**given, **changed})


@pytest.mark.parametrize("way", ["starttls", "tls"])
async def test_one_message_whole_over_tls(trust: tuple[ssl.SSLContext, Path], way: str) -> None:
    async with office(Post(trust[0], way)) as post:
        await Mail(settings(post, trust[1]), "Hoà Bình", "https://lgsp.example/console/alerts").send(
            told(), "truc@h99.example"
        )
    ((sender, target, got),) = post.taken
    assert post.secure
    assert (sender, target) == ("MAIL FROM:<lgsp@h99.example>", "RCPT TO:<truc@h99.example>")
    assert got["Subject"] == "[LGSP Hoà Bình] CẢNH BÁO: Hộ tịch: gián đoạn .từ 09:12"
    assert (got["To"], got["Auto-Submitted"]) == ("truc@h99.example", "auto-generated")
    text = got.get_content()  # type: ignore[attr-defined]
    assert all(
        each in text for each in ("Hộ tịch: gián đoạn", ".từ 09:12", "Civil status: down", "mức 9/10", "lgsp.example")
    )


async def test_a_certificate_that_nobody_vouches_for_gets_no_password(trust: tuple[ssl.SSLContext, Path]) -> None:
    for way in ("starttls", "tls"):
        async with office(Post(trust[0], way)) as post:
            with pytest.raises(ssl.SSLError):
                await Mail(settings(post, None)).send(told(), "truc@h99.example")
        assert not any(each.startswith(("AUTH", "MAIL")) for each in post.said)


async def test_another_name_than_its_certificates_is_refused(trust: tuple[ssl.SSLContext, Path]) -> None:
    async with office(Post(trust[0])) as post:
        with pytest.raises(ssl.SSLError):
            await Mail(settings(post, trust[1], host="127.0.0.1")).send(told(), "truc@h99.example")


@pytest.mark.parametrize("verb", ["EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"])
async def test_what_the_server_refuses_is_not_sent(trust: tuple[ssl.SSLContext, Path], verb: str) -> None:
    async with office(Post(trust[0], refuses=verb)) as post:
        with pytest.raises(MailRefused):
            await Mail(settings(post, trust[1])).send(told(), "truc@h99.example")
    assert post.taken == []


async def test_words_slipped_in_before_tls_are_not_believed(trust: tuple[ssl.SSLContext, Path]) -> None:
    async with office(Post(trust[0], injects=b"250 ok\r\n235 ok\r\n")) as post:
        with pytest.raises((MailRefused, ssl.SSLError, ConnectionError)):
            await Mail(settings(post, trust[1])).send(told(), "truc@h99.example")
    assert not any(each.startswith("AUTH") for each in post.said)


@pytest.mark.parametrize(
    "text", ["", "a", "a@", "@b", "a@b\r\nRCPT TO:<c@d>", "a b@c", "a@b>", "ạ@b.example", "a@b..c"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="name@host"):
        address(text)


@pytest.mark.parametrize(
    "changed", [{"sender": ""}, {"sender": "a b@c"}, {"tls": "none", "host": "mail.example"}, {"tls": "ssl"}]
)
def test_settings_that_would_send_in_the_clear_or_from_nobody(changed: dict[str, Any]) -> None:
    given = settings(Post(), None, **changed)
    with pytest.raises(SettingsError, match="mail"):
        mail_of(Settings(mail=given))
    assert mail_of(Settings()) is None


def test_a_subject_is_one_line() -> None:
    made = composed(
        {**told(), "data": {**told()["data"], "text": {"vi": "a\r\nBcc: x@y", "en": ""}}},
        settings(Post(), None),
        "t@x.example",
        "",
        "",
    )
    assert made["Subject"].endswith("a Bcc: x@y")
    assert made["Bcc"] is None


async def test_only_what_an_operator_registered_is_written_to(trust: tuple[ssl.SSLContext, Path]) -> None:
    house = await duty(Runtime.system())
    made = await route_add(house, "an", {"target": "truc@h99.example", "least": 5})
    assert (made["kind"], made["secret"]) == ("email", "")
    with pytest.raises(Refused):
        await route_add(house, "an", {"target": "truc@h99.example\r\nRCPT TO:<x@y>", "least": 5})
    routes = await house.store.alerts.routes()
    async with office(Post(trust[0])) as post:
        sender = Sender(house.wire, house.runtime, house.store.keys, mail=Mail(settings(post, trust[1])))
        sender.tell(routes, "alert.raised", ALERT)
        sender.tell(routes, "alert.cleared", replace(ALERT, id="A2", severity=4))
        assert len(sender.waiting) == 1, "below the level of its route"
        assert await sender._deliver(sender.waiting.popleft())
    assert [each[1] for each in post.taken] == ["RCPT TO:<truc@h99.example>"]
    assert house.wire.sent == []
