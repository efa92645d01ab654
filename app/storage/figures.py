"""What a run came to, as JSON columns hold it."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.domain.batch import Basis, Choice, Percentiles
from app.domain.fidelity import Lag, Measured
from checkers.meter import Usage


class Figures(NamedTuple):
    """What a completed run came to."""

    latency: Percentiles | None
    phases: dict[str, Percentiles]
    bound: Percentiles | None
    cost: Usage | None
    measured: Measured | None


def tally_json(statuses: Mapping[str, int], reasons: Mapping[str, int]) -> str:
    """A tally as its column holds it."""
    return json.dumps({"statuses": dict(statuses), "reasons": dict(reasons)})


def choice_json(choice: Choice | None) -> str | None:
    """Why a batch has its strategy, as its column holds it."""
    if choice is None:
        return None
    return json.dumps([choice.basis.value, list(choice.because), list(choice.runs)])


def choice_of(encoded: str | None) -> Choice | None:
    """The choice of a column."""
    if encoded is None:
        return None
    basis, because, runs = json.loads(encoded)
    return Choice(basis=Basis(basis), because=because, runs=runs)


def figures_json(figures: Figures) -> str:
    """Figures as their column holds them."""

    def plain(percentiles: Percentiles) -> list[float | None]:
        return [percentiles.p50, percentiles.p95, percentiles.p99, percentiles.maximum]

    cost = figures.cost
    return json.dumps(
        {
            "latency": None if figures.latency is None else plain(figures.latency),
            "phases": {phase: plain(values) for phase, values in figures.phases.items()},
            "bound": None if figures.bound is None else plain(figures.bound),
            "cost": None
            if cost is None
            else [
                cost.cpu,
                cost.peak_rss_bytes,
                cost.voluntary_switches,
                cost.involuntary_switches,
            ],
            "measured": figures.measured,
        }
    )


def figures_of(encoded: str | None) -> Figures:
    """The figures of a column; none while the run has not ended."""
    if encoded is None:
        return Figures(None, {}, None, None, None)
    plain: dict[str, Any] = json.loads(encoded)

    def percentiles(values: list[float] | None) -> Percentiles | None:
        if values is None:
            return None
        return Percentiles(p50=values[0], p95=values[1], p99=values[2], maximum=values[3])

    cost = plain["cost"]
    return Figures(
        latency=percentiles(plain["latency"]),
        phases={
            phase: found
            for phase, values in plain["phases"].items()
            if (found := percentiles(values)) is not None
        },
        # Runs from before it was kept have none.
        bound=percentiles(plain.get("bound")),
        cost=None
        if cost is None
        else Usage(
            cpu=cost[0],
            peak_rss_bytes=cost[1],
            voluntary_switches=cost[2],
            involuntary_switches=cost[3],
        ),
        measured=_measured_of(plain.get("measured")),
    )


def _measured_of(values: list[Any] | None) -> Measured | None:
    """`None` also for runs from before it was kept."""
    if values is None:
        return None
    lag, *waits = values
    return Measured(None if lag is None else Lag(*lag), *waits)
