"""What a batch and a comparison have in common: targets, and strategies to check them with."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from app.api.asked import Asked, Faults, Place
from app.api.gathered import Gathered
from app.api.targets import TargetFields, TargetIn
from app.domain.batch import MAX_TARGETS
from checkers import CATALOGUE, ClientName, StrategyName, Target
from checkers.strategies.catalogue import Entry

_LabelKey = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
_LabelValue = Annotated[str, Field(max_length=256)]
Labels = Annotated[dict[_LabelKey, _LabelValue], Field(max_length=64)]
Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
PerHost = Annotated[
    int,
    Field(
        ge=0,
        le=10_000,
        description="In flight at most to one host and port as written in the URL; 0: no limit.",
    ),
]
PaceIn = Literal["truthful", "max"]
StrategyIn = Literal["sequential", "threaded", "multiprocess", "async", "hybrid", "auto"]
ClientIn = Literal["requests", "aiohttp", "curl"]


class Listed(Asked):
    """What a batch and a comparison have in common: which targets, under which name."""

    urls: list[str] = Field(default_factory=list, max_length=MAX_TARGETS)
    targets: list[TargetIn] = Field(default_factory=list, max_length=MAX_TARGETS)
    defaults: TargetFields = Field(default_factory=TargetFields)
    name: Name | None = None
    labels: Labels = Field(default_factory=dict)

    def gathered(self, faults: Faults, *, skip_invalid: bool = False) -> list[Target]:
        """The targets in order, `urls` first; what is wrong with them goes to `faults`."""
        gathered = Gathered(self.defaults, faults, skip_invalid=skip_invalid)
        for index, url in enumerate(self.urls):
            gathered.add_url(url, ("urls", index), faults)
        for index, asked in enumerate(self.targets):
            gathered.add(asked, ("targets", index), faults)
        gathered.check_count(faults)
        return gathered.targets


class Fits(NamedTuple):
    """What a work asks of those who carry it.

    Attributes:
        strategies: those that it has a meaning for.
        sends: whether it sends requests, and so needs a client.
        concurrency: in flight, unless asked otherwise, where it is not the strategy's own.
        only_one: whether its items are carried out one after the other, whatever the strategy.
    """

    strategies: Sequence[StrategyName]
    sends: bool
    concurrency: Mapping[StrategyName, int]
    only_one: bool


def choose(
    strategy: str,
    client: str | None,
    concurrency: int | None,
    place: Place,
    faults: Faults,
    fits: Fits | None = None,
) -> tuple[StrategyName, ClientName | None, int] | None:
    """Strategy, client and concurrency that fit each other; `None` when a fault was told.

    Args:
        fits: what is to be carried, where it is not checks.
    """
    entry = CATALOGUE[StrategyName(strategy)]
    if fits is not None and entry.name not in fits.strategies:
        names = ", ".join(fits.strategies)
        faults.invalid((*place, "strategy"), f"{strategy} cannot carry this workload; {names} can")
        return None
    good = _client_fits(entry, client, place, faults, fits)
    most = 1 if fits is not None and fits.only_one else entry.max_concurrency
    many = concurrency
    if many is None:
        own = entry.concurrency if fits is None else fits.concurrency.get(entry.name)
        many = min(entry.concurrency if own is None else own, most)
    if not 1 <= many <= most:
        allowed = f"1 to {most}" if most > 1 else "1"
        faults.invalid((*place, "concurrency"), f"is {many}; {strategy} allows {allowed}")
        return None
    if not good:
        return None
    if fits is not None and not fits.sends:
        return entry.name, None, many
    return entry.name, entry.clients[0] if client is None else ClientName(client), many


def _client_fits(
    entry: Entry, client: str | None, place: Place, faults: Faults, fits: Fits | None
) -> bool:
    if client is None:
        return True
    if fits is not None and not fits.sends:
        faults.invalid((*place, "client"), "this workload sends no requests, so it has no client")
        return False
    if client not in entry.clients:
        names = ", ".join(entry.clients)
        faults.invalid((*place, "client"), f"{client} does not fit {entry.name}; {names} does")
        return False
    return True
