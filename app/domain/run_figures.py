"""What several runs of one kind came to: the typical run, with an interval."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from app.domain.batch import Percentiles
from app.domain.fidelity import Fidelity, Verdict
from app.domain.statistics import Interval, nearest_rank, typical
from checkers import Status
from checkers.meter import Usage


class Run(Protocol):
    """What one run came to, whatever it carried: checks of a batch, or work of the laboratory."""

    @property
    def id(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def counts(self) -> Mapping[Status, int]: ...
    @property
    def setup(self) -> float | None: ...
    @property
    def wall(self) -> float | None: ...
    @property
    def latency(self) -> Percentiles | None: ...
    @property
    def phases(self) -> Mapping[str, Percentiles]: ...
    @property
    def bound(self) -> Percentiles | None: ...
    @property
    def cost(self) -> Usage | None: ...
    @property
    def fidelity(self) -> Fidelity | None: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...
    @property
    def completed(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """What runs came to. Durations in seconds; `batches` are their ids.

    Attributes:
        phases: the typical median of each phase.
        bound_p50, bound_p99: how much of a latency may be ours.
        fidelity: how many of them had which verdict.
        metrics: what the work itself measures, by name; of checks nothing.
    """

    batches: Sequence[str]
    wall: Interval | None
    setup: Interval | None
    checks_per_second: Interval | None
    cpu_per_check: Interval | None
    peak_rss_bytes: Interval | None
    latency_p50: Interval | None
    latency_p95: Interval | None
    latency_p99: Interval | None
    phases: Mapping[str, Interval]
    bound_p50: Interval | None
    bound_p99: Interval | None
    counts: Mapping[Status, int]
    fidelity: Mapping[Verdict, int]
    metrics: Mapping[str, Interval]


def figures_of(runs: Sequence[Run]) -> RunFigures:
    """The figures of some runs; of none of them, nothing."""

    def of(value: Callable[[Run], float | None]) -> Interval | None:
        return typical([found for run in runs if (found := value(run)) is not None])

    counts: Counter[Status] = Counter()
    for run in runs:
        counts.update(run.counts)
    return RunFigures(
        batches=[run.id for run in runs],
        wall=of(lambda run: run.wall),
        setup=of(lambda run: run.setup),
        checks_per_second=of(checks_per_second),
        cpu_per_check=of(cpu_per_check),
        peak_rss_bytes=of(peak_rss),
        latency_p50=of(lambda run: latency(run, "p50")),
        latency_p95=of(lambda run: latency(run, "p95")),
        latency_p99=of(lambda run: latency(run, "p99")),
        phases=_typical_of_each([{k: v.p50 for k, v in run.phases.items()} for run in runs]),
        bound_p50=of(lambda run: None if run.bound is None else run.bound.p50),
        bound_p99=of(lambda run: None if run.bound is None else run.bound.p99),
        counts={status: counts[status] for status in Status},
        fidelity=Counter(run.fidelity.verdict for run in runs if run.fidelity is not None),
        metrics=_typical_of_each([run.metrics for run in runs]),
    )


def percentiles_of(sample: Sequence[float]) -> Percentiles | None:
    """Nearest-rank percentiles of durations in seconds; of none, nothing."""
    if not sample:
        return None
    ranked = sorted(sample)
    return Percentiles(
        p50=nearest_rank(ranked, 50),
        p95=nearest_rank(ranked, 95),
        p99=nearest_rank(ranked, 99),
        maximum=ranked[-1],
    )


def checks_per_second(run: Run) -> float | None:
    """Items carried out in each second of the run."""
    return None if not run.wall else run.done / run.wall


def cpu_per_check(run: Run) -> float | None:
    """Seconds of processor time for each item."""
    return None if run.cost is None or not run.done else run.cost.cpu / run.done


def peak_rss(run: Run) -> float | None:
    """The most memory a run's processes held, in bytes."""
    return None if run.cost is None else run.cost.peak_rss_bytes


def latency(run: Run, percentile: Literal["p50", "p95", "p99"]) -> float | None:
    """A percentile of the totals of a run, in seconds."""
    if run.latency is None:
        return None
    value: float = getattr(run.latency, percentile)
    return value


def _typical_of_each(found: Sequence[Mapping[str, float]]) -> dict[str, Interval]:
    """The typical value under each name, of the runs that have it, in the order first met."""
    names = dict.fromkeys(name for run in found for name in run)
    intervals = {name: typical([run[name] for run in found if name in run]) for name in names}
    return {name: interval for name, interval in intervals.items() if interval is not None}
