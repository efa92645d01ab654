"""Contenders as they are asked for: named one by one, or as a matrix of what is to be combined."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from app.api.asked import Asked, Faults, Place
from app.api.listed import ClientIn, Fits, PaceIn, StrategyIn, choose
from app.domain.comparison import Contender, default_label
from app.domain.fidelity import Pace
from checkers import CATALOGUE, ClientName, StrategyName

MAX_CONTENDERS: Final = 20
_BASELINE: Final = "A label; sequential is added when absent, null is none."
Baseline = Annotated[str | None, Field(description=_BASELINE)]
_Label = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ContenderIn(Asked):
    """A strategy with how it is to be run."""

    strategy: StrategyIn
    client: ClientIn | None = None
    concurrency: int | None = None
    pace: PaceIn | None = None
    label: _Label | None = None


def _named(value: object) -> object:
    """A contender that is only named."""
    return {"strategy": value} if isinstance(value, str) else value


ContenderOrName = Annotated[
    ContenderIn, BeforeValidator(_named, json_schema_input_type=StrategyIn | ContenderIn)
]
Contenders = Annotated[list[ContenderOrName], Field(max_length=MAX_CONTENDERS)]


class MatrixIn(Asked):
    """What is combined with what; combinations that do not fit are left out."""

    strategy: list[StrategyIn] = Field(min_length=1, max_length=MAX_CONTENDERS)
    client: list[ClientIn] = Field(
        default_factory=list, max_length=MAX_CONTENDERS, description="None: each strategy's own."
    )
    concurrency: list[int] = Field(
        default_factory=list, max_length=MAX_CONTENDERS, description="None: each strategy's own."
    )


def one_by_one(
    asked: Sequence[ContenderIn], pace: Pace, faults: Faults, fits: Fits | None = None
) -> list[Contender]:
    """Contenders that were named; what is wrong with them goes to `faults`."""
    found: list[Contender] = []
    for index, full in enumerate(asked):
        place = ("contenders", index)
        contender = contender_of(full, pace, place, faults, fits)
        if contender is None:
            continue
        if contender.label in {other.label for other in found}:
            faults.invalid(place, f"a contender is called {contender.label!r} already")
        found.append(contender)
    return found


def contender_of(
    full: ContenderIn, pace: Pace, place: Place, faults: Faults, fits: Fits | None = None
) -> Contender | None:
    """One contender, complete; `None` when a fault was told."""
    if full.strategy == "auto":
        faults.invalid(
            (*place, "strategy"), "auto is not one to compare with: name what it may choose from"
        )
        return None
    chosen = choose(full.strategy, full.client, full.concurrency, place, faults, fits)
    if chosen is None:
        return None
    strategy, client, concurrency = chosen
    return Contender(
        label=full.label or default_label(strategy, client),
        strategy=strategy,
        client=client,
        concurrency=concurrency,
        pace=pace if full.pace is None else Pace(full.pace),
    )


def combined(matrix: MatrixIn, pace: Pace, faults: Faults) -> list[Contender]:
    """Every combination that fits; what is in none of them is a fault."""
    found: list[Contender] = []
    used: set[tuple[str, object]] = set()
    for contender, parts in _combinations(matrix, pace):
        used.update(parts)
        if contender.label not in {other.label for other in found}:
            found.append(contender)
    for name in ("strategy", "client", "concurrency"):
        for index, value in enumerate(getattr(matrix, name)):
            if (name, value) not in used:
                faults.invalid(("matrix", name, index), f"{value} fits nothing else of the matrix")
    if len(found) > MAX_CONTENDERS:
        faults.invalid(
            ("matrix",), f"makes {len(found)} contenders; {MAX_CONTENDERS} can be compared"
        )
    return found


def _combinations(
    matrix: MatrixIn, pace: Pace
) -> Iterator[tuple[Contender, set[tuple[str, object]]]]:
    clients: Sequence[str | None] = matrix.client or [None]
    amounts: Sequence[int | None] = matrix.concurrency or [None]
    for name, client, amount in itertools.product(matrix.strategy, clients, amounts):
        if name == "auto":
            continue
        entry = CATALOGUE[StrategyName(name)]
        library = entry.clients[0] if client is None else ClientName(client)
        many = entry.concurrency if amount is None else amount
        if library not in entry.clients or not 1 <= many <= entry.max_concurrency:
            continue
        label = default_label(entry.name, library)
        yield (
            Contender(
                label=label if amount is None else f"{label}:{amount}",
                strategy=entry.name,
                client=library,
                concurrency=many,
                pace=pace,
            ),
            {("strategy", name), ("client", client), ("concurrency", amount)},
        )


def with_baseline(
    found: list[Contender],
    baseline: str | None,
    pace: Pace,
    faults: Faults,
    fits: Fits | None = None,
) -> list[Contender]:
    """The contenders with the baseline among them; sequential is added when it is not."""
    if baseline is None or baseline in {contender.label for contender in found}:
        return found
    if baseline != StrategyName.SEQUENTIAL:
        faults.invalid(("baseline",), f"no contender is called {baseline!r}")
        return found
    alone = ContenderIn(strategy=StrategyName.SEQUENTIAL.value)
    added = contender_of(alone, pace, ("baseline",), faults, fits)
    return found if added is None else [added, *found]
