"""Outcomes as CSV: nested keys joined by an underscore, lists as JSON, formulas disarmed."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from app.reports.outcomes import OutcomeOut, PhasesOut, TlsOut

# A spreadsheet would take a cell that starts so for a formula.
_FORMULA: Final = ("=", "+", "-", "@")
_NESTED: Final = {
    "phases_ms": PhasesOut.__struct_fields__,
    "tls": TlsOut.__struct_fields__,
}


def csv_header() -> bytes:
    """The names of the columns."""
    names = OutcomeOut.__struct_fields__
    inner = {name: [f"{name}_{part}" for part in parts] for name, parts in _NESTED.items()}
    return _written([[column for name in names for column in inner.get(name, [name])]])


def csv_rows(outcomes: Iterable[OutcomeOut]) -> bytes:
    """A row for each."""
    return _written(_cells(msgspec.to_builtins(outcome)) for outcome in outcomes)


def _written(rows: Iterable[Iterable[object]]) -> bytes:
    """RFC 4180, but for lines that end as everywhere on this machine."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def _cells(plain: dict[str, Any]) -> Iterable[object]:
    for name, value in plain.items():
        inner_names = _NESTED.get(name)
        if inner_names is None:
            yield _cell(value)
        else:
            inner = value or {}
            yield from (_cell(inner.get(inner_name)) for inner_name in inner_names)


def _cell(value: object) -> object:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
