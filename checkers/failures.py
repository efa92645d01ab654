"""What the system raises → why the check failed, as tables. A client adds those of its library.

What is our own fault (descriptors, memory, ports) ends in `not_measured`, never as the target's.
"""

import errno
import ssl
from collections.abc import Iterator, Mapping
from typing import Final

from checkers.clients.failure import Failed, Failure
from checkers.lack import Lack
from checkers.lookup import LookupFailed, LookupImpossible
from checkers.outcome import Reason
from checkers.timing import Marks

BY_ERRNO: Final[Mapping[int, Reason]] = {
    errno.ECONNREFUSED: Reason.CONNECTION_REFUSED,
    errno.ECONNRESET: Reason.CONNECTION_RESET,
    errno.ECONNABORTED: Reason.CONNECTION_RESET,
    errno.EPIPE: Reason.CONNECTION_RESET,
    errno.ETIMEDOUT: Reason.CONNECTION_TIMEOUT,
    errno.ENETUNREACH: Reason.NETWORK_UNREACHABLE,
    errno.EHOSTUNREACH: Reason.NETWORK_UNREACHABLE,
    errno.ENETDOWN: Reason.NETWORK_UNREACHABLE,
    errno.EHOSTDOWN: Reason.NETWORK_UNREACHABLE,
    errno.EAFNOSUPPORT: Reason.NETWORK_UNREACHABLE,
    errno.EACCES: Reason.NETWORK_UNREACHABLE,
    errno.EPERM: Reason.NETWORK_UNREACHABLE,
    # Ours: descriptors, local ports, buffers, memory.
    errno.EMFILE: Reason.NOT_MEASURED,
    errno.ENFILE: Reason.NOT_MEASURED,
    errno.EADDRNOTAVAIL: Reason.NOT_MEASURED,
    errno.ENOBUFS: Reason.NOT_MEASURED,
    errno.ENOMEM: Reason.NOT_MEASURED,
}

#: The sentence for a connection that ended without a response.
CLOSED: Final = "The connection was closed before a response came."
#: The sentence for one that ended before TLS stood.
CUT_IN_HANDSHAKE: Final = "The connection was closed during the TLS handshake."
_SENTENCES: Final[Mapping[Reason, str]] = {
    Reason.CONNECTION_REFUSED: "The connection was refused.",
    Reason.CONNECTION_RESET: "The connection was reset by the other side.",
    Reason.CONNECTION_TIMEOUT: "The connection timed out.",
    Reason.CONNECTION_CLOSED: CLOSED,
    Reason.NETWORK_UNREACHABLE: "The address cannot be reached from here.",
    Reason.INCOMPLETE_BODY: "The connection ended before the whole body had come.",
    Reason.TLS_HANDSHAKE_FAILED: "The TLS handshake failed.",
    Reason.PROTOCOL_ERROR: "The response is not valid HTTP.",
}

# X509_V_ERR_… of OpenSSL's x509_vfy.h.
BY_VERIFY_CODE: Final[Mapping[int, Reason]] = {
    9: Reason.CERTIFICATE_NOT_YET_VALID,
    10: Reason.CERTIFICATE_EXPIRED,
    62: Reason.CERTIFICATE_NAME_MISMATCH,
    64: Reason.CERTIFICATE_NAME_MISMATCH,
}

_CLIENT_CERTIFICATE_ALERTS: Final = ("CERTIFICATE_REQUIRED",)


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made of: causes, contexts, reasons and wrapped arguments."""
    todo: list[BaseException] = [error]
    seen: set[int] = set()
    while todo:
        found = todo.pop(0)
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        inner = (found.__cause__, found.__context__, getattr(found, "reason", None), *found.args)
        todo.extend(part for part in inner if isinstance(part, BaseException))


def failure_of(
    error: BaseException, marks: Marks, table: Mapping[type[BaseException], Reason]
) -> Failure:
    """Why an exchange failed, told from what was raised and how far it had come.

    Args:
        table: the classes of the client's library; the innermost error that is known decides.
    """
    if isinstance(error, Failed):
        # Judged already; what it was raised from is only its cause.
        return error.failure
    told = list(reversed(list(chain(error))))
    for found in told:
        failure = _told(found, marks, table)
        if failure is not None:
            return failure
    for found in told:
        for kind in type(found).__mro__:
            if kind in table:
                return _failure(table[kind], found)
    return Failure(Reason.INTERNAL_ERROR, f"Unforeseen {type(error).__name__}: {error}")


def _told(
    error: BaseException, marks: Marks, table: Mapping[type[BaseException], Reason]
) -> Failure | None:
    """What one error of a chain says by itself; `None` for one that says nothing."""
    if isinstance(error, Failed):
        return error.failure
    if type(error) in table:
        # A library's own word goes before that of the system class it may derive from.
        return _failure(table[type(error)], error)
    return _known(error, marks)


_UNANSWERED: Final = frozenset(
    {Reason.TLS_HANDSHAKE_FAILED, Reason.CONNECTION_RESET, Reason.CONNECTION_CLOSED}
)


def unidentified(failure: Failure, marks: Marks) -> Failure:
    """What a failure means once the server has asked for a client certificate and got none."""
    if failure.reason not in _UNANSWERED or marks.response_start is not None:
        return failure
    return Failure(
        Reason.CLIENT_CERTIFICATE_REQUIRED,
        "The server asked for a client certificate and ended the connection without one.",
    )


def timed_out(marks: Marks) -> Failure:
    """Why the deadline passed, told from the step that was under way."""
    if marks.domain_lookup_start is not None and marks.domain_lookup_end is None:
        return Failure(Reason.NAME_LOOKUP_TIMEOUT, "The name was not looked up in time.")
    if marks.connect_end is None:
        if marks.secure_connection_start is not None:
            return Failure(Reason.CONNECTION_TIMEOUT, "The TLS handshake did not end in time.")
        return Failure(Reason.CONNECTION_TIMEOUT, "No connection was made in time.")
    if marks.response_start is None:
        return Failure(Reason.RESPONSE_TIMEOUT, "No response came in time.")
    return Failure(Reason.RESPONSE_TIMEOUT, "The response did not end in time.")


def _known(error: BaseException, marks: Marks) -> Failure | None:
    if isinstance(error, LookupFailed):
        if isinstance(error, LookupImpossible):
            return Failure(Reason.NOT_MEASURED, str(error), error.lack)
        return Failure(Reason.NAME_NOT_RESOLVED, str(error))
    if isinstance(error, TimeoutError) and error.errno is None:
        return timed_out(marks)
    if isinstance(error, ssl.SSLError):
        return _tls_failure(error, handshake=marks.connect_end is None)
    return _system_failure(error, marks) if isinstance(error, OSError) else None


def _system_failure(error: OSError, marks: Marks) -> Failure | None:
    shaking = marks.secure_connection_start is not None and marks.connect_end is None
    if shaking and error.errno in (None, errno.ECONNRESET, errno.EPIPE):
        # Whether the end of the stream or a reset arrives first is chance; it means the same.
        return Failure(Reason.TLS_HANDSHAKE_FAILED, CUT_IN_HANDSHAKE)
    reason = BY_ERRNO.get(error.errno or 0)
    if reason is None and isinstance(error, ConnectionResetError | BrokenPipeError):
        reason = Reason.CONNECTION_RESET
    return None if reason is None else _failure(reason, error)


def _tls_failure(error: ssl.SSLError, *, handshake: bool) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = BY_VERIFY_CODE.get(error.verify_code, Reason.CERTIFICATE_UNTRUSTED)
        return Failure(reason, f"The certificate was not accepted: {error.verify_message}")
    said = error.reason or ""
    if any(alert in said for alert in _CLIENT_CERTIFICATE_ALERTS):
        return Failure(
            Reason.CLIENT_CERTIFICATE_REQUIRED, "The server asks for a client certificate."
        )
    if handshake:
        why = said.replace("_", " ").lower() or "the connection was closed"
        return Failure(Reason.TLS_HANDSHAKE_FAILED, f"The TLS handshake failed: {why}.")
    return Failure(Reason.PROTOCOL_ERROR, f"The TLS connection broke: {said or error}.")


def _failure(reason: Reason, error: BaseException) -> Failure:
    if reason is Reason.NOT_MEASURED:
        return Failure(reason, f"This machine could not make the check: {error}.", Lack.DESCRIPTORS)
    if reason is Reason.PROTOCOL_ERROR:
        said = str(error).strip().splitlines()
        return Failure(reason, f"{_SENTENCES[reason]} {said[0][:200] if said else ''}".strip())
    return Failure(reason, _SENTENCES.get(reason, str(error)))
