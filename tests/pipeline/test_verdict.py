"""What a SOAP fault means: business, technical, or a door that stayed shut."""

from __future__ import annotations

import pytest

from lgsp.adapters.envelope import SECURITY_FAULTS
from lgsp.adapters.soap import SoapFaultReceived
from lgsp.errors import BadAnswer, ConnectFailed, LgspError, ProviderFault, Unavailable
from lgsp.pipeline.verdict import soap_fault


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
