"""Copies of a whole installation: made while it serves, checked, put in place on an empty machine."""
