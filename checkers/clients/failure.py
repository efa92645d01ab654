"""What went wrong in an exchange, as a value, and as the exception that ends one from inside."""

from typing import NamedTuple

from checkers.lack import Lack
from checkers.outcome import Reason


class Failure(NamedTuple):
    """What went wrong in an exchange, and a sentence for people.

    Attributes:
        lack: what was lacking here, if that may pass.
    """

    reason: Reason
    detail: str
    lack: Lack | None = None


class Failed(Exception):
    """Ends an exchange from inside a client; never leaves it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(reason, detail)
