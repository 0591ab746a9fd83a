"""Chained evidence: who asked what, why, about whom, and what came of it."""

from lgsp.audit.trail import Audit
from lgsp.audit.verify import BadEntry, Verdict, verify, who

__all__ = ["Audit", "BadEntry", "Verdict", "verify", "who"]
