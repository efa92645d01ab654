"""Answers of any length, read page by page."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from app.storage.database import Database

# Read in one short transaction, so that a slow reader never holds one open.
AT_ONCE: Final = 1000


async def streamed(
    database: Database,
    page: Callable[[int, int | None, Session], tuple[bytes, int | None]],
    limit: int | None = None,
    place: int | None = None,
    *,
    at_once: int = AT_ONCE,
) -> AsyncIterator[bytes]:
    """Pages, one after another.

    Args:
        page: so many rows from a place on, and the place where the next page begins, if any.
        limit: so many rows in all; `None`: all there are.
        place: where the first page begins; `None`: with the first row.
        at_once: rows of a page, at most.
    """
    left = limit
    while left is None or left > 0:
        size = at_once if left is None else min(left, at_once)
        part, place = await database.read(partial(page, size, place))
        yield part
        if place is None:
            return
        left = None if left is None else left - size


async def under(header: bytes, rows: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pages below a header, which may be empty."""
    yield header
    async for part in rows:
        yield part
