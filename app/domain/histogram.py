"""Latencies counted by size, so that hours merge to days and days to years without loss.

HDR histograms (Tene, hdrhistogram.org) of whole microseconds up to an hour at two significant
digits. Merging adds counts, so it is exact: whatever the split of a sample, the merged histogram
is that of the whole. Below 256 µs values are exact; above, a value is told as the middle of its
bucket, which is at most 1/256 (0.4 %) off.
"""

from bisect import bisect_left
from collections.abc import Iterable
from ctypes import addressof
from itertools import accumulate
from typing import Final

from hdrh.codec import HdrHistogramEncoder
from hdrh.histogram import HdrHistogram
from pyhdrh import add_array

from app.domain.batch import Percentiles
from app.domain.statistics import nearest_rank_index

#: What is longer counts as this long, in microseconds: no attempt outlasts 300 s.
LARGEST: Final = 3_600_000_000
#: A percentile is off by this share of itself at most.
RELATIVE_ERROR: Final = 1 / 256
_DIGITS: Final = 2
# Of a counter.
_BYTES: Final = 8


class Histogram:
    """A sample of durations, by size."""

    def __init__(self) -> None:
        self._counts = _empty()

    def __len__(self) -> int:
        return int(self._counts.total_count)

    def record(self, durations: Iterable[int]) -> None:
        """Count durations of so many microseconds."""
        record = self._counts.record_value
        for duration in durations:
            record(min(max(duration, 0), LARGEST))

    def merge(self, encoded: bytes | None) -> None:
        """Add all that another has counted; `None`: nothing."""
        if encoded is None:
            return
        mine = self._counts
        payload = HdrHistogramEncoder.decode(encoded, b64_wrap=False)
        if payload.payload.highest_trackable_value != LARGEST:
            mine.decode_and_add(encoded)
            return
        # As `decode_and_add` does, without the histogram in between, which takes as long again.
        theirs = payload.init_counts(mine.counts_len)
        if theirs["total"]:
            add_array(addressof(mine.counts), addressof(payload.counts), mine.counts_len, _BYTES)
            least = mine.get_value_from_index(theirs["min_nonzero_index"])
            largest = mine.get_value_from_index(theirs["max_nonzero_index"])
            mine.total_count += theirs["total"]
            mine.min_value = min(mine.min_value, least)
            mine.max_value = max(mine.max_value, mine.get_highest_equivalent_value(largest))

    def add(self, other: "Histogram") -> None:
        """Add all that another has counted."""
        self._counts.add(other._counts)

    def encoded(self) -> bytes | None:
        """As it is stored (HdrHistogram V2, compressed); `None` when it is empty."""
        return bytes(self._counts.encode()) if len(self) else None

    def value_at(self, percent: float) -> float:
        """The nearest-rank percentile, in seconds.

        Raises:
            ValueError: it is empty.
        """
        if not len(self):
            raise ValueError("an empty histogram has no percentiles")
        return self._told([percent])[0]

    def percentiles(self) -> Percentiles | None:
        """p50, p95 and p99 in seconds; `None` when it is empty."""
        if not len(self):
            return None
        p50, p95, p99 = self._told([50, 95, 99])
        return Percentiles(p50=p50, p95=p95, p99=p99, maximum=None)

    def _told(self, percents: Iterable[float]) -> list[float]:
        counts = self._counts
        # Between the least and the largest: the thousands of buckets around them are empty.
        least = counts.get_counts_array_index(counts.get_min_value())
        largest = counts.get_counts_array_index(counts.get_max_value())
        cumulated = list(accumulate(counts.counts[least : largest + 1]))
        ranks = [nearest_rank_index(len(self), percent) + 1 for percent in percents]
        return [self._middle(least + bisect_left(cumulated, rank)) for rank in ranks]

    def _middle(self, index: int) -> float:
        lowest = self._counts.get_value_from_index(index)
        highest = self._counts.get_highest_equivalent_value(lowest)
        return float(lowest + highest) / 2e6


def merged(parts: Iterable[bytes | None]) -> Histogram:
    """What several have counted together."""
    whole = Histogram()
    for part in parts:
        whole.merge(part)
    return whole


def histogram_of(durations: Iterable[int]) -> Histogram:
    """A histogram of durations in microseconds."""
    made = Histogram()
    made.record(durations)
    return made


def _empty() -> HdrHistogram:
    return HdrHistogram(1, LARGEST, _DIGITS, b64_wrap=False)
