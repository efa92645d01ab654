"""Finished runs side by side: by strategy, client and size class."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from app.domain.batch import Batch
from app.domain.run_figures import RunFigures, figures_of
from checkers import ClientName, StrategyName


class SizeClass(NamedTuple):
    """Runs of about one size, in targets, both ends included."""

    least: int
    most: int


#: What costs a millisecond to begin matters to ten targets and not to ten thousand.
SIZE_CLASSES: Final = (
    SizeClass(1, 10),
    SizeClass(11, 100),
    SizeClass(101, 1000),
    SizeClass(1001, 10_000),
    SizeClass(10_001, 100_000),
)


class Group(NamedTuple):
    """Runs of one strategy, client and size class, and what they came to."""

    strategy: StrategyName
    client: ClientName
    size: SizeClass
    figures: RunFigures


def grouped(runs: Sequence[Batch]) -> list[Group]:
    """The runs by what they have in common, the smallest sizes first."""
    found: defaultdict[tuple[SizeClass, StrategyName, ClientName], list[Batch]] = defaultdict(list)
    for run in runs:
        found[_size_class(run.total), run.strategy, run.client].append(run)
    return [
        Group(strategy, client, size, figures_of(members))
        for (size, strategy, client), members in sorted(found.items())
    ]


def nearest_first(total: int) -> list[SizeClass]:
    """All size classes, the one that so many targets fall in first, then by how near they are."""
    own = SIZE_CLASSES.index(_size_class(total))
    return sorted(SIZE_CLASSES, key=lambda size: abs(SIZE_CLASSES.index(size) - own))


def _size_class(total: int) -> SizeClass:
    return next(size for size in SIZE_CLASSES if total <= size.most)
