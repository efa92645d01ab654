"""Which strategies there are, which clients fit them, and how far each may go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from checkers.checks import ClientName
from checkers.errors import UnknownStrategy
from checkers.strategies.asynchronous import Asynchronous
from checkers.strategies.hybrid import Hybrid
from checkers.strategies.multiprocess import Multiprocess
from checkers.strategies.sequential import Sequential
from checkers.strategies.strategy import Limits, Strategy
from checkers.strategies.threaded import Threaded


class StrategyName(StrEnum):
    """The strategies that can carry out a run."""

    SEQUENTIAL = "sequential"
    THREADED = "threaded"
    MULTIPROCESS = "multiprocess"
    ASYNC = "async"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A strategy as it is told to people: what it is good for and where it ends.

    Attributes:
        clients: those that fit, the default first.
        concurrency: in flight unless asked otherwise.
        max_concurrency: in flight at most.
    """

    name: StrategyName
    make: Callable[[Limits], Strategy]
    clients: tuple[ClientName, ...]
    concurrency: int
    max_concurrency: int
    summary: str
    best_for: str
    parallelism: str
    memory: str
    switching: str
    scalability: str
    limits: str


CATALOGUE: Final[Mapping[StrategyName, Entry]] = {
    entry.name: entry
    for entry in (
        Entry(
            name=StrategyName.SEQUENTIAL,
            make=Sequential,
            clients=(ClientName.REQUESTS, ClientName.CURL),
            concurrency=1,
            max_concurrency=1,
            summary="One check after the other.",
            best_for="A baseline for comparisons, and a handful of URLs nobody waits for.",
            parallelism="None.",
            memory="One connection and one response at a time.",
            switching="None of its own.",
            scalability="Time grows with the sum of all latencies.",
            limits="One slow target delays all that follow it.",
        ),
        Entry(
            name=StrategyName.THREADED,
            make=Threaded,
            clients=(ClientName.REQUESTS, ClientName.CURL),
            concurrency=32,
            max_concurrency=1000,
            summary="A crew of threads around one queue.",
            best_for="Tens to a few hundred checks at once with a blocking library.",
            parallelism="Waits overlap; Python code runs one thread at a time.",
            memory="A stack and a connection for each thread; some 50 to 100 KiB touched.",
            switching="By the kernel, and one change of the interpreter lock's owner each time.",
            scalability="Levels off at one core; beyond a few hundred threads the lock costs more.",
            limits="Computing in one thread delays the clock reads of all others.",
        ),
        Entry(
            name=StrategyName.MULTIPROCESS,
            make=Multiprocess,
            clients=(ClientName.REQUESTS, ClientName.CURL),
            concurrency=8,
            max_concurrency=64,
            summary="Warm worker processes, fed on demand over a pipe each.",
            best_for="Checks whose cost is computing: large bodies, hashes, parsing.",
            parallelism="One interpreter for each process, so as many cores as there are.",
            memory="An interpreter and its libraries for each process: some 30 MiB.",
            switching="By the kernel; every item and outcome is copied through a pipe.",
            scalability="With the cores for computing; with the processes for waiting.",
            limits="Few in flight; starting a process costs 0.1 to 0.3 s.",
        ),
        Entry(
            name=StrategyName.ASYNC,
            make=Asynchronous,
            clients=(ClientName.AIOHTTP, ClientName.CURL),
            concurrency=200,
            max_concurrency=10_000,
            summary="Lanes on one event loop.",
            best_for="Hundreds to thousands of checks that mostly wait.",
            parallelism="Waits overlap; code runs on one core.",
            memory="A task and a connection for each lane: some 20 to 50 KiB.",
            switching="Inside the process, at every await: a few microseconds.",
            scalability="To thousands in flight, at the lowest processor time for each check.",
            limits="Anything that blocks the loop delays everything on it.",
        ),
        Entry(
            name=StrategyName.HYBRID,
            make=Hybrid,
            clients=(ClientName.AIOHTTP, ClientName.CURL),
            concurrency=200,
            max_concurrency=10_000,
            summary="Warm worker processes with an event loop each, one for each core.",
            best_for="Thousands of checks that keep one core busy by themselves.",
            parallelism="Waits overlap in every process; code runs on as many cores as there are.",
            memory="An interpreter for each process, some 30 MiB, and a connection for each lane.",
            switching="Inside each process; items and outcomes are copied through a pipe in bulk.",
            scalability="With the cores, as far as targets and network follow.",
            limits="For a short list starting the processes takes longer than the checks.",
        ),
    )
}


def entry(name: str) -> Entry:
    """The strategy of that name.

    Raises:
        UnknownStrategy: there is none.
    """
    try:
        return CATALOGUE[StrategyName(name)]
    except ValueError:
        names = ", ".join(CATALOGUE)
        raise UnknownStrategy(f"No strategy is called {name!r}; there are {names}.") from None
