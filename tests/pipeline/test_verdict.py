"""What a SOAP fault means: business, technical, or a door that stayed shut."""

from __future__ import annotations

import pytest

from lgsp.adapters.envelope import SECURITY_FAULTS
from lgsp.adapters.soap_fault import SoapFaultReceived
from lgsp.errors import BadAnswer, ConnectFailed, LgspError, ProviderFault, RecordNotFound, Unavailable
from lgsp.model import HttpResponse
from lgsp.pipeline.verdict import refusal, soap_fault


@pytest.mark.parametrize(
    ("code", "detail", "error"),
    [
        ("Client", None, ProviderFault),
        ("Sender", None, ProviderFault),
        ("Server", "LoiTraCuu", ProviderFault),
        ("Server", None, BadAnswer),
        ("Receiver", None, BadAnswer),
        *((code, None, ConnectFailed) for code in sorted(SECURITY_FAULTS)),
    ],
)
def test_soap_faults(code: str, detail: str | None, error: type[LgspError]) -> None:
    found = soap_fault(SoapFaultReceived(code, "lời của bộ", detail))
    assert type(found) is error
    assert found.provider == (detail or code, "lời của bộ")


def test_who_was_not_let_in_has_changed_nothing() -> None:
    found = soap_fault(SoapFaultReceived("FailedAuthentication", ""))
    assert isinstance(found, Unavailable)
    assert found.reached is False


@pytest.mark.parametrize(
    ("status", "declared", "error"),
    [
        (404, ("404",), RecordNotFound),
        (400, ("4XX",), ProviderFault),
        (422, (), ProviderFault),
        (409, (), ProviderFault),
        (404, (), None),
        (400, ("404", "default"), None),
        (401, ("401",), None),
        (403, ("4XX",), None),
        (429, ("429",), None),
        (500, ("500",), None),
    ],
)
def test_a_status_is_business_where_the_contract_declares_it(
    status: int, declared: tuple[str, ...], error: type[LgspError] | None
) -> None:
    found = refusal(HttpResponse(status), declared)
    assert (type(found) if found else None) is error
