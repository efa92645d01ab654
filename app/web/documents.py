"""The page of the REST interface, which needs no other host."""

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from app.api.headers import html
from app.web import assets

router = APIRouter(include_in_schema=False)

# Where the application serves the files of Swagger UI.
_FILES = "/static-offline-docs"


@router.get("/docs")
async def documents() -> HTMLResponse:
    """Every route, to be read and tried."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="REST interface · Tercet",
        oauth2_redirect_url=None,
        swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{_FILES}/swagger-ui.css",
        swagger_favicon_url=assets.address("icon-unknown.svg"),
    )
    return html(bytes(page.body).decode("utf-8"))
