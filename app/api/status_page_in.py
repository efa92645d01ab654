"""Status pages, and what people write for them, as they are asked for."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from app.api.asked import Asked, Faults, Instant
from app.api.bodies import checked
from app.api.patch import patched
from app.api.selections import Keys, SelectionIn, SelectionPatch
from app.domain.errors import FieldError, Invalid
from app.domain.status_page import MatterStatus, StatusPage
from app.services.status_pages import Written

_FIRST_YEAR: Final = 1970
# Line breaks and tabs are what people write; the other control characters are not.
_PLAIN = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*\Z")
_SLUG: Final = r"^[a-z0-9-]{1,64}$"


def _is_plain(text: str) -> str:
    if not _PLAIN.match(text):
        raise ValueError("holds a control character that is no line break")
    return text


Slug = Annotated[
    str, Field(pattern=_SLUG, description="Where it is: /status/{slug}.", examples=["shop"])
]
_Line = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
    ),
]
_Paragraphs = Annotated[str, AfterValidator(_is_plain), Field(max_length=2000)]
_Text = Annotated[str, AfterValidator(_is_plain), Field(min_length=1, max_length=5000)]


class StatusPageIn(Asked):
    """A public page of some monitors."""

    slug: Slug
    title: _Line
    description: _Paragraphs = Field(default="", description="Plain text, below the title.")
    selection: SelectionIn

    def page(self, public_id: str, now: datetime) -> StatusPage:
        """The page, complete; raises `Invalid`."""
        faults = Faults()
        self.selection.check(faults)
        if faults:
            raise faults.error()
        return StatusPage(
            id=public_id,
            slug=self.slug,
            title=self.title,
            description=self.description,
            keys=tuple(dict.fromkeys(self.selection.keys)),
            labels=self.selection.labels,
            created_at=now,
            updated_at=now,
        )


class StatusPagePatch(Asked):
    """What is to be different (RFC 7396)."""

    slug: str | None = Field(default=None, description="Stays as it is.")
    title: _Line | None = None
    description: _Paragraphs | None = Field(default=None, description="null takes it away")
    selection: SelectionPatch | None = None

    def merged_into(self, page: StatusPage, now: datetime) -> StatusPage:
        """The page with these changes; raises `Invalid`."""
        patch = self.model_dump(mode="json", exclude_unset=True)
        if patch.get("slug", page.slug) != page.slug:
            told = "is what the page is known by; make another one instead"
            raise Invalid("The patch is not valid.", [FieldError("/slug", told)])
        asked = checked(json.dumps(patched(_document(page), patch)).encode(), StatusPageIn)
        return asked.page(page.id, now)


class StatusUpdateIn(Asked):
    """What somebody writes for the readers of a page: plain text."""

    title: _Line | None = Field(
        default=None, description="Null: as the matter is called already. Its first update has one."
    )
    text: _Text
    status: MatterStatus = Field(strict=False, description="How the matter stands now.")
    keys: Keys = Field(
        default_factory=list, description="Of the page's monitors, those that are affected."
    )
    incident: str | None = Field(
        default=None,
        max_length=100,
        description="The `incident` of an earlier update that this goes on with, or the id of an "
        "incident of the page's monitors. Null: a matter of its own.",
    )
    at: Instant | None = Field(default=None, description="Null: now.")

    def written(self) -> Written:
        """What is written; raises `Invalid`."""
        at = self.at
        if at is not None and at.year < _FIRST_YEAR:
            faults = Faults()
            faults.invalid(("at",), f"lies before {_FIRST_YEAR}")
            raise faults.error()
        return Written(
            title=self.title,
            text=self.text,
            status=self.status,
            keys=tuple(dict.fromkeys(self.keys)),
            matter=self.incident,
            at=None if at is None else at.astimezone(UTC),
        )


def _document(page: StatusPage) -> dict[str, Any]:
    """A page as it would be asked for."""
    return {
        "slug": page.slug,
        "title": page.title,
        "description": page.description,
        "selection": {"keys": list(page.keys), "labels": dict(page.labels)},
    }
