"""Exercises for the duty team: what goes wrong, what was noticed when, and the minutes of it. Nothing here opens a socket."""

from lgsp.drill.exercises import CAUSES, EXERCISES, Exercise
from lgsp.drill.minutes import as_json, paper
from lgsp.drill.record import Record

__all__ = ["CAUSES", "EXERCISES", "Exercise", "Record", "as_json", "paper"]
