"""Values in a JSON document by JSONPath (RFC 9535), compared as JSON compares: 1 is not true.

Bounded: a path that could walk a document over and over is asked of small ones only, regular
expressions inside it are RE2's, and what nests too deep is no document.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import jsonpath
import msgspec
from jsonpath.function_extensions import FilterFunction

from checkers import patterns
from checkers.errors import InvalidPath, InvalidPattern

MAX_PATH_CHARACTERS: Final = 1024
#: A larger document is not looked into.
MAX_DOCUMENT_BYTES: Final = 8 * 1024 * 1024
# Steps a path may take through a document; some tenths of a second at worst.
_MAX_STEPS: Final = 200_000
# Deeper than any document people write, and well within the interpreter's stack.
_MAX_DEPTH: Final = 100
_MARK: Final = b"\xef\xbb\xbf"


class NotLookedInto(Exception):
    """The body cannot be asked: it is no JSON, or too much of it; the text is a sentence."""


class _Re2Function(FilterFunction):
    """`match` and `search` of RFC 9535, 2.4.6 and 2.4.7, over RE2."""

    arg_types = [jsonpath.function_extensions.ExpressionType.VALUE] * 2
    return_type = jsonpath.function_extensions.ExpressionType.LOGICAL

    def __init__(self, frame: str) -> None:
        self._frame = frame

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        try:
            return patterns.found(self._frame.format(pattern), value)
        except InvalidPattern:
            return False


class _Environment(jsonpath.JSONPathEnvironment):
    """The grammar of the RFC and nothing beside it."""

    def compare(self, left: object, operator: str, right: object) -> bool:
        if isinstance(left, bool) is not isinstance(right, bool) and operator != "!=":
            return False
        held: bool = super().compare(left, operator, right)
        return held


def _environment() -> _Environment:
    made = _Environment(strict=True)
    made.function_extensions["match"] = _Re2Function(r"\A(?:{})\z")
    made.function_extensions["search"] = _Re2Function("{}")
    return made


_ENVIRONMENT: Final = _environment()


class Path(NamedTuple):
    """A compiled path; `walks`: how many times over it may visit every value of a document."""

    query: Any
    walks: int


@lru_cache(maxsize=512)
def compiled(path: str) -> Path:
    """The path, ready to be asked of documents.

    Raises:
        InvalidPath: it is not of RFC 9535.
    """
    if len(path) > MAX_PATH_CHARACTERS:
        raise InvalidPath(f"is longer than {MAX_PATH_CHARACTERS} characters")
    try:
        query = _ENVIRONMENT.compile(path)
    except (jsonpath.JSONPathError, ValueError, RecursionError) as error:
        raise InvalidPath(f"is not a JSONPath of RFC 9535: {_said(error)}") from error
    return Path(query, path.count("..") + path.count("?"))


def document(body: bytes | bytearray | str) -> Any:
    """The document in a body.

    Raises:
        NotLookedInto: it is not JSON (RFC 8259), too large, or too deep.
    """
    if len(body) > MAX_DOCUMENT_BYTES:
        raise NotLookedInto(f"The body is larger than {MAX_DOCUMENT_BYTES} bytes of JSON.")
    if body.startswith("\ufeff" if isinstance(body, str) else _MARK):  # type: ignore[arg-type]
        # RFC 8259, 8.1: a byte order mark may be passed over, and some servers send one.
        body = body[1:] if isinstance(body, str) else body[len(_MARK) :]
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise NotLookedInto(f"The body is not JSON: {str(error)[:200]}.") from error
    if _is_deep(found):
        raise NotLookedInto(f"The JSON document is more than {_MAX_DEPTH} levels deep.")
    return found


def values(path: str, looked_into: Any) -> list[Any]:
    """What the path leads to, in the order of the document.

    Raises:
        NotLookedInto: it would have to walk too long.
    """
    query, walks = compiled(path)
    if walks:
        size = _size(looked_into, _MAX_STEPS)
        if size ** min(walks, 4) > _MAX_STEPS:
            raise NotLookedInto("The JSON document is too large for a path that searches it.")
    try:
        return [match.obj for match in query.finditer(looked_into)]
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise NotLookedInto(f"The path cannot be followed: {_said(error)}.") from error


def _said(error: Exception) -> str:
    # Not str(error): of an empty path the library fails to show where in it the error lies.
    return str(error.args[0]).splitlines()[0] if error.args and error.args[0] else "malformed"


def same(left: object, right: object) -> bool:
    """Whether two JSON values are equal; numbers by value, and `1` is neither `true` nor `"1"`."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right


def _size(looked_into: Any, enough: int) -> int:
    """How many values a document has, counted until there are enough of them."""
    todo, seen = [looked_into], 0
    while todo and seen <= enough:
        value = todo.pop()
        seen += 1
        if isinstance(value, dict):
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)
    return seen


def _is_deep(looked_into: Any) -> bool:
    todo = [(looked_into, 1)]
    while todo:
        value, depth = todo.pop()
        if isinstance(value, dict):
            inner: Iterable[Any] = value.values()
        elif isinstance(value, list):
            inner = value
        else:
            continue
        if depth > _MAX_DEPTH:
            return True
        todo.extend((entry, depth + 1) for entry in inner if isinstance(entry, dict | list))
    return False


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def held(value: Any, wanted: Any) -> bool:
        numbers = (int, float)
        if isinstance(value, bool) or isinstance(wanted, bool):
            return False
        both_numbers = isinstance(value, numbers) and isinstance(wanted, numbers)
        both_texts = isinstance(value, str) and isinstance(wanted, str)
        return (both_numbers or both_texts) and compare(value, wanted)

    return held


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    if isinstance(value, list):
        return any(same(entry, wanted) for entry in value)
    return isinstance(value, dict) and isinstance(wanted, str) and wanted in value


def _matches(value: Any, wanted: Any) -> bool:
    return isinstance(value, str) and patterns.found(wanted, value)


def _has_length(value: Any, wanted: Any) -> bool:
    return isinstance(value, str | list | dict) and same(len(value), wanted)


#: What each op asks of a value that was found.
HOLDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": same,
    "!=": lambda value, wanted: not same(value, wanted),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "contains": _contains,
    "matches": _matches,
    "in": lambda value, wanted: any(same(value, entry) for entry in wanted),
    "length": _has_length,
}
