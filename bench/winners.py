"""Does a comparison call winners that are none, and does it find those that are there?

One strategy stands under two labels: whatever is called significant between them is false. For the
power, the processor time of one label is raised by 10 %, on top of all that the machine scatters.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.table import Table

from app.cli.compare import parsed_contenders
from app.cli.measured import InMemory, comparison_of
from app.domain.batch import Batch
from app.domain.comparison import Comparison, RoundRun
from app.domain.contrasts import LEAST_ROUNDS, Metric, Pair, pairs
from app.domain.fidelity import Pace
from app.engine.laboratory import bundled_site
from app.engine.local import Engine
from checkers import Item, Target

_PRIMARY: Final = (Metric.WALL, Metric.CPU)
_COMPARISONS, _SMALL = 200, 40
_POWERED, _ROUNDS, _LARGE = 12, 10, 2000
_TRUE_RATIO: Final = 1.1
_SAMPLES: Final = Path(__file__).with_name("winners.json")
#: Small batches, fast targets: where chance is largest.
_STRATEGIES: Final = ("async+curl", "threaded+curl")


async def false() -> Table:
    """200 comparisons of 5 rounds; their samples go to `bench/winners.json`."""
    called: Counter[str] = Counter()
    samples = []
    async with bundled_site() as site:
        for number in range(_COMPARISONS):
            strategy = _STRATEGIES[number % len(_STRATEGIES)]
            known = await _compared(strategy, LEAST_ROUNDS, _SMALL, site.site)
            found = pairs(known.comparison, _runs(known))
            wrong = {pair.metric.value for pair in found if pair.significant} & set(_PRIMARY)
            called.update(wrong)
            called["either"] += bool(wrong)
            samples.append(_sample(known))
            sys.stderr.write(f"\r{number + 1} of {_COMPARISONS}: {dict(called)}   ")
    sys.stderr.write("\n")
    _SAMPLES.write_text(json.dumps(samples) + "\n", encoding="utf-8")
    table = Table("metric", "called significant", title="One strategy under two labels")
    for name in (*_PRIMARY, "either"):
        table.add_row(name, f"{called[name]} of {_COMPARISONS}, {called[name] / _COMPARISONS:.1%}")
    return table


async def power() -> Table:
    """12 comparisons of 10 rounds over 2,000 checks, with 10 % more processor time on one side.

    What ten rounds do not show is looked for again in as many as the report asks for, drawn from
    the rounds of all comparisons.
    """
    title = f"A true ratio of {_TRUE_RATIO} in CPU per check, {_ROUNDS} rounds of {_LARGE:,} checks"
    table = Table("comparison", "ratio", "95 % interval", "shown", "at as many", title=title)
    measured = []
    async with bundled_site() as site:
        for number in range(1, _POWERED + 1):
            known = await _compared(_STRATEGIES[0], _ROUNDS, _LARGE, site.site)
            measured.append(known)
            sys.stderr.write(f"\r{number} of {_POWERED}   ")
    sys.stderr.write("\n")
    rounds = [both for known in measured for both in _by_round(known)]
    drawn, at_once, in_the_end = random.Random(_ROUNDS), 0, 0
    for number, known in enumerate(measured, start=1):
        first = later = _cpu(known.comparison, _by_round(known))
        if not first.significant:
            asked = first.rounds_to_settle or _ROUNDS
            later = _cpu(known.comparison, drawn.choices(rounds, k=asked))
        at_once += bool(first.significant)
        in_the_end += bool(later.significant)
        table.add_row(
            str(number),
            f"{first.ratio:.3f}",
            f"{first.low:.3f}–{first.high:.3f}",
            "yes" if first.significant else f"asks for {first.rounds_to_settle}",
            "yes" if later.significant else "no",
        )
    table.add_row("all", "", "", f"{at_once} of {_POWERED}", f"{in_the_end} of {_POWERED}")
    return table


async def _compared(strategy: str, rounds: int, targets: int, site: str) -> InMemory:
    (one,) = parsed_contenders([strategy], Pace.MAX)
    both = [replace(one, label="a"), replace(one, label="b")]
    items = [Item(seq, Target(url=f"{site}/status/200")) for seq in range(targets)]
    comparison = comparison_of(both, [targets], rounds, baseline=None, pace=Pace.MAX)
    known = InMemory(comparison, items)
    await known.carry_out(Engine(None), lambda _number, _turn: None)
    return known


def _runs(known: InMemory) -> list[RoundRun]:
    return [RoundRun(k.number, k.turn.label, k.turn.size, k.batch) for k in known.kept]


def _by_round(known: InMemory) -> list[tuple[Batch, Batch]]:
    """What a and b came to in each measured round, b with more processor time than it took."""
    found: dict[int, dict[str, Batch]] = {}
    for kept in known.kept:
        if kept.number:
            found.setdefault(kept.number, {})[kept.turn.label] = kept.batch
    return [(both["a"], _dearer(both["b"])) for both in found.values()]


def _cpu(comparison: Comparison, rounds: Sequence[tuple[Batch, Batch]]) -> Pair:
    """The ratio of processor times over some rounds."""
    runs = [
        RoundRun(number, label, _LARGE, batch)
        for number, both in enumerate(rounds, start=1)
        for label, batch in zip("ab", both, strict=True)
    ]
    return next(pair for pair in pairs(comparison, runs) if pair.metric is Metric.CPU)


def _dearer(batch: Batch) -> Batch:
    cost = batch.cost
    assert cost is not None
    return replace(batch, cost=cost.plus(type(cost)(cpu=cost.cpu * (_TRUE_RATIO - 1))))


def _sample(known: InMemory) -> list[list[float]]:
    """Wall and processor time in µs of a and b, round by round."""
    by_round: dict[int, list[float]] = {}
    for kept in sorted(known.kept, key=lambda k: (k.number, k.turn.label)):
        if kept.number:
            assert kept.batch.wall is not None
            assert kept.batch.cost is not None
            by_round.setdefault(kept.number, []).extend(
                [round(kept.batch.wall * 1e6), round(kept.batch.cost.cpu * 1e6)]
            )
    return list(by_round.values())
