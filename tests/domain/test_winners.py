"""Samples of 200 comparisons of one strategy under two labels: whoever wins there is a false one.

`winners.json` holds what `python -m bench winners` recorded, on two cores beside other work: for
every comparison its rounds: wall and processor time in µs of one label, then of the other.
"""

import json
import random
from dataclasses import replace
from pathlib import Path

from app.domain.comparison import RoundRun
from app.domain.contrasts import Metric, Pair, pairs
from checkers.meter import Usage
from tests.domain.measured import batch, comparison

_PRIMARY = {Metric.WALL, Metric.CPU}
_SAMPLES = json.loads(Path(__file__).with_name("winners.json").read_text(encoding="utf-8"))
_TRUE_RATIO = 1.1


def _run(number: int, label: str, wall: float, cpu: float) -> RoundRun:
    usage = Usage(cpu=cpu / 1e6, peak_rss_bytes=1)
    return RoundRun(number, label, 10, replace(batch(number, label, wall / 1e6), cost=usage))


def _pairs(rounds: list[list[float]]) -> list[Pair]:
    runs = [
        run
        for number, (wall_a, cpu_a, wall_b, cpu_b) in enumerate(rounds, start=1)
        for run in (_run(number, "a", wall_a, cpu_a), _run(number, "b", wall_b, cpu_b))
    ]
    found = pairs(comparison("a", "b", rounds=len(rounds)), runs)
    return [pair for pair in found if pair.metric in _PRIMARY]


def test_at_most_one_comparison_in_twenty_calls_a_winner_that_is_none() -> None:
    wrong = [any(pair.significant for pair in _pairs(rounds)) for rounds in _SAMPLES]

    assert len(wrong) == 200
    assert sum(wrong) / len(wrong) <= 0.05


def test_the_rounds_that_are_asked_for_find_a_difference_that_is_there() -> None:
    # Rounds of small batches scatter by 17 %: five of them find little, and say how many would.
    rounds = [one for sample in _SAMPLES[::2] for one in sample]
    drawn, found, tries = random.Random(7), 0, 40
    for _ in range(tries):
        few = [_raised(one) for one in drawn.sample(rounds, 5)]
        (cpu,) = [pair for pair in _pairs(few) if pair.metric is Metric.CPU]
        if cpu.rounds_to_settle is not None:
            many = [_raised(one) for one in drawn.choices(rounds, k=cpu.rounds_to_settle)]
            (cpu,) = [pair for pair in _pairs(many) if pair.metric is Metric.CPU]
        found += bool(cpu.significant)

    assert found / tries >= 0.8


def _raised(one: list[float]) -> list[float]:
    """A round in which the second label uses a tenth more processor time."""
    wall_a, cpu_a, wall_b, cpu_b = one
    return [wall_a, cpu_a, wall_b, cpu_b * _TRUE_RATIO]
