"""Files that pages load: our own style and script, and what npm brought to the package."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from fastapi import APIRouter, Request, Response

from app import reports
from app.domain.errors import NotFound
from app.web.cached import is_known

router = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(__file__).parent / "static"
_STYLE: Final = "tercet.css"
_OF_REPORTS: Final = Path(reports.__file__).parent / "templates/style.css"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# An address names what lies there, so nobody has to ask again.
_FOR_EVER: Final = "public, max-age=31536000, immutable"


class _Asset(NamedTuple):
    content: bytes
    media_type: str
    digest: str


@cache
def _assets() -> dict[str, _Asset]:
    """Every file by its path below the folder."""
    return {
        path.relative_to(_FOLDER).as_posix(): _asset(path)
        for path in sorted(_FOLDER.rglob("*"))
        if path.suffix in _TYPES
    }


def _asset(path: Path) -> _Asset:
    content = path.read_bytes()
    if path.name == _STYLE:
        # What reports look like by themselves, pages look like as well.
        content = _OF_REPORTS.read_bytes() + content
    digest = hashlib.sha256(content).hexdigest()[:12]
    return _Asset(content, _TYPES[path.suffix], digest)


def there(name: str) -> bool:
    """Whether there is such a file: those of npm may be missing."""
    return name in _assets()


def address(name: str) -> str:
    """Where a browser finds a file, in the form that it has now."""
    return f"/static/{name}?{_assets()[name].digest}"


@router.get("/static/{name:path}")
async def static(request: Request, name: str) -> Response:
    """A file, to be kept for as long as its address does not change."""
    asset = _assets().get(name)
    if asset is None:
        raise NotFound(f"There is no file {name!r}.")
    tag = f'"{asset.digest}"'
    named = request.url.query == asset.digest
    headers = {"ETag": tag, "Cache-Control": _FOR_EVER if named else "no-cache"}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


@router.get("/favicon.ico")
async def favicon() -> Response:
    """For those who ask for it without having read a page."""
    asset = _assets()["icon-unknown.svg"]
    return Response(asset.content, media_type=asset.media_type)
