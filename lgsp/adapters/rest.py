"""REST: data to and from HTTP messages as a contract's OpenAPI half has them. Pure; errors name paths and rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import msgspec

from lgsp import lift
from lgsp.adapters import forms
from lgsp.contract.model import Codec, Contract, Operation, Parameter
from lgsp.errors import BadAnswer, InvalidMessage, TooLarge, UnsupportedMediaType
from lgsp.model import Blob, Data, FieldError, HttpRequest, HttpResponse, Spooled, Text
from lgsp.xml import parse_xml

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
XML = ("application/xml", "text/xml")
_BOM = b"\xef\xbb\xbf"
_TYPED = ("integer", "number", "boolean", "object")
_BRACED = re.compile(r"\{([^}]+)\}")


def visible(body: bytes | Spooled) -> tuple[bytes, dict[str, Blob]]:
    """A body small enough to parse: what stands on disk is a placeholder in it."""
    return (body, {}) if isinstance(body, bytes) else lift.with_placeholders(body)


def media_type(headers: Mapping[str, str]) -> str:
    """The bare media type of a message, in lower case."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def encode_request(operation: Operation, data: Data, prefix: str = "") -> HttpRequest:
    """What a client of this contract sends. Raises `InvalidMessage` where the data breaks the contract."""
    operation.input.check(data)
    http = operation.http
    headers = {"accept": http.produces or JSON}
    query: list[tuple[str, str]] = []
    path = http.path.partition("#")[0]
    rest = dict(data) if http.parameters else data
    for parameter in http.parameters:
        value = rest.pop(parameter.field, None)
        if parameter.place == "path":
            path = path.replace("{" + parameter.name + "}", quote(forms.plain(value), safe=""))
        elif value is None:
            continue
        elif parameter.place == "query":
            query += forms.pairs({parameter.name: value})
        else:
            headers[parameter.name.lower()] = forms.plain(value)
    body: bytes | Spooled = b""
    if http.consumes:
        headers["content-type"], body = _write_body(operation, data, rest)
    return HttpRequest(http.method.upper(), prefix + path + ("?" + urlencode(query) if query else ""), headers, body)


def decode_request(operation: Operation, request: HttpRequest, path_params: Mapping[str, str] | None = None) -> Data:
    """What a server of this contract receives, validated. Raises `UnsupportedMediaType` and `InvalidMessage`."""
    http = operation.http
    outside = _read_parameters(http.parameters, request, path_params or {})
    if not http.consumes:
        operation.input.check(outside)
        return outside
    kind = media_type(request.headers)
    if kind != http.consumes and not (kind in XML and http.consumes in XML):
        raise UnsupportedMediaType(_expected(http.consumes))
    raw, blobs = visible(request.body)
    if kind in XML:
        data = {**operation.input.read_xml(parse_xml(raw, limit=len(raw))), **outside}
    elif kind in (FORM, MULTIPART):
        content_type = request.headers.get("content-type", "")
        fields = forms.read_urlencoded(raw) if kind == FORM else forms.read_multipart(content_type, raw)
        data = {**_typed(operation.input, fields), **outside}
        operation.input.check(data)
    else:
        data = _read_json(operation.input, raw, http.body_field, outside)
    return lift.restore(data, blobs) if blobs else data


def encode_response(operation: Operation, data: Data, status: int = 200) -> HttpResponse:
    """What a server of this contract answers. The data is taken as valid: whoever made it has checked it."""
    http = operation.http
    if http.answer_field is None and http.produces not in XML:
        try:
            return HttpResponse(status, {"content-type": http.produces or JSON}, operation.output.write_json(data))
        except TypeError:  # a large value, which is no JSON: only such a message is walked and copied
            pass
    small, blobs = lift.lower(data)
    if http.produces in XML:
        raw = operation.output.write_xml(small)
        return HttpResponse(status, {"content-type": http.produces}, lift.split(raw, blobs, "xml"))
    if http.answer_field is None:
        raw = operation.output.write_json(small)
    elif http.produces.startswith("text/"):
        raw = forms.plain(small.get(http.answer_field, "")).encode()
    else:
        raw = msgspec.json.encode(small.get(http.answer_field))
    escape: lift.Escape = "raw" if http.produces.startswith("text/") else "json"
    return HttpResponse(status, {"content-type": http.produces or JSON}, lift.split(raw, blobs, escape))


def decode_response(operation: Operation, response: HttpResponse) -> Data:
    """What a client of this contract received, validated. Raises `BadAnswer`: the other side broke its contract."""
    http = operation.http
    if not 200 <= response.status < 300:
        raise BadAnswer(Text(f"Phản hồi HTTP {response.status}", f"HTTP {response.status} answered"))
    kind, raw = media_type(response.headers), visible(response.body)
    try:
        if http.produces in XML:
            if kind not in XML:
                raise BadAnswer(_unexpected(kind))
            return lift.restore(operation.output.read_xml(parse_xml(raw[0], limit=len(raw[0]))), raw[1])
        if http.produces.startswith("text/") and http.answer_field:
            data: Data = {http.answer_field: raw[0].decode("utf-8")}
            operation.output.check(data)
            return lift.restore(data, raw[1])
        # ministries label JSON as text/plain or not at all; what may not pass is a page or an XML document
        if kind in XML or kind == "text/html" or kind.endswith("+xml"):
            raise BadAnswer(_unexpected(kind))
        return lift.restore(_read_json(operation.output, raw[0], http.answer_field, {}), raw[1])
    except InvalidMessage as error:
        raise BadAnswer(_broken(), errors=error.errors) from error
    except UnicodeDecodeError as error:
        raise BadAnswer(_broken(), errors=(FieldError("", "utf-8"),)) from error


def match(contract: Contract, method: str, path: str, body: bytes = b"") -> tuple[Operation, dict[str, str]] | None:
    """The operation that this contract has for a method and a path, with the path's parameters.

    A contract may give one path to several operations, told apart by a constant field of the body (`service`,
    `LoaiBanTin`): such paths carry a fragment in the contract, `/mapi/g#TenDichVu`.
    """
    found = []
    for operation in contract.operations.values():
        http = operation.http
        template = _template(operation)
        if http.method.upper() != method.upper():
            continue
        if "{" not in template:
            if template == path:
                found.append((operation, dict[str, str]()))
            continue
        pattern = "([^/]+)".join(re.escape(part) for part in _BRACED.split(template)[::2])
        if values := re.fullmatch(pattern, path):
            found.append((operation, dict(zip(_BRACED.findall(template), map(unquote, values.groups()), strict=True))))
    found.sort(key=_openness)  # a literal path goes before a template, and of two templates the one that says more
    if len(found) < 2 or _template(found[0][0]) != _template(found[1][0]):
        return found[0] if found else None
    same = [each for each in found if _template(each[0]) == _template(found[0][0])]
    return next((each for each in same if _constants_fit(each[0].input, body)), None)


def _template(operation: Operation) -> str:
    return operation.http.path.partition("#")[0]


def _openness(found: tuple[Operation, dict[str, str]]) -> tuple[int, int]:
    return len(found[1]), -len(_BRACED.sub("", _template(found[0])))


def _constants_fit(codec: Codec, body: bytes) -> bool:
    try:
        sent = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return False
    properties = codec.json_schema().get("properties", {})
    constants = {name: schema["const"] for name, schema in properties.items() if "const" in schema}
    return isinstance(sent, dict) and all(sent.get(name) == value for name, value in constants.items())


def _write_body(operation: Operation, data: Data, rest: Data) -> tuple[str, bytes | Spooled]:
    http = operation.http
    if http.consumes == MULTIPART:
        properties = operation.input.json_schema().get("properties", {})
        files = {
            name: value
            for name, value in rest.items()
            if isinstance(value, Blob) or properties.get(name, {}).get("format") == "binary"
        }
        fields = {name: value for name, value in rest.items() if name not in files}
        return forms.write_multipart(fields, files)
    small, blobs = lift.lower(rest)
    if http.consumes == FORM:
        if blobs:
            raise TooLarge()
        return FORM, forms.write_urlencoded(small)
    if http.consumes in XML:
        return f"{http.consumes}; charset=utf-8", lift.split(operation.input.write_xml(small), blobs, "xml")
    if http.body_field is not None:
        raw = msgspec.json.encode(small.get(http.body_field))
    elif rest is data:
        raw = operation.input.write_json(small)
    else:
        raw = msgspec.json.encode(small)
    return http.consumes, lift.split(raw, blobs, "json")


def _read_json(codec: Codec, raw: bytes, field: str | None, outside: Data) -> Data:
    """The codec reads one object with everything in it, so a name doubled between path and body is seen."""
    raw = raw.removeprefix(_BOM)
    if field is not None:
        try:  # exactly one JSON value, or it could close the object that is put around it
            msgspec.json.decode(raw, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidMessage(errors=(FieldError("", "json"),)) from error
        raw = b"{" + msgspec.json.encode(field) + b":" + raw + b"}"
    if outside:
        body = raw.strip()
        if body.startswith(b"{") and body.endswith(b"}"):
            inner = body[1:].lstrip()
            raw = msgspec.json.encode(outside)[:-1] + (b"" if inner == b"}" else b",") + inner
    return codec.read_json(raw)


def _read_parameters(parameters: Sequence[Parameter], request: HttpRequest, path_params: Mapping[str, str]) -> Data:
    if not parameters and "?" not in request.target:
        return {}
    query: dict[str, list[str]] = {}
    try:
        for name, value in parse_qsl(request.target.partition("?")[2], keep_blank_values=True, errors="strict"):
            query.setdefault(name, []).append(value)
    except ValueError as error:
        raise InvalidMessage(errors=(FieldError("", "query"),)) from error
    data: Data = {}
    for parameter in parameters:
        values = {
            "path": [path_params[parameter.name]] if parameter.name in path_params else [],
            "query": query.get(parameter.name, []),
            "header": [v for v in (request.headers.get(parameter.name.lower()),) if v is not None],
        }[parameter.place]
        many = parameter.schema.get("type") == "array"
        if len(values) > 1 and not many:
            raise InvalidMessage(errors=(FieldError(f"/{parameter.field}", "once"),))
        if values:
            item = parameter.schema.get("items", {}) if many else parameter.schema
            read = [_typed_value(value, item) for value in values]
            data[parameter.field] = read if many else read[0]
    return data


def _typed(codec: Codec, fields: Iterable[tuple[str, str]]) -> Data:
    properties = codec.json_schema().get("properties", {})
    data: Data = {}
    for name, text in fields:
        schema = properties.get(name, {})
        if schema.get("type") == "array":
            data.setdefault(name, []).append(_typed_value(text, schema.get("items", {})))
        elif name in data:
            raise InvalidMessage(errors=(FieldError(f"/{name}", "once"),))
        else:
            data[name] = _typed_value(text, schema)
    return data


def _typed_value(text: str, schema: Mapping[str, Any]) -> Any:
    """Text of a URL or form as the schema's type; left as it is where it does not fit: the validator says so."""
    kinds = schema.get("type")
    if isinstance(kinds, list):  # null has no text
        kinds = next((each for each in _TYPED if each in kinds and "string" not in kinds), "string")
    match kinds:
        case "integer" if re.fullmatch(r"-?[0-9]{1,19}", text):
            return int(text)
        case "number" if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", text):
            return float(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case "object":
            try:
                return msgspec.json.decode(text)
            except (msgspec.DecodeError, RecursionError):
                return text
    return text


def _expected(kind: str) -> Text:
    return Text(f"Nội dung phải là {kind}", f"The body must be {kind}")


def _unexpected(kind: str) -> Text:
    if kind == "text/html":
        return Text(
            "Máy chủ trả một trang HTML, không phải dữ liệu", "The server answered with an HTML page, not with data"
        )
    return Text("Kiểu nội dung của phản hồi không đúng hợp đồng", "The answer's media type is not the contract's")


def _broken() -> Text:
    return Text("Phản hồi không đúng hợp đồng", "The answer does not keep the contract")
