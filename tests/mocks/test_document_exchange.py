"""document-exchange: what both dialects of the simulated exchange have in common, and what each does with documents."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from lgsp.errors import ConnectFailed
from lgsp.home import builtin
from lgsp.model import Data
from lgsp_mocks import document_exchange as exchange
from lgsp_mocks.catalogue import read as systems
from lgsp_mocks.handler import Ask
from tests.mocks.exchange import Ministry
from tests.mocks.papers import NAME, document, large


def test_the_same_document_sent_twice_takes_effect_once() -> None:
    ministry = Ministry()
    first, again = (ministry.call("sendEdoc", edocFile=document()) for _ in range(2))
    assert first == again == ministry.call("guiVanBan", edocFile=document())
    assert ministry.services.effects == [NAME]


def test_a_wrong_secret_shows_as_our_trouble_not_the_callers() -> None:
    for operation in ("getAgenciesList", "getReceivedEdocList"):
        with pytest.raises(ConnectFailed):
            Ministry().call(operation, secrets={"secretKey": "sai", "sdkSecretKey": "sai"})


def test_a_large_document_comes_back_as_it_was_and_in_base64(tmp_path: Path) -> None:
    ministry, blob = Ministry(), large(tmp_path, 1 << 20)
    doc_id = ministry.call("sendEdoc", edocFile=blob)["docId"]
    assert ministry.call("getEdoc", docId=doc_id)["edxml"] is blob
    encoded = ministry.call("layVanBan", docId=doc_id)["data"]
    assert base64.b64decode(encoded.path.read_bytes()) == blob.path.read_bytes()
    assert encoded.size == encoded.path.stat().st_size
    assert ministry.call("layVanBan", docId=doc_id)["data"] is encoded


def test_agencies_are_listed_once_each() -> None:
    codes = [agency["orgCode"] for agency in Ministry().call("getAgenciesList")["data"]]
    assert {"H28", "H28.05", "G22", "G99"} <= set(codes)
    assert codes == sorted(set(codes))


@pytest.mark.parametrize("said", [exchange.business_error, exchange.duplicate])
def test_a_refusal_keeps_the_contract_of_every_operation(said: Callable[[Ask], Data]) -> None:
    """Where `data` is a list, a refusal that has an object there would be no answer of this ministry."""
    for backend in systems([builtin()])["document-exchange"].backends.values():
        for operation in backend.contract.operations.values():
            operation.output.check(said(Ministry().ask(backend.name, operation.name, {}, {})))
