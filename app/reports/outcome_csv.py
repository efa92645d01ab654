"""Outcomes as CSV: nested keys joined by an underscore, lists as JSON, formulas disarmed."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from app.reports.csv_text import csv_cell, csv_lines
from app.reports.outcomes import OutcomeOut, PhasesOut, TlsOut

_NESTED: Final = {
    "phases_ms": PhasesOut.__struct_fields__,
    "tls": TlsOut.__struct_fields__,
}


def csv_header(kind: type[OutcomeOut] = OutcomeOut) -> bytes:
    """The names of the columns."""
    names = kind.__struct_fields__
    inner = {name: [f"{name}_{part}" for part in parts] for name, parts in _NESTED.items()}
    return csv_lines([[column for name in names for column in inner.get(name, [name])]])


def csv_rows(outcomes: Iterable[OutcomeOut]) -> bytes:
    """A row for each."""
    return csv_lines(_cells(msgspec.to_builtins(outcome)) for outcome in outcomes)


def _cells(plain: dict[str, Any]) -> Iterable[object]:
    for name, value in plain.items():
        inner_names = _NESTED.get(name)
        if inner_names is None:
            yield csv_cell(value)
        else:
            inner = value or {}
            yield from (csv_cell(inner.get(inner_name)) for inner_name in inner_names)
