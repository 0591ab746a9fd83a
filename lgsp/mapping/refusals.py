"""Business errors: a business fault, a technical fault and a broken contract are three things (RULES 12)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lgsp.errors import ConnectFailed, LgspError, ProviderFault, RecordNotFound
from lgsp.mapping.shapes import text_of
from lgsp.model import FieldError

_RULES = (
    (re.compile("bắt buộc|để trống|bỏ trống|thiếu|required|missing"), "required"),
    (re.compile("danh mục|không tồn tại|catalogue"), "enum"),
    (re.compile("định dạng|format"), "format"),
    (re.compile("độ dài|quá dài|vượt quá|length"), "maxLength"),
)
_CAMEL = re.compile("[a-z]+[A-Z][A-Za-z0-9]*")
_ACCEPTED_BEFORE = "đã được tiếp nhận"


def already_received(message: object) -> bool:
    """The ministries' only sign that a push was a repetition: clients read it as success (DOMAIN.md §4.4)."""
    return _ACCEPTED_BEFORE in text_of(message).casefold()


def pointers(data: Mapping[str, Any], base: str = "") -> dict[str, str]:
    """Member name -> JSON Pointer, for `field_errors`; of two members with one name the outer counts."""
    found: dict[str, str] = {}
    inner: list[tuple[str, Any]] = []
    for name, value in data.items():
        path = f"{base}/{name.replace('~', '~0').replace('/', '~1')}"
        found.setdefault(name, path)
        inner += [(f"{path}/{n}", item) for n, item in enumerate(value)] if isinstance(value, list) else [(path, value)]
    for path, value in inner:
        if isinstance(value, Mapping):
            found = pointers(value, path) | found
    return found


def field_errors(message: object, names: Mapping[str, str], *, inside: str | None = None) -> tuple[FieldError, ...]:
    """The fields that a ministry names in its text, pointed into the caller's own message.

    `nksNgaySinh không đúng định dạng; meHoTen bắt buộc` with `names` {field as the ministry spells it: JSON Pointer} ->
    one error a field; with `inside`, every other camelCase word is taken for a member below that pointer (also one that
    the caller left out). The rule is a keyword, never the ministry's words, because they may quote a value.
    """
    errors: dict[str, FieldError] = {}
    for clause in re.split(r"[;\n]|[,.](?=\s|$)", text_of(message)):
        rule = rule_of(clause)
        for word in re.findall(r"\w+", clause):
            path = names.get(word)
            if path is None and inside is not None and _CAMEL.fullmatch(word):
                path = f"{inside}/{word}"
            if path is not None:
                errors.setdefault(word, FieldError(path, rule))
    return tuple(errors.values())


def rule_of(words: object) -> str:
    """The keyword for what a ministry says of a field: "required", "enum", "format", "maxLength", else "refused"."""
    said = text_of(words).casefold()
    return next((keyword for shape, keyword in _RULES if shape.search(said)), "refused")


def refusal(
    code: object,
    message: object,
    *,
    not_found: Collection[str] = (),
    not_admitted_codes: Collection[str] = (),
    errors: Iterable[FieldError] = (),
) -> LgspError:
    """The leaf for a ministry's (code, message): the caller may read both in `provider`."""
    provider = (text_of(code), text_of(message))
    if provider[0] in not_admitted_codes:
        return not_admitted(*provider)
    return (RecordNotFound if provider[0] in not_found else ProviderFault)(provider=provider, errors=tuple(errors))


def not_admitted(code: str, message: str) -> LgspError:
    """The ministry does not let US in (wrong key, address not on its list): nothing took effect, no caller can mend it,
    and health must show it, so it is the same as not being able to connect; `provider` tells the operator why."""
    return ConnectFailed(provider=(code, message))
