"""Why a contract is refused: findings, all of them at once, each with file, line, construct and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`line` is 0 where the format does not tell; `construct` is a keyword or a pointer, `text` says what to do."""

    file: str
    line: int
    construct: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.construct}: {self.text}"


class ContractError(Exception):
    """The contract cannot be carried exactly. Never raised by a message, only when a contract is loaded."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(str(finding) for finding in findings))
        self.findings = findings
