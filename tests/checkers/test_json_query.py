"""JSONPath of RFC 9535 and comparisons without type juggling, bounded."""

from typing import Any

import pytest

from checkers import json_query
from checkers.errors import InvalidPath
from checkers.json_query import HOLDS, NotLookedInto

DOCUMENT = {"status": "UP", "n": 1, "parts": [{"up": True, "ms": 5}, {"up": False, "ms": 50}]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.status", ["UP"]),
        ("$['parts'][1].ms", [50]),
        ("$.parts[-1].up", [False]),
        ("$.parts[*].ms", [5, 50]),
        ("$..ms", [5, 50]),
        ("$.parts[?@.ms > 10].up", [False]),
        ("$.parts[?@.up == true].ms", [5]),
        ("$.parts[?@.up == 1].ms", []),
        ("$[?match(@, 'U.')]", ["UP"]),
        ("$[?search(@, 'P')]", ["UP"]),
        ("$.parts[0:1]", [{"up": True, "ms": 5}]),
        ("$.missing", []),
    ],
)
def test_a_path_leads_to_values_in_the_order_of_the_document(path: str, found: list[Any]) -> None:
    assert json_query.values(path, DOCUMENT) == found


@pytest.mark.parametrize(
    "path", ["", "status", "$.", "$[", "$.a b", "$[?]", "$ .a|$.b", "$.a~", "^"]
)
def test_what_is_not_of_the_rfc_is_refused(path: str) -> None:
    with pytest.raises(InvalidPath, match="JSONPath"):
        json_query.compiled(path)


@pytest.mark.parametrize(
    ("op", "value", "wanted", "held"),
    [
        ("==", 1, 1.0, True), ("==", 1, True, False), ("==", 1, "1", False),
        ("==", 0, False, False),
        ("==", None, False, False), ("==", [1, {"a": 2}], [1, {"a": 2}], True),
        ("==", [1], [True], False), ("!=", 1, True, True), ("<", 1, 2, True), ("<", "a", "b", True),
        ("<", 1, "2", False), ("<", False, 1, False), (">=", None, None, False),
        ("contains", "salve", "lv", True), ("contains", [1, 2], 2, True),
        ("contains", [1], True, False), ("contains", {"a": 1}, "a", True),
        ("contains", 12, 1, False), ("matches", "UP", "^U", True), ("matches", 11, "1", False),
        ("in", "b", ["a", "b"], True), ("in", 1, [True], False), ("length", [1, 2], 2, True),
        ("length", "über", 4, True), ("length", {"a": 1}, 1, True), ("length", 12, 2, False),
    ],
)  # fmt: skip
def test_values_are_compared_as_json_compares(
    op: str, value: object, wanted: object, *, held: bool
) -> None:
    assert HOLDS[op](value, wanted) is held


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1,]", b"{'a': 1}", b"\xff", b"[" * 200 + b"]" * 200, b"NaN", b"1 2"]
)
def test_what_is_no_document_is_told_in_a_sentence(body: bytes) -> None:
    with pytest.raises(NotLookedInto, match=r"^The .*\.$"):
        json_query.document(body)


def test_a_path_that_would_walk_a_large_document_over_and_over_is_not_followed() -> None:
    document = [[0] * 300] * 10

    with pytest.raises(NotLookedInto, match="too large"):
        json_query.values("$..[?@..[?@ == 1]]", document)
