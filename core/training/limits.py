"""Limits that the worker keeps and the estimate counts with."""

HELD_OUT_LIMIT = 500
"""The most held-out rows that are scored: enough for an honest interval, quick on two cores."""
