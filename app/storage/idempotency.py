"""What requests with an Idempotency-Key have made."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.domain.errors import FieldError, Invalid
from app.storage.instants import to_column
from app.storage.rows import IdempotencyRow


class Once(NamedTuple):
    """A request that is to be carried out once: whose key, under which name, sent with what.

    Attributes:
        scope: method and path.
        digest: SHA-256 of content type, query and body.
    """

    scope: str
    key: str
    digest: str


def made_once(session: Session, once: Once | None, now: datetime, make: Callable[[], str]) -> str:
    """The id of what the first request of that key made, or of what is made now.

    Args:
        make: makes it and answers its id; noted in the same transaction.

    Raises:
        Invalid: the first request sent something else.
    """
    if once is None:
        return make()
    row = session.get(IdempotencyRow, (once.scope, once.key))
    if row is not None:
        if row.digest != once.digest:
            told = "was used before, with another request"
            raise Invalid(f"This Idempotency-Key {told}.", [FieldError("/Idempotency-Key", told)])
        return row.made
    made = make()
    session.execute(
        insert(IdempotencyRow).values(
            scope=once.scope,
            key=once.key,
            digest=once.digest,
            made=made,
            created_at=to_column(now),
        )
    )
    return made
