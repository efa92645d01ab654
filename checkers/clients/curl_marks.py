"""The instants of an exchange as libcurl noted them, on the clock that all clients share."""

from typing import Final

import pycurl

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
