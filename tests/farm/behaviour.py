"""A server's behaviour: a target, and the verdict it must get from everyone."""

import gzip
import zlib
from typing import NamedTuple

from checkers import Expectation, Severity, Subject, Target
from tests.farm.servers import Handler, Servers, answering

#: Enough for any answer on this machine, and short, since many behaviours use all of it.
PATIENCE = 0.6

UP = "up"
MALFORMED = "down/protocol_error"
CUT = "down/incomplete_body"
SILENT = "down/response_timeout"
STATUS = "down/status_unexpected"
RESET = "down/connection_reset"
CLOSED = "down/connection_closed"
REFUSED = "down/redirect_refused"
UNDECODABLE = "down/body_undecodable"
TOO_LARGE = "down/body_too_large"

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Behaviour(NamedTuple):
    """A target and the verdict it must get everywhere."""

    name: str
    target: Target
    verdict: str

    @property
    def named_here(self) -> bool:
        """Whether only the tests' own resolver knows its name (`tests/farm/names.py`)."""
        return ".example" in self.target.url


class Group:
    """Behaviours as they are put down, one call each."""

    def __init__(self, farm: Servers) -> None:
        self.farm = farm
        self.found: list[Behaviour] = []

    def says(
        self, name: str, payload: bytes, verdict: str, *, then: str = "close", **fields: object
    ) -> None:
        """A server that answers every request with these bytes."""
        port = self.farm.serve(answering(payload, then=then))
        self.at(name, f"http://127.0.0.1:{port}/", verdict, **fields)

    def does(
        self, name: str, handler: Handler, verdict: str, path: str = "/", **fields: object
    ) -> None:
        """A server of its own."""
        port = self.farm.serve(handler)
        self.at(name, f"http://127.0.0.1:{port}{path}", verdict, **fields)

    def at(self, name: str, url: str, verdict: str, **fields: object) -> None:
        """Whatever answers there."""
        patient = {"timeout": PATIENCE, **fields}
        self.found.append(Behaviour(name, Target(url=url, **patient), verdict))  # type: ignore[arg-type]


def expect(of: Subject, op: str, value: object = None, **more: object) -> tuple[Expectation, ...]:
    """One expectation, as a target has them."""
    return (Expectation(of=of, op=op, value=value, **more),)  # type: ignore[arg-type]


def contains(text: str) -> tuple[Expectation, ...]:
    return expect(Subject.BODY, "contains", text)


def degraded(of: Subject, op: str, value: object) -> tuple[Expectation, ...]:
    return expect(of, op, value, otherwise=Severity.DEGRADED)


def deflated(data: bytes) -> bytes:
    """Without the zlib header, as some servers send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def bomb(mebibytes: int) -> bytes:
    """So many MiB of zeros in some KiB of gzip."""
    return gzip.compress(bytes(mebibytes << 20), mtime=0)
