"""TCP to the first of several addresses that answers, for a thread: Happy Eyeballs (RFC 8305).

A dead address first in the list must not use up a check's deadline, so the next one is tried
beside it after a quarter of a second. An event loop has the same from `aiohappyeyeballs`.
"""

import errno
import os
import selectors
import socket
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

from checkers.clients.exchange import ATTEMPT_DELAY_SECONDS

MakeSocket = Callable[[int], socket.socket]
_UNDER_WAY: Final = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)


def family_of(address: str) -> socket.AddressFamily:
    """The family of an address in text."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def dial(
    addresses: Sequence[str], port: int, *, deadline: float, make: MakeSocket
) -> socket.socket:
    """A connected socket, made by `make(family)`; every other one is closed.

    Args:
        deadline: instant of the monotonic clock.

    Raises:
        OSError: the last address's error, `TimeoutError` without a number past the deadline.
    """
    if len(addresses) == 1:
        return _dial_one(addresses[0], port, deadline, make)
    with selectors.DefaultSelector() as selector:
        try:
            return _race(addresses, port, deadline, make, selector)
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]


def _dial_one(address: str, port: int, deadline: float, make: MakeSocket) -> socket.socket:
    sock = make(family_of(address))
    try:
        sock.settimeout(max(deadline - monotonic(), 0.001))
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _race(
    addresses: Sequence[str],
    port: int,
    deadline: float,
    make: MakeSocket,
    selector: selectors.BaseSelector,
) -> socket.socket:
    waiting = list(addresses)
    last_error: OSError = TimeoutError()
    while waiting or selector.get_map():
        remaining = deadline - monotonic()
        if remaining <= 0:
            raise TimeoutError
        if waiting:
            try:
                _begin(waiting.pop(0), port, make, selector)
            except OSError as error:
                last_error = error
                continue
        patience = min(ATTEMPT_DELAY_SECONDS, remaining) if waiting else remaining
        for key, _ in selector.select(patience):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            selector.unregister(sock)
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number == 0:
                return sock
            sock.close()
            last_error = OSError(number, os.strerror(number))
    raise last_error


def _begin(address: str, port: int, make: MakeSocket, selector: selectors.BaseSelector) -> None:
    sock = make(family_of(address))
    sock.setblocking(False)
    number = sock.connect_ex((address, port))
    if number not in _UNDER_WAY:
        sock.close()
        raise OSError(number, os.strerror(number))
    selector.register(sock, selectors.EVENT_WRITE)
