"""Why libcurl gave up, told from its code, its words, and the system's number."""

import os
import ssl
from collections.abc import Mapping
from typing import Final

import pycurl

from checkers.clients.exchange import Exchange
from checkers.clients.failure import Failure
from checkers.failures import failure_of, timed_out
from checkers.lack import Lack
from checkers.outcome import Reason

#: libcurl's code and its words.
Error = tuple[int, str]

# curl/curl.h, CURLE_TOO_LARGE: of a header section. pycurl has no name for it.
_E_TOO_LARGE: Final = 100
#: What libcurl says where the system's error number, TLS or a mark does not tell more.
TABLE: Final[Mapping[int, Reason]] = {
    pycurl.E_UNSUPPORTED_PROTOCOL: Reason.PROTOCOL_ERROR,  # HTTP/0.9, HTTP/3 in plain text
    pycurl.E_URL_MALFORMAT: Reason.INVALID_URL,
    pycurl.E_COULDNT_RESOLVE_HOST: Reason.NAME_NOT_RESOLVED,
    pycurl.E_COULDNT_CONNECT: Reason.NOT_MEASURED,  # with no number: no socket was to be had
    pycurl.E_FTP_WEIRD_SERVER_REPLY: Reason.PROTOCOL_ERROR,
    pycurl.E_PARTIAL_FILE: Reason.INCOMPLETE_BODY,
    pycurl.E_OUT_OF_MEMORY: Reason.NOT_MEASURED,
    pycurl.E_SSL_CONNECT_ERROR: Reason.TLS_HANDSHAKE_FAILED,
    pycurl.E_GOT_NOTHING: Reason.CONNECTION_CLOSED,
    pycurl.E_SEND_ERROR: Reason.CONNECTION_RESET,
    pycurl.E_RECV_ERROR: Reason.CONNECTION_RESET,
    pycurl.E_SSL_CERTPROBLEM: Reason.CLIENT_CERTIFICATE_REQUIRED,
    pycurl.E_SSL_CIPHER: Reason.TLS_HANDSHAKE_FAILED,
    pycurl.E_PEER_FAILED_VERIFICATION: Reason.CERTIFICATE_UNTRUSTED,
    pycurl.E_SSL_CACERT_BADFILE: Reason.NOT_MEASURED,
    pycurl.E_SSL_ISSUER_ERROR: Reason.CERTIFICATE_UNTRUSTED,
    pycurl.E_SSL_INVALIDCERTSTATUS: Reason.CERTIFICATE_UNTRUSTED,
    _E_TOO_LARGE: Reason.PROTOCOL_ERROR,
}
#: Codes whose cause the system's number tells more closely.
_OF_THE_SYSTEM: Final = frozenset(
    {
        pycurl.E_COULDNT_CONNECT,
        pycurl.E_SEND_ERROR,
        pycurl.E_RECV_ERROR,
        pycurl.E_SSL_CONNECT_ERROR,
    }
)
#: Without a number of the system's: no socket, or nothing to wait for one with, was to be had.
_OF_DESCRIPTORS: Final = frozenset({pycurl.E_COULDNT_CONNECT, pycurl.E_OUT_OF_MEMORY})
_CLIENT_CERTIFICATE: Final = ("certificate required", "certificate_required")
# libcurl calls a malformed chunk a failure to receive.
_OF_CHUNKS: Final = ("chunk", "hexadecimal")
_SEVERAL_LOCATIONS: Final = "Multiple Location headers"


def why(error: Error, number: int, seen: Exchange) -> Failure:
    """Why an exchange failed, but for a certificate that was refused.

    Args:
        number: the system's last error number in this transfer, nought for none.
        seen: the exchange, its marks as far as it came.
    """
    code, text = error
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return timed_out(seen.marks)
    if any(part in text for part in _CLIENT_CERTIFICATE):
        return failure_of(ssl.SSLError(1, text), seen.marks, {})
    if code == pycurl.E_RECV_ERROR and any(part in text.lower() for part in _OF_CHUNKS):
        return Failure(Reason.PROTOCOL_ERROR, f"The response is not valid HTTP: {text}.")
    if code in _OF_THE_SYSTEM and number:
        return failure_of(OSError(number, os.strerror(number)), seen.marks, {})
    reason = TABLE.get(code, Reason.INTERNAL_ERROR)
    lack = Lack.DESCRIPTORS if code in _OF_DESCRIPTORS else None
    return Failure(reason, f"libcurl says: {text} ({code}).", lack)


def is_of_two_locations(error: Error) -> bool:
    """Whether libcurl gave up at a second, different Location, whatever the status."""
    return error[0] == pycurl.E_FTP_WEIRD_SERVER_REPLY and _SEVERAL_LOCATIONS in error[1]
