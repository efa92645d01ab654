"""What a comparison says in sentences, the same in Markdown, HTML and on a terminal."""

from typing import Final

from app.domain.comparison import Comparison, Summary
from app.domain.contrasts import LEAST_ROUNDS, Metric
from app.domain.fidelity import Verdict
from app.domain.recommendation import listed, measured_rounds
from app.reports.tables import median, pair_of
from app.reports.units import duration, size
from app.services.reports import Report
from checkers import Status, StrategyName
from checkers.workloads.catalogue import WORKLOADS, WorkloadName

# Closer than this, as a ratio, two times are told as alike.
_ALIKE: Final = 1.03
# Outcomes that say something of a target, and so of who looked at it.
_SEEN: Final = frozenset({Status.UP, Status.DEGRADED, Status.DOWN})


def title(report: Report) -> str:
    """What a report is called."""
    return titled(report.comparison)


def titled(comparison: Comparison) -> str:
    """What a comparison or an experiment is called."""
    if comparison.name:
        return comparison.name
    if comparison.lab is not None:
        return f"Laboratory: {comparison.lab.workload}"
    return f"Comparison {comparison.id}"


def answer(report: Report) -> str:
    """What the comparison says, in one sentence."""
    comparison, found = report.comparison, report.recommendation
    if not any(summary.figures.batches for summary in report.summaries):
        return f"The comparison is {comparison.status.value}; no round has been measured yet."
    if not any(n for s in report.summaries for k, n in s.figures.counts.items() if k in _SEEN):
        return "No target could be checked, so nobody was measured."
    if comparison.lab is not None and comparison.lab.workload is WorkloadName.SPAWN:
        return (lessons(report) or ["There is nothing to set side by side."])[-1]
    if found.label is not None:
        return f"Take {found.label}: {_gain(report, found.label)} {_over(report)}."
    if found.fastest is None:
        return f"Nobody was measured {_over(report)}."
    return _undecided(report, found.fastest)


def _undecided(report: Report, fastest: str) -> str:
    level = report.recommendation.level
    if measured_rounds(report.summaries) < LEAST_ROUNDS:
        return (
            f"{_who_won(report)} {_over(report)}; fewer than five rounds cannot tell that from "
            "chance."
        )
    if len(level) > 1:
        return (
            f"No difference is shown between {listed(level)}, the fastest {_over(report)}"
            f"{_lead(report, fastest)}."
        )
    return f"{_who_won(report)} {_over(report)}."


def _who_won(report: Report) -> str:
    found = report.recommendation
    if found.fastest == found.cheapest:
        return f"{found.fastest} was both the fastest and the cheapest"
    return f"{found.fastest} was the fastest and {found.cheapest} the cheapest"


def _lead(report: Report, fastest: str) -> str:
    """How far ahead of the baseline the fastest are."""
    baseline = report.comparison.baseline
    if baseline is None or baseline in report.recommendation.level:
        return ""
    pair = pair_of(report, fastest, baseline, max(report.comparison.sizes), Metric.WALL)
    return "" if pair is None else f": about {pair.ratio:.2g} times as fast as {baseline}"


def _gain(report: Report, label: str) -> str:
    """What is gained over the baseline, or over whoever comes next."""
    number = max(report.comparison.sizes)
    baseline = report.comparison.baseline
    if baseline in {None, label}:
        return "it is the fastest that is shown"
    assert baseline is not None
    wall = pair_of(report, label, baseline, number, Metric.WALL)
    cpu = pair_of(report, baseline, label, number, Metric.CPU)
    if wall is None:
        return "it is the fastest that is shown"
    cost = "" if cpu is None else f", at {cpu.ratio:.2g} times the processor time"
    return f"{wall.ratio:.2g} times as fast as {baseline}{cost},"


def _over(report: Report) -> str:
    comparison = report.comparison
    what = "target" if comparison.lab is None else f"item of {comparison.lab.workload}"
    count = max(comparison.sizes)
    if count != 1:
        what = what.replace("target", "targets").replace("item", "items")
    measured = measured_rounds(report.summaries)
    rounds = f"{measured} round{'s' if measured != 1 else ''}"
    return f"over {count:,} {what} in {rounds}"


def work(report: Report) -> str | None:
    """What an experiment carries; of a comparison nothing."""
    lab = report.comparison.lab
    if lab is None:
        return None
    workload = WORKLOADS[lab.workload]
    sized = f", {lab.size:,} {workload.size.of} each" if workload.size and lab.size else ""
    to = f" to {lab.url}" if lab.url else ""
    return f"{workload.summary} {lab.items:,} items{sized}{to}: each is {workload.item}."


def lessons(report: Report) -> list[str]:
    """What the laboratory teaches here, where the figures bear it out."""
    lab = report.comparison.lab
    if lab is None:
        return []
    by_strategy = {summary.contender.strategy: summary for summary in report.summaries}
    told = [_speed_up(report, strategy, by_strategy) for strategy in by_strategy]
    if WORKLOADS[lab.workload].computes:
        told.append(_about_the_lock(report, by_strategy))
        told.append(_about_shipping(by_strategy.get(StrategyName.MULTIPROCESS)))
    if lab.workload is WorkloadName.DATABASE:
        told.append(_about_rows(report))
    if lab.workload is WorkloadName.SPAWN:
        told.append(_about_starts(by_strategy))
    return [sentence for sentence in told if sentence is not None]


_BySt = dict[StrategyName, Summary]


def _speed_up(report: Report, strategy: StrategyName, by_strategy: _BySt) -> str | None:
    ratio = _wall_ratio(report, strategy, by_strategy)
    lab = report.comparison.lab
    if ratio is None or lab is None or lab.workload is WorkloadName.SPAWN:
        return None
    label = by_strategy[strategy].contender.label
    if ratio < 1 / _ALIKE:
        return f"{label} was {1 / ratio:.3g} times as fast as sequential."
    if ratio <= _ALIKE:
        return f"{label} was no faster than sequential."
    return f"{label} took {ratio:.3g} times as long as sequential."


def _wall_ratio(report: Report, strategy: StrategyName, by_strategy: _BySt) -> float | None:
    alone = by_strategy.get(StrategyName.SEQUENTIAL)
    if alone is None or strategy is StrategyName.SEQUENTIAL:
        return None
    other = by_strategy[strategy].contender.label
    pair = pair_of(report, alone.contender.label, other, alone.size, Metric.WALL)
    return None if pair is None else pair.ratio


def _about_the_lock(report: Report, by_strategy: _BySt) -> str | None:
    if StrategyName.THREADED not in by_strategy:
        return None
    ratio = _wall_ratio(report, StrategyName.THREADED, by_strategy)
    if ratio is None:
        return None
    if ratio > _ALIKE:
        return (
            f"Threads were slower than sequential ({ratio:.3g} ×): the interpreter lock lets one "
            "of them compute at a time, so nothing runs side by side, and handing the lock on "
            "costs extra."
        )
    gained = "gained a little where they waited" if ratio < 1 / _ALIKE else "gained nothing"
    return (
        f"Threads {gained}: the interpreter lock has one owner, so only one of them computes at a "
        "time."
    )


def _about_shipping(processes: Summary | None) -> str | None:
    if processes is None:
        return None
    metrics = processes.figures.metrics
    shipped = median(metrics.get("shipped_bytes_per_item"))
    spent = median(metrics.get("shipping_ms_per_item"))
    each = median(processes.figures.latency_p50)
    if not shipped or spent is None or not each:
        return None
    share = spent / 1e3 / each
    return (
        f"Processes share no memory: every item ships {size(shipped)} through a pipe, and packing "
        f"and unpacking take {spent:.2g} ms beside {duration(each)} of computing"
        + (", so what they gain by computing side by side goes into moving data." if share > 0.2
           else ", which is little.")
    )  # fmt: skip


def _about_rows(report: Report) -> str:
    lost = sum(median(s.figures.metrics.get("rows_lost")) or 0 for s in report.summaries)
    if lost:
        return f"{lost:,.0f} rows were lost: that must not be."
    return (
        "Every row that was inserted was there when all were counted. SQLite has one writer at a "
        "time, so more workers wait for each other rather than write faster."
    )


def _about_starts(by_strategy: _BySt) -> str | None:
    found = {
        kind: median(summary.figures.metrics.get("start_us"))
        for kind, summary in by_strategy.items()
    }
    thread, process = found.get(StrategyName.THREADED), found.get(StrategyName.MULTIPROCESS)
    if not thread or not process:
        return None
    task = found.get(StrategyName.ASYNC)
    small = "" if not task else f", and a task {thread / task:,.0f} times cheaper than a thread"
    return f"Starting a thread is {process / thread:,.0f} times cheaper than a process{small}."


def distrust(report: Report) -> list[str]:
    """What a reader should not take from the figures."""
    comparison, notes = report.comparison, []
    if measured_rounds(report.summaries) < LEAST_ROUNDS:
        notes.append("Fewer than five rounds cannot tell a difference from chance.")
    if comparison.status.value not in {"completed", "queued", "running"}:
        notes.append(f"It was {comparison.status.value} before its end: fewer rounds are measured.")
    if _at_max(report):
        notes.append(
            "Checks were started as fast as each could, so latencies hold this machine's own "
            "queueing too; the column “Ours ≤” says how much that may be."
        )
    busy = [
        s.contender.label for s in report.summaries if s.figures.fidelity.get(Verdict.CPU_BOUND)
    ]
    if busy:
        notes.append(f"This machine was too busy to be on time during rounds of {', '.join(busy)}.")
    if report.evidence.unstable:
        notes.append(
            f"{len(report.evidence.unstable):,} targets changed their verdict between rounds of "
            "one contender: they, not the contenders, are unsteady."
        )
    open_pairs = [p for p in report.pairs if p.significant is False and p.rounds_to_settle]
    if open_pairs:
        notes.append(
            f"{len(open_pairs)} of {len(report.pairs)} differences are neither shown nor excluded; "
            "more rounds would tell."
        )
    notes.append(
        "It holds for this work on this machine: other targets, other distances and other loads "
        "may rank the contenders differently."
    )
    return notes


def _at_max(report: Report) -> bool:
    return report.comparison.lab is None and any(
        contender.pace.value == "max" for contender in report.comparison.contenders
    )
