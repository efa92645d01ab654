"""What the service and the process that speaks for it say to each other."""

from typing import Final

import msgspec

from app.channels.notification import Note


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """The first word: what holds for all that is sent.

    Attributes:
        allowed_networks: special networks that may be contacted; `None`: every address.
        ca_bundle: a PEM file to trust instead of the system's store.
    """

    allowed_networks: tuple[str, ...] | None
    ca_bundle: str | None


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A note for the service of a URL; without a note the URL is only looked at."""

    number: int
    url: str
    note: Note | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        error: why it was not taken; `None`: it was.
        final: whether another try can do no better.
        shown_url: the URL with `***` for what is secret in it.
    """

    number: int
    error: str | None = None
    final: bool = False
    shown_url: str = ""


encode: Final = msgspec.json.Encoder().encode
decode_begin: Final = msgspec.json.Decoder(Begin).decode
decode_ask: Final = msgspec.json.Decoder(Ask).decode
decode_answer: Final = msgspec.json.Decoder(Answer).decode
