"""Targets as they are read back: complete, their secrets masked."""

from base64 import b64decode
from typing import Any, Self

from pydantic import BaseModel

from app.api.targets import MASK
from app.reports.outcomes import expectation_out
from checkers import Item, Target
from checkers.target import SECRET_HEADERS


class PlainTargetOut(BaseModel):
    """A target as it is checked, defaults filled in, secrets masked."""

    url: str
    method: str
    headers: dict[str, str]
    body: str | None
    auth: dict[str, str] | None
    timeout_seconds: float
    attempts: int
    follow_redirects: bool
    max_redirects: int
    verify_tls: bool
    ip_version: int | None
    max_body_bytes: int
    expect: list[dict[str, Any]]

    @classmethod
    def of_target(cls, target: Target, **more: Any) -> Self:
        return cls(
            **more,
            url=target.url,
            method=target.method,
            headers={
                name: MASK if name.lower() in SECRET_HEADERS else value
                for name, value in target.headers
            },
            body=None if target.body is None else target.body.decode("utf-8", "replace"),
            auth=None if target.authorization is None else _masked(target.authorization),
            timeout_seconds=target.timeout,
            attempts=target.attempts,
            follow_redirects=target.follow_redirects,
            max_redirects=target.max_redirects,
            verify_tls=target.verify_tls,
            ip_version=target.ip_version,
            max_body_bytes=target.max_body_bytes,
            expect=[expectation_out(expectation) for expectation in target.expect],
        )


class TargetOut(PlainTargetOut):
    """A target of a batch, with its place in the request."""

    seq: int

    @classmethod
    def of(cls, item: Item) -> Self:
        return cls.of_target(item.target, seq=item.seq)


class TargetPage(BaseModel):
    """Targets in the order of the request."""

    items: list[TargetOut]
    next_cursor: str | None


def _masked(authorization: str) -> dict[str, str]:
    scheme, _, credentials = authorization.partition(" ")
    if scheme == "Basic":
        username = b64decode(credentials).decode("utf-8", "replace").partition(":")[0]
        return {"type": "basic", "username": username, "password": MASK}
    return {"type": "bearer", "token": MASK}
