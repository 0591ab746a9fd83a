"""What a ministry reads of a call: X-Road's session is no part of the message."""

from __future__ import annotations

import json

import pytest

from lgsp.errors import InvalidMessage
from lgsp.model import HttpRequest
from lgsp_mocks.catalogue import read as systems
from lgsp_mocks.reading import read
from lgsp_mocks.visit import Visit
from tests.mocks.simulated import HOME


def visit(body: bytes) -> Visit:
    backend = systems([HOME])["so-mau"].backends["rest"]
    request = HttpRequest("POST", "/ghiNhan", {"content-type": "application/json"}, body)
    return Visit(request, backend, backend.contract.operations["ghiNhan"])


def test_a_session_is_taken_out_of_the_message() -> None:
    assert read(visit(json.dumps({"session": "s", "ma": "1"}).encode())) == {"ma": "1"}
    assert read(visit(b'{"ma": "1"}')) == {"ma": "1"}


@pytest.mark.parametrize("broken", [b'{"session": ', b'["session"]', b'{"session": "s"}'])
def test_what_breaks_the_contract_is_refused_with_and_without_one(broken: bytes) -> None:
    with pytest.raises(InvalidMessage):
        read(visit(broken))
