"""The head of a response, read by one grammar whichever library brought it (RFC 9112, 2 to 6).

Libraries differ in what they let pass: cut heads, doubled lengths, names with spaces. Each client
hands the bytes of the head to `parse_head`, and only what passes here is asked any further.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from checkers.clients.failure import Failed
from checkers.outcome import Reason

#: All header fields of a response together, interim responses included, in bytes.
MAX_HEADER_BYTES: Final = 256 * 1024
#: One line. libcurl refuses 100 KiB and http.client 64 KiB; no sane server comes near.
MAX_LINE_BYTES: Final = 64 * 1024
#: Lines. libcurl refuses 5,000 fields.
MAX_LINES: Final = 4000

# As much as libcurl asks of a first line that has not ended yet.
_BEGINNING: Final = b"HTTP/"
#: So many first bytes tell another protocol.
BEGINNING_BYTES: Final = len(_BEGINNING)
#: The line that ends a head.
BLANK: Final = (b"\r\n", b"\n")
# A folded line goes on with the field before it (RFC 9112, 5.2); a bare LF ends a line (2.2).
_STATUS_TEXT: Final = rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: [^\x00\r\n]*)?\r?\n"
_FIELD_TEXT: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00\r\n]*\r?\n"
_FOLDED_TEXT: Final = rb"[ \t][^\x00\r\n]*\r?\n"
_HEAD: Final = re.compile(rb"%b((?:%b(?:%b)*)*)\r?\n\Z" % (_STATUS_TEXT, _FIELD_TEXT, _FOLDED_TEXT))
_STATUS_LINE: Final = re.compile(_STATUS_TEXT)
_FIELD_LINE: Final = re.compile(_FIELD_TEXT)
_LATER_LINE: Final = re.compile(rb"%b|%b" % (_FIELD_TEXT, _FOLDED_TEXT))
_FOLD_BEGINNING: Final = (b" ", b"\t")
_FOLD: Final = re.compile(rb"[ \t]*\r?\n[ \t]+")
_FRAMING: Final = re.compile(
    rb"\n(content-length|transfer-encoding):[ \t]*([^\r\n]*?)[ \t]*(?=\r?\n)"
)
_LENGTH: Final = re.compile(rb"[0-9]{1,18}\Z")
_SHOWN_BYTES: Final = 80


class Fields:
    """Header fields as they came, in order. Looked up by name in any case."""

    __slots__ = ("_lower", "_raw")

    def __init__(self, raw: bytes = b"") -> None:
        self._raw = b"\n" + raw
        self._lower = self._raw.lower()

    def values(self, name: str) -> list[str]:
        """Every value of a field; `name` in lower case. UTF-8 where it is that, else Latin-1."""
        wanted = _wanted(name)
        at = self._lower.find(wanted)
        if at < 0:
            return []
        found = []
        while at >= 0:
            start = at + len(wanted)
            found.append(_text(self._raw[start : self._raw.index(b"\n", start)].strip(b" \t\r")))
            at = self._lower.find(wanted, start)
        return found

    def framing(self) -> list[tuple[bytes, bytes]]:
        """The fields that say where the body ends, in lower case."""
        return _FRAMING.findall(self._lower)

    def items(self) -> list[tuple[str, str]]:
        """Names as written, with their values."""
        lines = (line.partition(b":") for line in self._raw.split(b"\n") if line)
        return [(name.decode("ascii"), _text(value.strip(b" \t\r"))) for name, _, value in lines]


class Head:
    """A status line and its fields, well formed, with an answer to where the body ends.

    Attributes:
        version: `1.0` or `1.1`.
        chunked: the body is in chunks.
    """

    __slots__ = ("chunked", "fields", "length", "status", "version")

    def __init__(self, status: int, version: str, fields: Fields) -> None:
        self.status = status
        self.version = version
        self.fields = fields
        self.chunked = False
        self.length: int | None = None

    @property
    def interim(self) -> bool:
        """RFC 9110, 15.2: more is to come. 101 is final here: no protocol was offered."""
        return self.status < 200 and self.status != 101

    def plain(self) -> bytes:
        """As much of the head as a library has to parse itself to find the end of the body.

        The fields are read from here, and chunks are undone here, the same way for all of them.
        """
        line = b"HTTP/%b %d OK\r\n" % (self.version.encode("ascii"), self.status)
        if self.length is not None:
            line += b"Content-Length: %d\r\n" % self.length
        return line + b"\r\n"


def parse_head(raw: bytes) -> Head:
    """A head from its status line to its empty line.

    Raises:
        Failed: it is malformed, or leaves open where the body ends (RFC 9112, 6.3).
    """
    found = _HEAD.match(raw)
    if found is None:
        check_lines(raw.splitlines(keepends=True))
        raise Failed(Reason.PROTOCOL_ERROR, "The response is not valid HTTP/1.")
    version, status, section = found.groups()
    if b"\n " in section or b"\n\t" in section:
        section = _FOLD.sub(b" ", section)
    head = Head(int(status), version.decode("ascii"), Fields(section))
    if not head.interim:
        _frame(head)
    return head


def _frame(head: Head) -> None:
    found = head.fields.framing()
    lengths = [value for name, value in found if name == b"content-length"]
    if len(lengths) < len(found):
        if lengths or [value for _, value in found] != [b"chunked"]:
            raise Failed(
                Reason.PROTOCOL_ERROR, "The response says in two ways where its body ends."
            )
        head.chunked = True
    elif lengths:
        if len(lengths) > 1 or not _LENGTH.match(lengths[0]):
            raise Failed(Reason.PROTOCOL_ERROR, "The response has no valid Content-Length.")
        head.length = int(lengths[0])


class HeadLines:
    """Lines of a head as they come, bounded, interim responses left behind."""

    __slots__ = ("_bytes", "_count", "_lines", "_open")

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._open = False
        self._bytes = 0
        self._count = 0

    @property
    def begun(self) -> bool:
        """Whether a line of the head that is under way has come."""
        return bool(self._lines)

    def go_on(self, following: bytes) -> None:
        """Look at the line before, now that bytes follow it.

        One without a colon might be folded: libcurl waits for these bytes as well.

        Raises:
            Failed: it is malformed, or the first bytes of a head are.
        """
        if not self._lines:
            check_beginning(following)
        elif self._open and following[:1] not in _FOLD_BEGINNING:
            self._open = False
            _check_line(self._lines[-1], len(self._lines) - 1)

    def add(self, line: bytes) -> Head | None:
        """Take in one line with its end; the head once it is complete and final.

        Raises:
            Failed: it passes a bound, or is malformed.
        """
        blank, number = line in BLANK, len(self._lines)
        self._open = number > 0 and not blank and _may_go_on(line)
        if not self._open and not (blank and number):
            _check_line(line, number)
        self._lines.append(line)
        self._bytes += len(line)
        if not blank:
            self.check_size()
            return None
        raw = b"".join(self._lines)
        self._count += len(self._lines)
        self._lines = []
        self.check_size()
        head = parse_head(raw)
        return None if head.interim else head

    def check_size(self, unread: int = 0) -> None:
        """Refuse what is too large; `unread` bytes of an unfinished line count too."""
        _check_bounds(
            self._bytes + unread,
            self._count + len(self._lines),
            max(unread, len(self._lines[-1]) if self._lines else 0),
        )


def check_size(raw: bytes, lines: int) -> None:
    """Refuse a head of so many lines, interim ones before it included, that is too large."""
    longest = max(map(len, raw.split(b"\n"))) if len(raw) > MAX_LINE_BYTES else 0
    _check_bounds(len(raw), lines, longest)


def _check_bounds(size: int, lines: int, longest: int) -> None:
    if size > MAX_HEADER_BYTES:
        raise Failed(
            Reason.PROTOCOL_ERROR, f"The header fields are larger than {MAX_HEADER_BYTES} bytes."
        )
    if lines > MAX_LINES:
        raise Failed(Reason.PROTOCOL_ERROR, f"There are more than {MAX_LINES} header lines.")
    if longest > MAX_LINE_BYTES:
        raise Failed(Reason.PROTOCOL_ERROR, f"A header line is larger than {MAX_LINE_BYTES} bytes.")


def check_lines(lines: Sequence[bytes]) -> None:
    """Refuse the first line, of a head or of several, that is malformed.

    A last one that may yet go on is left out.

    Raises:
        Failed: there is one.
    """
    number = 0
    for at, line in enumerate(lines, start=1):
        if not line.endswith(b"\n") or (number and at == len(lines) and _may_go_on(line)):
            return
        if number and line in BLANK:
            number = 0
            continue
        _check_line(line, number)
        number += 1


def _may_go_on(line: bytes) -> bool:
    """Whether libcurl waits for what follows this line before it looks at it."""
    return b":" not in line and not line.startswith(b"\r")


def _check_line(line: bytes, number: int) -> None:
    """Refuse what is not the line of this number in a head."""
    grammar = (_STATUS_LINE, _FIELD_LINE)[number] if number < 2 else _LATER_LINE
    good = grammar.fullmatch(line) is not None
    if good and number and line[:15].lower() == b"content-length:":
        # Told before the head is whole, which it may never be.
        value = line[15:].strip(b" \t\r\n")
        good = not value or _LENGTH.match(value) is not None
    if not good:
        shown = repr(line[:_SHOWN_BYTES].rstrip(b"\r\n"))[1:]
        raise Failed(Reason.PROTOCOL_ERROR, f"The response is not valid HTTP/1: {shown}.")


def check_beginning(first: bytes) -> None:
    """Refuse first bytes that no HTTP/1 response begins with, be they few or many.

    Raises:
        Failed: the response is in another protocol.
    """
    if not _BEGINNING.startswith(first[: len(_BEGINNING)].upper()):
        raise Failed(Reason.PROTOCOL_ERROR, "The response does not begin with HTTP/.")


@lru_cache(maxsize=256)
def _wanted(name: str) -> bytes:
    return b"\n%b:" % name.encode("latin-1", "replace")


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeError:
        return value.decode("latin-1")
