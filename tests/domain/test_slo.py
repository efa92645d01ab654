"""What an objective leaves."""

import pytest

from app.domain.monitor import MonitorStatus
from app.domain.slo import budget, burn_rates
from app.domain.uptime import Uptime, nothing


def _found(up: float, down: float, unknown: float = 0.0) -> Uptime:
    seconds = dict(nothing().seconds)
    seconds[MonitorStatus.UP], seconds[MonitorStatus.DOWN] = up, down
    seconds[MonitorStatus.UNKNOWN] = unknown
    return Uptime(seconds=seconds)


def test_a_budget_is_what_may_be_down_of_what_is_known() -> None:
    found = budget(_found(995, 5, unknown=1000), 0.99)

    assert found.allowed == pytest.approx(10)
    assert found.left == pytest.approx(5)
    assert found.left_ratio == pytest.approx(0.5)
    assert found.met is True


def test_a_budget_that_is_overdrawn_says_by_how_much() -> None:
    found = budget(_found(980, 20), 0.99)

    assert found.left == pytest.approx(-10)
    assert found.left_ratio == pytest.approx(-1)
    assert found.met is False


def test_where_nothing_is_known_nothing_is_met_or_missed() -> None:
    found = budget(_found(0, 0, unknown=100), 0.99)

    assert (found.met, found.left_ratio, found.ratio) == (None, None, None)
    assert burn_rates({"1h": _found(0, 0)}, 0.99) == {"1h": None}


def test_a_burn_rate_of_one_uses_up_the_budget_at_the_end_of_its_window() -> None:
    rates = burn_rates({"1h": _found(3564, 36), "6h": _found(10, 90)}, 0.99)

    assert rates["1h"] == pytest.approx(1)
    assert rates["6h"] == pytest.approx(90)
