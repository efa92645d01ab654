"""What a run came to in figures: how long, how costly, how quick its targets, how far believed."""

from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from app.domain.batch import Batch
from app.domain.evidence import SHARES
from app.domain.fidelity import Verdict
from app.domain.run_figures import checks_per_second, cpu_per_check
from app.reports import plots
from app.reports.plots import Axes, Curve, Plot
from app.reports.tables import Table, rate
from app.reports.units import duration, size
from app.storage import batches as batch_rows
from app.storage import outcome_pages
from app.web.waterfalls import NAMES

# What a verdict on latencies comes to, and the status whose sign it is told with.
_VERDICTS: Final = {
    Verdict.TRUSTWORTHY: ("The latencies can be believed.", "up"),
    Verdict.MAX_PACE: ("Measured at full speed.", "degraded"),
    Verdict.CPU_BOUND: ("Believe the latencies within their error bounds.", "degraded"),
    Verdict.DESCRIPTOR_BOUND: ("Believe the latencies; the waiting was ours.", "degraded"),
    Verdict.LOOKUP_BOUND: ("Believe the latencies; the waiting was ours.", "degraded"),
}
_KEPT: Final = 256


class Distributions:
    """Plots of how the latencies of batches lie: drawn once for each that has ended."""

    def __init__(self) -> None:
        self._drawn: dict[str, Plot | None] = {}

    def of(self, session: Session, batch: Batch) -> Plot | None:
        """The plot of a batch; `None` while it goes on, and where nothing was answered."""
        if not batch.ended or batch.latency is None:
            return None
        if batch.id not in self._drawn:
            key, _ = batch_rows.key_of(session, batch.id)
            self._drawn[batch.id] = _plot(outcome_pages.spread(session, key, SHARES))
            while len(self._drawn) > _KEPT:
                # Several threads read.
                self._drawn.pop(next(iter(self._drawn)), None)
        return self._drawn[batch.id]


def _plot(latencies: list[float]) -> Plot | None:
    points = [(each, share / 100) for each, share in zip(latencies, SHARES, strict=False) if each]
    return plots.curves(
        "The share of answered checks that took at most so long",
        [Curve("total", points)],
        Axes(
            "latency", duration, "share of checks", lambda share: f"{share:.0%}".replace("%", " %")
        ),
        share=True,
    )


class Believed(NamedTuple):
    """How far latencies can be believed: in a few words, in sentences, and how grave that is."""

    short: str
    status: str
    detail: str


def believed(batch: Batch) -> Believed | None:
    """What is said of the latencies of a run; `None` while it goes on."""
    if batch.interruptions and batch.ended:
        return Believed(
            "Its cost and fidelity were not measured.",
            "unknown",
            "The service stopped while it ran, and it went on afterwards; each outcome's error "
            "bound still says how much of its latency may be ours.",
        )
    if batch.fidelity is None:
        return None
    short, status = _VERDICTS[batch.fidelity.verdict]
    bound, ours = batch.bound, ""
    if bound is not None:
        ours = (
            f" Of a latency at most {duration(bound.p50)} may be ours in half of the checks, and "
            f"at most {duration(bound.p99)} in 99 % of them."
        )
    return Believed(short, status, batch.fidelity.detail + ours)


def tiles(batch: Batch) -> list[tuple[str, str, str]]:
    """Figures of a run: what each is, as it is written, and what it says on hover."""
    cost = batch.cost
    found = [
        ("took", duration(batch.wall), "From the first permitted start to the last outcome"),
        ("checks a second", rate(checks_per_second(batch)), "Over all of that time"),
        ("starting processes", duration(batch.setup), "Before the first check; not in the rest"),
        ("processor time a check", duration(cpu_per_check(batch)), "Worker processes included"),
        (
            "peak memory",
            size(None if cost is None else cost.peak_rss_bytes),
            "Worker processes included",
        ),
    ]
    return [each for each in found if each[1] != "–"]


def latencies(batch: Batch) -> Table | None:
    """Percentiles of the total and of each phase, over the checks that were answered."""
    if batch.latency is None:
        return None
    rows = [("total", batch.latency)]
    rows += [(NAMES[name], batch.phases[name]) for name in NAMES if name in batch.phases]
    if batch.bound is not None:
        rows.append(("ours at most", batch.bound))
    return Table(
        ["Of", "p50", "p95", "p99"],
        [[name, *map(duration, (each.p50, each.p95, each.p99))] for name, each in rows],
    )
