"""Outcomes as `tercet check` writes them: a table, JSON, NDJSON, CSV or JUnit."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import Final, Protocol, TextIO
from xml.etree import ElementTree as ET

import msgspec
import typer

from app.cli.screen import is_screen
from app.reports.outcome_csv import csv_header, csv_rows
from app.reports.outcomes import OutcomeOut, lines
from app.reports.units import duration
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
# More than this goes to a file: a list of any length takes no more memory.
_HELD_BYTES: Final = 8 * 1024 * 1024
_WIDEST_URL: Final = 80


class Writer(Protocol):
    """Takes outcomes as they come; what needs the request's order is written at the end."""

    def write(self, some: Sequence[Outcome]) -> None: ...

    def finish(self) -> None: ...


def writer(output: str, stream: TextIO) -> Writer:
    """The writer of that name."""
    return _WRITERS[output](stream)


class _Kept:
    """Outcomes on their way into the request's order: in a file, but for where each one lies."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_HELD_BYTES)  # noqa: SIM115 -- it lives as long as this
        self._places = array("q")
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Outcome).decode

    def add(self, outcome: Outcome) -> None:
        missing = outcome.seq + 1 - len(self._places)
        if missing > 0:
            self._places.extend([-1] * missing)
        encoded = self._encode(outcome)
        self._places[outcome.seq] = self._file.tell()
        self._file.write(len(encoded).to_bytes(4, "big") + encoded)

    def __iter__(self) -> Iterator[Outcome]:
        for place in self._places:
            if place >= 0:
                self._file.seek(place)
                size = int.from_bytes(self._file.read(4), "big")
                yield self._decode(self._file.read(size))


class _InOrder:
    """A writer that writes at the end, in the order of the request."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.kept = _Kept()
        self.counts: Counter[Status] = Counter()
        self.seconds = 0.0
        self.widest = 0

    def write(self, some: Sequence[Outcome]) -> None:
        for outcome in some:
            self.counts[outcome.status] += 1
            self.seconds += outcome.total or 0.0
            self.widest = max(self.widest, len(outcome.url))
            self.kept.add(outcome)


class _TableWriter(_InOrder):
    def finish(self) -> None:
        width, coloured = min(self.widest, _WIDEST_URL), is_screen(self.stream)
        self._line("status", "http", "total", "ours ≤", "url".ljust(width), "why")
        for outcome in self.kept:
            status = outcome.status.value.ljust(8)
            self._line(
                typer.style(status, fg=_COLOURS[outcome.status]) if coloured else status,
                "–" if outcome.http_status is None else str(outcome.http_status),
                duration(outcome.total),
                duration(outcome.error_bound),
                printable(outcome.url).ljust(width),
                printable(outcome.detail or ""),
            )
        told = ", ".join(f"{self.counts[s]} {s.value}" for s in Status if self.counts[s])
        self.stream.write(f"{told or 'none'}\n")
        self.stream.flush()

    def _line(self, status: str, http: str, total: str, ours: str, url: str, why: str) -> None:
        line = f"{status:8}  {http:>4}  {total:>9}  {ours:>9}  {url}  {why}"
        self.stream.write(line.rstrip() + "\n")


class _JsonWriter(_InOrder):
    def finish(self) -> None:
        self.stream.write("[")
        for number, outcome in enumerate(self.kept):
            encoded = msgspec.json.encode(OutcomeOut.of(outcome))
            plain = msgspec.json.format(encoded, indent=2).decode("utf-8").replace("\n", "\n  ")
            self.stream.write(f"{',' if number else ''}\n  {plain}")
        self.stream.write("\n]\n")
        self.stream.flush()


class _NdjsonWriter:
    """A line for each outcome, as it comes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, some: Sequence[Outcome]) -> None:
        self._stream.write(lines(map(OutcomeOut.of, some)).decode("utf-8"))
        self._stream.flush()

    def finish(self) -> None:
        """All has been written."""


class _CsvWriter:
    """A row for each outcome, as it comes; nested keys joined by an underscore."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stream.write(csv_header().decode("utf-8"))

    def write(self, some: Sequence[Outcome]) -> None:
        self._stream.write(csv_rows(map(OutcomeOut.of, some)).decode("utf-8"))
        self._stream.flush()

    def finish(self) -> None:
        self._stream.flush()


class _JunitWriter(_InOrder):
    """A test suite (the format of Apache Ant's JUnit task, which CI systems read)."""

    def finish(self) -> None:
        failed = self.counts[Status.DOWN] + self.counts[Status.DEGRADED]
        sums = (
            f'name="tercet check" tests="{sum(self.counts.values())}" failures="{failed}" '
            f'errors="{self.counts[Status.UNKNOWN]}" time="{self.seconds:.3f}"'
        )
        self.stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        self.stream.write(f'<testsuites {sums}>\n  <testsuite {sums} skipped="0">\n')
        for outcome in self.kept:
            self._case(outcome)
        self.stream.write("  </testsuite>\n</testsuites>\n")
        self.stream.flush()

    def _case(self, outcome: Outcome) -> None:
        case = ET.Element(
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
        self.stream.write(f"    {ET.tostring(case, encoding='unicode')}\n")


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
