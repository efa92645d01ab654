"""Badges: one fact of a monitor as an image, or as JSON for those who draw it themselves.

A monitor on no public page and one that does not exist are answered the same, so nobody learns
from badges what there is.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.api.bodies import JSON
from app.api.known import Known
from app.api.wired import Service, Wired
from app.domain.errors import FieldError, Invalid, NotFound
from app.services import clock
from app.storage import badges as facts
from app.storage import status_pages, status_reports
from app.web import badge_words as words
from app.web.badge_svg import badge, cleaned
from app.web.badge_words import NOT_PUBLIC, Said
from app.web.cached import answer, rendered

router = APIRouter(include_in_schema=False, dependencies=[Known])

_MAX_AGE_SECONDS: Final = 30
# Those who draw badges take no less.
_CACHE_SECONDS: Final = 300
_METHODS: Final = ["GET", "HEAD"]
_WINDOWS: Final[Mapping[str, timedelta]] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "365d": timedelta(days=365),
}
_HEX: Final = "#?(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})"


class Kind(StrEnum):
    """What a badge tells."""

    STATUS = "status"
    UPTIME = "uptime"
    P95 = "p95"
    CERTIFICATE = "certificate"


# What is told of a window, and of which unless another is asked for.
_OF_WINDOW: Final = {Kind.UPTIME: "30d", Kind.P95: "24h"}

Window = Literal["24h", "7d", "30d", "90d", "365d"]
LabelIn = Annotated[str | None, Query(max_length=100)]
ColourIn = Annotated[
    str | None, Query(alias="color", pattern=f"^(?:{_HEX}|{'|'.join(words.COLOURS)})$")
]


class BadgeOut(BaseModel):
    """A badge as shields.io's endpoint badge reads it."""

    schemaVersion: Literal[1] = 1  # noqa: N815 -- their name
    label: str
    message: str
    color: str
    isError: bool  # noqa: N815 -- their name
    cacheSeconds: int = _CACHE_SECONDS  # noqa: N815 -- their name


@router.api_route("/badges/{key:path}/{kind}.svg", methods=_METHODS)
async def as_svg(
    request: Request,
    service: Wired,
    key: str,
    kind: str,
    window: Window | None = None,
    label: LabelIn = None,
    color: ColourIn = None,
    style: Literal["flat", "flat-square"] = "flat",
) -> Response:
    """A badge as an image."""
    told, said = await _told(service, key, kind, window)
    shown = told if label is None else label
    text = badge(shown, said.message, _hex(color or said.colour), rounded=style == "flat")
    return _answer(request, text, "image/svg+xml")


@router.api_route("/badges/{key:path}/{kind}.json", methods=_METHODS)
async def as_json(
    request: Request,
    service: Wired,
    key: str,
    kind: str,
    window: Window | None = None,
    label: LabelIn = None,
    color: ColourIn = None,
) -> Response:
    """A badge for who draws it."""
    told, said = await _told(service, key, kind, window)
    made = BadgeOut(
        label=cleaned(told if label is None else label),
        message=said.message,
        color=_hex(color or said.colour),
        isError=said.is_error,
    )
    return _answer(request, made.model_dump_json(), JSON)


def _answer(request: Request, text: str, media_type: str) -> Response:
    # Images are shown by pages of others: that is what they are for.
    return answer(
        request,
        rendered(text, media_type),
        _MAX_AGE_SECONDS,
        Cross_Origin_Resource_Policy="cross-origin",
    )


async def _told(
    service: Service, key: str, kind_in: str, window_in: str | None
) -> tuple[str, Said]:
    """The label of a badge unless another is asked for, and what it says."""
    kind, window = _asked(kind_in, window_in)
    label = kind.value if window is None else f"{kind.value} {window}"
    public = await service.shelf.take(
        "public monitors", lambda: service.database.read(status_pages.public_monitors)
    )
    monitor = public.get(key)
    if monitor is None:
        return label, NOT_PUBLIC
    read = _reading(kind, monitor, _WINDOWS.get(window or ""))
    return label, await service.shelf.take(
        ("badge", monitor, label), lambda: service.database.read(read)
    )


def _asked(kind_in: str, window: str | None) -> tuple[Kind, str | None]:
    if kind_in not in set(Kind):
        raise NotFound(f"There is no badge {kind_in!r}; there are {', '.join(Kind)}.")
    kind = Kind(kind_in)
    if window is not None and kind not in _OF_WINDOW:
        told = f"query: {kind.value} is told of now, not of a window"
        raise Invalid("A parameter is not valid.", [FieldError("/window", told)])
    return kind, window or _OF_WINDOW.get(kind)


def _reading(kind: Kind, monitor: int, length: timedelta | None) -> Callable[[Session], Said]:
    def read(session: Session) -> Said:
        now = clock.now()
        match kind:
            case Kind.STATUS:
                return words.of_status(status_reports.standing_of(session, monitor))
            case Kind.CERTIFICATE:
                return words.of_certificate(facts.certificate_days(session, monitor, now))
        return _of_window(session, kind, monitor, length, now)

    return read


def _of_window(
    session: Session, kind: Kind, monitor: int, length: timedelta | None, now: datetime
) -> Said:
    assert length is not None
    if kind is Kind.UPTIME:
        return words.of_uptime(facts.uptime(session, monitor, length, now))
    return words.of_p95(facts.p95(session, monitor, length, now))


def _hex(colour: str) -> str:
    """A colour as `#rrggbb`."""
    named = words.COLOURS.get(colour)
    if named is not None:
        return named
    digits = colour.removeprefix("#").lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))
