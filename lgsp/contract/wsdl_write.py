"""The generated half of an OpenAPI-born contract: XSD and a document/literal WSDL 1.1 with ports for SOAP 1.1 and 1.2."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from lgsp.contract.codec import JsonBorn
from lgsp.contract.model import Contract
from lgsp.contract.schema_shape import xml_name
from lgsp.contract.shape import (
    UNBOUNDED,
    XS,
    Element,
    Facets,
    Items,
    Json,
    Listing,
    Named,
    Raw,
    Record,
    Scalar,
    Shape,
    Table,
    split,
    walk,
)

ERROR_NS = "urn:lgsp:error:1"
_PATTERNS = {
    # what JSON Schema's formats admit is narrower than XSD's types
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "dateTime": "[0-9]{4}-[^Z+]*(Z|[+\\-][0-9]{2}:[0-9]{2})",
}
# every type has a name of its own: generators of classes nest anonymous ones, and an Error inside an Error does not compile
_ERROR_SCHEMA = f"""<xs:schema targetNamespace="{ERROR_NS}" elementFormDefault="qualified" xmlns:lgsp="{ERROR_NS}">
      <xs:element name="error" type="lgsp:ErrorDetail"/>
      <xs:complexType name="ErrorDetail">
        <xs:sequence>
          <xs:element name="type" type="xs:string"/>
          <xs:element name="title" type="xs:string"/>
          <xs:element name="status" type="xs:int"/>
          <xs:element name="detail" type="xs:string" minOccurs="0"/>
          <xs:element name="instance" type="xs:string" minOccurs="0"/>
          <xs:element name="code" type="xs:string"/>
          <xs:element name="fault_domain" type="xs:string"/>
          <xs:element name="retryable" type="xs:boolean"/>
          <xs:element name="retry_after" type="xs:int" minOccurs="0"/>
          <xs:element name="system" type="xs:string" minOccurs="0"/>
          <xs:element name="operation" type="xs:string" minOccurs="0"/>
          <xs:element name="errors" type="lgsp:FieldErrors" minOccurs="0"/>
          <xs:element name="provider" type="lgsp:ProviderError" minOccurs="0"/>
        </xs:sequence>
      </xs:complexType>
      <xs:complexType name="FieldErrors">
        <xs:sequence>
          <xs:element name="error" type="lgsp:FieldError" minOccurs="0" maxOccurs="unbounded"/>
        </xs:sequence>
      </xs:complexType>
      <xs:complexType name="FieldError">
        <xs:sequence>
          <xs:element name="path" type="xs:string"/>
          <xs:element name="rule" type="xs:string"/>
        </xs:sequence>
      </xs:complexType>
      <xs:complexType name="ProviderError">
        <xs:sequence>
          <xs:element name="code" type="xs:string"/>
          <xs:element name="message" type="xs:string"/>
        </xs:sequence>
      </xs:complexType>
    </xs:schema>"""


def xsd_document(contract: Contract) -> bytes:
    """The types alone, for those who validate or generate code from a schema."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_schema(contract)}\n'.encode()


def wsdl_document(contract: Contract, address: str) -> bytes:
    tns, name = contract.namespace, xml_name(contract.name)
    names = {name: xml_name(name) for name in contract.operations}
    messages = "\n".join(
        f'  <wsdl:message name="{each}{kind}"><wsdl:part name="parameters" element="tns:{each}{kind}"/></wsdl:message>'
        for each in names.values()
        for kind in ("", "Response")
    )
    port_type = "\n".join(
        f'    <wsdl:operation name="{each}">\n'
        f"      <wsdl:documentation>{escape(_documentation(contract, name))}</wsdl:documentation>\n"
        f'      <wsdl:input message="tns:{each}"/>\n'
        f'      <wsdl:output message="tns:{each}Response"/>\n'
        f'      <wsdl:fault name="error" message="tns:lgspError"/>\n'
        f"    </wsdl:operation>"
        for name, each in names.items()
    )
    bindings = "\n".join(_binding(contract, name, prefix) for prefix in ("soap", "soap12"))
    ports = "\n".join(
        f'    <wsdl:port name="{name}{suffix}" binding="tns:{name}{suffix}">'
        f"<{prefix}:address location={quoteattr(address)}/></wsdl:port>"
        for prefix, suffix in _SUFFIXES.items()
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:xs="{XS}" xmlns:tns="{tns}" xmlns:lgsp="{ERROR_NS}"
    name="{name}" targetNamespace="{tns}">
  <wsdl:documentation>{escape(contract.title.en)} ({escape(contract.title.vi)})</wsdl:documentation>
  <wsdl:types>
    {_schema(contract)}
    {_ERROR_SCHEMA}
  </wsdl:types>
{messages}
  <wsdl:message name="lgspError"><wsdl:part name="error" element="lgsp:error"/></wsdl:message>
  <wsdl:portType name="{name}">
{port_type}
  </wsdl:portType>
{bindings}
  <wsdl:service name="{name}">
{ports}
  </wsdl:service>
</wsdl:definitions>
""".encode()


_SUFFIXES = {"soap": "Soap11", "soap12": "Soap12"}


def _binding(contract: Contract, name: str, prefix: str) -> str:
    operations = "\n".join(
        f'    <wsdl:operation name="{xml_name(each.name)}">\n'
        f'      <{prefix}:operation soapAction={quoteattr(each.soap.action)} style="document"/>\n'
        f'      <wsdl:input><{prefix}:body use="literal"/></wsdl:input>\n'
        f'      <wsdl:output><{prefix}:body use="literal"/></wsdl:output>\n'
        f'      <wsdl:fault name="error"><{prefix}:fault name="error" use="literal"/></wsdl:fault>\n'
        f"    </wsdl:operation>"
        for each in contract.operations.values()
    )
    return (
        f'  <wsdl:binding name="{name}{_SUFFIXES[prefix]}" type="tns:{name}">\n'
        f'    <{prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n'
        f"{operations}\n  </wsdl:binding>"
    )


def _documentation(contract: Contract, name: str) -> str:
    operation = contract.operations[name]
    return "; ".join(filter(None, (operation.title.en, operation.title.vi, operation.origin)))


def _schema(contract: Contract) -> str:
    roots = [
        codec
        for each in contract.operations.values()
        for codec in (each.input, each.output)
        if isinstance(codec, JsonBorn)
    ]
    lines: list[str] = []
    named: dict[str, None] = {}
    table: Table = {}
    for codec in roots:
        table = codec.table
        local = split(codec.root)[1]
        lines += _element(Element(codec.root, local, codec.element.shape), table, 3, top=True)
        named |= {each.key: None for each in walk(codec.element.shape, table) if isinstance(each, Named)}
    for key in named:
        lines += _complex(table[key], table, 3, f' name="{xml_name(key)}"')
    body = "\n".join(lines)
    return (
        f'<xs:schema xmlns:xs="{XS}" xmlns:tns="{contract.namespace}" targetNamespace="{contract.namespace}" '
        f'elementFormDefault="qualified">\n{body}\n    </xs:schema>'
    )


def _element(element: Element, table: Table, depth: int, *, top: bool = False) -> Iterator[str]:
    pad = "  " * depth
    head = f'{pad}<xs:element name="{split(element.tag)[1]}"'
    if not top:
        head += "" if element.least == 1 else f' minOccurs="{element.least}"'
        if element.most > 1:
            head += f' maxOccurs="{"unbounded" if element.most >= UNBOUNDED else element.most}"'
        head += ' nillable="true"' if element.nillable else ""
    match element.shape:
        case Named(key=key):
            yield f'{head} type="tns:{xml_name(key)}"/>'
        case Scalar() as scalar:
            patterns = _patterns(scalar)
            if scalar.facets == Facets() and not patterns:
                yield f'{head} type="xs:{scalar.base}"/>'
                return
            yield f"{head}>"
            inner = f'<xs:restriction base="xs:{scalar.base}">{_facets(scalar.facets, patterns)}</xs:restriction>'
            yield f"{pad}  <xs:simpleType>{inner}</xs:simpleType>"
            yield f"{pad}</xs:element>"
        case Record() | Listing() as record:
            yield f"{head}>"
            yield from _complex(record, table, depth + 1, "")
            yield f"{pad}</xs:element>"
        case Json():
            yield f"{head}>"
            said = f"{element.shape.why or 'any value'}: the text is JSON"
            yield f"{pad}  <xs:simpleType><xs:annotation><xs:documentation>{escape(said)}</xs:documentation></xs:annotation>"
            yield f'{pad}    <xs:restriction base="xs:string"/></xs:simpleType>'
            yield f"{pad}</xs:element>"
        case Items() | Raw():  # no OpenAPI document makes them
            raise TypeError(type(element.shape).__name__)


def _complex(shape: Shape, table: Table, depth: int, name: str) -> Iterator[str]:
    pad = "  " * depth
    parts = [shape.item] if isinstance(shape, Listing) else list(shape.elements()) if isinstance(shape, Record) else []
    if not parts:
        yield f"{pad}<xs:complexType{name}><xs:sequence/></xs:complexType>"
        return
    yield f"{pad}<xs:complexType{name}>"
    yield f"{pad}  <xs:sequence>"
    for part in parts:
        yield from _element(part, table, depth + 2)
    yield f"{pad}  </xs:sequence>"
    yield f"{pad}</xs:complexType>"


def _patterns(scalar: Scalar) -> tuple[str, ...]:
    own = (_PATTERNS[scalar.base],) if scalar.base in _PATTERNS else ()
    return own + tuple("|".join(group) for group in scalar.facets.patterns)


def _facets(facets: Facets, patterns: tuple[str, ...]) -> str:
    found: list[tuple[str, object]] = [("pattern", pattern) for pattern in patterns]
    found += [
        ("minLength", facets.min_length),
        ("maxLength", facets.max_length),
        ("minInclusive", facets.minimum),
        ("maxInclusive", facets.maximum),
        ("minExclusive", facets.above),
        ("maxExclusive", facets.below),
    ]
    found += [("enumeration", value) for value in facets.enum or ()]
    return "".join(f"<xs:{word} value={quoteattr(str(value))}/>" for word, value in found if value is not None)
