"""What open pages are told as it happens: each change is rendered once, however many look on.

A page names the monitors it shows and the parts it shows of each. Of every outcome it gets those
parts anew, at most once a second; how a monitor stands, and how all of them do, it gets at once.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import structlog
from fastapi.sse import format_sse_event
from sqlalchemy.orm import Session

from app.api.sse import SILENCE_SECONDS, STILL_HERE
from app.domain.monitor import MonitorStatus
from app.domain.outcome import Way
from app.services.notices import TRANSITIONS, Notices, Stored
from app.storage import incidents, overview
from app.storage.database import Database
from app.storage.incidents import Told
from app.web.glances import Glances, Strip
from checkers import Outcome

logger = structlog.get_logger(__name__)

_BETWEEN_SECONDS: Final = 1.0
_SOON_SECONDS: Final = 0.1
# Who leaves so many messages untaken is told to read everything anew.
_MOST_WAITING: Final = 64
#: The part that shows how a monitor stands; others are named by their painters.
STATUS: Final = "status"

#: Renders a part of a page, from the last checks of a monitor and the outcome just recorded.
Painter = Callable[[Strip, Outcome], str]
#: A part of a page, and the row of the monitor it is of.
Topic = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand as a whole."""

    counts: Mapping[MonitorStatus, int] = field(default_factory=dict)
    incidents: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def worst(self) -> str:
        """What the icon shows: down, degraded or up; unknown while nothing is watched."""
        for status in (MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UP):
            if self.counts.get(status):
                return status.value
        return MonitorStatus.UNKNOWN.value

    @property
    def sign(self) -> str:
        """What stands before the title of a page."""
        down = self.counts.get(MonitorStatus.DOWN, 0)
        return f"({down} down) " if down else ""


class Words(NamedTuple):
    """Renders what is told of more than one outcome.

    Attributes:
        status: how a monitor stands, and since when.
        standing: how all of them stand.
        happened: a sentence for those who listen; `None` where there is nothing to say.
    """

    status: Callable[[overview.Stands], str]
    standing: Callable[[Standing], str]
    happened: Callable[[Told], str | None]


class _Listener:
    """An open page: what it shows, and what it was not told yet."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = frozenset(topics)
        self.messages: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)
        self.lost = False

    def tell(self, message: bytes) -> None:
        try:
            self.messages.put_nowait(message)
        except asyncio.QueueFull:
            self.lost = True


class _Read(NamedTuple):
    standing: Standing
    told: Sequence[Told]
    stands: Mapping[int, overview.Stands]


class Live:
    """Hears what is recorded and what moves, and tells the pages that are open."""

    def __init__(self, painters: Mapping[str, Painter], words: Words) -> None:
        self.standing = Standing()
        self.glances = Glances()
        self._painters = painters
        self._words = words
        self._all: set[_Listener] = set()
        self._of: defaultdict[Topic, set[_Listener]] = defaultdict(set)
        self._outcomes: dict[int, Outcome] = {}
        self._stands: dict[int, overview.Stands] = {}
        self._last = 0
        self._news = asyncio.Event()
        self._database: Database
        self._notices: Notices

    def of_monitors(self, stored: Stored) -> None:
        """Note what pages show of the outcomes just recorded."""
        self.glances.of_monitors(stored)
        for _, (monitor, _, outcome, _) in stored:
            if any((name, monitor) in self._of for name in self._painters):
                self._outcomes[monitor] = outcome
        if self._outcomes:
            self._news.set()

    def of_batch(self, way: Way, outcomes: Sequence[Outcome]) -> None:
        """Batches have pages of their own."""

    def over(self, database: Database, notices: Notices) -> "Live":
        """The same, once there is a service to tell of."""
        self._database, self._notices = database, notices
        return self

    async def serve(self) -> None:
        """Tell of changes for as long as the service runs."""
        self._last = await self._database.read(incidents.last_transition)
        self.standing = Standing(*await self._database.read(overview.counts))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell_outcomes())
            group.create_task(self._tell_moves())

    async def _tell_outcomes(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            outcomes, self._outcomes = self._outcomes, {}
            for monitor, outcome in outcomes.items():
                self._paint(monitor, outcome)
            await asyncio.sleep(_BETWEEN_SECONDS)

    def _paint(self, monitor: int, outcome: Outcome) -> None:
        strip = self.glances.now(monitor)
        for name, painter in self._painters.items():
            listeners = self._of.get((name, monitor))
            if listeners:
                message = _event(f"{name}-{monitor}", painter(strip, outcome))
                for listener in listeners:
                    listener.tell(message)

    async def _tell_moves(self) -> None:
        with self._notices.watching(TRANSITIONS) as moved:
            while True:
                await moved.wait()
                moved.clear()
                if self._notices.closed:
                    # Whoever waits for a message would keep the service from ending.
                    for listener in self._all:
                        listener.tell(STILL_HERE)
                    return
                try:
                    # Named here: while a thread reads, pages are opened and closed.
                    shown = [row for name, row in self._of if name == STATUS]
                    self._say(await self._database.read(partial(self._read, shown)))
                except Exception:  # of a loop: the next change tells this one as well
                    logger.exception("pages_not_told")
                await asyncio.sleep(_SOON_SECONDS)

    def _read(self, shown: Sequence[int], session: Session) -> _Read:
        told = incidents.happened_since(session, self._last, _MOST_WAITING)
        last = incidents.last_transition(session)
        stands = overview.standing_of(session, shown)
        self._last = last
        return _Read(Standing(*overview.counts(session)), told, stands)

    def _say(self, read: _Read) -> None:
        for row, stands in read.stands.items():
            if self._stands.get(row) != stands:
                self._stands[row] = stands
                message = _event(f"{STATUS}-{row}", self._words.status(stands))
                for listener in self._of.get((STATUS, row), ()):
                    listener.tell(message)
        said = [sentence for each in read.told if (sentence := self._words.happened(each))]
        if read.standing != self.standing or said:
            self.standing = read.standing
            for message in self._whole(said):
                for listener in self._all:
                    listener.tell(message)

    def _whole(self, said: Sequence[str]) -> list[bytes]:
        standing = self.standing
        state = {"worst": standing.worst, "sign": standing.sign, "said": said}
        return [
            _event("standing", self._words.standing(standing)),
            _event("state", json.dumps(state)),
        ]

    async def events(self, topics: Iterable[Topic]) -> AsyncIterator[bytes]:
        """What an open page is told, from now on; first how things stand that may have moved."""
        listener = _Listener(topics)
        self._all.add(listener)
        for topic in listener.topics:
            self._of[topic].add(listener)
        try:
            shown = [row for name, row in listener.topics if name == STATUS]
            stands = await self._database.read(partial(overview.standing_of, rows=shown))
            self._stands |= stands
            for row, each in stands.items():
                yield _event(f"{STATUS}-{row}", self._words.status(each))
            for message in self._whole([]):
                yield message
            while not self._notices.closed and not listener.lost:
                try:
                    async with asyncio.timeout(SILENCE_SECONDS):
                        message = await listener.messages.get()
                except TimeoutError:
                    message = STILL_HERE
                yield message
            if listener.lost:
                yield _event("reset", "")
        finally:
            self._forget(listener)

    def _forget(self, listener: _Listener) -> None:
        self._all.discard(listener)
        for topic in listener.topics:
            listeners = self._of[topic]
            listeners.discard(listener)
            if not listeners:
                del self._of[topic]
                if topic[0] == STATUS:
                    self._stands.pop(topic[1], None)


def _event(name: str, data: str) -> bytes:
    return format_sse_event(event=name, data_str=data)
