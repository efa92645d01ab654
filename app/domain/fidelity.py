"""Whether the latencies of a run can be believed, told from what it measured of itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from checkers.lag import quantiles
from checkers.meter import Usage

# Timers that come later than this, once in a hundred times, colour more than a few latencies.
_LATE_SECONDS: Final = 0.005
_QUANTILES: Final = (0.5, 0.99, 1.0)


class Pace(StrEnum):
    """When the next check may start."""

    TRUTHFUL = "truthful"
    MAX = "max"


class Verdict(StrEnum):
    """What coloured the latencies of a run, if anything did."""

    TRUSTWORTHY = "trustworthy"
    CPU_BOUND = "cpu_bound"
    DESCRIPTOR_BOUND = "descriptor_bound"
    LOOKUP_BOUND = "lookup_bound"
    MAX_PACE = "max_pace"


class Lag(NamedTuple):
    """How late what was due came to be done, in seconds."""

    p50: float
    p99: float
    maximum: float


class Measured(NamedTuple):
    """What a run measured of itself.

    Attributes:
        descriptor_waits: checks that waited for descriptors, ports or memory.
        lookup_waits: checks that waited for a look-up to be free.
    """

    lag: Lag | None
    descriptor_waits: int
    lookup_waits: int


@dataclass(frozen=True, slots=True)
class Fidelity:
    """A verdict with what it rests on; `detail` is for people."""

    lag: Lag | None
    verdict: Verdict
    detail: str


def measured(usage: Usage) -> Measured:
    """What the counters of a run's processes say."""
    found = quantiles(usage.lags, _QUANTILES)
    return Measured(
        None if found is None else Lag(*found), usage.descriptor_waits, usage.lookup_waits
    )


def judged(pace: Pace, found: Measured) -> Fidelity:
    """How far the latencies of a run can be believed.

    What was waited for is in no latency, but those who waited were checked later than they might
    have been, and the run took longer than it had to.
    """
    verdict, detail = _verdict(pace, found)
    return Fidelity(found.lag, verdict, detail)


def _verdict(pace: Pace, found: Measured) -> tuple[Verdict, str]:
    late = "" if found.lag is None else f" Our own timers came up to {_ms(found.lag.p99)} late."
    if pace is Pace.MAX:
        return Verdict.MAX_PACE, (
            "Checks were started as fast as concurrency allowed, so latencies hold our own queue; "
            f"each outcome's error bound says how much.{late}"
        )
    if found.descriptor_waits:
        return Verdict.DESCRIPTOR_BOUND, (
            f"{found.descriptor_waits:,} checks waited for descriptors, ports or memory of this "
            "machine; that is in their queued time and in no latency. Raise the limit on open "
            "files, or lower the concurrency."
        )
    if found.lookup_waits:
        return Verdict.LOOKUP_BOUND, (
            f"{found.lookup_waits:,} checks waited because too many names were being looked up; "
            "that is in their queued time and in no latency. Lower the concurrency, or ask a "
            "faster name server."
        )
    if found.lag is not None and found.lag.p99 > _LATE_SECONDS:
        return Verdict.CPU_BOUND, (
            "This machine was too busy with something else to be on time: our own timers came up "
            f"to {_ms(found.lag.p99)} late (p99). Each outcome's error bound says how much of its "
            "latency may be ours."
        )
    return Verdict.TRUSTWORTHY, f"The pace kept our own lag small.{late}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"
