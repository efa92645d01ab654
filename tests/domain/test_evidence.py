"""What single outcomes say of those who saw them."""

from app.domain.evidence import SHARES, Contested, Sights, weigh
from checkers import ClientName, StrategyName
from tests.domain.measured import contender

_ALONE = contender("alone", StrategyName.SEQUENTIAL, ClientName.CURL)
_LOOP = contender("loop", StrategyName.ASYNC, ClientName.CURL)
_OTHER = contender("other", StrategyName.ASYNC, ClientName.AIOHTTP)


def test_excess_is_told_against_the_sequential_contender_with_the_same_client() -> None:
    runs = [
        Sights(1, "alone", 2, [(0, "up", None, 10_000), (1, "up", None, 20_000)]),
        Sights(1, "loop", 2, [(1, "up", None, 23_000), (0, "up", None, 11_000)]),
        Sights(1, "other", 2, [(0, "up", None, 99_000)]),
    ]

    spreads = {spread.label: spread for spread in weigh([_ALONE, _LOOP, _OTHER], runs).spreads}

    assert (spreads["loop"].excess_p50, spreads["loop"].excess_p99) == (0.001, 0.003)
    assert spreads["other"].excess_p50 is None
    assert spreads["alone"].excess_p50 is None


def test_rounds_are_not_mixed_when_excess_is_told() -> None:
    runs = [
        Sights(1, "alone", 1, [(0, "up", None, 10_000)]),
        Sights(1, "loop", 1, [(0, "up", None, 12_000)]),
        Sights(2, "loop", 1, [(0, "up", None, 50_000)]),
    ]

    (_, loop) = weigh([_ALONE, _LOOP], runs).spreads

    assert loop.excess_p99 == 0.002


def test_a_distribution_is_kept_by_its_percentiles() -> None:
    seen = [(seq, "up", None, (seq + 1) * 1000) for seq in range(1000)]

    (spread,) = weigh([_LOOP], [Sights(1, "loop", 1000, seen)]).spreads

    at = dict(zip(SHARES, spread.at_shares, strict=True))
    assert (at[50], at[99.0], at[100.0]) == (0.5, 0.99, 1.0)


def test_contenders_that_say_different_things_disagree() -> None:
    runs = [
        Sights(1, "loop", 1, [(3, "up", None, 1)]),
        Sights(1, "other", 1, [(3, "down", "too_slow", 1)]),
    ]

    found = weigh([_LOOP, _OTHER], runs)

    assert found.disagreements == [Contested(3, {"loop": "up", "other": "down/too_slow"})]
    assert (found.disagreements_total, found.unstable) == (1, [])


def test_a_target_that_changed_between_rounds_is_unstable_and_no_disagreement() -> None:
    runs = [
        Sights(1, "loop", 1, [(3, "up", None, 1)]),
        Sights(2, "loop", 1, [(3, "down", "connection_refused", None)]),
        Sights(1, "other", 1, [(3, "up", None, 1)]),
    ]

    found = weigh([_LOOP, _OTHER], runs)

    assert (found.disagreements_total, found.unstable) == (0, [3])
