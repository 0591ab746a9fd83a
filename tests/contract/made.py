"""Small WSDLs made from the text of a schema or of a binding: one construct each."""

from __future__ import annotations

from pathlib import Path

from lgsp.contract import Contract, load

XS = "http://www.w3.org/2001/XMLSchema"
SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
HEAD = (
    '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
    f' xmlns:xs="{XS}" xmlns:t="urn:t" targetNamespace="urn:t">'
)


def binding(style: str = "document", body: str = '<soap:body use="literal"/>', more: str = "", name: str = "op") -> str:
    return (
        f'<binding name="B" type="t:P"><soap:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>'
        f'<operation name="{name}"><soap:operation soapAction="urn:{name}"/><input>{body}</input></operation>{more}</binding>'
        '<service name="S"><port name="p" binding="t:B"><soap:address location="http://mau.invalid/"/></port></service>'
    )


def wsdl(
    schemas: str,
    *,
    parts: str = '<part name="p" element="t:a"/>',
    bound: str | None = None,
    messages: str = "",
    operations: str = "",
) -> str:
    """One operation `op` that asks with message `m` of these parts."""
    return (
        f'{HEAD}<types>{schemas}</types><message name="m">{parts}</message>{messages}<portType name="P"><operation name="op">'
        f'<input message="t:m"/></operation>{operations}</portType>{binding() if bound is None else bound}</definitions>'
    )


def schema(inner: str, *, form: str = "qualified", target: str = 'targetNamespace="urn:t"') -> str:
    return f'<xs:schema {target} elementFormDefault="{form}">{inner}</xs:schema>'


def made(folder: Path, text: str, **files: str) -> Contract:
    """The contract of a WSDL's text; `files` are put beside it, `__` for the dot in a name."""
    folder = folder / "c"
    folder.mkdir(exist_ok=True)
    (folder / "v1.wsdl").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return load(folder / "v1.wsdl", name="thu")
