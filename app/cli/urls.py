"""URLs from the command line, a file, or standard input."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


class NothingToCheck(Exception):
    """No URL was given, or they cannot be read; the text is for the caller."""


def read_urls(given: Sequence[str], file: Path | None) -> list[str]:
    """The URLs in the order they were given.

    Raises:
        NothingToCheck: there is none, or the file cannot be read.
    """
    found = [url for part in given for url in (_lines(sys.stdin) if part == "-" else [part])]
    if file is not None:
        try:
            with file.open(encoding="utf-8") as opened:
                found.extend(_lines(opened))
        except (OSError, UnicodeDecodeError) as error:
            raise NothingToCheck(f"{file} cannot be read: {error}.") from error
    if not found:
        raise NothingToCheck("no URL was given; name some, or use --file, or - for standard input")
    return found


def _lines(text: Iterable[str]) -> Iterator[str]:
    for line in text:
        url = line.strip()
        if url and not url.startswith("#"):
            yield url
