"""Named points at which a test may end the process, as a power cut would: no clean-up, no flush."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

POINTS: Mapping[str, str] = MappingProxyType(
    {
        "store.before-commit": "a group of writes is done, its commit has not begun",
        "store.after-commit": "a group is durable, nobody has been told",
        "migration.before-commit": "a migration's statements have run, it is not recorded",
        "evidence.asked": "the asked entry is durable, nothing has been sent",
        "evidence.answered": "the answered entry is durable, the answer has not left",
        "submission.accepted": "the submission is durable, the caller has not been told",
        "submission.sending": "the submission is marked as being delivered, nothing has been sent",
        "submission.answered": "the ministry has answered, the submission does not say so yet",
        "submission.settled": "the settling query has answered, the submission does not say so yet",
        "inbox.stored": "items and cursor are durable, the ministry has not been told",
        "callback.sending": "a call-back is about to leave, its receiver has not been asked",
        "callback.answered": "a receiver has taken a call-back, the record does not say so yet",
        "collector.read": "a collector has its answer, nothing is stored",
    }
)

FURTHER_POINTS: Mapping[str, str] = MappingProxyType(
    {
        "backup.copied": "one database of a backup is copied, others are not",
        "backup.manifest": "everything of a backup is copied, it does not say so yet",
        "restore.placed": "one file of a restore is in its place, others are not",
        "journal.appended": "a group of writes stands in the journal, its commit has not begun",
        "intake.page": "a page of a chain has come to PostgreSQL, its commit has not begun",
        "intake.records": "all records have come to PostgreSQL, their commit has not begun",
        "intake.taken": "all records have come to PostgreSQL, the source does not say so yet",
        "intake.marking": "the mark of the source is written, it is not in its place",
    }
)
"""Passed only by commands about backups, or with a journal: a gateway as it is mostly run does not come by."""


class CrashPoints:
    """Counts passings; `LGSP_CRASH_AT=name[:n]` ends the process at the n-th, with `LGSP_TEST=1` only."""

    def __init__(self, env: Mapping[str, str]) -> None:
        wanted = env.get("LGSP_CRASH_AT", "") if env.get("LGSP_TEST") == "1" else ""
        self._name, _, times = wanted.partition(":")
        self._left = int(times or 1)

    def __call__(self, name: str) -> None:
        if name != self._name:
            return
        self._left -= 1
        if self._left == 0:
            os._exit(137)


crash_point = CrashPoints(os.environ)
"""The one object of the process: crash points are the process's, not an exchange's."""
