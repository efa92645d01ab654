"""Regular expressions of RE2: searched, not anchored, in time linear in the text."""

from functools import lru_cache
from typing import Final, Protocol

import re2

from checkers.errors import InvalidPattern

MAX_PATTERN_CHARACTERS: Final = 2048
# RE2's own word: a pattern that needs more is refused, one that needs it while searching runs
# slower instead.
_MAX_MEMORY_BYTES: Final = 1024 * 1024


class Pattern(Protocol):
    """A compiled expression."""

    def search(self, text: bytes | bytearray) -> object | None: ...


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Pattern:
    """The expression, ready to be searched for in UTF-8.

    Raises:
        InvalidPattern: RE2 does not know it, such as back-references and look-around.
    """
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise InvalidPattern(f"is longer than {MAX_PATTERN_CHARACTERS} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY_BYTES
    try:
        made: Pattern = re2.compile(pattern.encode("utf-8"), options)
    except re2.error as error:
        raise InvalidPattern(f"is not a regular expression of RE2: {_said(error)}") from error
    except UnicodeError as error:
        raise InvalidPattern("holds a character that is none") from error
    return made


def found(pattern: str, text: str | bytes | bytearray) -> bool:
    """Whether the expression occurs in a text, or in the bytes of one in UTF-8."""
    searched = text.encode("utf-8", "replace") if isinstance(text, str) else text
    return compiled(pattern).search(searched) is not None


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
