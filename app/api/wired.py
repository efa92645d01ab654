"""What a route is handed: the parts of the running service."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request, Response

from app.channels.notifier import Notifier
from app.domain.errors import FieldError, Invalid
from app.engine.local import Engine
from app.services.board import Board
from app.services.dispatcher import Dispatcher
from app.services.guarding import Guard
from app.services.incidents import Incidents
from app.services.meters import Meters
from app.services.monitors import Monitors
from app.services.notices import Notices
from app.services.probing import Probing
from app.services.shelf import Shelf
from app.storage.database import Database
from app.storage.idempotency import Once

MAX_WAIT_SECONDS = 60.0
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a running service."""

    database: Database
    engine: Engine
    notices: Notices
    dispatcher: Dispatcher
    monitors: Monitors
    incidents: Incidents
    guard: Guard
    notifier: Notifier
    board: Board
    meters: Meters
    probing: Probing
    shelf: Shelf


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Wired = Annotated[Service, Depends(_service)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(description="`next_cursor` of the page before.", pattern=r"^[0-9]{1,18}$")
]


def place_of(cursor: str | None) -> int | None:
    """Where a page begins."""
    return None if cursor is None else int(cursor)


KeyIn = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key makes nothing again, and is answered with what was made first.",
        max_length=255,
    ),
]
PreferIn = Annotated[
    list[str] | None,
    Header(alias="Prefer", description="`wait=N`: answer once it has ended, or after N seconds."),
]


def once_of(request: Request, key: str | None, digest: str) -> Once | None:
    """The request as one to be carried out once, if it has a key.

    Raises:
        Invalid: the key is empty, or holds what cannot be seen.
    """
    if key is None:
        return None
    if not _KEY.match(key):
        raise Invalid(
            "The Idempotency-Key is not valid.",
            [FieldError("/Idempotency-Key", "header: 1 to 255 visible ASCII characters")],
        )
    return Once(f"{request.method} {request.url.path}", key, digest)


def preferred_wait(fields: Sequence[str] | None) -> float | None:
    """Seconds of `Prefer: wait=N` (RFC 7240), at most 60; `None` without one, or if malformed."""
    for field in fields or ():
        for preference in field.split(","):
            name, _, value = preference.partition(";")[0].partition("=")
            number = value.strip().strip('"')
            if name.strip().lower() == "wait" and number.isascii() and number.isdigit():
                return min(float(number.lstrip("0")[:9] or "0"), MAX_WAIT_SECONDS)
    return None


def told_of(response: Response, location: str, wait: float | None, *, ended: bool) -> None:
    """Say where what was made is: 200 once it was waited for and has ended, else 202.

    Args:
        wait: the preference that was honoured, if there was one.
    """
    response.headers["Location"] = location
    if wait is not None:
        response.headers["Preference-Applied"] = f"wait={wait:.0f}"
    response.status_code = 200 if wait is not None and ended else 202
