"""Figures of a sample, each by its textbook definition."""

import math
import statistics
from collections.abc import Sequence
from typing import Final, NamedTuple

from app.domain import student


class Interval(NamedTuple):
    """A median with its 95 % interval; `None` where too little was measured to give one."""

    median: float
    low: float | None = None
    high: float | None = None

    def times(self, factor: float) -> "Interval":
        """In another unit."""
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Interval(self.median * factor, low, high)


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


def typical(sample: Sequence[float]) -> Interval | None:
    """The median with a 95 % interval for the typical value, from two values on.

    The interval is Student's on the logarithms, since durations scatter by factors; where a value
    is nought, on the values themselves. It always holds the median.
    """
    if not sample:
        return None
    median = statistics.median(sample)
    if len(sample) < 2:
        return Interval(median)
    logarithmic = min(sample) > 0
    values = [math.log(value) for value in sample] if logarithmic else sample
    low, high = _around(*_mean_and_spread(values), len(values))
    if logarithmic:
        low, high = _from_log(low), _from_log(high)
    return Interval(median, min(low, median), max(high, median))


class Ratio(NamedTuple):
    """Second ÷ first over paired values: the geometric mean, and how far it can be believed.

    Attributes:
        low, high: the 95 % interval, Student's on the paired logarithms; `None` of a single pair.
        p: how likely so large a ratio is where there is no difference; `None` of a single pair.
        spread: the standard deviation of the logarithms.
        pairs: how many there were.
    """

    ratio: float
    low: float | None
    high: float | None
    p: float | None
    spread: float
    pairs: int


def paired_ratio(first: Sequence[float], second: Sequence[float]) -> Ratio | None:
    """The ratio of values paired by their place; `None` when no pair can be divided.

    Paired, because what slows a whole round falls on both.
    """
    logs = [math.log(b / a) for a, b in zip(first, second, strict=True) if a > 0 and b > 0]
    if not logs:
        return None
    if len(logs) < 2:
        return Ratio(math.exp(logs[0]), None, None, None, 0.0, 1)
    mean, spread = _mean_and_spread(logs)
    low, high = _around(mean, spread, len(logs))
    return Ratio(
        math.exp(mean), _from_log(low), _from_log(high), _chance(mean, spread, len(logs)), spread,
        len(logs),
    )  # fmt: skip


def holm(chances: Sequence[float]) -> list[float]:
    """Each chance as it stands among all that are looked at together (Holm, 1979)."""
    adjusted, largest = [0.0] * len(chances), 0.0
    ranked = sorted(range(len(chances)), key=chances.__getitem__)
    for rank, index in enumerate(ranked):
        largest = max(largest, min(chances[index] * (len(chances) - rank), 1.0))
        adjusted[index] = largest
    return adjusted


def pairs_needed(found: Ratio, effect: float, alpha: float) -> int:
    """How many pairs show an effect of that size, four times in five, at the scatter that was seen.

    Few pairs know their own scatter badly: planned is for its upper 80 % limit (Browne, Statistics
    in Medicine 14, 1995). The number is the normal approximation with Guenther's correction for
    Student's t (The American Statistician 35, 1981), right to a pair or two.

    Args:
        effect: a ratio above 1.
        alpha: the chance of being wrong that is accepted.
    """
    wrong = statistics.NormalDist().inv_cdf(1 - alpha / 2)
    power = statistics.NormalDist().inv_cdf(_POWER)
    scatter = found.spread * _upper_limit(found.pairs - 1)
    exact = ((wrong + power) * scatter / math.log(effect)) ** 2 + wrong**2 / 2
    return min(math.ceil(exact), _MOST_PAIRS)


def _upper_limit(freedom: int) -> float:
    """What a standard deviation is multiplied with for its upper 80 % limit.

    By the χ² quantile of 0.2 as Wilson and Hilferty approximate it (1931).
    """
    part = 2 / (9 * freedom)
    chi_squared = freedom * (1 - part - _Z_80 * math.sqrt(part)) ** 3
    return math.sqrt(freedom / chi_squared)


_Z_80: Final = 0.8416
_POWER: Final = 0.8
_MOST_PAIRS: Final = 1_000_000
_CONFIDENCE: Final = 0.95
_MOST_LOG: Final = 46.0


def _mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation, from two values on.

    In floats: a report has hundreds of them, and exact fractions take ten times as long.
    """
    mean = statistics.fmean(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    return mean, math.sqrt(squares / (len(values) - 1))


def _around(mean: float, spread: float, count: int) -> tuple[float, float]:
    """Student's interval for a mean."""
    half = student.quantile(_CONFIDENCE, count - 1) * spread / math.sqrt(count)
    return mean - half, mean + half


def _from_log(value: float) -> float:
    """Two rounds far apart leave every factor possible; none beyond this says more."""
    return math.exp(min(max(value, -_MOST_LOG), _MOST_LOG))


def _chance(mean: float, spread: float, count: int) -> float:
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    return 1 - student.within(abs(mean) / (spread / math.sqrt(count)), count - 1)
