"""A text that an XSD pattern admits: the shortest obvious one, the same every time. For samples, not for validation."""

from __future__ import annotations

_CLASSES = {
    "d": "1",
    "D": "a",
    "s": " ",
    "S": "a",
    "w": "a",
    "W": "-",
    "i": "a",
    "I": "1",
    "c": "a",
    "C": " ",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_PREFERRED = "1aA0xX-_. "


class _Unreadable(Exception):
    pass


def text_for(pattern: str, least: int = 0) -> str | None:
    """None where the pattern is beyond this reader. `least` asks for a text of at least so many characters, if it can be had."""
    for extra in (0, 1, 2, 4, 8, 16, 32, 64, 128):
        try:
            text = _Pattern(pattern, extra).text()
        except (_Unreadable, IndexError):
            return None
        if len(text) >= least:
            return text
    return None


class _Pattern:
    """Recursive descent; `extra` is how often an open-ended repetition is repeated beyond its minimum."""

    def __init__(self, pattern: str, extra: int) -> None:
        self._pattern, self._at, self._extra = pattern, 0, extra

    def text(self) -> str:
        found = self._alternatives()
        if self._at != len(self._pattern):
            raise _Unreadable
        return found

    def _peek(self) -> str:
        return self._pattern[self._at] if self._at < len(self._pattern) else ""

    def _take(self) -> str:
        self._at += 1
        return self._pattern[self._at - 1]

    def _alternatives(self) -> str:
        found = self._branch()
        while self._peek() == "|":
            self._take()
            other = self._branch()
            found = found or other
        return found

    def _branch(self) -> str:
        out = ""
        while self._peek() not in ("", "|", ")"):
            atom = self._atom()
            out += atom * self._times()
        return out

    def _times(self) -> int:
        match self._peek():
            case "?":
                self._take()
                return 0
            case "*":
                self._take()
                return self._extra
            case "+":
                self._take()
                return max(1, self._extra)
            case "{":
                end = self._pattern.index("}", self._at)
                low, comma, high = self._pattern[self._at + 1 : end].partition(",")
                self._at = end + 1
                return (
                    min(int(high), max(int(low), self._extra)) if high else max(int(low), self._extra if comma else 0)
                )
        return 1

    def _atom(self) -> str:
        char = self._take()
        if char == "(":
            if self._pattern.startswith("?:", self._at):
                self._at += 2
            inner = self._alternatives()
            if self._take() != ")":
                raise _Unreadable
            return inner
        if char == "[":
            return self._class()
        if char == ".":
            return "a"
        if char == "\\":
            return self._escape(self._take())
        return char

    def _escape(self, letter: str) -> str:
        if letter in "pP":
            end = self._pattern.index("}", self._at)
            name = self._pattern[self._at + 1 : end]
            self._at = end + 1
            if letter == "P":
                return "a" if not name.startswith("L") else "1"
            return {"L": "A", "N": "1", "P": "-", "Z": " ", "S": "+"}.get(name[:1], "a") if name != "Ll" else "a"
        return _CLASSES.get(letter, letter)

    def _class(self) -> str:
        negated = self._peek() == "^"
        if negated:
            self._take()
        ranges: list[tuple[str, str]] = []
        while self._peek() != "]":
            char = self._take()
            if char == "-" and self._peek() == "[":
                raise _Unreadable
            first = self._escape(self._take()) if char == "\\" else char
            if self._peek() == "-" and self._pattern[self._at + 1] not in "][":
                self._take()
                last = self._take()
                ranges.append((first, self._escape(self._take()) if last == "\\" else last))
            else:
                ranges.append((first, first))
        self._take()
        if negated:
            return next(char for char in _PREFERRED + "bZ9" if not any(low <= char <= high for low, high in ranges))
        return next((char for char in _PREFERRED if any(low <= char <= high for low, high in ranges)), ranges[0][0])
