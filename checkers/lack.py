"""What may be lacking here for a while, and how it is waited out.

A target is not down because this machine has no descriptor left. Nothing has been sent by then, so
the attempt begins anew once there may be one; the time until then is waiting for a turn.
"""

from collections import Counter
from enum import StrEnum
from typing import Final

import msgspec

# So many times its own timeout a check waits: others in flight may take as long to make room.
_TIMEOUTS: Final = 3.0
# And no longer than this: more than a person waits for.
_PATIENCE_SECONDS: Final = 30.0
_FIRST_SECONDS, _GROWTH, _LONGEST_SECONDS = 0.02, 1.5, 0.5


class Lack(StrEnum):
    """What is lacking."""

    DESCRIPTORS = "descriptors"
    LOOKUPS = "lookups"


class Pause(msgspec.Struct, frozen=True):
    """A time to wait, in seconds, before the same is tried again."""

    seconds: float


#: How many checks of this process have waited for what.
WAITS: Final = Counter[Lack]()


class Waiting:
    """The pauses of one check, growing, until its patience is at an end.

    Args:
        timeout: seconds that the check itself may take.
    """

    def __init__(self, timeout: float) -> None:
        self._patience = min(_TIMEOUTS * timeout, _PATIENCE_SECONDS)
        self._next = _FIRST_SECONDS
        self._spent = 0.0

    def pause(self, lack: Lack) -> Pause | None:
        """The next pause; `None`: long enough."""
        if self._spent >= self._patience:
            return None
        if not self._spent:
            WAITS[lack] += 1
        pause = Pause(self._next)
        self._spent += self._next
        self._next = min(self._next * _GROWTH, _LONGEST_SECONDS)
        return pause
