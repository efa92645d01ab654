"""CSV as spreadsheets take it without harm."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Final

# A spreadsheet would take a cell that starts so for a formula.
_FORMULA: Final = ("=", "+", "-", "@")


def csv_lines(rows: Iterable[Iterable[object]]) -> bytes:
    """RFC 4180, but for lines that end as everywhere on this machine."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def csv_cell(value: object) -> object:
    """A value as a cell: lists as JSON, formulas disarmed."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
