"""The wall clock and new names: what a decision must not reach for by itself."""

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """The present, aware and in UTC."""
    return datetime.now(UTC)


def new_id(kind: str) -> str:
    """An opaque id; 80 random bits, so that it cannot be guessed."""
    return f"{kind}_{secrets.token_hex(10)}"


def seconds_until(at: datetime | None, now: datetime, most: float) -> float:
    """How long to wait for an instant: nothing when it is past, so long at most, or if `None`."""
    return most if at is None else min(max((at - now).total_seconds(), 0.0), most)
