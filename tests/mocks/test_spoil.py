"""What faults make of an answer, beside what the ministries' tests show."""

from __future__ import annotations

from pathlib import Path

from lgsp.model import Blob, HttpResponse, Spooled
from lgsp_mocks import spoil

BASE64 = "TeG6q3UgZ2nhuqMgxJHhu4tuaCBt4bqrdQ=="


def test_a_code_is_spoiled_also_inside_xml_in_a_string() -> None:
    answer = {"error_code": 0, "message": "<CongDan><DanToc>06</DanToc><GioiTinh>1</GioiTinh></CongDan>"}
    spoiled = spoil.data("unknown-code", {"field": None, "value": "99"}, answer)
    assert spoiled["message"] == "<CongDan><DanToc>99</DanToc><GioiTinh>1</GioiTinh></CongDan>"
    named = spoil.data("unknown-code", {"field": "GioiTinh", "value": "7"}, answer)
    assert "<GioiTinh>7<" in named["message"]


def test_only_one_value_is_spoiled() -> None:
    spoiled = spoil.data("bad-base64", {"field": None}, {"a": BASE64, "b": BASE64, "c": "short"})
    assert (spoiled["a"], spoiled["b"]) == (BASE64[:-3], BASE64)


def test_what_stands_in_files_passes_as_it_is() -> None:
    blob = Blob(Path("x"), 5, "", 5, 5)
    answer = HttpResponse(200, {}, Spooled(((blob, "raw"),), 5))
    assert spoil.response("nfd", {}, answer, xml=False) is answer
    assert spoil.data("bad-base64", {"field": None}, {"tep": blob}) == {"tep": blob}


def test_nothing_to_spoil_changes_nothing() -> None:
    assert spoil.data("unknown-code", {"field": None, "value": "99"}, {"ten": "Mẫu"}) == {"ten": "Mẫu"}
    assert spoil.response("must-understand", {}, HttpResponse(200, {}, b"{}"), xml=True).body == b"{}"


def test_a_status_without_body() -> None:
    answer = spoil.instead("http-status", {"status": 503, "retry_after": 7}, xml=False, version="1.1")
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    assert spoil.instead("http-status", {"status": 204, "retry_after": None}, xml=False, version="1.1").body == b""
