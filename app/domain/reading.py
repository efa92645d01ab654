"""What the metrics tell of a monitor: what is believed of it, and what its last checks read."""

import msgspec

from app.domain.monitor import MonitorStatus
from app.domain.watch import Health
from checkers import Status
from checkers.timing import NO_PHASES, Phases

#: What is believed of a target, as whether it is up; of any other nothing is known.
UP = {Health.UP: True, Health.DEGRADED: True, Health.DOWN: False}


class Reading(msgspec.Struct, gc=False):
    """A monitor as it stands. Durations in seconds, instants in seconds since the epoch.

    There are ten thousand of them for as long as the service runs, so they are small.

    Attributes:
        label: the key as it is written in every sample.
        stands: how it stands, as the database says it.
        up: whether it is believed to be up; `None`: nothing is known.
        interval_us: `None` where it is checked by a cron text.
        seen: the round of looking at the database that found it there last.
        checked_at: when the last check that told something began.
        lateness: how much later that was than its turn.
        http_status: of that check; `None` when no response came.
        total, phases: of the last check that got a response.
        not_after: of the last certificate seen, unless a response came without one since.
    """

    key: str
    label: str
    stands: str = ""
    status: MonitorStatus = MonitorStatus.PENDING
    up: bool | None = None
    interval_us: int | None = None
    seen: int = 0
    checked_at: float | None = None
    lateness: float | None = None
    http_status: int | None = None
    total: float | None = None
    phases: Phases = NO_PHASES
    not_after: float | None = None

    def stand(
        self, stands: str, status: MonitorStatus, interval_us: int | None, *, up: bool | None
    ) -> None:
        """Note how it stands now; of what is paused nothing is known any more."""
        self.stands, self.status, self.up, self.interval_us = stands, status, up, interval_us
        if status is MonitorStatus.PAUSED:
            self._forget()

    def take(self, read: "Read") -> None:
        """Note what a check has read, unless the fault was our own."""
        if read.status is Status.UNKNOWN:
            return
        self.checked_at = read.started_at
        self.lateness = read.lateness
        self.http_status = read.http_status
        if read.http_status is not None:
            self.total, self.phases = read.total, read.phases
        if read.not_after is not None or read.http_status is not None:
            self.not_after = read.not_after

    def _forget(self) -> None:
        self.checked_at = self.lateness = self.http_status = self.total = self.not_after = None
        self.phases = NO_PHASES


class Read(msgspec.Struct, frozen=True, gc=False):
    """What one check has read, in the units of a reading."""

    status: Status
    started_at: float
    lateness: float
    http_status: int | None
    total: float | None
    phases: Phases
    not_after: float | None
