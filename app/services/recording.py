"""Outcomes of monitors recorded: stored, weighed, and all that follows from them, in one commit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog
from sqlalchemy.orm import Session

from app.domain.connectivity import FEWEST, Connectivity
from app.domain.incident import Entry
from app.domain.message import MessageType
from app.domain.schedule import on_grid
from app.domain.watch import Health, Step, advance
from app.services import alarms
from app.services.alarms import Written
from app.services.blame import Blame, began, unanswered
from app.services.notices import Stored
from app.storage import incidents, monitor_outcomes, monitors, spells, turns, watches
from app.storage.incidents import Happened
from app.storage.monitor_outcomes import Recording
from app.storage.watches import State
from checkers import Outcome, Reason, Status

logger = structlog.get_logger(__name__)

# Others that are checked at once when one fails: what they say tells whose fault it is.
_WITNESSES: Final = 8
_GRAVE: Final = frozenset({Status.DOWN, Status.DEGRADED})
# What is up from the first is no news; after a start it would be ten thousand lines.
_UNTOLD: Final = frozenset({Health.PENDING, Health.UNKNOWN})
_WITNESSES_EVERY: Final = timedelta(seconds=2)
# What is not to be believed yet, or not to be told, is looked at again so soon.
_SOON: Final = timedelta(seconds=1)


class Recorded(NamedTuple):
    """What recording has led to.

    Attributes:
        news: a status or an incident has changed, so somebody may want to know.
        sooner: some monitors are due sooner than they were.
        stored: what was recorded, each with its monitor's key.
    """

    news: bool
    sooner: bool
    stored: Stored = ()


class _Moved(NamedTuple):
    state: State
    step: Step
    outcome: Outcome


class Recorder:
    """Records outcomes, and remembers between commits who else was failing lately."""

    def __init__(self, connectivity: Connectivity, written: Written) -> None:
        self.connectivity = connectivity
        self.written = written
        #: How many monitors are watched.
        self.monitors = 0
        self._asked_at: datetime | None = None
        # Monitors that are not simply up: what comes next of them may be an incident's end.
        self._restless: set[int] = set()

    def resume(self, session: Session, now: datetime) -> None:
        """Take up what was the case when the service stopped."""
        self.monitors = monitors.count_enabled(session)
        self._restless = watches.restless(session)
        if incidents.of_connectivity(session) is not None:
            self.connectivity.lost_since = now

    def record(self, session: Session, recordings: Sequence[Recording], now: datetime) -> Recorded:
        """Store outcomes with everything that follows from them, in the caller's transaction.

        Outcomes of monitors that are gone or paused by now are dropped.
        """
        states = watches.states(session, (each.monitor for each in recordings))
        there = [r for r in recordings if r.monitor in states and states[r.monitor].enabled]
        blame = Blame(session, states, now, self.connectivity)
        blame.find(there, self.monitors, self.written)
        round_ = _Round(session, states, now, self, blame)
        for each in there:
            round_.take(each)
        round_.finish()
        for state in states.values():
            if state.watch.suspect or state.incident is not None:
                self._restless.add(state.monitor)
            else:
                self._restless.discard(state.monitor)
        return Recorded(
            news=round_.news or blame.moved, sooner=bool(round_.sooner), stored=round_.stored
        )

    def weighty(self, recordings: Sequence[Recording]) -> bool:
        """Whether these outcomes may begin or end something, which a power cut must not undo."""
        return any(
            each.outcome.status in _GRAVE or each.monitor in self._restless for each in recordings
        )

    def may_ask(self, now: datetime) -> bool:
        """Whether witnesses may be called again; notes that they are."""
        if self._asked_at is not None and now - self._asked_at < _WITNESSES_EVERY:
            return False
        self._asked_at = now
        return True


class _Round:
    """The outcomes of one commit."""

    def __init__(
        self,
        session: Session,
        states: dict[int, State],
        now: datetime,
        recorder: Recorder,
        blame: Blame,
    ) -> None:
        self._session = session
        self._states = states
        self._now = now
        self._recorder = recorder
        self._written = recorder.written
        self._blame = blame
        self._changed: set[int] = set()
        self._moved: list[_Moved] = []
        self._untold: dict[int, Outcome] = {}
        self._doubted = False
        self.stored: list[tuple[str, Recording]] = []
        self.sooner: dict[int, datetime] = {}
        self.news = False

    def take(self, recording: Recording) -> None:
        """Weigh one outcome."""
        monitor, _, outcome, _ = recording
        state, at = self._states[monitor], began(outcome)
        outcome = self._blame.owned(outcome)
        self.stored.append((state.key, recording._replace(outcome=outcome)))
        state = self._known_or_not(state, outcome, at)
        step = advance(
            state.watch,
            outcome.status,
            at,
            state.thresholds,
            schedule=state.schedule,
            believable=monitor not in self._blame.unbelievable,
        )
        if step.watch is not state.watch:
            state = self._keep(replace(state, watch=step.watch))
        falls = step.before is not None and step.watch.health is Health.DOWN
        if step.counted and (step.recheck or falls or state.incident is not None):
            self._note_outcome(state, outcome, at)
        if step.recheck:
            self._look_again(state, outcome)
        if step.before is not None:
            self._moved.append(_Moved(state, step, outcome))
        elif state.incident is not None and not state.told and outcome.status is Status.DOWN:
            self._untold[monitor] = outcome

    def finish(self) -> None:
        """Store it all, then do what follows: by now every monitor's word is known."""
        monitor_outcomes.insert(self._session, [recording for _, recording in self.stored])
        watches.save(self._session, [self._states[monitor] for monitor in self._changed])
        self._changed.clear()
        if self._doubted:
            self._call_witnesses()
        for moved in self._moved:
            self._follow_up(moved)
        for monitor, outcome in self._untold.items():
            self._tell_or_hold(self._states[monitor], outcome, first=False)
        watches.save(self._session, [self._states[monitor] for monitor in self._changed])
        turns.look_sooner(self._session, self.sooner)

    def _keep(self, state: State) -> State:
        self._states[state.monitor] = state
        self._changed.add(state.monitor)
        return state

    def _known_or_not(self, state: State, outcome: Outcome, at: datetime) -> State:
        if outcome.status is Status.UNKNOWN:
            if state.unknown_since is None:
                return self._keep(replace(state, unknown_since=at))
        elif state.unknown_since is not None:
            spells.insert_gap(self._session, state.monitor, state.unknown_since, at, "unknown")
            return self._keep(replace(state, unknown_since=None))
        return state

    def _note_outcome(self, state: State, outcome: Outcome, at: datetime) -> None:
        seen = Happened(
            state.monitor, state.incident, at, Entry.OUTCOME,
            status=outcome.status.value, reason=_name(outcome.reason), text=outcome.detail,
        )  # fmt: skip
        incidents.note(self._session, [seen])

    def _look_again(self, state: State, outcome: Outcome) -> None:
        rest = timedelta(seconds=state.thresholds.recheck)
        if state.monitor in self._blame.unbelievable:
            rest = min(rest, _SOON)
        self.sooner[state.monitor] = on_grid(self._now + rest)
        if unanswered(outcome) and state.watch.suspect:
            self._doubted = True

    def _follow_up(self, moved: _Moved) -> None:
        """What a change of what is believed leads to."""
        state, before = self._states[moved.state.monitor], moved.step.before
        outcome, after = moved.outcome, moved.step.watch.health
        assert before is not None
        self.news = True
        since = moved.step.watch.since
        if before not in _UNTOLD or after is not Health.UP:
            logger.info("monitor_moved", monitor=state.key, before=before.value, after=after.value)
        if after is Health.DOWN:
            self._recorder.connectivity.forget(state.monitor)
            state = self._keep(alarms.opened(self._session, state, outcome))
        change = Happened(
            state.monitor, state.incident, since, Entry.STATUS, before.value, after.value,
            _name(outcome.reason), outcome.detail,
        )  # fmt: skip
        incidents.note(self._session, [change])
        if after is Health.DOWN:
            self._tell_or_hold(state, outcome, first=True)
        elif before is Health.DOWN and state.incident is not None:
            alarms.resolved(
                self._session, state.incident, self._now, self._written,
                at=since, text="It answers again.", outcome=outcome,
            )  # fmt: skip
            self._keep(replace(state, incident=None, told=False))
        elif Health.DEGRADED in {before, after}:
            self._tell_degraded(state, outcome, after)

    def _tell_degraded(self, state: State, outcome: Outcome, after: Health) -> None:
        type_ = MessageType.RECOVERED
        if after is Health.DEGRADED:
            if alarms.held_back(self._session, state, self._now) is not None:
                return
            type_ = MessageType.DEGRADED
        alarms.tell_status(self._session, state, type_, outcome, self._now, self._written)

    def _tell_or_hold(self, state: State, outcome: Outcome, *, first: bool) -> None:
        hold = alarms.held_back(self._session, state, self._now)
        if hold is None:
            told = alarms.tell_opened(self._session, state, outcome, self._now, self._written)
            self._keep(told)
            self.news = True
            return
        if first:
            held = Happened(
                state.monitor, state.incident, self._now, Entry.HELD_BACK, text=hold.why
            )
            incidents.note(self._session, [held])
        if hold.look_at:
            soon = on_grid(self._now + _SOON)
            self.sooner.update(dict.fromkeys(hold.look_at, on_grid(self._now)))
            self.sooner[state.monitor] = soon

    def _call_witnesses(self) -> None:
        if self._recorder.monitors >= FEWEST and self._recorder.may_ask(self._now):
            found = turns.witnesses(self._session, _WITNESSES, self._now + _SOON)
            self.sooner.update(dict.fromkeys(found, on_grid(self._now)))


def _name(reason: Reason | None) -> str | None:
    return None if reason is None else reason.value
