"""What a caller of the service did that cannot be done, each with a public code."""

from collections.abc import Sequence
from typing import NamedTuple


class FieldError(NamedTuple):
    """One thing wrong with a request; `pointer` is an RFC 6901 pointer into it."""

    pointer: str
    detail: str


class ServiceError(Exception):
    """Something the caller has to know; the code is for programs."""

    code = "service_error"

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class NotFound(ServiceError):
    """No such thing."""

    code = "not_found"


class Conflict(ServiceError):
    """The thing is in a state in which this cannot be done."""

    code = "conflict"


class Invalid(ServiceError):
    """The request contradicts itself or a rule."""

    code = "invalid"


class Malformed(ServiceError):
    """The body is not what its content type says."""

    code = "malformed"


class TooLarge(ServiceError):
    """The body is over the limit."""

    code = "too_large"


class TooSlow(ServiceError):
    """The body does not come at the rate it has to."""

    code = "request_timeout"


class UnsupportedMediaType(ServiceError):
    """The body's content type is not taken here."""

    code = "unsupported_media_type"


class Unauthorized(ServiceError):
    """The key is missing or wrong."""

    code = "unauthorized"


class Unavailable(ServiceError):
    """The service cannot do it now."""

    code = "unavailable"


class UnknownHost(ServiceError):
    """The request is for a host that this service is not."""

    code = "unknown_host"


class ForeignOrigin(ServiceError):
    """A web page of another origin asks for a change."""

    code = "foreign_origin"
