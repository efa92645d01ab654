"""The instants of an exchange as libcurl noted them, on the clock that all clients share."""

from typing import Final, NamedTuple

import pycurl

from checkers.clients.exchange import Exchange
from checkers.lag import OWN, Lag, waking
from checkers.timing import Marks

# Seconds in libcurl's unit.
_US: Final = 1e-6


def read_marks(
    curl: pycurl.Curl, marks: Marks, asked: float, returned: float, *, secure: bool
) -> None:
    """Fill in what libcurl noted of a transfer that has ended.

    Args:
        asked: when it asked for a socket.
        returned: when it came back.
        secure: over TLS.
    """
    latest = marks.connect_start
    if latest is None:
        return
    told = curl.getinfo
    total = told(pycurl.TOTAL_TIME_T)
    # libcurl counts from a start of its own. It had looked up before it asked for a socket, and
    # had ended before it returned: the earlier of the two is the nearer one. What it noted before
    # our own mark of the start cannot have been earlier.
    base = min(asked - told(pycurl.NAMELOOKUP_TIME_T) * _US, returned - total * _US)
    connected = told(pycurl.CONNECT_TIME_T)
    if connected and secure:
        marks.secure_connection_start = latest = max(base + connected * _US, latest)
        connected = told(pycurl.APPCONNECT_TIME_T)
    if connected:
        marks.connect_end = latest = max(base + connected * _US, latest)
        requested = told(pycurl.PRETRANSFER_TIME_T)
        if requested:
            marks.request_start = latest = max(base + requested * _US, latest)
            answered = told(pycurl.STARTTRANSFER_TIME_T)
            if answered:
                marks.response_start = latest = max(base + answered * _US, latest)
    marks.response_end = max(base + total * _US, latest)


class Heard(NamedTuple):
    """What is known of a transfer beside what libcurl noted.

    Attributes:
        round_trip: of the connection, as the kernel measured it.
        called: when a thread's transfer first called us with a line; nought on a loop of our own.
        returned: when libcurl came back.
    """

    round_trip: float | None
    called: float
    returned: float


def note_ours(seen: Exchange, lag: Lag, heard: Heard) -> None:
    """Bound what of a transfer was ours, by what libcurl noted and when it came to call us."""
    marks = seen.marks
    if marks.connect_start is None:
        seen.ours += lag.lag(heard.returned)
        return
    worst = lag.worst(marks.connect_start)
    seen.note_connected(heard.round_trip, worst)
    if marks.secure_connection_start is not None and marks.connect_end is not None:
        seen.ours += min(3 * worst, marks.connect_end - marks.secure_connection_start)
    if marks.request_start is not None and marks.connect_end is not None:
        seen.ours += marks.request_start - marks.connect_end
    if heard.called and marks.response_start is not None:
        # libcurl had the first byte and waited for the interpreter's lock to tell of it.
        waited = max(heard.called - marks.response_start, 0.0)
        OWN.note(heard.called, waited)
        seen.ours += waited
    waited = lag.lag(seen.ended) + (0.0 if heard.called else waking(seen.ended))
    seen.ours += min(waited, max(seen.ended - (marks.request_start or marks.connect_start), 0.0))
