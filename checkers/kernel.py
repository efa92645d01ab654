"""What Linux can tell that our own clock cannot.

How long a thread waited for a core, a connection's round trip, when bytes arrived. Elsewhere these
are nought or `None`, and what is made of them is wider or coarser.
"""

import contextlib
import ctypes
import os
import socket
import struct
import sys
from collections.abc import Iterable
from time import time
from typing import Any, Final

_LINUX: Final = sys.platform == "linux"

# tcp_info of linux/tcp.h: where tcpi_total_retrans and tcpi_min_rtt stand (Linux 4.6 and later).
_TCP_INFO_BYTES: Final = 152
_COUNT: Final = struct.Struct("=I")
_RETRANSMITTED_AT: Final = 100
_MIN_RTT_AT: Final = 148
_US: Final = 1e-6
_NS: Final = 1e-9

# asm-generic/socket.h; Python has no name for it.
_SO_TIMESTAMPNS: Final = 35
_STAMP: Final = struct.Struct("@qq")
#: Room for one receive stamp beside the data of `recvmsg`.
STAMP_ROOM: Final = socket.CMSG_SPACE(_STAMP.size) if _LINUX else 0

# linux/timerfd.h
_CLOCK_MONOTONIC: Final = 1
_TIMERFD_FLAGS: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class RunQueue:
    """How long a thread was ready to run and had to wait for a core (schedstat of proc(5)).

    Args:
        task: the calling thread, unless a process is named: then its first thread.
    """

    def __init__(self, task: int | None = None) -> None:
        place = "/proc/thread-self/schedstat" if task is None else f"/proc/{task}/schedstat"
        try:
            self._fd: int | None = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            # Another system, or a kernel or sandbox that does not say.
            self._fd = None

    def waited(self) -> float:
        """Seconds since the thread began; nought where the system does not say."""
        if self._fd is None:
            return 0.0
        try:
            return int(os.pread(self._fd, 64, 0).split()[1]) * _NS
        except (OSError, IndexError, ValueError):
            return 0.0

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    __del__ = close


def round_trip(sock: Any) -> float | None:
    """The shortest round trip of a connection in seconds, which its handshake measured.

    `None` where the system does not say, or where segments were lost: then it tells nothing.
    """
    if not _LINUX:
        return None
    try:
        told: bytes = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    except OSError:
        return None
    if len(told) < _TCP_INFO_BYTES or _COUNT.unpack_from(told, _RETRANSMITTED_AT)[0]:
        return None
    shortest = float(_COUNT.unpack_from(told, _MIN_RTT_AT)[0])
    # All ones: not measured.
    return shortest * _US if shortest < 0xFFFFFFFF else None


def ask_for_stamps(sock: socket.socket) -> bool:
    """Let the kernel note when bytes arrive; whether it will."""
    if not _LINUX:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


_stamping: list[int] = []


def begin_stamping() -> None:
    """Let the kernel stamp whatever arrives from now on, for as long as this process lives.

    It does so while anybody asks for it, and begins some time after: the first would have none.
    """
    if _stamping or not _LINUX:
        return
    with contextlib.suppress(OSError):
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ask_for_stamps(asking)
        _stamping.append(asking.detach())


def age_of(told: Iterable[tuple[int, int, bytes]]) -> float | None:
    """How long ago the bytes of a `recvmsg` had arrived, in seconds; `None` without a stamp."""
    for level, kind, data in told:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _STAMP.unpack(data[: _STAMP.size])
            age: float = time() - (seconds + nanoseconds * _NS)
            # The stamp is of the wall clock, which may be set in between.
            return max(age, 0.0)
    return None


class _TimerSpec(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_long) for name in ("every", "every_ns", "first", "first_ns"))


class Timer:
    """A timer that an event loop waits for as for any descriptor, to the microsecond (timerfd).

    uvloop's and epoll's own timeouts are whole milliseconds.

    Raises:
        OSError: there is none: another system, or no descriptor left.
    """

    def __init__(self) -> None:
        if not _LINUX:
            raise OSError("timerfd is Linux's")
        libc = ctypes.CDLL(None, use_errno=True)
        self._set = libc.timerfd_settime
        self._spec = _TimerSpec()
        self.fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, _TIMERFD_FLAGS)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def arm(self, every: float) -> None:
        """Expire every so many seconds from now on; nought: never."""
        spec = self._spec
        spec.every, spec.every_ns = spec.first, spec.first_ns = divmod(int(every / _NS), 10**9)
        self._set(self.fd, 0, ctypes.byref(spec), None)

    def expired(self) -> int:
        """How often it has expired since it was last asked."""
        try:
            return int.from_bytes(os.read(self.fd, 8), sys.byteorder)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        os.close(self.fd)
