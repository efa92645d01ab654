"""Quantities as the contract writes them: milliseconds, bytes, UTC instants."""

from typing import NamedTuple

from pydantic import BaseModel

from app.domain.batch import Percentiles
from app.domain.statistics import Interval


class Spread(NamedTuple):
    """What an interval's values are multiplied with, and the digits kept."""

    factor: float
    digits: int


#: From seconds.
TO_MS = Spread(1e3, 3)
TO_US = Spread(1e6, 1)
AS_IS = Spread(1.0, 3)


class IntervalOut(BaseModel):
    """A median with its 95 % interval; low and high are null where none can be given yet."""

    median: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, interval: Interval | None, spread: Spread) -> "IntervalOut | None":
        if interval is None:
            return None
        median, low, high = (
            None if value is None else round(value * spread.factor, spread.digits)
            for value in interval
        )
        assert median is not None
        return cls(median=median, low=low, high=high)


class PercentilesOut(BaseModel):
    """Nearest-rank percentiles in milliseconds, over outcomes that have an HTTP status."""

    p50: float
    p95: float
    p99: float


class LatencyOut(PercentilesOut):
    """Percentiles of the total, with the largest."""

    max: float


def percentiles_out(values: Percentiles) -> PercentilesOut:
    """Percentiles as they are answered."""
    return PercentilesOut(
        p50=round(values.p50 * 1e3, 3),
        p95=round(values.p95 * 1e3, 3),
        p99=round(values.p99 * 1e3, 3),
    )


def latency_out(values: Percentiles | None) -> LatencyOut | None:
    """Percentiles of the total as they are answered."""
    if values is None or values.maximum is None:
        return None
    return LatencyOut(**percentiles_out(values).model_dump(), max=round(values.maximum * 1e3, 3))
