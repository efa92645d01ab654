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
    found = []
    for part in given:
        found.extend(_read(sys.stdin, "standard input") if part == "-" else [part])
    if file is not None:
        try:
            with file.open(encoding="utf-8") as opened:
                found.extend(_read(opened, str(file)))
        except OSError as error:
            raise NothingToCheck(f"{file} cannot be read: {error}.") from error
    # What was not UTF-8 is told as such, not carried on as half a character.
    found = [url.encode("utf-8", "replace").decode("utf-8") for url in found]
    if not found:
        raise NothingToCheck("no URL was given; name some, or use --file, or - for standard input")
    return found


def _read(text: Iterable[str], name: str) -> list[str]:
    try:
        return list(_lines(text))
    except (UnicodeDecodeError, ValueError) as error:
        raise NothingToCheck(f"{name} cannot be read: {error}.") from error


def _lines(text: Iterable[str]) -> Iterator[str]:
    for line in text:
        url = line.strip()
        if url and not url.startswith("#"):
            yield url
