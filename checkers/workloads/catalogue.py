"""Which workloads the laboratory has: what one item of each does, and how far each may go."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from checkers.strategies.catalogue import StrategyName


class WorkloadName(StrEnum):
    """What the strategies can carry besides checks of a list."""

    REQUESTS = "requests"
    CPU = "cpu"
    DATA = "data"
    DATABASE = "database"
    ECHO = "echo"
    SPAWN = "spawn"
    CHECKS = "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """How large one item may be made.

    Attributes:
        of: what the size counts.
        most_in_all: of size × items, so that a run stays within this machine.
    """

    of: str
    default: int
    most: int
    most_in_all: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A workload as it is told to people.

    Attributes:
        item: what one item does.
        items: how many, unless asked otherwise.
        sends: whether it sends requests, by a client and to a URL.
        computes: whether it keeps a core busy rather than waits.
        strategies: those that it has a meaning for.
    """

    name: WorkloadName
    summary: str
    item: str
    items: int
    most_items: int
    size: Sized | None
    sends: bool
    computes: bool
    strategies: tuple[StrategyName, ...]


_ALL: Final = tuple(StrategyName)

WORKLOADS: Final[Mapping[WorkloadName, Workload]] = {
    entry.name: entry
    for entry in (
        Workload(
            name=WorkloadName.REQUESTS,
            summary="Waiting for servers: GETs of a URL through a queue of workers.",
            item="one GET, its status and size kept",
            items=5,
            most_items=10_000,
            size=None,
            sends=True,
            computes=False,
            strategies=_ALL,
        ),
        Workload(
            name=WorkloadName.CPU,
            summary="Computing: sums of square roots.",
            item="the sum of the square roots of 0 to n",
            items=16,
            most_items=10_000,
            size=Sized(of="n", default=1_000_000, most=100_000_000, most_in_all=2_000_000_000),
            sends=False,
            computes=True,
            strategies=_ALL,
        ),
        Workload(
            name=WorkloadName.DATA,
            summary="Computing over data that has to be there: filter and aggregate integers.",
            item="those above 50 of a batch of random integers: their count, sum and mean",
            items=80,
            most_items=10_000,
            size=Sized(of="integers", default=100_000, most=5_000_000, most_in_all=20_000_000),
            sends=False,
            computes=True,
            strategies=_ALL,
        ),
        Workload(
            name=WorkloadName.DATABASE,
            summary="Writing to one file: rows into SQLite through several workers.",
            item="one transaction that inserts rows",
            items=1000,
            most_items=10_000,
            size=Sized(of="rows", default=100, most=100_000, most_in_all=5_000_000),
            sends=False,
            computes=False,
            strategies=_ALL,
        ),
        Workload(
            name=WorkloadName.ECHO,
            summary="Many conversations: clients of an echo server that answers after 10 ms.",
            item="one client: a connection, and round trips whose replies are checked",
            items=20,
            most_items=10_000,
            size=Sized(of="round trips", default=10, most=1000, most_in_all=100_000),
            sends=False,
            computes=False,
            strategies=_ALL,
        ),
        Workload(
            name=WorkloadName.SPAWN,
            summary="What a worker costs: start and stop of a thread, a process, a task.",
            item="one start and stop, one after the other: a call, a thread, a process, a task",
            items=40,
            most_items=1000,
            size=None,
            sends=False,
            computes=False,
            strategies=(
                StrategyName.SEQUENTIAL,
                StrategyName.THREADED,
                StrategyName.MULTIPROCESS,
                StrategyName.ASYNC,
            ),
        ),
        Workload(
            name=WorkloadName.CHECKS,
            summary="Checks that compute: hash, regular expression and JSON over large bodies.",
            item="one check with costly expectations",
            items=40,
            most_items=10_000,
            size=Sized(
                of="body bytes", default=1_048_576, most=16_777_216, most_in_all=4_294_967_296
            ),
            sends=True,
            computes=True,
            strategies=_ALL,
        ),
    )
}
