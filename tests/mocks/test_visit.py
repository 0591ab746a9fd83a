"""What is known of a call on its way, and how it ends early."""

from __future__ import annotations

from lgsp.errors import InvalidMessage
from lgsp.model import FieldError, HttpRequest
from lgsp_mocks.catalogue import read
from lgsp_mocks.visit import Visit, plain, rules
from tests.mocks.simulated import HOME


def test_a_visit_tells_faults_what_they_may_look_at() -> None:
    backend = read([HOME])["so-mau"].backends["truc"]
    visit = Visit(
        HttpRequest("POST", "/"), backend, backend.contract.operations["g"], consumer="lgsp", data={"ma": "1"}
    )
    assert (visit.public, visit.names, visit.soap) == ("guiTruc", ("so-mau", "xroad"), False)
    call = visit.call
    assert (call.operation, call.backend_operation, call.consumer, call.data) == ("guiTruc", "g", "lgsp", {"ma": "1"})


def test_errors_are_told_by_path_and_rule() -> None:
    assert (
        rules(InvalidMessage(errors=(FieldError("/ma", "required"), FieldError("", "json")))) == "/ma required; / json"
    )
    assert rules(InvalidMessage()) == InvalidMessage.title.vi
    assert plain(400, "sai").body == b'{"message": "sai"}'
