"""libcurl's multi interface on epoll: many transfers in flight, driven by the thread that waits."""

import contextlib
import os
import select
from collections.abc import Iterator
from typing import Any, Final

import pycurl

from checkers.beat import Ticks
from checkers.clients.curl_failure import Error
from checkers.clients.curl_transfer import Transfer
from checkers.clients.exchange import Surroundings
from checkers.lag import CREW, Lag, LagWatch, watch
from checkers.timing import now

_MASKS: Final = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}
_BROKEN: Final = select.EPOLLERR | select.EPOLLHUP


class CurlPoll:
    """Transfers under way, and handles that wait for their next one.

    Attributes:
        flying: how many are under way.
        lag: how long what happens waits for the thread that drives it.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.flying = 0
        self.lag: Lag = CREW
        self._watch: LagWatch | None = None
        self._entered = self._called = now()
        self._all: set[Transfer] = set()
        self._idle: list[Transfer] = []
        self._opened: list[Transfer] = []
        self._masks: dict[int, int] = {}
        self._timer: float | None = None
        self._closed = False
        self._ticks: Ticks | None = None
        self._epoll = select.epoll()
        self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._waker, select.EPOLLIN)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    def watch(self, ticks: Ticks | None) -> None:
        """End a `wait` with every tick as well, in the thread that is going to wait."""
        self.lag = self._watch = watch()
        for transfer in self._all:
            transfer.lag = self.lag
        if self._ticks is not None and self._ticks.fd is not None:
            self._epoll.unregister(self._ticks.fd)
        self._ticks = ticks
        if ticks is not None and ticks.fd is not None:
            self._epoll.register(ticks.fd, select.EPOLLIN)

    def idle(self) -> Transfer:
        """A handle to make ready and `start`."""
        if self._idle:
            return self._idle.pop()
        made = Transfer(self._surroundings, self.lag, opened=self._opened)
        made.curl.transfer = made
        self._all.add(made)
        return made

    def start(self, transfer: Transfer) -> None:
        """Begin what the handle was made ready for; libcurl goes on with it in `wait`."""
        self._multi.add_handle(transfer.curl)
        self.flying += 1

    def wait(self, patience: float) -> None:
        """Let libcurl do what can be done, waiting up to `patience` seconds for it."""
        if self._timer is not None:
            patience = min(patience, max(self._timer - now(), 0.0))
        ticks = self._ticks
        if ticks is not None and ticks.fd is None:
            ticks.again()
            patience = min(patience, ticks.every or patience)
        entered = now()
        happened = self._epoll.poll(patience)
        at = now()
        if self._watch is not None:
            self._watch.turned(entered, at, self._entered)
            self._entered = entered
        for fd, events in happened:
            if fd in self._masks:
                self._multi.socket_action(
                    fd,
                    (pycurl.CSELECT_IN if events & select.EPOLLIN else 0)
                    | (pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0)
                    | (pycurl.CSELECT_ERR if events & _BROKEN else 0),
                )
            else:
                self._on_other(fd)
        if self._timer is not None and self._timer <= now():
            self._timer = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _on_other(self, fd: int) -> None:
        """Something of ours happened, or something nobody is interested in any more."""
        if fd == self._waker:
            os.eventfd_read(fd)
            if self._ticks is not None:
                self._ticks.woken(self._called)
        elif self._ticks is not None and fd == self._ticks.fd:
            self._ticks.came()
        else:
            # Closed meanwhile, or open still and of no interest any more.
            with contextlib.suppress(OSError):
                self._epoll.unregister(fd)

    def ended(self) -> Iterator[tuple[Transfer, Error | None]]:
        """Transfers that have ended since, each with libcurl's error if it has one."""
        waiting = True
        while waiting:
            waiting, done, broken = self._multi.info_read()
            for curl in done:
                yield self._landed(curl), None
            for curl, code, text in broken:
                yield self._landed(curl), (code, text)

    def put_back(self, transfer: Transfer) -> None:
        """Keep a handle whose exchange has been read for its next one."""
        if transfer.spoilt:
            self._all.discard(transfer)
            transfer.curl.close()
        else:
            self._idle.append(transfer)

    def _landed(self, curl: Any) -> Transfer:
        self._multi.remove_handle(curl)
        self.flying -= 1
        transfer: Transfer = curl.transfer
        return transfer

    def wake(self) -> None:
        """End a `wait` from any thread."""
        # A look-up may be answered long after whoever asked has gone.
        if not self._closed:
            self._called = now()
            with contextlib.suppress(OSError):
                os.eventfd_write(self._waker, 1)

    def close(self) -> None:
        """Let go of connections and handles; nothing may be waiting any more."""
        self._closed = True
        for transfer in self._all.difference(self._idle):
            self._multi.remove_handle(transfer.curl)
            transfer.release()
        for transfer in self._all:
            transfer.curl.close()
            transfer.lag = CREW
        self.lag, self._watch = CREW, None
        self._multi.close()
        self._epoll.close()
        os.close(self._waker)

    # What libcurl calls.

    def _on_socket(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        while self._opened:
            # libcurl has its duplicate by now.
            self._opened.pop().release()
        if what == pycurl.POLL_REMOVE:
            # Not unregistered: the socket is closed next, which does the same at no cost.
            self._masks.pop(fd, None)
            return
        mask = _MASKS[what]
        if fd in self._masks:
            self._epoll.modify(fd, mask)
        else:
            try:
                self._epoll.register(fd, mask)
            except FileExistsError:
                self._epoll.modify(fd, mask)
        self._masks[fd] = mask

    def _on_timer(self, milliseconds: int) -> None:
        self._timer = None if milliseconds < 0 else now() + milliseconds * 0.001
