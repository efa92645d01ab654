"""How a batch is to be carried out: as it was asked, or as it is left to us."""

from typing import TypedDict

from app.api.asked import Faults
from app.api.listed import choose
from app.domain.advice import by_guide
from app.domain.fidelity import Pace
from app.domain.question import Question
from app.engine.machine import cores
from checkers import CATALOGUE, ClientName, StrategyName


class How(TypedDict):
    """Fields of a batch: strategy, client and concurrency that fit each other."""

    strategy: StrategyName
    client: ClientName
    concurrency: int
    left_to_us: Question | None


def how(
    strategy: str,
    client: str | None,
    concurrency: int | None,
    pace: Pace,
    targets: int,
    faults: Faults,
) -> How | None:
    """As asked; of `auto` the guide's answer, with what it is to be chosen by once accepted.

    `None` when a fault was told.
    """
    if strategy == "auto":
        return _left_to_us(client, concurrency, pace, targets, faults)
    chosen = choose(strategy, client, concurrency, (), faults)
    if chosen is None:
        return None
    name, library, many = chosen
    assert library is not None
    return How(strategy=name, client=library, concurrency=many, left_to_us=None)


def _left_to_us(
    client: str | None, concurrency: int | None, pace: Pace, targets: int, faults: Faults
) -> How | None:
    most = max(entry.max_concurrency for entry in CATALOGUE.values())
    if concurrency is not None and not 1 <= concurrency <= most:
        faults.invalid(("concurrency",), f"is {concurrency}; auto allows 1 to {most}")
        return None
    question = Question(
        targets=max(targets, 1),
        cores=cores(),
        client=None if client is None else ClientName(client),
        concurrency=concurrency,
        pace=pace,
    )
    if not question.possible:
        faults.invalid(("concurrency",), f"is {concurrency}; no strategy of {client} allows that")
        return None
    found = by_guide(question)
    return How(
        strategy=found.strategy,
        client=found.client,
        concurrency=found.concurrency,
        left_to_us=question,
    )
