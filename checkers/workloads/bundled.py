"""What is known of the bundled targets without their server being loaded."""

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the targets listen.

    Attributes:
        site: `/status/N`, `/delay/S`, `/bytes/N`, `/json/N`, `/redirect/N`.
        broken: answers with something that is not HTTP.
        refused: nobody listens.
    """

    site: str
    broken: str
    refused: str


@lru_cache(maxsize=4)
def json_body(count: int) -> bytes:
    """A JSON object of so many bytes, or the 32 it takes: a status, and numbers that fill it up."""
    head, tail = b'{"status": "UP", "numbers": [0', b"]}"
    written, number = bytearray(head), 0
    while len(written) + len(tail) < count:
        number += 1
        written += b", %d" % number
    # The last number may have been one too many; white space takes its place.
    too_many = number and len(written) + len(tail) > count
    kept = written[: written.rfind(b",")] if too_many else written
    return bytes(kept).ljust(max(count - len(tail), 0)) + tail
