"""What single outcomes say of the contenders that saw them: latencies, excess, disagreements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from app.domain.comparison import Contender
from app.domain.statistics import nearest_rank
from checkers import ClientName, StrategyName

DISAGREEMENTS_SHOWN: Final = 1000
#: At which shares, in percent, a distribution of latencies is kept.
SHARES: Final = (
    *range(0, 90, 2), *range(90, 99), 99.0, 99.2, 99.4, 99.6, 99.8, 99.9, 100.0,
)  # fmt: skip


#: What a run saw of one target: its place, status and reason, and its total in whole microseconds,
#: if there was an HTTP response.
Sight = tuple[int, str, str | None, int | None]


class Sights(NamedTuple):
    """All that one run of a contender saw."""

    number: int
    label: str
    size: int
    seen: Sequence[Sight]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How the latencies of a contender lie, over all its measured rounds. In seconds.

    Attributes:
        at_shares: the latency that so many percent do not exceed, at each of `SHARES`.
        excess_p50, excess_p99: how much longer it told a latency than the sequential contender
            with the same client did, for the same target in the same round; `None` without one.
    """

    label: str
    size: int
    at_shares: Sequence[float]
    excess_p50: float | None
    excess_p99: float | None


class Contested(NamedTuple):
    """A target of which the contenders say different things."""

    seq: int
    verdicts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the outcomes of all measured rounds say.

    Attributes:
        disagreements: the first thousand.
        unstable: places of targets whose verdict changed between rounds of one contender.
    """

    spreads: Sequence[Spread]
    disagreements: Sequence[Contested]
    disagreements_total: int
    unstable: Sequence[int]


NOTHING_SEEN: Final = Evidence(spreads=(), disagreements=(), disagreements_total=0, unstable=())


def weigh(contenders: Sequence[Contender], runs: Iterable[Sights]) -> Evidence:
    """Put together what measured runs saw; each run is looked at once and let go."""
    latencies: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    baselines = _Baselines(contenders)
    said = _Said()
    for run in runs:
        of_run = latencies[run.label, run.size]
        told = said.by(run.label)
        for seq, status, reason, total in run.seen:
            told(seq, status if reason is None else f"{status}/{reason}")
            if total is not None:
                of_run.append(total)
        baselines.note(run)
    excess = baselines.excess()
    spreads = [
        _spread(label, size, found, excess.get((label, size), []))
        for (label, size), found in latencies.items()
        if found
    ]
    contested, unstable = said.split()
    return Evidence(
        spreads=spreads,
        disagreements=contested[:DISAGREEMENTS_SHOWN],
        disagreements_total=len(contested),
        unstable=unstable,
    )


class _Baselines:
    """Latencies of one round beside those of the sequential contender with the same client."""

    def __init__(self, contenders: Sequence[Contender]) -> None:
        self._clients: dict[str, ClientName | None] = {c.label: c.client for c in contenders}
        self._sequential = {
            contender.client: contender.label
            for contender in reversed(contenders)
            if contender.strategy is StrategyName.SEQUENTIAL
        }
        self._kept: dict[tuple[int, str, int], dict[int, int]] = {}

    def note(self, run: Sights) -> None:
        if self._clients.get(run.label) in self._sequential:
            found = {seq: total for seq, _, _, total in run.seen if total is not None}
            self._kept[run.number, run.label, run.size] = found

    def excess(self) -> dict[tuple[str, int], list[int]]:
        """How much longer each contender told what, by label and size."""
        found: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for (number, label, size), mine in self._kept.items():
            base = self._sequential[self._clients[label]]
            theirs = self._kept.get((number, base, size))
            if base != label and theirs is not None:
                found[label, size] += [mine[seq] - theirs[seq] for seq in mine.keys() & theirs]
        return found


class _Said:
    """Who said what of which target."""

    def __init__(self) -> None:
        self._by_label: dict[str, dict[int, str]] = {}
        self._unstable: set[int] = set()

    def by(self, label: str) -> "_Teller":
        return _Teller(self._by_label.setdefault(label, {}), self._unstable)

    def split(self) -> tuple[list[Contested], list[int]]:
        """Targets of which contenders disagree, and those that changed from round to round.

        A target whose verdict changed between rounds of one contender is unstable: that is told
        of the target, and is no disagreement.
        """
        labels = list(self._by_label)
        places = sorted({seq for said in self._by_label.values() for seq in said})
        contested = []
        for seq in places:
            verdicts = {
                label: self._by_label[label][seq]
                for label in labels
                if seq in self._by_label[label]
            }
            if seq not in self._unstable and len(set(verdicts.values())) > 1:
                contested.append(Contested(seq, verdicts))
        return contested, sorted(self._unstable)


class _Teller:
    """Notes what one contender says."""

    def __init__(self, said: dict[int, str], unstable: set[int]) -> None:
        self._said = said
        self._unstable = unstable

    def __call__(self, seq: int, verdict: str) -> None:
        if self._said.setdefault(seq, verdict) != verdict:
            self._unstable.add(seq)


def _spread(label: str, size: int, found: list[int], excess: list[int]) -> Spread:
    totals = sorted(found)
    return Spread(
        label=label,
        size=size,
        at_shares=[nearest_rank(totals, share) / 1e6 for share in SHARES],
        excess_p50=_percentile(excess, 50),
        excess_p99=_percentile(excess, 99),
    )


def _percentile(values: list[int], percent: float) -> float | None:
    return nearest_rank(sorted(values), percent) / 1e6 if values else None
