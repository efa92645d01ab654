"""What several runs of one kind came to: medians over the runs."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain.batch import Batch
from app.domain.fidelity import Verdict
from app.domain.statistics import Interval, median_of
from checkers import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """What runs came to. Durations in seconds; `batches` are their ids.

    Attributes:
        fidelity: how many of them had which verdict.
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
    counts: Mapping[Status, int]
    fidelity: Mapping[Verdict, int]


def figures_of(runs: Sequence[Batch]) -> RunFigures:
    """The figures of some runs; of none of them, nothing."""

    def median(value: Callable[[Batch], float | None]) -> Interval | None:
        return median_of([found for run in runs if (found := value(run)) is not None])

    counts: Counter[Status] = Counter()
    for run in runs:
        counts.update(run.counts)
    return RunFigures(
        batches=[run.id for run in runs],
        wall=median(lambda run: run.wall),
        setup=median(lambda run: run.setup),
        checks_per_second=median(lambda run: run.checks_per_second),
        cpu_per_check=median(lambda run: run.cpu_per_check),
        peak_rss_bytes=median(peak_rss),
        latency_p50=median(lambda run: latency(run, "p50")),
        latency_p95=median(lambda run: latency(run, "p95")),
        latency_p99=median(lambda run: latency(run, "p99")),
        counts={status: counts[status] for status in Status},
        fidelity=Counter(run.fidelity.verdict for run in runs if run.fidelity is not None),
    )


def peak_rss(run: Batch) -> float | None:
    """The most memory a run's processes held, in bytes."""
    return None if run.cost is None else run.cost.peak_rss_bytes


def latency(run: Batch, percentile: Literal["p50", "p95", "p99"]) -> float | None:
    """A percentile of the totals of a run, in seconds."""
    if run.latency is None:
        return None
    value: float = getattr(run.latency, percentile)
    return value
