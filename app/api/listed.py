"""What a batch and a comparison have in common: targets, and strategies to check them with."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.asked import Asked, Faults, Place
from app.api.gathered import Gathered
from app.api.targets import TargetFields, TargetIn
from app.domain.batch import MAX_TARGETS
from checkers import CATALOGUE, ClientName, StrategyName, Target

_LATER_STRATEGIES = ("auto",)
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


def choose(
    strategy: str,
    client: str | None,
    concurrency: int | None,
    place: Place,
    faults: Faults,
) -> tuple[StrategyName, ClientName, int] | None:
    """Strategy, client and concurrency that fit each other; `None` when a fault was told."""
    if strategy in _LATER_STRATEGIES:
        faults.later((*place, "strategy"), f"{strategy} is not available yet")
        return None
    entry = CATALOGUE[StrategyName(strategy)]
    fits = client is None or client in entry.clients
    if not fits:
        names = ", ".join(entry.clients)
        faults.invalid((*place, "client"), f"{client} does not fit {strategy}; {names} does")
    many = entry.concurrency if concurrency is None else concurrency
    if not 1 <= many <= entry.max_concurrency:
        allowed = f"1 to {entry.max_concurrency}" if entry.max_concurrency > 1 else "1"
        faults.invalid((*place, "concurrency"), f"is {many}; {strategy} allows {allowed}")
        return None
    if not fits:
        return None
    return entry.name, entry.clients[0] if client is None else ClientName(client), many
