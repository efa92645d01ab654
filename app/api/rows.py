"""Targets in rows: a URL a line, CSV, or a JSON object a line, read as they come."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final, Protocol

from pydantic import ValidationError

from app.api.asked import Faults
from app.api.bodies import field_error
from app.api.gathered import Gathered
from app.api.targets import TargetIn

Line = tuple[int, str]

#: The columns of a CSV body.
COLUMNS: Final = (
    "url", "method", "body", "timeout_seconds", "attempts", "follow_redirects", "max_redirects",
    "verify_tls", "ip_version", "max_body_bytes",
)  # fmt: skip
_WHOLE: Final = frozenset({"attempts", "max_redirects", "ip_version", "max_body_bytes"})
_SWITCHES: Final = {"true": True, "false": False, "1": True, "0": False}
_STRUCTURED: Final = frozenset({"headers", "json", "auth", "expect"})
# So much is handed to a thread at once: enough that the hop costs nothing beside it.
_BLOCK_BYTES: Final = 256 * 1024
# A body has its own limit; a cell needs none beside it.
csv.field_size_limit(2**31 - 1)
_BOM: Final = b"\xef\xbb\xbf"


class Rows(Protocol):
    """Makes targets of lines."""

    def take(self, lines: Sequence[Line]) -> None:
        """Read some more, each with its number."""
        ...

    def finish(self) -> None:
        """Say what was missing."""
        ...


class _AtLine(Faults):
    """Faults of one line, told with its number."""

    def __init__(self, faults: Faults, number: int) -> None:
        self._all = faults
        self._number = number

    def at(self, pointer: str, detail: str) -> None:
        self._all.at(pointer, f"line {self._number}: {detail}")


class PlainRows:
    """A URL a line; `#` begins a comment."""

    def __init__(self, gathered: Gathered, faults: Faults) -> None:
        self._gathered = gathered
        self._faults = faults

    def take(self, lines: Sequence[Line]) -> None:
        for number, line in lines:
            url = line.strip()
            if url and not url.startswith("#"):
                place = ("urls", self._gathered.count)
                self._gathered.add_url(url, place, _AtLine(self._faults, number))

    def finish(self) -> None:
        """Nothing can be missing."""


class JsonRows:
    """A target a line, as a JSON object."""

    def __init__(self, gathered: Gathered, faults: Faults) -> None:
        self._gathered = gathered
        self._faults = faults

    def take(self, lines: Sequence[Line]) -> None:
        for number, line in lines:
            if line.strip():
                self._take(line, _AtLine(self._faults, number))

    def _take(self, line: str, faults: Faults) -> None:
        place = ("targets", self._gathered.count)
        if not _is_text(line):
            _bad(self._gathered, "is not UTF-8", faults)
            return
        try:
            asked = TargetIn.model_validate_json(line)
        except ValidationError as error:
            _refused(self._gathered, error, faults)
        else:
            self._gathered.add(asked, place, faults)

    def finish(self) -> None:
        """Nothing can be missing."""


class CsvRows:
    """A target a record (RFC 4180), under a header that names the columns."""

    def __init__(self, gathered: Gathered, faults: Faults) -> None:
        self._gathered = gathered
        self._faults = faults
        self._header: list[str] | None = None

    def take(self, lines: Sequence[Line]) -> None:
        for number, line in lines:
            faults = _AtLine(self._faults, number)
            if not line.strip():
                continue
            if not _is_text(line):
                _bad(self._gathered, "is not UTF-8", faults)
                continue
            try:
                # A record at a time: what is wrong with one says nothing of the next.
                (cells,) = csv.reader([line], strict=True)
            except (csv.Error, ValueError) as error:
                _bad(self._gathered, f"is not a CSV record: {error}", faults)
                continue
            if self._header is None:
                self._read_header(cells, faults)
            else:
                self._read_record(self._header, cells, faults)

    def finish(self) -> None:
        if self._header is None:
            self._faults.invalid((), "there is no header; the first line names the columns")

    def _read_header(self, cells: list[str], faults: Faults) -> None:
        self._header = [cell.strip() for cell in cells]
        for name in dict.fromkeys(self._header):
            if name not in COLUMNS:
                faults.invalid((name,), f"is not a column; there are {', '.join(COLUMNS)}")
            elif self._header.count(name) > 1:
                faults.invalid((name,), "is a column twice")
        if "url" not in self._header:
            faults.invalid(("url",), "is missing among the columns")

    def _read_record(self, header: list[str], cells: list[str], faults: Faults) -> None:
        if len(cells) > len(header):
            _bad(self._gathered, f"has {len(cells)} cells for {len(header)} columns", faults)
            return
        given = {
            name: of_text(name, cell)
            for name, cell in zip(header, cells, strict=False)
            if cell and name in COLUMNS
        }
        place = ("targets", self._gathered.count)
        try:
            asked = TargetIn.model_validate(given)
        except ValidationError as error:
            _refused(self._gathered, error, faults)
        else:
            self._gathered.add(asked, place, faults)


#: Who reads rows of which media type.
READERS: Final[dict[str, type[PlainRows | JsonRows | CsvRows]]] = {
    "text/plain": PlainRows,
    "text/csv": CsvRows,
    "application/x-ndjson": JsonRows,
}


def of_text(name: str, text: str) -> object:
    """A target's field from text, as far as it can be told; the model says what cannot be."""
    try:
        if name in _WHOLE:
            return int(text)
        if name == "timeout_seconds" and text.strip()[-1:].isdigit():
            return float(text)
        if name in ("follow_redirects", "verify_tls"):
            return _SWITCHES[text.strip().lower()]
        if name in _STRUCTURED:
            return json.loads(text)
    except (ValueError, KeyError, RecursionError):
        return text
    return text


async def read_rows(
    chunks: AsyncIterator[bytes], rows: Rows, gathered: Gathered, *, quoted: bool
) -> None:
    """Hand on a body's lines as they come, some at a time, in a thread.

    Args:
        quoted: a line break between quotes does not end a record.
    """
    lines = _Lines(quoted=quoted)
    async for chunk in chunks:
        if gathered.full:
            # The answer is settled; the rest is only let in.
            continue
        lines.add(chunk)
        if lines.size >= _BLOCK_BYTES:
            await asyncio.to_thread(lambda: rows.take(list(lines.whole())))
    await asyncio.to_thread(lambda: rows.take(list(lines.whole(last=True))))
    rows.finish()


class _Lines:
    """Bytes on their way to be records; each line is looked at once, however they come."""

    def __init__(self, *, quoted: bool) -> None:
        self._quoted = quoted
        self._held: list[bytes] = []
        self._rest = b""
        self._begun: list[bytes] = []
        self._open = False
        self._number = 0
        self.size = 0

    def add(self, chunk: bytes) -> None:
        self._held.append(chunk)
        self.size += len(chunk)

    def whole(self, *, last: bool = False) -> Iterator[Line]:
        """The records that have come whole, each with the number of its first line, from 1."""
        *lines, self._rest = (self._rest + b"".join(self._held)).split(b"\n")
        self._held, self.size = [], 0
        if last:
            lines.append(self._rest)
        for line in lines:
            yield from self._record(line)
        if last and self._begun:
            yield self._joined()

    def _record(self, line: bytes) -> Iterator[Line]:
        if self._number == 0 and not self._begun:
            line = line.removeprefix(_BOM)
        if not line and not self._begun:
            self._number += 1
            return
        self._begun.append(line)
        if self._quoted and line.count(b'"') % 2:
            self._open = not self._open
        if not self._open:
            yield self._joined()

    def _joined(self) -> Line:
        number = self._number + 1
        self._number += len(self._begun)
        data = b"\n".join(self._begun).removesuffix(b"\r")
        self._begun, self._open = [], False
        # What is not UTF-8 stays recognisable.
        return number, data.decode("utf-8", "surrogateescape")


def _is_text(line: str) -> bool:
    if line.isascii():
        return True
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _bad(gathered: Gathered, detail: str, faults: Faults) -> None:
    """Note a line that is no record at all."""
    place = ("targets", gathered.count)
    if gathered.makes_room():
        faults.invalid(place, detail)


def _refused(gathered: Gathered, error: ValidationError, faults: Faults) -> None:
    """Note what a model does not take."""
    place = ("targets", gathered.count)
    if gathered.makes_room():
        for entry in error.errors(include_url=False, include_context=False, include_input=False):
            told = field_error(entry, *place)
            faults.at(told.pointer, told.detail)
