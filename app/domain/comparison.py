"""A comparison: contenders side by side over one work, in rounds of shuffled order."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from app.domain.batch import RunStatus
from app.domain.fidelity import Pace
from app.domain.machine import Machine
from app.domain.run_figures import Run, RunFigures, figures_of
from checkers import CATALOGUE, ClientName, StrategyName, Target
from checkers.workloads.catalogue import WorkloadName

#: The round that warms caches, listeners and the processor's clock; it is in no figure.
WARM_UP: Final = 0
DEFAULT_ROUNDS: Final = 5
MAX_ROUNDS: Final = 100
#: Seeds of orders lie below this.
MAX_SEED: Final = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way of carrying out the work; it has no client where the work sends no requests."""

    label: str
    strategy: StrategyName
    client: ClientName | None
    concurrency: int
    pace: Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class LabWork:
    """What an experiment carries instead of checks of targets.

    Attributes:
        url: whom requests go to; `None`: the bundled target, or nobody.
        size: what one item is made of, as its workload counts it; `None` where it has no size.
    """

    workload: WorkloadName
    url: str | None
    items: int
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonDraft:
    """A comparison as it was asked for, checked and complete.

    Attributes:
        targets: what is checked; nothing in an experiment.
        sizes: how many of them, the first so many; each size is measured in every round.
        lab: what an experiment carries.
    """

    targets: Sequence[Target]
    sizes: Sequence[int]
    contenders: Sequence[Contender]
    baseline: str | None
    rounds: int
    pace: Pace
    per_host: int
    seed: int
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    lab: LabWork | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A comparison as it stands. Its runs are batches; those of an experiment are its own.

    Attributes:
        machine: what it was measured on; `None` until it has begun.
    """

    id: str
    name: str | None
    labels: Mapping[str, str]
    status: RunStatus
    error: str | None
    contenders: Sequence[Contender]
    sizes: Sequence[int]
    baseline: str | None
    rounds: int
    pace: Pace
    per_host: int
    seed: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    machine: Machine | None = None
    lab: LabWork | None = None

    @property
    def labels_in_order(self) -> list[str]:
        return [contender.label for contender in self.contenders]

    @property
    def checks(self) -> int:
        """How many items all rounds and the warm-up carry out."""
        return sum(self.sizes) * len(self.contenders) * (self.rounds + 1)


class Turn(NamedTuple):
    """One run that is to be made."""

    label: str
    size: int


class RoundRun(NamedTuple):
    """One run of a comparison."""

    number: int
    label: str
    size: int
    run: Run

    @property
    def measured(self) -> bool:
        """Whether it is in the figures: whole, and not of the warm-up."""
        return self.number != WARM_UP and self.run.completed


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one contender came to over its measured rounds, at one size."""

    contender: Contender
    size: int
    figures: RunFigures


def again(comparison: Comparison, targets: Sequence[Target]) -> ComparisonDraft:
    """A comparison, or an experiment, as it was asked for; its rounds in the same order."""
    return ComparisonDraft(
        targets=targets,
        sizes=comparison.sizes,
        contenders=comparison.contenders,
        baseline=comparison.baseline,
        rounds=comparison.rounds,
        pace=comparison.pace,
        per_host=comparison.per_host,
        seed=comparison.seed,
        name=comparison.name,
        labels=comparison.labels,
        lab=comparison.lab,
    )


def default_label(strategy: StrategyName, client: ClientName | None) -> str:
    """The strategy's name, with the client's where it is not its own."""
    own = CATALOGUE[strategy].clients[0]
    return strategy.value if client in {own, None} else f"{strategy}+{client}"


def order(labels: Sequence[str], rounds: int, seed: int) -> list[list[str]]:
    """Who runs when: every round in an order of its own, the same for the same seed.

    Shuffling keeps a drift of the machine, or of the target, from falling on one contender.
    """
    shuffler = random.Random(seed)
    drawn = []
    for _ in range(rounds):
        turn = list(labels)
        shuffler.shuffle(turn)
        drawn.append(turn)
    return drawn


def schedule(comparison: Comparison) -> Iterator[tuple[int, list[Turn]]]:
    """Every round with its runs, the warm-up first; in a round each size in turn."""
    labels = comparison.labels_in_order
    orders = [labels, *order(labels, comparison.rounds, comparison.seed)]
    for number, of_round in enumerate(orders, start=WARM_UP):
        yield number, [Turn(label, size) for size in comparison.sizes for label in of_round]


def summarise(comparison: Comparison, runs: Sequence[RoundRun]) -> list[Summary]:
    """What each contender came to at each size, in the order they were named."""
    return [
        Summary(
            contender=contender,
            size=size,
            figures=figures_of([run.run for run in runs if _is_of(run, contender, size)]),
        )
        for size in comparison.sizes
        for contender in comparison.contenders
    ]


def _is_of(run: RoundRun, contender: Contender, size: int) -> bool:
    return run.measured and run.label == contender.label and run.size == size
