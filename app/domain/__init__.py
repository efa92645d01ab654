"""Decisions: no I/O, no clock, no await."""
