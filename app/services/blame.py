"""Whose fault it is that targets do not answer: theirs, or our own way out."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import structlog
from sqlalchemy.orm import Session

from app.domain.connectivity import Connectivity, Opinion
from app.domain.watch import Health
from app.services import alarms
from app.services.alarms import Written
from app.storage import incidents, monitor_outcomes, watches
from app.storage.monitor_outcomes import Recording
from app.storage.watches import State
from checkers import Outcome, Reason, Status

logger = structlog.get_logger(__name__)


class Blame:
    """Finds out for the outcomes of one commit.

    Attributes:
        unbelievable: monitors whose failure may not be believed yet.
        moved: whether our connectivity was found to be lost, or there again.
    """

    def __init__(
        self,
        session: Session,
        states: dict[int, State],
        now: datetime,
        connectivity: Connectivity,
    ) -> None:
        self._session = session
        self._states = states
        self._now = now
        self._connectivity = connectivity
        self.unbelievable: set[int] = set()
        self.moved = False

    def find(self, recordings: Iterable[Recording], monitors: int, written: Written) -> None:
        """Look at all of them before any is weighed.

        Args:
            monitors: how many are watched.
        """
        self._agree_with_what_is_stored()
        failing = self._noted(recordings)
        if self._connectivity.lost_since is not None:
            if self._connectivity.restored(self._now):
                self._restore(written)
            return
        for monitor, since in failing:
            opinion = self._connectivity.opinion(since, self._now, monitors)
            if opinion is Opinion.US:
                self._lose(written)
                return
            if opinion is Opinion.TOO_EARLY:
                self.unbelievable.add(monitor)

    def owned(self, outcome: Outcome) -> Outcome:
        """An outcome as it is to be recorded: not the target's, while we cannot reach any."""
        if self._connectivity.lost_since is None or not unanswered(outcome):
            return outcome
        return msgspec.structs.replace(
            outcome,
            status=Status.UNKNOWN,
            reason=Reason.NOT_MEASURED,
            detail=f"Our own connectivity is lost. Seen: {outcome.detail}",
        )

    def _agree_with_what_is_stored(self) -> None:
        """A commit that failed, or a hand that resolved it, has left memory and database apart."""
        if incidents.of_connectivity(self._session) is None:
            self._connectivity.lost_since = None
        elif self._connectivity.lost_since is None:
            self._connectivity.lost_since = self._now

    def _noted(self, recordings: Iterable[Recording]) -> list[tuple[int, datetime]]:
        """The monitors that would now be believed to be down, with since when they fail."""
        failing: list[tuple[int, datetime]] = []
        for monitor, _, outcome, _ in recordings:
            state = self._states[monitor]
            if outcome.status is Status.UNKNOWN or state.watch.health is Health.DOWN:
                continue
            silent = unanswered(outcome)
            self._connectivity.note(monitor, self._now, unanswered=silent)
            if silent and state.watch.downs + 1 >= state.thresholds.down_after:
                since = state.watch.turned_at if state.watch.downs else None
                failing.append((monitor, since or began(outcome)))
        return failing

    def _lose(self, written: Written) -> None:
        """Blame ourselves: what failed a moment ago is not known, and nobody is down for it."""
        failed, all_of_them = self._connectivity.failing()
        why = (
            f"{failed} of {all_of_them} monitors failed at the same time without an answer: "
            "this is our own way out, not the targets."
        )
        logger.error("connectivity_lost", failed=failed, checked=all_of_them)
        self._connectivity.lost_since = self._now
        alarms.lost(self._session, why, self._now, written)
        suspects = dict(watches.suspects(self._session))
        for monitor, since in suspects.items():
            monitor_outcomes.disown(self._session, monitor, since, why)
            incidents.drop_outcomes(self._session, monitor, since)
        watches.clear(self._session, list(suspects))
        watches.begin_unknown(self._session, suspects)
        for monitor, state in self._states.items():
            if monitor in suspects:
                clean = replace(state.watch, downs=0, not_ups=0, turned_at=None)
                since = state.unknown_since or suspects[monitor]
                self._states[monitor] = replace(state, watch=clean, unknown_since=since)
        self.moved = True

    def _restore(self, written: Written) -> None:
        key = incidents.of_connectivity(self._session)
        self._connectivity.lost_since = None
        logger.info("connectivity_restored")
        if key is not None:
            text = "Targets answer again."
            alarms.resolved(self._session, key, self._now, written, at=self._now, text=text)
        self.moved = True


def unanswered(outcome: Outcome) -> bool:
    """Whether a target was silent; one that answers, with whatever, can be reached."""
    return outcome.status is Status.DOWN and outcome.http_status is None


def began(outcome: Outcome) -> datetime:
    """When a check began."""
    return datetime.fromtimestamp(outcome.started_at, UTC)
