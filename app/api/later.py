"""Parts of the contract that a later version builds: they say so, and never make up a value."""

from typing import Final

from fastapi import APIRouter

from app.domain.errors import NotAvailable

router = APIRouter(include_in_schema=False)

_LATER: Final = (
    *(
        f"/api/v1/{name}{rest}"
        for name in ("status-pages",)
        for rest in ("", "/{_:path}")
    ),
)  # fmt: skip


async def not_available() -> None:
    """Refuse, and say why."""
    raise NotAvailable("This part of Tercet is not available yet.")


for path in _LATER:
    router.add_api_route(path, not_available, methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
