"""What goes over the pipe between the service and a process that runs strategies."""

from typing import Final

import msgspec

from checkers.checks import CheckWork, Item
from checkers.meter import Usage
from checkers.outcome import Outcome
from checkers.strategies.catalogue import StrategyName

#: An outcome of a stream is held back for this long: nobody waits for it, and a frame for each
#: check would cost as much as the check.
STREAM_HOLD_SECONDS: Final = 0.2
#: So many at most, so that no frame takes long to read.
ITEMS_PER_FRAME: Final = 1000


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """Carry out this work; its items follow.

    Attributes:
        stream: begin at once, and carry out items as they come.
        hold_seconds: how long an outcome of a stream may be held back, so that more go together.
    """

    run: int
    strategy: StrategyName
    concurrency: int
    work: CheckWork
    stream: bool = False
    hold_seconds: float = STREAM_HOLD_SECONDS


class Items(msgspec.Struct, frozen=True, kw_only=True, tag="items"):
    """Some of a run's items; it starts with the last, and a stream ends with it."""

    run: int
    items: list[Item]
    last: bool


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """Start nothing more of this run and forget what is in flight."""

    run: int


class Finish(msgspec.Struct, frozen=True, kw_only=True, tag="finish"):
    """Start nothing more of any run, but carry what is in flight to its end."""


class Outcomes(msgspec.Struct, frozen=True, kw_only=True, tag="outcomes"):
    """Some of a run's outcomes, in order of completion."""

    run: int
    outcomes: list[Outcome]


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended"):
    """The run is over; every outcome has been sent before.

    Attributes:
        setup: seconds from the last item to the first permitted start.
        wall: seconds from the first permitted start to the last outcome.
        error: why it could not be carried out; a sentence.
    """

    run: int
    setup: float
    wall: float
    cost: Usage | None
    error: str | None = None


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The process listens."""

    pid: int


ToHost = Begin | Items | Cancel | Finish
FromHost = Ready | Outcomes | Ended

encode = msgspec.msgpack.Encoder().encode
decode_to_host = msgspec.msgpack.Decoder(ToHost).decode
decode_from_host = msgspec.msgpack.Decoder(FromHost).decode
