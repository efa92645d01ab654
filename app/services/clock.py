"""The wall clock and new names: what a decision must not reach for by itself."""

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """The present, aware and in UTC."""
    return datetime.now(UTC)


def new_id(kind: str) -> str:
    """An opaque id; 80 random bits, so that it cannot be guessed."""
    return f"{kind}_{secrets.token_hex(10)}"
