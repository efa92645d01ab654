"""One check after the other: the baseline that everything else is compared with."""

from checkers.strategies.strategy import Limits
from checkers.strategies.threads import InThreads


class Sequential(InThreads):
    """One item at a time, in a thread so that the event loop stays free."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(Limits(concurrency=1, timeout=limits.timeout))
