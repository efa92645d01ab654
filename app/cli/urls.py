"""URLs from the command line, a file, or standard input; however many there are."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Final

from checkers.url import without_surrogates

# More than this goes to a file: a list of any length takes no more memory.
_HELD_BYTES: Final = 1024 * 1024


class NothingToCheck(Exception):
    """No URL was given, or they cannot be read; the text is for the caller."""


class Urls:
    """URLs in the order they were given, kept in a file once there are many."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._file = SpooledTemporaryFile(_HELD_BYTES)  # noqa: SIM115 -- it lives as long as this
        self._count = 0
        for url in urls:
            # What was not UTF-8 is told as such, not carried on as half a character; and a line
            # break, which only an argument can hold, stays part of its URL.
            written = without_surrogates(url).encode("utf-8").replace(b"\n", b"\x00")
            self._file.write(written + b"\n")
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        self._file.seek(0)
        for line in self._file:
            yield line[:-1].replace(b"\x00", b"\n").decode("utf-8")


def read_urls(given: Sequence[str], file: Path | None) -> Urls:
    """The URLs in the order they were given.

    Raises:
        NothingToCheck: there is none, or they cannot be read.
    """
    urls = Urls(_all(given, file))
    if not urls:
        raise NothingToCheck("no URL was given; name some, or use --file, or - for standard input")
    return urls


def _all(given: Sequence[str], file: Path | None) -> Iterator[str]:
    for part in given:
        if part == "-":
            yield from _read(sys.stdin, "standard input")
        else:
            yield part
    if file is not None:
        try:
            with file.open(encoding="utf-8") as opened:
                yield from _read(opened, str(file))
        except OSError as error:
            raise NothingToCheck(f"{file} cannot be read: {error}.") from error


def _read(text: Iterable[str], name: str) -> Iterator[str]:
    try:
        for number, line in enumerate(text):
            # Some editors begin a file with a mark of its encoding.
            url = (line.removeprefix("\ufeff") if number == 0 else line).strip()
            if url and not url.startswith("#"):
                yield url
    except (UnicodeDecodeError, ValueError) as error:
        raise NothingToCheck(f"{name} cannot be read: {error}.") from error
