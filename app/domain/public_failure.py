"""Why something failed, as plainly as the public is told: no address, no certificate, no text."""

from enum import StrEnum
from typing import Final

from checkers import Reason


class Failure(StrEnum):
    """The kind of a failure."""

    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    INSECURE = "insecure"
    WRONG_ANSWER = "wrong_answer"
    SLOW = "slow"


_KINDS: Final[dict[Failure, tuple[Reason, ...]]] = {
    Failure.UNREACHABLE: (
        Reason.NAME_NOT_RESOLVED,
        Reason.NAME_LOOKUP_TIMEOUT,
        Reason.CONNECTION_REFUSED,
        Reason.CONNECTION_TIMEOUT,
        Reason.CONNECTION_RESET,
        Reason.NETWORK_UNREACHABLE,
    ),
    Failure.NO_ANSWER: (
        Reason.RESPONSE_TIMEOUT,
        Reason.CONNECTION_CLOSED,
        Reason.INCOMPLETE_BODY,
    ),
    Failure.INSECURE: (
        Reason.TLS_HANDSHAKE_FAILED,
        Reason.CERTIFICATE_EXPIRED,
        Reason.CERTIFICATE_NOT_YET_VALID,
        Reason.CERTIFICATE_UNTRUSTED,
        Reason.CERTIFICATE_NAME_MISMATCH,
        Reason.CLIENT_CERTIFICATE_REQUIRED,
        Reason.CERTIFICATE_EXPIRING,
    ),
    Failure.WRONG_ANSWER: (
        Reason.PROTOCOL_ERROR,
        Reason.TOO_MANY_REDIRECTS,
        Reason.REDIRECT_REFUSED,
        Reason.BODY_TOO_LARGE,
        Reason.BODY_UNDECODABLE,
        Reason.STATUS_UNEXPECTED,
        Reason.BODY_UNEXPECTED,
        Reason.JSON_UNEXPECTED,
        Reason.HEADER_UNEXPECTED,
        Reason.CHECKSUM_UNEXPECTED,
        Reason.SIZE_UNEXPECTED,
        Reason.FACT_UNEXPECTED,
    ),
    Failure.SLOW: (Reason.TOO_SLOW,),
}
_KIND_OF: Final = {reason: kind for kind, reasons in _KINDS.items() for reason in reasons}


def failure_of(reason: Reason | None) -> Failure | None:
    """The kind of a reason; `None` where it tells of us, or there is none."""
    return None if reason is None else _KIND_OF.get(reason)
