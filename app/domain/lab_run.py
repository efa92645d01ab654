"""A run of the laboratory that came to its end."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.batch import Percentiles
from checkers import Status
from checkers.meter import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class LabRun:
    """What one contender came to in one round of an experiment. Durations in seconds.

    Attributes:
        latency: what items took, each from its beginning to its end.
        metrics: what the workload itself measures, by name.
    """

    id: str
    done: int
    counts: Mapping[Status, int]
    setup: float
    wall: float
    latency: Percentiles | None
    cost: Usage
    metrics: Mapping[str, float]

    @property
    def phases(self) -> Mapping[str, Percentiles]:
        """Of work that is not a check there are none."""
        return {}

    @property
    def bound(self) -> None:
        """Nor is there a bound on them."""

    @property
    def fidelity(self) -> None:
        """Latencies of the laboratory are taken as fast as it goes."""

    @property
    def completed(self) -> bool:
        return True
