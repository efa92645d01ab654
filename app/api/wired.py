"""What a route is handed: the parts of the running service."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from app.domain.errors import FieldError, Invalid, NotAvailable
from app.engine.local import Engine
from app.services.dispatcher import Dispatcher
from app.services.notices import Notices
from app.storage.database import Database

MAX_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a running service."""

    database: Database
    engine: Engine
    notices: Notices
    dispatcher: Dispatcher


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Wired = Annotated[Service, Depends(_service)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


def place_of(cursor: str | None) -> int | None:
    """Where a page begins.

    Raises:
        Invalid: the cursor is none that was given out.
    """
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise Invalid(
            "The cursor is not one that was given out.", [FieldError("/cursor", "unknown")]
        )
    return int(cursor)


def refuse_later(request: Request) -> None:
    """Say of what a later version offers that it is not there, instead of passing over it.

    Raises:
        NotAvailable: an Idempotency-Key, `on_invalid`, or outcomes in another type than JSON.
    """
    if "idempotency-key" in request.headers:
        raise NotAvailable("Idempotency-Key is not available yet.")
    if "on_invalid" in request.query_params:
        raise NotAvailable("on_invalid is not available yet.")
    accepted = request.headers.get("accept", "")
    if accepted.partition(";")[0].strip() in ("text/csv", "application/x-ndjson"):
        raise NotAvailable("Only JSON is available yet.")


Later = Depends(refuse_later)


def preferred_wait(request: Request) -> float | None:
    """Seconds of `Prefer: wait=N` (RFC 7240), at most 60; `None` without one, or if malformed."""
    for field in request.headers.getlist("prefer"):
        for preference in field.split(","):
            name, _, value = preference.partition(";")[0].partition("=")
            number = value.strip().strip('"')
            if name.strip().lower() == "wait" and number.isascii() and number.isdigit():
                return min(float(number.lstrip("0")[:9] or "0"), MAX_WAIT_SECONDS)
    return None


def applied(wait: float | None) -> dict[str, str]:
    """The header that tells which preference was honoured."""
    return {} if wait is None else {"Preference-Applied": f"wait={wait:.0f}"}
