"""Which strategy to take: by the guide until this machine has evidence, by the evidence from then.

The guide is that of docs/strategies.md: is the work computing, has the library to block, how many
are in flight at once?
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.batch import Basis, Choice
from app.domain.fidelity import Pace
from app.domain.question import Question
from app.domain.run_figures import Run, RunFigures, figures_of
from app.domain.statistics import Interval
from checkers import CATALOGUE, ClientName, StrategyName
from checkers.strategies.catalogue import Entry

# Up to a handful, one after the other is soon done; up to a few dozen, threads are fine.
_HANDFUL: Final = 3
_FEW_DOZEN: Final = 36
# Closer than this to the fastest, who costs less is the better choice.
_AS_FAST: Final = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A finished run, as evidence.

    Attributes:
        within: the comparison or experiment that it was a round of; `None`: it stood alone.
    """

    strategy: StrategyName
    client: ClientName
    concurrency: int
    pace: Pace
    within: str | None
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Which strategy, client and concurrency to take, and because of what.

    Attributes:
        fastest, cheapest, most_truthful: as strategy+client; `None` without evidence.
        expected_wall, expected_cpu: seconds for so many targets, as measured.
        runs: ids of the runs behind it.
    """

    strategy: StrategyName
    client: ClientName
    concurrency: int
    basis: Basis
    because: Sequence[str]
    fastest: str | None = None
    cheapest: str | None = None
    most_truthful: str | None = None
    expected_wall: float | None = None
    expected_cpu: float | None = None
    runs: Sequence[str] = ()

    @property
    def choice(self) -> Choice:
        """Why, as a batch keeps it."""
        return Choice(basis=self.basis, because=self.because, runs=self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """The runs of one strategy with one client."""

    strategy: StrategyName
    client: ClientName
    concurrency: int
    figures: RunFigures

    @property
    def name(self) -> str:
        return f"{self.strategy}+{self.client}"

    @property
    def wall_each(self) -> float | None:
        """Seconds of wall time that a check took its share of."""
        rate = self.figures.checks_per_second
        return None if rate is None else 1 / rate.median


def by_guide(question: Question) -> Advice:
    """The guide's answer, which needs nothing measured; the question leaves a strategy."""
    entry, why = _guided(question)
    return Advice(
        strategy=entry.name,
        client=_client(entry, question),
        concurrency=_concurrency(entry, question),
        basis=Basis.GUIDE,
        because=[why, "This machine has measured nothing comparable yet: `tercet calibrate` does."],
    )


def by_evidence(question: Question, measured: Sequence[Measured]) -> Advice | None:
    """What the runs of one size class say; `None` when they say nothing of two ways or more."""
    fitting = _at_pace([m for m in measured if _fits(m, question)], question.pace)
    side_by_side = _newest_comparison(fitting)
    alone = [m for m in fitting if m.within is None]
    groups = _grouped(side_by_side or alone)
    timed = [(g.wall_each, g) for g in groups if g.wall_each is not None]
    if len(timed) < 2:
        return None
    least = min(wall for wall, _ in timed)
    fast = [g for wall, g in timed if wall <= least * _AS_FAST]
    fastest = next(g for wall, g in timed if wall == least)
    cheapest = _least(groups, {g.name: g.figures.cpu_per_check for g in groups})
    truthful = _least(groups, {g.name: g.figures.bound_p99 for g in groups})
    chosen = _least(fast, {g.name: g.figures.cpu_per_check for g in fast}) or fastest
    return Advice(
        strategy=chosen.strategy,
        client=chosen.client,
        concurrency=question.concurrency or chosen.concurrency,
        basis=Basis.MEASUREMENT,
        because=_because(groups, fastest, cheapest, truthful, chosen, side_by_side),
        fastest=fastest.name,
        cheapest=None if cheapest is None else cheapest.name,
        most_truthful=None if truthful is None else truthful.name,
        expected_wall=_times(chosen.wall_each, question.targets),
        expected_cpu=_times(_median(chosen.figures.cpu_per_check), question.targets),
        runs=[run for group in groups for run in group.figures.batches],
    )


def _guided(question: Question) -> tuple[Entry, str]:
    possible = question.possible
    many = min(question.targets, question.concurrency or question.targets)
    rules = (
        (question.cpu_bound, StrategyName.MULTIPROCESS,
         "The checks compute: processes use every core, threads take turns at one."),
        (question.blocking_libraries, StrategyName.THREADED,
         "The library blocks: threads let its waits overlap."),
        (many <= _HANDFUL, StrategyName.SEQUENTIAL,
         "A handful of targets is soon checked one after the other."),
        (many <= _FEW_DOZEN, StrategyName.THREADED,
         "For a few dozen in flight threads are enough."),
        (True, StrategyName.ASYNC,
         "More than a few dozen in flight: an event loop holds them at the least cost."),
        (True, StrategyName.THREADED,
         "The client blocks: threads let its waits overlap."),
    )  # fmt: skip
    for applies, name, why in rules:
        if applies and name in possible:
            return CATALOGUE[name], why
    return CATALOGUE[possible[0]], "It is the one that fits the client asked for."


def _client(entry: Entry, question: Question) -> ClientName:
    return question.client or entry.clients[0]


def _concurrency(entry: Entry, question: Question) -> int:
    if question.concurrency is not None:
        return question.concurrency
    if entry.name is StrategyName.MULTIPROCESS and question.cpu_bound:
        return min(question.cores, entry.max_concurrency)
    return entry.concurrency


def _fits(measured: Measured, question: Question) -> bool:
    if measured.strategy not in question.possible:
        return False
    blocks = measured.client is not ClientName.AIOHTTP
    if question.blocking_libraries and not blocks:
        return False
    return question.client is None or measured.client is question.client


def _at_pace(measured: Sequence[Measured], pace: Pace) -> Sequence[Measured]:
    """Runs at that pace, or at any where there is none of it."""
    return [m for m in measured if m.pace is pace] or measured


def _newest_comparison(measured: Sequence[Measured]) -> list[Measured]:
    """The runs of the newest comparison in which more than one way stood side by side.

    Only inside one did they meet the same targets.
    """
    by_comparison: defaultdict[str, list[Measured]] = defaultdict(list)
    for run in measured:
        if run.within is not None:
            by_comparison[run.within].append(run)
    for runs in reversed(by_comparison.values()):
        if len({(run.strategy, run.client) for run in runs}) > 1:
            return runs
    return []


def _grouped(measured: Sequence[Measured]) -> list[_Group]:
    """By strategy and client; of several concurrencies the one that was fastest."""
    found: defaultdict[tuple[StrategyName, ClientName, int], list[Run]] = defaultdict(list)
    for run in measured:
        found[run.strategy, run.client, run.concurrency].append(run.run)
    best: dict[tuple[StrategyName, ClientName], _Group] = {}
    for (strategy, client, concurrency), runs in found.items():
        group = _Group(
            strategy=strategy, client=client, concurrency=concurrency, figures=figures_of(runs)
        )
        known = best.get((strategy, client))
        if known is None or _sooner(group, known):
            best[strategy, client] = group
    return list(best.values())


def _sooner(one: _Group, other: _Group) -> bool:
    if one.wall_each is None:
        return False
    return other.wall_each is None or one.wall_each < other.wall_each


def _because(
    groups: Sequence[_Group],
    fastest: _Group,
    cheapest: _Group | None,
    truthful: _Group | None,
    chosen: _Group,
    side_by_side: Sequence[Measured],
) -> list[str]:
    runs = sum(len(group.figures.batches) for group in groups)
    where = (
        f"side by side in {side_by_side[0].within}"
        if side_by_side
        else "over lists that need not have been alike"
    )
    told = [
        f"{runs} finished runs of {len(groups)} ways on this machine, {where}.",
        f"{fastest.name} was the fastest: {_rate(fastest)} checks/s.",
    ]
    if cheapest is not None and cheapest.figures.cpu_per_check is not None:
        each = cheapest.figures.cpu_per_check.median * 1e6
        told.append(f"{cheapest.name} was the cheapest: {each:,.0f} µs of CPU a check.")
    if truthful is not None and truthful.figures.bound_p99 is not None:
        bound = truthful.figures.bound_p99.median * 1e3
        told.append(
            f"{truthful.name} was the most truthful: of 99 latencies in 100 at most "
            f"{bound:,.1f} ms may be ours."
        )
    if chosen is not fastest:
        told.append(
            f"{chosen.name} is as good as equally fast, {_rate(chosen)} checks/s, and costs less."
        )
    return told


def _rate(group: _Group) -> str:
    rate = group.figures.checks_per_second
    return "no" if rate is None else f"{rate.median:,.0f}"


def _least(groups: Sequence[_Group], values: Mapping[str, Interval | None]) -> _Group | None:
    known = [(found.median, g.name, g) for g in groups if (found := values[g.name]) is not None]
    return min(known, key=lambda entry: entry[:2])[2] if known else None


def _median(interval: Interval | None) -> float | None:
    return None if interval is None else interval.median


def _times(each: float | None, count: int) -> float | None:
    return None if each is None else each * count
