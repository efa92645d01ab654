"""The grid of strategies and clients, and what each cell says of a list of targets."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Final

import uvloop
from msgspec import structs

from checkers import (
    CATALOGUE,
    CheckWork,
    ClientName,
    Item,
    Limits,
    Outcome,
    Reason,
    StrategyName,
    Target,
)
from checkers.strategies.catalogue import entry
from tests.farm.answers import answers
from tests.farm.behaviour import Behaviour
from tests.farm.certificates import Certificates
from tests.farm.faults import faults
from tests.farm.names import NamedWork
from tests.farm.secure import secure
from tests.farm.servers import Servers

Cell = tuple[StrategyName, ClientName]
GRID: Final[Sequence[Cell]] = [
    (name, client) for name, known in CATALOGUE.items() for client in known.clients
]
_IN_FLIGHT: Final = 32
_FEW: Final = 4
# Where each is in a process of its own, the processes would cost more than what they are asked.
_PROCESSES: Final = 8
_AMPLE_SECONDS: Final = 10.0
_LATE: Final = frozenset(
    {Reason.NAME_LOOKUP_TIMEOUT, Reason.CONNECTION_TIMEOUT, Reason.RESPONSE_TIMEOUT}
)


def every_behaviour(farm: Servers, certificates: Certificates) -> list[Behaviour]:
    """All that is asked of every cell."""
    return [*answers(farm), *faults(farm), *secure(farm, certificates)]


def carried_out(
    name: StrategyName,
    targets: Sequence[Target],
    client: ClientName | None = None,
    *,
    ca_bundle: Path | None = None,
    allowed: tuple[str, ...] | None = None,
    work: type[CheckWork] = NamedWork,
    in_flight: int = _IN_FLIGHT,
    per_host: int = 0,
) -> list[Outcome]:
    """The outcomes of some targets, in their order."""
    outcomes: list[Outcome] = []
    if name is StrategyName.MULTIPROCESS:
        in_flight = min(in_flight, _PROCESSES)

    async def emit(some: list[Outcome]) -> None:
        outcomes.extend(some)

    async def scenario() -> None:
        known = entry(name)
        strategy = known.make(Limits(concurrency=min(in_flight, known.max_concurrency)))
        asked = work(
            client=client or known.clients[0],
            waiting_since=monotonic(),
            allowed_networks=allowed,
            user_agent="Tercet/test",
            ca_bundle=None if ca_bundle is None else str(ca_bundle),
            per_host=per_host,
        )
        try:
            await strategy.open(asked)
            await strategy.run(asked, [Item(seq, t) for seq, t in enumerate(targets)], emit)
        finally:
            await strategy.close()

    uvloop.run(scenario())
    return sorted(outcomes, key=lambda outcome: outcome.seq)


def judged(
    name: StrategyName, client: ClientName, behaviours: Sequence[Behaviour], ca_bundle: Path
) -> list[Outcome]:
    """What a cell makes of every behaviour.

    Deadlines are short, since many behaviours use all of theirs. On a busy machine a healthy
    answer may come after its own: whatever was late without deserving it is asked once more, with
    all the time it wants.
    """
    targets = [behaviour.target for behaviour in behaviours]
    outcomes = carried_out(name, targets, client, ca_bundle=ca_bundle)
    late = [
        seq
        for seq, behaviour in enumerate(behaviours)
        if outcomes[seq].reason in _LATE and verdict(outcomes[seq]) != behaviour.verdict
    ]
    if not late:
        return outcomes
    patient = [structs.replace(targets[seq], timeout=_AMPLE_SECONDS) for seq in late]
    again = carried_out(name, patient, client, ca_bundle=ca_bundle, in_flight=_FEW)
    for seq, outcome in zip(late, again, strict=True):
        outcomes[seq] = outcome
    return outcomes


def verdict(outcome: Outcome) -> str:
    """Status and reason as one word."""
    return outcome.status.value if outcome.reason is None else f"{outcome.status}/{outcome.reason}"
