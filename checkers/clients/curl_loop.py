"""Whole checks with libcurl on an epoll loop of its own, handed over in batches.

Carried through an asyncio loop the same handles cost almost twice the processor time.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from checkers.beat import Ticks
from checkers.clients.curl_poll import CurlPoll
from checkers.clients.exchange import Exchange, Hop, Surroundings, admitted
from checkers.clients.failure import Failed
from checkers.failures import failure_of
from checkers.lack import Pause
from checkers.lookup import LookupFailed
from checkers.timing import now

if TYPE_CHECKING:
    # A name only: a client never has to load a strategy.
    from checkers.strategies.strategy import Source

Item = TypeVar("Item")
Out = TypeVar("Out")

# Outcomes are held back until so many have gathered, or the first for as long as it may be.
_BATCH: Final = 500
# How often look-ups that take too long are looked for, and how long the loop sleeps at all.
_GLANCE_SECONDS: Final = 0.02
_IDLE_SECONDS: Final = 1.0


class _Check(Generic[Item, Out]):
    """A check under way."""

    __slots__ = ("conversation", "item")

    def __init__(self, item: Item, conversation: Generator[Hop | Pause, Exchange, Out]) -> None:
        self.item = item
        self.conversation = conversation


class _Asked(NamedTuple):
    """A name being looked up for an exchange."""

    hop: Hop
    seen: Exchange
    answer: "Future[Sequence[str]]"


class CurlLoop(Generic[Item, Out]):
    """Carries out checks until there are no more to take.

    Args:
        converse: begins the check of an item.
        fault: the outcome of an item whose check raised something unforeseen.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        converse: Callable[[Item], Generator[Hop | Pause, Exchange, Out]],
        fault: Callable[[Item, Exception], Out],
    ) -> None:
        self._surroundings = surroundings
        self._converse = converse
        self._fault = fault
        self._poll = CurlPoll(surroundings)
        self._asking: dict[_Check[Item, Out], _Asked] = {}
        self._answered: deque[_Check[Item, Out]] = deque()
        self._pausing: dict[_Check[Item, Out], float] = {}
        self._outcomes: list[tuple[Item, Out]] = []
        self._held_since = 0.0
        self._hold_seconds = 0.0
        self._glanced = 0.0
        self._source: Source[Item] | None = None
        self._stopped = False

    def run(
        self,
        source: "Source[Item]",
        put: Callable[[list[tuple[Item, Out]]], None],
        lanes: int,
    ) -> None:
        """Carry out items in the calling thread until the source is over and all have been put.

        Args:
            put: given every item with its outcome, in order of completion.
            lanes: checks in flight at most.
        """
        self._source, self._hold_seconds = source, source.hold_seconds
        ticks = Ticks(source.pace)
        self._poll.watch(ticks)
        try:
            self._run(source, put, ticks, lanes)
        finally:
            self._poll.watch(None)
            ticks.close()

    def _run(
        self,
        source: "Source[Item]",
        put: Callable[[list[tuple[Item, Out]]], None],
        ticks: Ticks,
        lanes: int,
    ) -> None:
        while not self._stopped:
            self._fill(source, lanes)
            if self._under_way or source.ready:
                ticks.tune(waiting=self._under_way < lanes and source.ready)
            else:
                ticks.rest()
            if not self._under_way and source.over:
                break
            self._poll.wait(self._patience())
            for transfer, error in self._poll.ended():
                seen = transfer.finish(error)
                self._poll.put_back(transfer)
                self._go_on(transfer.owner, seen)
            if self._asking or self._pausing:
                self._glance()
            if len(self._outcomes) >= _BATCH or self._held_long():
                self._hand_over(put)
        if not self._stopped:
            self._hand_over(put)

    def wake(self) -> None:
        """Say from any thread that there may be more to take."""
        self._poll.wake()

    def stop(self) -> None:
        """End from any thread: what is in flight is forgotten."""
        self._stopped = True
        self.wake()

    def close(self) -> None:
        """Let go of connections and handles, once `run` has returned."""
        self._stopped = True
        self._poll.close()

    @property
    def _under_way(self) -> int:
        return self._poll.flying + len(self._asking) + len(self._pausing)

    def _fill(self, source: "Source[Item]", lanes: int) -> None:
        while self._under_way < lanes:
            item = source.take()
            if item is None:
                return
            self._go_on(_Check(item, self._converse(item)), None)

    def _patience(self) -> float:
        if self._answered:
            return 0.0
        wait = _GLANCE_SECONDS if self._asking or self._pausing else _IDLE_SECONDS
        if self._outcomes:
            wait = min(wait, max(self._held_since + self._hold_seconds - now(), 0.0))
        return wait

    def _go_on(self, check: _Check[Item, Out], seen: Exchange | None) -> None:
        """Tell a check what its exchange saw, and begin what it asks for next."""
        try:
            asked = next(check.conversation) if seen is None else check.conversation.send(seen)
            if isinstance(asked, Pause):
                self._pausing[check] = now() + asked.seconds
            else:
                self._begin(check, asked)
        except StopIteration as ended:
            self._note(check.item, ended.value)
        except Exception as error:  # noqa: BLE001 -- of one item: told in its outcome
            self._note(check.item, self._fault(check.item, error))

    def _begin(self, check: _Check[Item, Out], hop: Hop) -> None:
        seen, url = Exchange(), hop.request.url
        if not url.literal:
            self._look_up(check, hop, seen)
        elif hop.ip_version is None:
            self._fly(check, hop, seen, None)
        else:
            self._begin_at(check, hop, seen, (url.host,))

    def _begin_at(
        self, check: _Check[Item, Out], hop: Hop, seen: Exchange, found: Sequence[str]
    ) -> None:
        try:
            addresses = admitted(found, self._surroundings.policy, hop.ip_version)
            if hop.probe is not None and hop.first:
                addresses = hop.probe.chosen(addresses)
        except (Failed, LookupFailed) as error:
            self._fail(check, seen, error)
            return
        self._fly(check, hop, seen, None if hop.request.url.literal else addresses)

    def _fly(
        self, check: _Check[Item, Out], hop: Hop, seen: Exchange, addresses: Sequence[str] | None
    ) -> None:
        transfer = self._poll.idle()
        transfer.owner = check
        transfer.prepare(hop, seen, addresses)
        self._poll.start(transfer)

    def _fail(self, check: _Check[Item, Out], seen: Exchange, error: Exception) -> None:
        seen.failure, seen.ended = failure_of(error, seen.marks, {}), now()
        seen.ours += self._poll.lag.lag(seen.ended)
        self._go_on(check, seen)

    def _look_up(self, check: _Check[Item, Out], hop: Hop, seen: Exchange) -> None:
        seen.marks.domain_lookup_start = now()
        try:
            answer = self._surroundings.lookup.ask(hop.request.url.host)
        except LookupFailed as error:
            self._fail(check, seen, error)
            return
        self._asking[check] = _Asked(hop, seen, answer)

        def tell(_: object) -> None:
            self._answered.append(check)
            self.wake()

        answer.add_done_callback(tell)

    def _glance(self) -> None:
        """Go on with the checks whose names were looked up, or were not in time."""
        while self._answered:
            check = self._answered.popleft()
            asked = self._asking.pop(check, None)
            if asked is not None:
                self._take_answer(check, asked)
        if now() - self._glanced < _GLANCE_SECONDS:
            return
        self._glanced = now()
        for check in [c for c, asked in self._asking.items() if asked.hop.deadline <= now()]:
            self._fail(check, self._asking.pop(check).seen, TimeoutError())
        for check in [c for c, until in self._pausing.items() if until <= now()]:
            del self._pausing[check]
            self._go_on(check, None)

    def _take_answer(self, check: _Check[Item, Out], asked: _Asked) -> None:
        error = asked.answer.exception()
        if error is not None:
            self._fail(check, asked.seen, error if isinstance(error, Exception) else OSError())
            return
        at = now()
        asked.seen.note_looked_up(at, self._poll.lag.lag(at))
        self._begin_at(check, asked.hop, asked.seen, asked.answer.result())

    def _held_long(self) -> bool:
        return bool(self._outcomes) and now() - self._held_since >= self._hold_seconds

    def _note(self, item: Item, outcome: Out) -> None:
        if not self._outcomes:
            self._held_since = now()
        self._outcomes.append((item, outcome))
        if self._source is not None:
            self._source.done(item)

    def _hand_over(self, put: Callable[[list[tuple[Item, Out]]], None]) -> None:
        if self._outcomes:
            outcomes, self._outcomes = self._outcomes, []
            put(outcomes)
