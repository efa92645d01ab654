"""A batch: what was asked, and how far its run has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.fidelity import Fidelity, Pace
from app.domain.question import Question
from checkers import ClientName, Reason, Status, StrategyName, Target
from checkers.meter import Usage

#: Batches up to this size have a process of their own, so that they never wait behind a big one.
QUICK_TARGETS: Final = 200
MAX_TARGETS: Final = 100_000


class RunStatus(StrEnum):
    """How far a run has come."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Basis(StrEnum):
    """What a piece of advice rests on."""

    GUIDE = "guide"
    MEASUREMENT = "measurement"


#: A run in one of these does not change any more.
ENDED: Final = frozenset({RunStatus.COMPLETED, RunStatus.CANCELLED, RunStatus.FAILED})


class CallbackStatus(StrEnum):
    """How far the telling of a batch's end has come."""

    PENDING = "pending"
    DUE = "due"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """Who is told that a batch has ended.

    Attributes:
        tries: how often it was tried.
        error: how the last try failed; a sentence.
    """

    url: str
    status: CallbackStatus
    tries: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Why a batch that left its strategy to us has the one it has.

    Attributes:
        basis: the guide, or what this machine has measured.
        because: sentences.
        runs: ids of the runs it rests on.
    """

    basis: Basis
    because: Sequence[str]
    runs: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDraft:
    """A batch as it was asked for, checked and complete.

    Attributes:
        left_to_us: what the strategy is to be chosen by, where it is; the draft then has the
            guide's.
        choice: why it has its strategy, where that was left to us.
    """

    targets: Sequence[Target]
    strategy: StrategyName
    client: ClientName
    concurrency: int
    pace: Pace
    per_host: int
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    callback_url: str | None = None
    left_to_us: Question | None = None
    choice: Choice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Nearest-rank percentiles, in seconds; `maximum` is given for totals only."""

    p50: float
    p95: float
    p99: float
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as it stands.

    Attributes:
        counts: outcomes by status.
        setup: seconds spent starting processes.
        wall: seconds from the first permitted start to the last outcome; `None` while it runs
            and where the run was interrupted.
        interruptions: how often the run was taken up again after the service had stopped.
        bound: how much of a latency may be ours.
        cost: what the run used, its worker processes included.
        fidelity: how far its latencies can be believed; `None` while it runs and where it was
            interrupted.
        comparison_id: the comparison whose round this is, if it is one.
        choice: why it has its strategy, where that was left to us.
    """

    id: str
    name: str | None
    labels: Mapping[str, str]
    status: RunStatus
    strategy: StrategyName
    client: ClientName
    concurrency: int
    per_host: int
    pace: Pace
    total: int
    done: int
    counts: Mapping[Status, int]
    reasons: Mapping[Reason, int]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    setup: float | None
    wall: float | None
    latency: Percentiles | None
    phases: Mapping[str, Percentiles]
    bound: Percentiles | None
    cost: Usage | None
    fidelity: Fidelity | None
    interruptions: int
    error: str | None
    comparison_id: str | None
    callback: Callback | None = None
    choice: Choice | None = None

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def completed(self) -> bool:
        return self.status is RunStatus.COMPLETED

    @property
    def metrics(self) -> Mapping[str, float]:
        """Checks have no figures of their own kind."""
        return {}
