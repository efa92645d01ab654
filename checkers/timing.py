"""The instants of one exchange, and the intervals derived from them.

Names follow W3C Resource Timing; phases follow HAR 1.2, with TCP and TLS apart. Instants are
seconds of the monotonic clock, which on Linux all processes of a machine share.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Final

import msgspec

now: Final = monotonic


class Marks(msgspec.Struct):
    """Instants of one request/response exchange; what has not happened is `None`.

    `domain_lookup_end` and `connect_end` are set only when the step succeeded, so a mark that
    is missing tells which step was under way when an exchange ended.
    """

    domain_lookup_start: float | None = None
    domain_lookup_end: float | None = None
    connect_start: float | None = None
    secure_connection_start: float | None = None
    connect_end: float | None = None
    request_start: float | None = None
    response_start: float | None = None
    response_end: float | None = None

    @property
    def began(self) -> float | None:
        """The first look-up or connect call; `None` when neither happened."""
        started = self.domain_lookup_start
        return self.connect_start if started is None else started

    @property
    def before_connecting(self) -> float:
        """From a name's addresses to the first connect call: nobody waits then but for us."""
        if self.domain_lookup_end is None or self.connect_start is None:
            return 0.0
        return self.connect_start - self.domain_lookup_end

    def in_order(self) -> list[float]:
        """What happened, in the order in which it must have happened."""
        instants = (
            self.domain_lookup_start,
            self.domain_lookup_end,
            self.connect_start,
            self.secure_connection_start,
            self.connect_end,
            self.request_start,
            self.response_start,
            self.response_end,
        )
        return [instant for instant in instants if instant is not None]


class Phases(msgspec.Struct, frozen=True, array_like=True):
    """Seconds of each phase, summed over the hops of an attempt; `None`: it did not happen.

    Attributes:
        name_lookup: name to addresses.
        connect: TCP only.
        tls: the TLS handshake.
        wait: request begun → first byte of the response.
        receive: first byte → last byte of the body.
    """

    name_lookup: float | None = None
    connect: float | None = None
    tls: float | None = None
    wait: float | None = None
    receive: float | None = None


PHASE_NAMES: Final = Phases.__struct_fields__
NO_PHASES: Final = Phases()


def _phases_of(marks: Marks) -> Phases:
    tcp_end = marks.secure_connection_start
    tls_end = None if tcp_end is None else marks.connect_end
    return Phases(
        _between(marks.domain_lookup_start, marks.domain_lookup_end),
        _between(marks.connect_start, marks.connect_end if tcp_end is None else tcp_end),
        _between(tcp_end, tls_end),
        _between(marks.request_start, marks.response_start),
        _between(marks.response_start, marks.response_end),
    )


def phases(hops: Sequence[Marks]) -> Phases:
    """The phases of an attempt over its hops. An interval that did not end is not counted."""
    if len(hops) == 1:
        return _phases_of(hops[0])
    parts = [_phases_of(hop) for hop in hops]
    return Phases(*(_total([getattr(part, name) for part in parts]) for name in PHASE_NAMES))


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start


def _total(values: list[float | None]) -> float | None:
    happened = [value for value in values if value is not None]
    return sum(happened) if happened else None
