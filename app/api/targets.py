"""Targets as they are asked for: fields and expectations, checked and made complete."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec
from pydantic import BeforeValidator, Field, JsonValue

from app.api.asked import TOKEN, Asked, Faults, Place
from app.api.expectations import ExpectationIn, expectation_of
from checkers import InvalidUrl, Target, parse
from checkers.target import (
    DEFAULT_MAX_BODY_BYTES,
    MAX_ATTEMPTS,
    MAX_BODY_BYTES,
    MAX_REDIRECTS,
    MAX_TIMEOUT_SECONDS,
    MIN_TIMEOUT_SECONDS,
    SECRET_HEADERS,
)

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)\Z")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
# RFC 6750, 2.1.
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")
#: What the value of a header field may hold.
FIELD_VALUE = re.compile(r"[\x20-\x7e\t]*\Z")
#: Fields that say how a message is framed belong to the client that frames it.
FRAMING: Final = frozenset(
    {"content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive"}
)
#: What a secret is read back as.
MASK: Final = "***"
_MASKED: Final = "holds *** where a secret belongs, and there is none stored to be kept"
_MAX_EXPECTATIONS: Final = 100
_MAX_HEADERS: Final = 100


def seconds_of(value: object) -> object:
    """Seconds of a duration given as a number or as text such as `250ms`."""
    if isinstance(value, str):
        found = _DURATION.match(value)
        if found is None:
            raise ValueError("a duration is seconds, or text such as 250ms, 10s, 5m")
        return float(found[1]) * _UNITS[found[2]]
    return value


Duration = Annotated[
    float,
    BeforeValidator(seconds_of, json_schema_input_type=float | str),
    Field(ge=MIN_TIMEOUT_SECONDS, le=MAX_TIMEOUT_SECONDS),
]


_Secret = Annotated[str, Field(max_length=4096)]


class BasicAuth(Asked):
    """A user and a password (RFC 7617), sent in UTF-8."""

    type: Literal["basic"]
    username: _Secret
    password: _Secret


class BearerAuth(Asked):
    """A token (RFC 6750)."""

    type: Literal["bearer"]
    token: _Secret


Auth = Annotated[BasicAuth | BearerAuth, Field(discriminator="type")]


class TargetFields(Asked):
    """Every field of a target but its URL."""

    method: str = Field(default="GET", max_length=32, description="A token; sent in upper case.")
    headers: dict[str, str] = Field(default_factory=dict, max_length=_MAX_HEADERS)
    body: str | None = Field(default=None, description="Sent as UTF-8.")
    json_body: JsonValue = Field(default=None, alias="json", description="Sent as JSON.")
    auth: Auth | None = Field(
        default=None,
        description="Sent to the target's own origin only, never to where a redirect leads away.",
    )
    timeout_seconds: Duration = Field(default=10.0, description="Of one attempt, to the last byte.")
    attempts: int = Field(
        default=1,
        ge=1,
        le=MAX_ATTEMPTS,
        description="Tries before the verdict; the first that is not down ends them.",
    )
    follow_redirects: bool = True
    max_redirects: int = Field(default=10, ge=0, le=MAX_REDIRECTS)
    verify_tls: bool = True
    ip_version: Literal[4, 6] | None = Field(default=None, description="The only one to be used.")
    max_body_bytes: int = Field(
        default=DEFAULT_MAX_BODY_BYTES, ge=0, le=MAX_BODY_BYTES, description="After decoding."
    )
    expect: list[ExpectationIn] = Field(default_factory=list, max_length=_MAX_EXPECTATIONS)


class TargetIn(TargetFields):
    """A target: a URL, how to request it, and what must hold."""

    url: str = Field(examples=["https://example.org/health"])


def one_target(asked: TargetIn) -> Target:
    """A target that stands alone; raises `Invalid`."""
    faults = Faults()
    check_url(asked.url, ("url",), faults)
    target = complete(asked, asked, (), faults)
    if faults:
        raise faults.error()
    return msgspec.structs.replace(target, url=asked.url)


def check_url(url: str, place: Sequence[int | str], faults: Faults) -> None:
    """Note why a URL cannot be checked, if it cannot."""
    try:
        parse(url)
    except InvalidUrl as error:
        undecoded = any("\udc80" <= character <= "\udcff" for character in url)
        faults.invalid(place, "is not UTF-8" if undecoded else str(error))


def complete(
    asked: TargetFields, merged: TargetFields, place: Sequence[int | str], faults: Faults
) -> Target:
    """A target with every field but its URL in its final form.

    Args:
        asked: the fields given at `place`, which faults are told of.
        merged: the same with the defaults filled in.
    """
    place = tuple(place)
    _refuse_masks(asked, place, faults)
    if not TOKEN.match(merged.method) or merged.method.upper() == "CONNECT":
        faults.invalid((*place, "method"), "is not the method of a request that can be checked")
    headers, body = _headers(merged.headers, place, faults), _body(merged, place, faults)
    if merged.json_body is not None and all(name.lower() != "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", "application/json"))
    expect = tuple(
        expectation
        for index, entry in enumerate(merged.expect)
        if (expectation := expectation_of(entry, (*place, "expect", index), faults)) is not None
    )
    return Target(
        url="",
        method=merged.method.upper(),
        headers=headers,
        body=body,
        authorization=_authorization(merged, place, faults),
        timeout=merged.timeout_seconds,
        attempts=merged.attempts,
        follow_redirects=merged.follow_redirects,
        max_redirects=merged.max_redirects,
        verify_tls=merged.verify_tls,
        ip_version=merged.ip_version,
        max_body_bytes=merged.max_body_bytes,
        expect=expect,
    )


def _refuse_masks(asked: TargetFields, place: Place, faults: Faults) -> None:
    """Note secrets that are sent as they are read back, where nothing is stored to be kept."""
    for name, value in asked.headers.items():
        if value == MASK and name.lower() in SECRET_HEADERS:
            faults.invalid((*place, "headers", name), _MASKED)
    secret = asked.auth.token if isinstance(asked.auth, BearerAuth) else None
    if isinstance(asked.auth, BasicAuth):
        secret = asked.auth.password
    if secret == MASK:
        faults.invalid((*place, "auth"), _MASKED)


def merged(defaults: TargetFields, asked: TargetFields) -> TargetFields:
    """A target's own fields before the defaults; a body of either kind is one field."""
    own = {name: getattr(asked, name) for name in asked.model_fields_set if name != "url"}
    if own.keys() & {"body", "json_body"}:
        own = {"body": None, "json_body": None, **own}
    # A copy: making a model anew asks every default for its signature.
    return defaults.model_copy(update=own)


def _authorization(asked: TargetFields, place: Place, faults: Faults) -> str | None:
    """The value of the Authorization field that `auth` asks for."""
    auth = asked.auth
    if auth is None:
        return None
    if any(name.lower() == "authorization" for name in asked.headers):
        faults.invalid((*place, "auth"), "stands beside an Authorization header; give one of them")
    if isinstance(auth, BearerAuth):
        if not _BEARER.match(auth.token):
            faults.invalid((*place, "auth", "token"), "is not a token of RFC 6750")
        return f"Bearer {auth.token}"
    if ":" in auth.username or not (auth.username + auth.password).isprintable():
        where = (*place, "auth", "username")
        faults.invalid(where, "holds a colon, or a character that cannot be sent")
        return None
    pair = f"{auth.username}:{auth.password}".encode()
    return "Basic " + b64encode(pair).decode("ascii")


def _headers(given: Mapping[str, str], place: Place, faults: Faults) -> tuple[tuple[str, str], ...]:
    seen: set[str] = set()
    for name, value in given.items():
        where = (*place, "headers", name)
        if not TOKEN.match(name):
            faults.invalid(where, "is not the name of a header field")
        elif name.lower() in FRAMING:
            faults.invalid(where, "says how the request is framed, which is not for a target")
        elif name.lower() in seen:
            faults.invalid(where, "is given twice")
        if not FIELD_VALUE.match(value):
            faults.invalid(where, "holds a character that a header field cannot carry")
        seen.add(name.lower())
    return tuple((name, value.strip(" \t")) for name, value in given.items())


def _body(asked: TargetFields, place: Place, faults: Faults) -> bytes | None:
    if asked.json_body is not None:
        if asked.body is not None:
            faults.invalid((*place, "json"), "stands beside body; give one of them")
        try:
            written = json.dumps(asked.json_body, separators=(",", ":"), allow_nan=False)
        except (ValueError, RecursionError):
            faults.invalid((*place, "json"), "holds a number that JSON does not know")
            return None
        return written.encode("utf-8")
    return None if asked.body is None else asked.body.encode("utf-8")
