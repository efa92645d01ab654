"""Signing in with the key, and out again."""

import re
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.api.sessions import COOKIE
from app.web.forms import Form, Sent, SentUnsigned
from app.web.frame import Signed, carry, gone_to, render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_HOME: Final = "/"
# A path of our own: neither another scheme nor, behind two slashes, another host.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*\Z")


@router.get("/sign-in")
async def sign_in(
    request: Request, sessions: Signed, next_: Annotated[str, Query(alias="next")] = _HOME
) -> Response:
    """Ask for the key, unless none is needed or it was given before."""
    if not sessions.needed or request.scope.get("session_id") is not None:
        return gone_to(_own(next_))
    return _asked(request, Form(), _own(next_))


@router.post("/sign-in")
async def signed_in(request: Request, sessions: Signed, form: SentUnsigned) -> Response:
    """Begin a session with the key."""
    following = _own(form.raw("next"))
    if not sessions.needed:
        return gone_to(following)
    if not sessions.is_key(form.text("key")):
        form.fault("key", "This is not the key of this service.")
        return _asked(request, form, following)
    _, cookie = sessions.begin()
    response = gone_to(following)
    carry(request, response, cookie)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, sessions: Signed, form: Sent) -> Response:  # noqa: ARG001 -- that it was sent by us
    """End the session, also for whoever has a copy of its cookie."""
    session: str | None = request.scope.get("session_id")
    if session is not None:
        sessions.end(session)
    response = gone_to("/sign-in")
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _asked(request: Request, form: Form, following: str) -> Response:
    status = HTTPStatus.UNAUTHORIZED if form.errors else HTTPStatus.OK
    return render(
        request, "sign_in", status=status, title="Sign in", form=form, following=following
    )


def _own(path: str) -> str:
    return path if _OWN_PATH.match(path) else _HOME
