"""How far the latencies of a run can be believed."""

import pytest

from app.domain.fidelity import Lag, Measured, Pace, Verdict, judged, measured
from checkers.meter import Usage

_SMALL, _LARGE = Lag(0.0001, 0.0008, 0.002), Lag(0.002, 0.012, 0.04)


@pytest.mark.parametrize(
    ("pace", "found", "verdict", "told"),
    [
        (Pace.TRUTHFUL, Measured(_SMALL, 0, 0), Verdict.TRUSTWORTHY, "0.8 ms"),
        (Pace.TRUTHFUL, Measured(None, 0, 0), Verdict.TRUSTWORTHY, "small"),
        (Pace.TRUTHFUL, Measured(_LARGE, 0, 0), Verdict.CPU_BOUND, "12.0 ms"),
        (Pace.TRUTHFUL, Measured(_LARGE, 3, 0), Verdict.DESCRIPTOR_BOUND, "3 checks"),
        (Pace.TRUTHFUL, Measured(_SMALL, 0, 1200), Verdict.LOOKUP_BOUND, "1,200 checks"),
        (Pace.MAX, Measured(_SMALL, 3, 3), Verdict.MAX_PACE, "as fast as"),
    ],
)
def test_a_verdict_says_what_coloured_the_latencies(
    pace: Pace, found: Measured, verdict: Verdict, told: str
) -> None:
    fidelity = judged(pace, found)

    assert (fidelity.verdict, fidelity.lag) == (verdict, found.lag)
    assert told in fidelity.detail
    assert fidelity.detail.endswith(".")


def test_what_was_measured_comes_from_the_counters() -> None:
    found = measured(Usage(lags={16: 98, 160: 2}, descriptor_waits=1, lookup_waits=2))

    assert found.lag is not None
    assert found.lag.p50 < found.lag.p99 == found.lag.maximum
    assert (found.descriptor_waits, found.lookup_waits) == (1, 2)
    assert measured(Usage()).lag is None
