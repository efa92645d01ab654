"""Many exchanges at once with libcurl's multi interface, on an epoll loop of its own.

Carried through an asyncio loop the same handles cost almost twice the processor time, so this one
runs whole checks by itself, in the thread that calls it, and hands outcomes over in batches.
"""

import os
import select
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from typing import Any, Final, Generic, TypeVar

import pycurl

from checkers.clients.curl_transfer import Error, Transfer
from checkers.clients.exchange import Exchange, Hop, Surroundings, admitted
from checkers.clients.failure import Failed
from checkers.failures import failure_of
from checkers.lookup import LookupFailed
from checkers.timing import now

Item = TypeVar("Item")
Out = TypeVar("Out")

_MASKS: Final = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}
_BROKEN: Final = select.EPOLLERR | select.EPOLLHUP
# An outcome is held back for at most this long, or until so many have gathered.
_HOLD_SECONDS: Final = 0.05
_BATCH: Final = 500
# How often expired look-ups are looked for while some are under way, and the loop looks up at all.
_GLANCE_SECONDS: Final = 0.02
_IDLE_SECONDS: Final = 1.0


class _Check(Generic[Item, Out]):
    """A check under way."""

    __slots__ = ("conversation", "item")

    def __init__(self, item: Item, conversation: Generator[Hop, Exchange, Out]) -> None:
        self.item = item
        self.conversation = conversation


class _Asked:
    """A name being looked up for an exchange."""

    __slots__ = ("answer", "hop", "seen")

    def __init__(self, hop: Hop, seen: Exchange, answer: "Future[Sequence[str]]") -> None:
        self.hop = hop
        self.seen = seen
        self.answer = answer


class CurlLoop(Generic[Item, Out]):
    """Carries out checks until there are no more to take.

    Args:
        converse: begins the check of an item.
        fault: the outcome of an item whose check raised something unforeseen.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        converse: Callable[[Item], Generator[Hop, Exchange, Out]],
        fault: Callable[[Item, Exception], Out],
    ) -> None:
        self._surroundings = surroundings
        self._converse = converse
        self._fault = fault
        self._idle: list[Transfer] = []
        self._flying: set[Transfer] = set()
        self._asking: dict[_Check[Item, Out], _Asked] = {}
        self._answered: deque[_Check[Item, Out]] = deque()
        self._masks: dict[int, int] = {}
        self._opened: list[Transfer] = []
        self._outcomes: list[tuple[Item, Out]] = []
        self._held_since = 0.0
        self._timer: float | None = None
        self._glanced = 0.0
        self._stopped = False
        self._epoll = select.epoll()
        self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._waker, select.EPOLLIN)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    def run(
        self,
        take: Callable[[], Item | None],
        over: Callable[[], bool],
        put: Callable[[list[tuple[Item, Out]]], None],
        lanes: int,
    ) -> None:
        """Carry out items in the calling thread until `over` and all have been put.

        Args:
            take: the next item; `None` while there is none.
            put: given every item with its outcome, in order of completion.
            lanes: checks in flight at most.
        """
        while not self._stopped:
            self._fill(take, lanes)
            if not (self._flying or self._asking) and over():
                break
            self._poll()
            self._collect()
            self._glance()
            if self._outcomes and (
                len(self._outcomes) >= _BATCH or now() - self._held_since >= _HOLD_SECONDS
            ):
                self._hand_over(put)
        if not self._stopped:
            self._hand_over(put)

    def wake(self) -> None:
        """Say from any thread that there may be more to take."""
        os.eventfd_write(self._waker, 1)

    def stop(self) -> None:
        """End from any thread: what is in flight is forgotten."""
        self._stopped = True
        self.wake()

    def close(self) -> None:
        """Let go of connections and handles, once `run` has returned."""
        for transfer in self._flying:
            self._multi.remove_handle(transfer.curl)
            transfer.release()
        for transfer in (*self._flying, *self._idle):
            transfer.curl.close()
        self._flying.clear()
        self._idle.clear()
        self._multi.close()
        self._epoll.close()
        os.close(self._waker)

    # One round.

    def _fill(self, take: Callable[[], Item | None], lanes: int) -> None:
        while len(self._flying) + len(self._asking) < lanes:
            item = take()
            if item is None:
                return
            check = _Check(item, self._converse(item))
            self._go_on(check, None)

    def _poll(self) -> None:
        for fd, events in self._epoll.poll(self._patience()):
            if fd == self._waker:
                os.eventfd_read(fd)
                continue
            if fd not in self._masks:
                # libcurl has lost interest in a socket that is still open.
                self._epoll.unregister(fd)
                continue
            self._multi.socket_action(
                fd,
                (pycurl.CSELECT_IN if events & select.EPOLLIN else 0)
                | (pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0)
                | (pycurl.CSELECT_ERR if events & _BROKEN else 0),
            )
        if self._timer is not None and self._timer <= now():
            self._timer = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _patience(self) -> float:
        if self._answered:
            return 0.0
        wait = _IDLE_SECONDS
        if self._timer is not None:
            wait = min(wait, self._timer - now())
        if self._outcomes:
            wait = min(wait, self._held_since + _HOLD_SECONDS - now())
        if self._asking:
            wait = min(wait, _GLANCE_SECONDS)
        return max(wait, 0.0)

    def _collect(self) -> None:
        while True:
            waiting, done, broken = self._multi.info_read()
            for curl in done:
                self._end(curl.transfer, None)
            for curl, code, text in broken:
                self._end(curl.transfer, (code, text))
            if not waiting:
                return

    def _end(self, transfer: Transfer, error: Error | None) -> None:
        self._multi.remove_handle(transfer.curl)
        self._flying.discard(transfer)
        check: _Check[Item, Out] = transfer.owner
        self._idle.append(transfer)
        self._go_on(check, transfer.finish(error))

    def _go_on(self, check: _Check[Item, Out], seen: Exchange | None) -> None:
        """Tell a check what its exchange saw, and begin what it asks for next."""
        try:
            hop = next(check.conversation) if seen is None else check.conversation.send(seen)
            self._begin(check, hop)
        except StopIteration as ended:
            self._note(check.item, ended.value)
        except Exception as error:  # noqa: BLE001 -- of one item: told in its outcome
            self._note(check.item, self._fault(check.item, error))

    def _begin(self, check: _Check[Item, Out], hop: Hop) -> None:
        seen, url = Exchange(), hop.request.url
        if not url.literal:
            self._look_up(check, hop, seen)
            return
        if hop.ip_version is not None:
            self._begin_at(check, hop, seen, (url.host,))
        else:
            self._fly(check, hop, seen, None)

    def _begin_at(
        self, check: _Check[Item, Out], hop: Hop, seen: Exchange, found: Sequence[str]
    ) -> None:
        try:
            addresses = admitted(found, self._surroundings.policy, hop.ip_version)
        except (Failed, LookupFailed) as error:
            self._fail(check, seen, error)
            return
        self._fly(check, hop, seen, None if hop.request.url.literal else addresses)

    def _fly(
        self, check: _Check[Item, Out], hop: Hop, seen: Exchange, addresses: Sequence[str] | None
    ) -> None:
        transfer = self._idle.pop() if self._idle else self._transfer()
        transfer.owner = check
        transfer.prepare(hop, seen, addresses)
        self._flying.add(transfer)
        self._multi.add_handle(transfer.curl)

    def _transfer(self) -> Transfer:
        made = Transfer(self._surroundings, opened=self._opened)
        made.curl.transfer = made
        return made

    def _fail(self, check: _Check[Item, Out], seen: Exchange, error: Exception) -> None:
        seen.failure, seen.ended = failure_of(error, seen.marks, {}), now()
        self._go_on(check, seen)

    def _note(self, item: Item, outcome: Out) -> None:
        if not self._outcomes:
            self._held_since = now()
        self._outcomes.append((item, outcome))

    def _hand_over(self, put: Callable[[list[tuple[Item, Out]]], None]) -> None:
        if self._outcomes:
            outcomes, self._outcomes = self._outcomes, []
            put(outcomes)

    # Names.

    def _look_up(self, check: _Check[Item, Out], hop: Hop, seen: Exchange) -> None:
        seen.marks.domain_lookup_start = now()
        answer = self._surroundings.lookup.ask(hop.request.url.host)
        self._asking[check] = _Asked(hop, seen, answer)

        def tell(_: object) -> None:
            self._answered.append(check)
            if not self._stopped:
                self.wake()

        answer.add_done_callback(tell)

    def _glance(self) -> None:
        """Go on with the checks whose names were looked up, or were not in time."""
        while self._answered:
            check = self._answered.popleft()
            asked = self._asking.pop(check, None)
            if asked is not None:
                self._take_answer(check, asked)
        if not self._asking or now() - self._glanced < _GLANCE_SECONDS:
            return
        self._glanced = now()
        for check in [c for c, asked in self._asking.items() if asked.hop.deadline <= now()]:
            self._fail(check, self._asking.pop(check).seen, TimeoutError())

    def _take_answer(self, check: _Check[Item, Out], asked: _Asked) -> None:
        error = asked.answer.exception()
        if error is not None:
            self._fail(check, asked.seen, error if isinstance(error, Exception) else OSError())
            return
        asked.seen.marks.domain_lookup_end = now()
        self._begin_at(check, asked.hop, asked.seen, asked.answer.result())

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
