"""Figures of a sample, each by its textbook definition."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Interval(NamedTuple):
    """A median with its 95 % interval; `None` where too little was measured to give one."""

    median: float
    low: float | None = None
    high: float | None = None


def nearest_rank(sorted_sample: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the sample does not exceed.

    Nearest-rank percentile: always a value of the sample (ISO 3534-1 quantile, no interpolation).

    Raises:
        ValueError: the sample is empty, or `percent` lies outside 0–100.
    """
    if not sorted_sample or not 0 <= percent <= 100:
        raise ValueError("a percentile needs a sample and a percentage of 0 to 100")
    return sorted_sample[nearest_rank_index(len(sorted_sample), percent)]


def nearest_rank_index(size: int, percent: float) -> int:
    """Where the nearest-rank percentile stands in a sorted sample of that size."""
    # Ranks are rounded before ceil: 0.95 × 20 must be rank 19, not 19.000000000000004 → 20.
    rank = math.ceil(round(percent / 100 * size, 9))
    return max(rank, 1) - 1


def median_of(sample: Sequence[float]) -> Interval | None:
    """The median; no interval is claimed for it."""
    return Interval(statistics.median(sample)) if sample else None


def paired_ratio(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Geometric mean of second ÷ first, pair by pair; `None` when no pair can be divided."""
    pairs = [(a, b) for a, b in zip(first, second, strict=False) if a > 0 and b > 0]
    if not pairs:
        return None
    return math.exp(statistics.fmean(math.log(b / a) for a, b in pairs))
