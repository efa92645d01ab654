"""What advice is wanted for."""

from dataclasses import dataclass

from app.domain.fidelity import Pace
from checkers import CATALOGUE, ClientName, StrategyName


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which strategy to take for so many targets.

    Attributes:
        cores: how many this machine has.
        cpu_bound: whether a check computes more than it waits.
        blocking_libraries: whether the library has to be one that blocks.
        client, concurrency: what is settled already.
    """

    targets: int
    cores: int
    cpu_bound: bool = False
    blocking_libraries: bool = False
    client: ClientName | None = None
    concurrency: int | None = None
    pace: Pace = Pace.TRUTHFUL

    @property
    def possible(self) -> list[StrategyName]:
        """Strategies that what is settled already leaves; there may be none."""
        return [name for name in StrategyName if self._fits(name)]

    def _fits(self, name: StrategyName) -> bool:
        entry = CATALOGUE[name]
        if self.client is not None and self.client not in entry.clients:
            return False
        if self.blocking_libraries and ClientName.REQUESTS not in entry.clients:
            return False
        return self.concurrency is None or self.concurrency <= entry.max_concurrency
