"""A body taken in as it comes."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers import Reason
from checkers.body import EXCERPT_BYTES, Body, BodyRefused, codings

TEXT = b"what a server says, " * 200


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
}


def _taken(body: Body, data: bytes, piece: int) -> bytes:
    for start in range(0, len(data), piece):
        body.feed(data[start : start + piece])
    body.finish()
    return bytes(body.kept)


@pytest.mark.parametrize("coding", PACKED)
@given(piece=st.integers(1, 500))
def test_a_coded_body_is_the_same_in_any_pieces(coding: str, piece: int) -> None:
    body = Body((coding,), cap=10_000, keep=True)

    assert _taken(body, PACKED[coding], piece) == TEXT
    assert body.size == len(TEXT)


@given(piece=st.integers(1, 100))
def test_deflate_without_its_zlib_header_is_understood(piece: int) -> None:
    assert _taken(Body(("deflate",), cap=10_000, keep=True), _raw_deflate(TEXT), piece) == TEXT


def test_two_codings_are_undone_in_reverse() -> None:
    packed = gzip.compress(zlib.compress(TEXT))

    assert _taken(Body(("deflate", "gzip"), cap=10_000, keep=True), packed, 64) == TEXT


def test_gzip_members_follow_each_other_and_padding_is_dropped() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two") + b"\x00" * 20

    assert _taken(Body(("gzip",), cap=100, keep=True), packed, 7) == b"one two"


def test_an_empty_body_labelled_gzip_is_empty() -> None:
    assert _taken(Body(("gzip",), cap=100, keep=True), b"", 1) == b""


@pytest.mark.parametrize("coding", PACKED)
def test_a_coded_body_cut_short_is_undecodable(coding: str) -> None:
    with pytest.raises(BodyRefused) as refused:
        _taken(Body((coding,), cap=10_000, keep=True), PACKED[coding][:-9], 100)

    assert refused.value.reason is Reason.BODY_UNDECODABLE


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "utf-8"])
def test_a_wrong_label_is_undecodable(coding: str) -> None:
    with pytest.raises(BodyRefused) as refused:
        Body((coding,), cap=100, keep=True).feed(b"plain text")

    assert refused.value.reason is Reason.BODY_UNDECODABLE


def test_a_bomb_ends_at_the_cap_and_takes_no_more_memory_than_a_piece() -> None:
    bomb = gzip.compress(b"\x00" * 200_000_000, compresslevel=9)
    body = Body(("gzip",), cap=1_000_000, keep=True)

    with pytest.raises(BodyRefused) as refused:
        body.feed(bomb)

    assert refused.value.reason is Reason.BODY_TOO_LARGE
    assert body.size <= 1_000_000 + 256 * 1024


@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
def test_the_cap_is_the_last_byte_allowed(size: int, fits: bool) -> None:
    body = Body((), cap=100, keep=True)
    if fits:
        body.feed(b"x" * size)
        assert body.size == size
    else:
        with pytest.raises(BodyRefused):
            body.feed(b"x" * size)


def test_a_body_nobody_looks_at_is_kept_as_an_excerpt_only() -> None:
    body = Body((), cap=10_000, keep=False)
    body.feed(TEXT)

    assert len(body.kept) == EXCERPT_BYTES
    assert body.size == len(TEXT)


def test_codings_are_read_from_every_field() -> None:
    assert codings(["gzip, identity", " Deflate "]) == ("gzip", "deflate")
