"""A pasted list as rows that monitors are made of: URLs, CSV, or a JSON object a line."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from app.api.rows import COLUMNS, of_text
from app.domain.errors import FieldError
from app.domain.monitor import MAX_MONITORS
from app.web.entries import number as number_in

# Columns beside those of a target, as `tercet monitors import` reads them.
_LABEL: Final = "label."
_SEVERAL: Final = frozenset({"channels", "depends_on"})
_THRESHOLDS: Final = frozenset({"down_after", "up_after", "recheck_seconds"})
_OWN: Final = frozenset(
    {"key", "name", "interval_seconds", "cron", "timezone", "strategy", "client"}
)
_KNOWN: Final = (*COLUMNS, *sorted(_OWN | _SEVERAL | _THRESHOLDS))
#: How a list can be written.
KINDS: Final = (
    ("auto", "as it looks"),
    ("text", "a URL on each line"),
    ("csv", "CSV under a header"),
    ("ndjson", "a JSON object on each line"),
)
_WHOLE: Final = "is not a JSON object: a target, or a monitor with its target"


class Row(NamedTuple):
    """A line of a list.

    Attributes:
        number: of the line, from 1.
        document: the monitor it asks for, as the REST interface reads it; `None`: it is none.
        fault: why it is none.
    """

    number: int
    shown: str
    document: Mapping[str, Any] | None
    fault: FieldError | None = None


class TooMany(Exception):
    """There are more rows than are taken at once."""


def kind_of(text: str) -> str:
    """How a list is written, by its first line."""
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    if first.startswith("{"):
        return "ndjson"
    if "url" in [cell.strip() for cell in first.split(",")]:
        return "csv"
    return "text"


def rows_in(text: str, kind: str) -> list[Row]:
    """The rows of a list; raises `TooMany`."""
    reader = {"csv": _csv, "ndjson": _json}.get(kind, _plain)
    found: list[Row] = []
    for row in reader(text.removeprefix("\ufeff")):
        if len(found) == MAX_MONITORS:
            raise TooMany(f"There are more than {MAX_MONITORS:,} rows; send some at a time.")
        found.append(row)
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.rstrip("\r")


def _plain(text: str) -> Iterator[Row]:
    for number, line in _lines(text):
        url = line.strip()
        if not url.startswith("#"):
            yield Row(number, url, {"target": {"url": url}})


def _json(text: str) -> Iterator[Row]:
    for number, line in _lines(text):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield _bad(number, line, f"is not JSON: {error}")
            continue
        if not isinstance(found, dict):
            yield _bad(number, line, _WHOLE)
            continue
        document = found if "target" in found else {"target": found}
        target = document["target"]
        shown = target.get("url", line) if isinstance(target, dict) else line
        yield Row(number, str(document.get("key") or shown), document)


def _csv(text: str) -> Iterator[Row]:
    header: Sequence[str] | None = None
    for number, record in _records(text):
        try:
            # A record at a time: what is wrong with one says nothing of the next.
            (cells,) = csv.reader([record], strict=True)
        except (csv.Error, ValueError) as error:
            yield _bad(number, record, f"is not a CSV record: {error}")
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
            fault = _header_fault(header)
            if fault is not None:
                yield _bad(number, record, fault)
                return
        elif len(cells) > len(header):
            yield _bad(number, record, f"has {len(cells)} cells for {len(header)} columns")
        else:
            document = _document(dict(zip(header, cells, strict=False)))
            yield Row(number, str(document["target"].get("url", record)), document)


def _document(cells: Mapping[str, str]) -> dict[str, Any]:
    """The monitor of a record; what is no number where one belongs is refused when it is read."""
    found: dict[str, Any] = {"target": {}}
    for name, cell in cells.items():
        if not cell.strip():
            continue
        if name in COLUMNS:
            found["target"][name] = of_text(name, cell)
        elif name.startswith(_LABEL):
            found.setdefault("labels", {})[name.removeprefix(_LABEL)] = cell.strip()
        elif name in _SEVERAL:
            found[name] = [part.strip() for part in cell.split(";") if part.strip()]
        elif name in _THRESHOLDS:
            found.setdefault("thresholds", {})[name] = number_in(cell)
        else:
            found[name] = number_in(cell) if name == "interval_seconds" else cell.strip()
    return found


def _header_fault(header: Sequence[str]) -> str | None:
    unknown = [each for each in header if each not in _KNOWN and not each.startswith(_LABEL)]
    if unknown:
        return f"{unknown[0]!r} is not a column; there are {', '.join(_KNOWN)} and label.NAME"
    if len(set(header)) < len(header):
        return "names a column twice"
    return None if "url" in header else "names no column url"


def _records(text: str) -> Iterator[tuple[int, str]]:
    """Lines, those joined that a quoted cell runs over; each with the number of its first."""
    begun: list[str] = []
    first, is_open = 0, False
    for number, line in enumerate(text.split("\n"), start=1):
        if not begun:
            if not line.strip():
                continue
            first = number
        begun.append(line.rstrip("\r"))
        if line.count('"') % 2:
            is_open = not is_open
        if not is_open:
            yield first, "\n".join(begun)
            begun = []
    if begun:
        yield first, "\n".join(begun)


def _bad(number: int, line: str, why: str) -> Row:
    return Row(number, line.strip()[:200], None, FieldError("", why))
