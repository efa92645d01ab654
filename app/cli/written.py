"""Outcomes as `tercet check` writes them: a table, JSON, NDJSON, CSV or JUnit."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TextIO
from xml.etree import ElementTree as ET

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.api.outcome_csv import csv_header, csv_rows
from app.api.outcomes import OutcomeOut, lines
from app.reports.words import duration
from checkers import Outcome, Status

_COLOURS: Final = {
    Status.UP: "green",
    Status.DEGRADED: "yellow",
    Status.DOWN: "red",
    Status.UNKNOWN: "magenta",
}
_NOT_IN_XML: Final = dict.fromkeys(
    (*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"
)


class Writer(Protocol):
    """Takes outcomes as they come, then all of them at the end."""

    def write(self, some: Sequence[Outcome]) -> None: ...

    def finish(self, outcomes: Sequence[Outcome]) -> None: ...


def writer(output: str, stream: TextIO) -> Writer:
    """The writer of that name."""
    return _WRITERS[output](stream)


class _AtTheEnd(ABC):
    """A writer that needs all outcomes, in the order of the request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, some: Sequence[Outcome]) -> None:  # noqa: B027 -- not to be overridden
        """Nothing is written before the end."""

    def finish(self, outcomes: Sequence[Outcome]) -> None:
        self._all(sorted(outcomes, key=lambda outcome: outcome.seq))
        self._stream.flush()

    @abstractmethod
    def _all(self, outcomes: Sequence[Outcome]) -> None: ...


class _TableWriter(_AtTheEnd):
    def _all(self, outcomes: Sequence[Outcome]) -> None:
        console = Console(file=self._stream, highlight=False, emoji=False, markup=False)
        if not console.is_terminal:
            # A pipe has no width; nothing is cut for it.
            console.width = 10_000
        table = Table(box=None, pad_edge=False, show_edge=False)
        for heading, right in (
            ("status", False), ("http", True), ("total", True), ("url", False), ("why", False),
        ):  # fmt: skip
            table.add_column(heading, justify="right" if right else "left", overflow="fold")
        for outcome in outcomes:
            colour = _COLOURS[outcome.status]
            table.add_row(
                Text(outcome.status.value, style=colour),
                "–" if outcome.http_status is None else str(outcome.http_status),
                duration(outcome.total),
                printable(outcome.url),
                printable(outcome.detail or ""),
            )
        console.print(table)
        totals = Counter(outcome.status for outcome in outcomes)
        console.print(", ".join(f"{totals[s]} {s.value}" for s in Status if totals[s]) or "none")


class _JsonWriter(_AtTheEnd):
    def _all(self, outcomes: Sequence[Outcome]) -> None:
        plain = [msgspec.to_builtins(OutcomeOut.of(outcome)) for outcome in outcomes]
        json.dump(plain, self._stream, indent=2, ensure_ascii=False)
        self._stream.write("\n")


class _NdjsonWriter:
    """A line for each outcome, as it comes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, some: Sequence[Outcome]) -> None:
        self._stream.write(lines(map(OutcomeOut.of, some)).decode("utf-8"))
        self._stream.flush()

    def finish(self, outcomes: Sequence[Outcome]) -> None:
        """All has been written."""


class _CsvWriter:
    """A row for each outcome, as it comes; nested keys joined by an underscore."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stream.write(csv_header().decode("utf-8"))

    def write(self, some: Sequence[Outcome]) -> None:
        self._stream.write(csv_rows(map(OutcomeOut.of, some)).decode("utf-8"))
        self._stream.flush()

    def finish(self, outcomes: Sequence[Outcome]) -> None:
        """All has been written."""


class _JunitWriter(_AtTheEnd):
    def _all(self, outcomes: Sequence[Outcome]) -> None:
        failed = sum(o.status in (Status.DOWN, Status.DEGRADED) for o in outcomes)
        errors = sum(o.status is Status.UNKNOWN for o in outcomes)
        suite = ET.Element(
            "testsuite",
            name="tercet check",
            tests=str(len(outcomes)),
            failures=str(failed),
            errors=str(errors),
            time=f"{sum(o.total or 0.0 for o in outcomes):.3f}",
        )
        for outcome in outcomes:
            case = ET.SubElement(
                suite,
                "testcase",
                classname="tercet",
                name=outcome.url.translate(_NOT_IN_XML),
                time=f"{outcome.total or 0.0:.3f}",
            )
            if outcome.status is not Status.UP:
                kind = "error" if outcome.status is Status.UNKNOWN else "failure"
                told = ET.SubElement(
                    case,
                    kind,
                    type=f"{outcome.status}/{outcome.reason}",
                    message=(outcome.detail or "").translate(_NOT_IN_XML),
                )
                told.text = (outcome.excerpt or "").translate(_NOT_IN_XML)
        ET.indent(suite)
        document = ET.tostring(suite, encoding="unicode")
        self._stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n')


def printable(text: str) -> str:
    """Text that can do nothing to a terminal: what a target says is not to be obeyed."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


_WRITERS: Final[Mapping[str, Callable[[TextIO], Writer]]] = {
    "table": _TableWriter,
    "json": _JsonWriter,
    "ndjson": _NdjsonWriter,
    "csv": _CsvWriter,
    "junit": _JunitWriter,
}
