"""When a callback that failed is tried again."""

from datetime import timedelta
from typing import Final

# Quick at first, for a receiver that is being restarted; a day in all, for one that is away.
_REST_SECONDS: Final = (1, 2, 5, 15, 60, 300, 900, 3600, 4 * 3600, 7 * 3600, 11 * 3600)


def rest_after(tries: int) -> timedelta | None:
    """How long to wait after so many failed tries; `None` once it is given up."""
    return timedelta(seconds=_REST_SECONDS[tries - 1]) if tries <= len(_REST_SECONDS) else None
