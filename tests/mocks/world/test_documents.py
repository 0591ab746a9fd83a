"""Documents under way: the chain of statuses, what waits for the province, what is taken back, what is refused."""

from __future__ import annotations

import pytest

from lgsp.errors import ProviderFault, RecordNotFound
from lgsp_mocks.world.documents import STATUSES
from tests.mocks.exchange import Ministry
from tests.mocks.papers import GOVERNMENT, NAME, document


def test_a_document_is_sent_and_its_status_chain_collected() -> None:
    ministry = Ministry()
    doc_id = ministry.call("sendEdoc", edocFile=document())["docId"]
    ministry.time_passes()
    messages = ministry.call("syncReceivedEdocList", messageType="status", toDate="2023-05-06")["data"]
    assert [message["status"] for message in messages] == ["01", "03", "04", "05", "06"]
    assert {message["responseFor"] for message in messages} == {doc_id}
    assert len({message["docId"] for message in messages}) == 5
    (sent,) = ministry.call("getSentEdocList", documentId=NAME)["data"]
    assert (sent["receiveStatus"], sent["receiveStatusDesc"]) == ("06", STATUSES["06"])
    told = ministry.call("getEdoc", docId=messages[1]["docId"])
    assert "<edXML:StatusCode>03<" in told["edxml"]


def test_what_the_exchange_does_not_have_was_not_sent() -> None:
    with pytest.raises(RecordNotFound):
        Ministry().call("getSentEdocList", documentId="000.00.00.H28,2023/05/04,9999/QĐ-UBND")


def test_a_document_within_the_province_waits_for_updates() -> None:
    ministry = Ministry()
    doc_id = ministry.call("sendEdoc", edocFile=document("000.00.05.H28"))["docId"]
    arrived = ministry.call("syncReceivedEdocList")["data"]
    assert {"docId": doc_id, "from": "H28", "to": "H28.05", "status": "01"}.items() <= arrived[-1].items()
    for _ in range(2):
        assert ministry.call("updateStatus", docId=doc_id, status="03") == {"docId": doc_id, "status": "03"}
    messages = ministry.call("syncReceivedEdocList", messageType="status")["data"]
    assert [message["status"] for message in messages] == ["03"]


def test_taking_back_is_agreed_to_before_reception_and_refused_after() -> None:
    for status, expected in (("01", "15"), ("03", "16")):
        ministry = Ministry()
        doc_id = ministry.call("sendEdoc", edocFile=document())["docId"]
        ministry.state["docs"][doc_id]["status"]["G22"] = status
        ministry.call("updateStatus", docId=doc_id, status="13")
        ministry.time_passes()
        assert ministry.state["docs"][doc_id]["status"]["G22"] == expected


def test_an_agency_that_refuses_says_so() -> None:
    ministry = Ministry()
    ministry.call("sendEdoc", edocFile=document("000.00.00.G98"))
    ministry.time_passes()
    messages = ministry.call("syncReceivedEdocList", messageType="status")["data"]
    assert [message["status"] for message in messages] == ["01", "02"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (document("000.00.00.G77"), "18"),
        (document("H28.77"), "18"),
        (document(sender=("000.00.00.G77", "Lạ")), "19"),
        (document(sender=GOVERNMENT), "19"),
        (document("000.00.00.G22", "000.00.00.G99"), "23"),
        (document(namespace="go.vn/eDoc"), "22"),
    ],
)
@pytest.mark.parametrize("operation", ["sendEdoc", "guiVanBan"])
def test_refused_documents_take_no_effect(operation: str, text: str, code: str) -> None:
    ministry = Ministry()
    with pytest.raises(ProviderFault) as caught:
        ministry.call(operation, edocFile=text)
    assert caught.value.provider is not None
    assert caught.value.provider[0] == code
    assert not ministry.services.effects
