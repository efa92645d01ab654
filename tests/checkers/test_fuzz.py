"""What reads a stranger's text ends in a value or in a documented error, whatever the text is."""

import contextlib
import itertools
import json
import re
import zlib
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url
from yarl import URL

from app.api.asked import Faults
from app.api.expectations import ExpectationIn, expectation_of
from app.domain.errors import Invalid
from checkers import InvalidUrl, json_query, parse, patterns
from checkers.body import Body, BodyRefused
from checkers.clients.chunks import Chunks
from checkers.clients.exchange import Exchange
from checkers.clients.failure import Failed
from checkers.clients.head import Fields, Head, HeadLines, parse_head
from checkers.cookies import Cookies
from checkers.errors import InvalidPath, InvalidPattern
from checkers.json_query import NotLookedInto
from checkers.looks import OPS, Sight
from checkers.redirect import RedirectRefused, Request, next_request
from checkers.timing import NO_PHASES
from checkers.verdict import effective, judge

fuzzed = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)

_PARTS = ["http://", "https://", "//", "127.0.0.1", "[::1]", "ex.ample", ":80", ":", "@", "\\",
          "/", "?", "#", "%", "%41", "%2e", ".", "..", "０", "①", "ü", "xn--", "\t", " ", "\x00",
          "0x7f", "017", "2130706433", "user:pass", "[", "]", "%25lo", "-", "_"]  # fmt: skip
_texts = st.text() | st.lists(st.sampled_from(_PARTS) | st.text(max_size=3)).map("".join)
_lines = [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404 No\n", b"X-A: b\r\n", b" folded\r\n", b"\r\n",
          b"\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Location: /x\r\n",
          b"HTTP/1.1 100 Continue\r\n\r\n", b"No colon\r\n", b"\r", b":", b"\x00",
          b"X-\xff: \xfe\r\n"]  # fmt: skip
_heads = st.lists(st.sampled_from(_lines) | st.binary(max_size=4)).map(b"".join)
_pieces = [b"5\r\nhello\r\n", b"0\r\n\r\n", b"a;x=y\r\n0123456789\r\n", b"0", b"F", b"\r\n", b"\n",
           b";", b"X-Sum: 1\r\n", b"ffffffffffffffff\r\n", b"-1\r\n", b" "]  # fmt: skip
_chunked = st.lists(st.sampled_from(_pieces) | st.binary(max_size=3)).map(b"".join)
_cuts = st.lists(st.integers(0, 400), max_size=6)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
_patterns = st.text() | st.lists(st.sampled_from("()[]{}*+?|\\^$.a1,-:<>=!Px")).map("".join)
_paths = st.text() | st.lists(
    st.sampled_from(["$", ".", "..", "[", "]", "*", "?", "@", "a", "'b'", "0", "-1", ":", "==",
                     "&&", "(", ")", "length(", "match(", "count(", ",", " ", "1", "true", '"x"'])
).map("".join)  # fmt: skip


def cut(data: bytes, at: Sequence[int]) -> list[bytes]:
    """The data in pieces, some of them empty."""
    places = [0, *sorted(min(place, len(data)) for place in at), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(places)]


@fuzzed
@given(_texts)
@example("http://127.0.0.1\\@ex.ample/")
@example("http://ex.ample%2f@127.0.0.1/")
def test_a_url_is_refused_or_means_one_thing_to_every_library(text: str) -> None:
    try:
        url = parse(text)
    except InvalidUrl:
        return

    again, host = parse(url.wire), url.host
    assert (again.host, again.port, again.target) == (url.host, url.port, url.target)
    assert url.wire.isascii()
    assert url.wire.isprintable()
    assert urlsplit(url.wire).hostname == host
    assert URL(url.wire, encoded=True).raw_host == host
    assert (parse_url(url.wire).host or "").strip("[]") == host


@fuzzed
@given(st.lists(_texts, min_size=1, max_size=2), st.sampled_from([301, 302, 303, 307, 308]))
def test_a_redirect_is_refused_or_leads_where_no_secret_goes_along(
    locations: list[str], status: int
) -> None:
    secrets = (("Authorization", "a"), ("COOKIE", "b"), ("Host", "c"), ("X-Mine", "d"))
    sent = Request("POST", parse("http://ex.ample/a/b?c"), secrets, b"body")

    try:
        following = next_request(sent, status, locations)
    except RedirectRefused:
        return

    if following is None:
        assert not any(location.strip(" \t") for location in locations)
    elif following.url.origin != sent.url.origin:
        assert following.headers == (("X-Mine", "d"),)
    else:
        assert following.url.scheme in ("http", "https")


@fuzzed
@given(
    st.lists(st.text(max_size=60), max_size=5),
    st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126)),
)
def test_cookies_are_kept_or_dropped(set_cookie: list[str], own: str | None) -> None:
    cookies, url = Cookies(), parse("http://ex.ample/a/b")

    cookies.take(url, set_cookie)
    field = cookies.field(url, own)

    assert field is None or (field.isascii() and field.isprintable())


def _read(head: Callable[[], Head | None]) -> tuple[object, ...] | None:
    try:
        found = head()
    except Failed as failed:
        return (failed.failure.reason,)
    return None if found is None else (found.status, found.length, found.chunked)


def _by_lines(raw: bytes) -> Head | None:
    lines = HeadLines()
    rest = raw
    while rest:
        lines.go_on(rest)
        line, end, rest = rest.partition(b"\n")
        if not end:
            return None
        head = lines.add(line + end)
        if head is not None:
            return head
    return None


@fuzzed
@given(_heads)
def test_a_head_is_the_same_as_a_whole_and_line_by_line(raw: bytes) -> None:
    by_lines = _read(lambda: _by_lines(raw))

    blank = re.search(rb"\n\r?\n", raw)
    if blank is not None and blank.end() == len(raw):
        whole = _read(lambda: parse_head(raw))
        # An interim head is whole, yet not the one that was asked for.
        assert by_lines == whole or (by_lines is None and whole is not None)


def _decoded(feed: Callable[[bytes], object], pieces: Sequence[bytes]) -> str | None:
    try:
        for piece in pieces:
            feed(piece)
    except (Failed, BodyRefused) as refused:
        return type(refused).__name__
    return None


@fuzzed
@given(_chunked, _cuts)
def test_chunks_are_the_same_in_whatever_pieces_they_come(data: bytes, at: list[int]) -> None:
    whole, parts = Chunks(), Chunks()
    taken: tuple[list[bytes], list[bytes]] = ([], [])

    said = [
        _decoded(lambda piece, c=chunks, t=into: t.extend(c.feed(piece)), pieces)  # type: ignore[misc]
        for chunks, into, pieces in ((whole, taken[0], [data]), (parts, taken[1], cut(data, at)))
    ]

    assert said[0] == said[1]
    assert (whole.ended, b"".join(taken[0])) == (parts.ended, b"".join(taken[1]))


@fuzzed
@given(
    st.binary(max_size=300).map(zlib.compress) | st.binary(max_size=80),
    st.sampled_from([("gzip",), ("deflate",), ("x-gzip", "deflate"), ("br",), ()]),
    _cuts,
)
def test_a_body_is_the_same_in_whatever_pieces_it_comes(
    data: bytes, codings: tuple[str, ...], at: list[int]
) -> None:
    whole, parts = (Body(codings, cap=200, keep=True, digest=True) for _ in range(2))

    said = [_decoded(whole.feed, [data]), _decoded(parts.feed, cut(data, at))]

    assert said[0] == said[1]
    assert len(whole.kept) <= 200
    if said[0] is None:
        assert (whole.kept, whole.sha256) == (parts.kept, parts.sha256)


@fuzzed
@given(
    st.sampled_from([subject.value for subject in OPS]),
    st.sampled_from(sorted({op for ops in OPS.values() for op in ops})),
    _json,
    st.none() | _paths,
    st.none() | st.text(max_size=8),
    st.binary(max_size=200) | _json.map(lambda value: json.dumps(value).encode()),
)
def test_an_expectation_is_refused_or_can_be_asked_of_any_response(
    of: str, op: str, value: object, path: str | None, name: str | None, body: bytes
) -> None:
    faults = Faults()
    fields: dict[str, Any] = {"of": of, "op": op, "value": value, "path": path, "name": name}
    asked = ExpectationIn.model_construct(_fields_set={"of", "op", "value"}, **fields)
    expectation = expectation_of(asked, (), faults)
    if faults:
        assert isinstance(faults.error(), Invalid)
        return

    assert expectation is not None
    seen = Exchange(http_status=200, fields=Fields(b"content-type: a;charset=b\nx: y\n"), body=body)
    verdict = judge(Sight(seen, 0.1, NO_PHASES, 0), effective((expectation,)), with_findings=True)
    assert (verdict.reason is None) == (verdict.status == "up")


@fuzzed
@given(_paths, _json)
def test_a_json_path_is_refused_or_can_be_asked_of_any_document(
    path: str, document: object
) -> None:
    try:
        json_query.compiled(path)
    except InvalidPath:
        return

    with contextlib.suppress(NotLookedInto):
        assert isinstance(json_query.values(path, document), list)


@fuzzed
@given(
    st.text() | st.lists(st.sampled_from("()[]{}*+?|\\^$.a1,-:<>=!Px")).map("".join), st.binary()
)
def test_a_pattern_is_refused_or_can_be_searched_for(pattern: str, text: bytes) -> None:
    with contextlib.suppress(InvalidPattern):
        assert patterns.found(pattern, text) in (True, False)


@pytest.mark.parametrize("value", [0, 1, "1", True, None, 1.0])
def test_json_values_are_equal_to_themselves_and_no_type_is_taken_for_another(
    value: object,
) -> None:
    others = [other for other in (0, "1", True, None) if other is not value]

    assert json_query.same(value, value)
    assert not any(json_query.same(value, other) for other in others)
