"""Status pages, and what people wrote for them, as they are answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from app.api.selections import SelectionOut
from app.domain.status_page import MatterStatus, StatusPage, Update


class StatusUpdateOut(BaseModel):
    """What somebody wrote; updates with the same `incident` tell of one matter."""

    id: str
    incident: str
    title: str
    text: str
    status: MatterStatus
    keys: list[str]
    at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, slug: str, update: Update) -> Self:
        return cls(
            id=update.id,
            incident=update.matter,
            title=update.title,
            text=update.text,
            status=update.status,
            keys=list(update.keys),
            at=update.at,
            links={"self": f"/api/v1/status-pages/{slug}/updates/{update.id}"},
        )


class StatusPageOut(BaseModel):
    """A public page as it was defined."""

    slug: str
    title: str
    description: str
    selection: SelectionOut
    updates: list[StatusUpdateOut] = Field(description="The newest, a hundred at most.")
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, page: StatusPage, updates: Sequence[Update]) -> Self:
        here, public = f"/api/v1/status-pages/{page.slug}", f"/status/{page.slug}"
        return cls(
            slug=page.slug,
            title=page.title,
            description=page.description,
            selection=SelectionOut(keys=list(page.keys), labels=page.labels),
            updates=[StatusUpdateOut.of(page.slug, update) for update in updates],
            created_at=page.created_at,
            updated_at=page.updated_at,
            links={
                "self": here,
                "updates": f"{here}/updates",
                "page": public,
                "json": f"{public}.json",
                "feed": f"{public}.atom",
            },
        )


class StatusPagePage(BaseModel):
    """Status pages, newest first."""

    items: list[StatusPageOut]
    next_cursor: str | None


class StatusUpdatePage(BaseModel):
    """Updates of a page, last written first."""

    items: list[StatusUpdateOut]
    next_cursor: str | None
