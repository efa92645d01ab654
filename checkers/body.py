"""A body taken in as it comes: decoded under a cap, kept only as far as somebody looks at it.

Every client hands over the bytes of the wire without transfer coding, and content codings are
undone here, so that a bomb, a truncation or a wrong label means the same from all of them.
"""

import hashlib
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from checkers.outcome import Reason

EXCERPT_BYTES: Final = 512
# Largest piece a decoder gives at once: what a bomb may cost in memory before the cap is noticed.
_PIECE_BYTES: Final = 256 * 1024
_MAX_CODINGS: Final = 5
_GZIP: Final = ("gzip", "x-gzip")
_GZIP_MAGIC: Final = b"\x1f\x8b"
# How many bytes tell a gzip member or a zlib stream from anything else.
_MAGIC_BYTES: Final = 2


class BodyRefused(Exception):
    """The body cannot be taken in; carries the reason."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class _Decoder(Protocol):
    """A zlib decompression object, as far as it is used here."""

    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


class Body:
    """One response body on its way in.

    Attributes:
        size: bytes so far, decoded.
        plain: no coding has to be undone.

    Args:
        encodings: the content codings, outermost last (RFC 9110, 8.4).
        cap: decoded bytes allowed; one more raises `BodyRefused`.
        keep: hold all of it, because an expectation looks at it; else the excerpt only.
        digest: take its checksum, because an expectation looks at that.

    Raises:
        BodyRefused: there are more codings than any server means.
    """

    __slots__ = ("_cap", "_digest", "_keep_bytes", "_kept", "_stages", "plain", "size")

    def __init__(
        self, encodings: tuple[str, ...], *, cap: int, keep: bool, digest: bool = False
    ) -> None:
        if len(encodings) > _MAX_CODINGS:
            raise BodyRefused(Reason.BODY_UNDECODABLE, "The body has too many codings.")
        self.size = 0
        self._digest = hashlib.sha256() if digest else None
        self._cap = cap
        self._kept = bytearray()
        self._keep_bytes = cap if keep else min(cap, EXCERPT_BYTES)
        self._stages = [_Stage(coding) for coding in reversed(encodings)] if encodings else []
        self.plain = not encodings

    @property
    def kept(self) -> bytearray:
        """What is held, itself and not a copy: it may be as large as the cap."""
        return self._kept

    @property
    def sha256(self) -> str | None:
        """Of all that has come, in hexadecimal; `None` unless asked for."""
        return None if self._digest is None else self._digest.hexdigest()

    def feed(self, data: bytes) -> None:
        """Take in a piece as it came over the wire.

        Raises:
            BodyRefused: the cap is passed, or the coding is broken.
        """
        if self.plain:
            self._take(data)
            return
        for _ in self.feeding(data):
            pass

    def feeding(self, data: bytes) -> Iterator[None]:
        """As `feed`, stopping after every decoded piece."""
        if self.plain:
            self._take(data)
            return
        for piece in self._decoded(data, 0):
            self._take(piece)
            yield

    def finish(self) -> None:
        """Say that no more will come.

        Raises:
            BodyRefused: a compressed stream stopped before its end.
        """
        for stage in self._stages:
            if stage.begun and not stage.ended:
                raise BodyRefused(
                    Reason.BODY_UNDECODABLE, f"The {stage.coding} body stops before its end."
                )

    def _decoded(self, data: bytes, depth: int) -> Iterator[bytes]:
        if depth == len(self._stages):
            yield data
            return
        for piece in self._stages[depth].pieces(data):
            yield from self._decoded(piece, depth + 1)

    def _take(self, data: bytes) -> None:
        room = self._keep_bytes - len(self._kept)
        if room > 0:
            self._kept += data[:room]
        if self._digest is not None:
            self._digest.update(data)
        self.size += len(data)
        if self.size > self._cap:
            raise BodyRefused(Reason.BODY_TOO_LARGE, f"The body is larger than {self._cap} bytes.")


class _Stage:
    """One content coding being undone, in pieces of bounded size."""

    def __init__(self, coding: str) -> None:
        self.coding = coding
        self.begun = False
        self.ended = False
        self._decoder: _Decoder | None = None
        self._held = b""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Decode what has come so far, at most `_PIECE_BYTES` at a time."""
        more = False
        while data or more:
            self.begun = True
            if self._decoder is None:
                data = self._held + data
                if self.ended and not (self.coding in _GZIP and data.startswith(_GZIP_MAGIC)):
                    # What follows the end of a stream is padding; every client drops it.
                    return
                if len(data) < _MAGIC_BYTES:
                    self._held = data
                    return
                self._decoder, self.ended, self._held = _decoder(self.coding, data), False, b""
            piece = self._decompress(self._decoder, data)
            data = self._decoder.unconsumed_tail
            # A full piece may leave decoded bytes inside the decoder with no input left over.
            more = len(piece) == _PIECE_BYTES and not self._decoder.eof
            if self._decoder.eof:
                # RFC 1952, 2.2: a gzip file may have several members.
                data, self.ended, self._decoder = self._decoder.unused_data, True, None
            if piece:
                yield piece

    def _decompress(self, decoder: _Decoder, data: bytes) -> bytes:
        try:
            return decoder.decompress(data, _PIECE_BYTES)
        except zlib.error as error:
            raise BodyRefused(
                Reason.BODY_UNDECODABLE, f"The body is not valid {self.coding} data."
            ) from error


def _decoder(coding: str, first: bytes) -> _Decoder:
    if coding in _GZIP:
        return zlib.decompressobj(wbits=31)
    if coding == "deflate":
        # RFC 9110, 8.4.1.2: deflate is a zlib stream, but some servers send a bare one.
        zlib_header = first[0] & 0x0F == 8 and (first[0] << 8 | first[1]) % 31 == 0
        return zlib.decompressobj(wbits=15 if zlib_header else -15)
    raise BodyRefused(Reason.BODY_UNDECODABLE, f"The body's coding {coding!r} was not asked for.")


def codings(field_values: list[str]) -> tuple[str, ...]:
    """The codings of Content-Encoding fields, in the order they were applied."""
    if not field_values:
        return ()
    named = (part.strip().lower() for value in field_values for part in value.split(","))
    return tuple(coding for coding in named if coding and coding != "identity")
