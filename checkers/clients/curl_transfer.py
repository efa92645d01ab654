"""One exchange with libcurl: a handle made ready, listened to, and read.

libcurl connects, speaks TLS and HTTP by itself, in C, and keeps its own marks. It resolves no name
and chooses no address: it is handed addresses, and asks before it dials one. The head and the body
are read here as they come, by the grammar that all clients share.
"""

import _socket
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Final

import pycurl

from checkers import tls
from checkers.chain import chain_in
from checkers.clients.curl_failure import Error, is_of_two_locations, why
from checkers.clients.curl_marks import Heard, note_ours, read_marks
from checkers.clients.curl_request import CurlRequest, set_for_good
from checkers.clients.exchange import Exchange, Hop, Surroundings
from checkers.clients.failure import Failed, Failure
from checkers.clients.head import BLANK, check_lines, check_size, parse_head
from checkers.clients.intake import Intake
from checkers.failures import BY_VERIFY_CODE, CLOSED, failure_of
from checkers.kernel import round_trip
from checkers.lag import Lag
from checkers.outcome import Reason
from checkers.redirect import FOLLOWED, SEVERAL_LOCATIONS
from checkers.timing import now

# curl/curl.h, CURL_SOCKET_BAD.
_NO_SOCKET: Final = -1
_STOP: Final = -1
_CONNECTED_WITH: Final = b"SSL connection using "
# What libcurl says of a handshake, and nowhere else.
_ASKED_FOR_CERTIFICATE: Final = b"Request CERT"
_BY_COMMON_NAME: Final = (b"common name: ", b" (matched)")


class Transfer:
    """A handle that carries out one exchange after another, each on a connection of its own.

    Args:
        opened: noted in whenever a socket was made, for whoever releases it early.

    Attributes:
        lag: how long what happens waits for whoever drives the handle.
        socket: the one libcurl last took a duplicate of, until it is released.
        owner: what the handle is used for, for whoever drives it.
    """

    def __init__(
        self, surroundings: Surroundings, lag: Lag, *, opened: "list[Transfer] | None" = None
    ) -> None:
        self.lag = lag
        self._opened = opened
        self._lines: list[bytes] = []
        self._policy = surroundings.policy
        self.socket: _socket.socket | None = None
        self.curl = curl = pycurl.Curl()
        self.owner: Any = None
        self._secure = False
        trusted = tls.trust(surroundings.ca_bundle)
        self._request = CurlRequest(curl, surroundings.user_agent, trusted)
        set_for_good(curl)
        curl.setopt(pycurl.HEADERFUNCTION, self._on_line)
        curl.setopt(pycurl.WRITEFUNCTION, self._on_data)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.DEBUGFUNCTION, self._on_text)

    def prepare(self, hop: Hop, seen: Exchange, addresses: Sequence[str] | None) -> None:
        """Make the handle ready.

        Args:
            addresses: of the host's name, in the order to be tried; `None` for a literal host.
        """
        self._hop, self._seen = hop, seen
        self._lines.clear()
        self._intake: Intake | None = None
        self._failure: Failure | None = None
        self._complete = False
        self._interim_bytes = 0
        self._asked = 0.0
        self._agreed = b""
        self._dialled = ""
        self._dials = 0
        self._round_trip: float | None = None
        self._heard = 0.0
        if hop.request.url.secure is not self._secure:
            self._secure = hop.request.url.secure
            self.curl.setopt(pycurl.PREREQFUNCTION, self._before_request if self._secure else None)
        self._request.set(hop, addresses)

    # What libcurl calls. An exception in a callback would be printed and forgotten.

    def _open_socket(self, _purpose: int, address: Any) -> Any:
        if not self._dials:
            self._asked = now()
        self._dials += 1
        self._dialled = dialled = str(address.addr[0])
        refusal = self._policy.refusal(dialled)
        if refusal is not None:
            self._failure = Failure(Reason.ADDRESS_NOT_ALLOWED, refusal)
            return _NO_SOCKET
        try:
            # libcurl would make it so in two more calls.
            kind = address.socktype | socket.SOCK_NONBLOCK
            # The plain kind: Python's own class around it costs as much again.
            made = _socket.socket(address.family, kind, address.protocol)
        except OSError as error:
            self._failure = failure_of(error, self._seen.marks, {})
            return _NO_SOCKET
        self.release()
        self._failure = None
        # libcurl takes a duplicate; ours is closed by whoever drives the handle.
        self.socket = made
        if self._opened is not None:
            self._opened.append(self)
        if self._seen.marks.connect_start is None:
            # Read last: waiting for the interpreter's lock is not the target's doing.
            self._seen.marks.connect_start = now()
        return made

    def _on_line(self, line: bytes) -> int | None:
        if self._opened is None and not self._lines:
            self._heard = now()
        # libcurl bounds lines and their number closely enough until the head is whole.
        self._lines.append(line)
        return None if len(line) > 2 else self._on_end_of_head(line)

    def _on_end_of_head(self, line: bytes) -> int | None:
        if self._intake is not None or line not in BLANK:
            return None
        if self._opened is not None:
            # libcurl has its duplicate: closed by both later, ours would be the one that does the
            # work. A thread's own is kept: it may have to be woken.
            self.release()
        elif self.socket is not None:
            self._round_trip = round_trip(self.socket)
        raw = b"".join(self._lines)
        try:
            check_size(raw, len(self._lines))
            head = parse_head(raw[self._interim_bytes :])
            if head.interim:
                self._interim_bytes = len(raw)
                return None
            self._intake = intake = Intake(self._hop, self._seen, head)
        except Failed as failed:
            self._failure = failed.failure
            return _STOP
        except Exception as error:  # noqa: BLE001 -- told in the outcome; libcurl would drop it
            self._failure = failure_of(error, self._seen.marks, {})
            return _STOP
        if intake.ended and head.length != 0:
            # A body that nobody waits for.
            self._complete = True
            return _STOP
        return None

    def _on_data(self, data: bytes) -> int | None:
        intake = self._intake
        if intake is None:
            return None
        try:
            intake.feed(data)
        except Failed as failed:
            self._failure = failed.failure
            return _STOP
        except Exception as error:  # noqa: BLE001 -- as above
            self._failure = failure_of(error, self._seen.marks, {})
            return _STOP
        if intake.ended:
            # libcurl knows nothing of chunks here and would read on.
            self._complete = True
            return None if intake.bounded else _STOP
        return None

    def _on_text(self, kind: int, text: bytes) -> None:
        if kind != pycurl.INFOTYPE_TEXT:
            return
        if text.startswith(_CONNECTED_WITH):
            self._agreed = text
        elif _ASKED_FOR_CERTIFICATE in text:
            self._seen.certificate_asked = True
        elif all(part in text for part in _BY_COMMON_NAME):
            # RFC 9525, 2: no name at all; every other client refuses it by its context.
            self._failure = Failure(
                Reason.CERTIFICATE_NAME_MISMATCH,
                "The certificate was not accepted: it has no name but a common name.",
            )

    def _before_request(self, *_where: object) -> int:
        refused = self._failure is not None
        answer: int = pycurl.PREREQFUNC_ABORT if refused else pycurl.PREREQFUNC_OK
        return answer

    @property
    def spoilt(self) -> bool:
        """Whether the handle must not be used again.

        What it is bound to it keeps for good. A head that was cut off where a line might be folded
        stays in the handle, and libcurl reads the next response as its continuation: a healthy
        target would be told malformed.
        """
        return self._request.bound or (self._intake is None and bool(self._lines))

    def release(self) -> None:
        """Close our end of the socket, which libcurl has a duplicate of."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def finish(self, error: Error | None) -> Exchange:
        """What the exchange saw, once libcurl is through with it."""
        returned = now()
        self.release()
        seen, marks = self._seen, self._seen.marks
        read_marks(self.curl, marks, self._asked, returned, secure=self._secure)
        seen.ended = marks.response_end or now()
        if self._dials:
            seen.remote_address = (
                self._dialled if self._dials == 1 else self.curl.getinfo(pycurl.PRIMARY_IP) or None
            )
        if self._secure and marks.connect_end is not None:
            self._read_certificate(seen)
        note_ours(seen, self.lag, Heard(self._round_trip, self._heard, returned))
        seen.failure = self._settled(error)
        if seen.failure is not None:
            marks.response_end = None
        return seen

    def _settled(self, error: Error | None) -> Failure | None:
        """Note what came of the body; why the exchange failed, if it did."""
        failure = self._failure
        if failure is None and self._intake is None:
            try:
                # A head that never ended: the first line that is none went wrong before that.
                check_lines(self._lines)
            except Failed as failed:
                return failed.failure
        if failure is None and error is not None and not self._complete:
            if self._intake is None and is_of_two_locations(error):
                return self._of_two_locations()
            failure = self._why(error)
        try:
            if self._intake is not None:
                self._intake.settle(over=failure is None)
        except Failed as failed:
            return failed.failure
        if failure is None and self._intake is None:
            # The connection ended in the middle of the head.
            return Failure(Reason.CONNECTION_CLOSED, CLOSED)
        return failure

    def _read_certificate(self, seen: Exchange) -> None:
        shown = self.curl.getinfo(pycurl.INFO_CERTINFO)
        pems = [value for each in shown for key, value in each if key == "Cert"]
        agreed = self._agreed[len(_CONNECTED_WITH) :].decode("ascii", "replace").split(" / ")
        self._der = ssl.PEM_cert_to_DER_cert(pems[0]) if pems else b""
        seen.tls = tls.certificate(self._der, agreed[0], agreed[1] if len(agreed) > 1 else "")
        if self._hop.probe is not None:
            trusted = self._request.trusted if self._hop.verify_tls else None
            seen.chain = chain_in(pems, trusted)

    def _why(self, error: Error) -> Failure:
        if error[0] == pycurl.E_PEER_FAILED_VERIFICATION:
            return self._refused_certificate(error[1])
        seen = self._seen
        failure = why(error, self.curl.getinfo(pycurl.OS_ERRNO), seen)
        if self._intake is None and failure.reason is Reason.INCOMPLETE_BODY:
            # libcurl has read a Content-Length; the head it stood in was cut.
            return Failure(Reason.CONNECTION_CLOSED, CLOSED)
        return failure

    def _of_two_locations(self) -> Failure | None:
        """The head as far as libcurl would read it, which gives up at a second Location."""
        hop, seen = self._hop, self._seen
        try:
            head = parse_head(b"".join(self._lines)[self._interim_bytes :] + b"\r\n")
        except Failed as failed:
            return failed.failure
        seen.note_head(head)
        seen.body_bytes = 0
        if not (hop.follow_redirects and head.status in FOLLOWED):
            return None
        seen.judged = False
        return Failure(Reason.REDIRECT_REFUSED, SEVERAL_LOCATIONS)

    def _refused_certificate(self, text: str) -> Failure:
        """Told from the certificate, as libcurl looks at the name first and others at the dates."""
        code = self.curl.getinfo(pycurl.SSL_VERIFYRESULT)
        host = self._hop.server_name
        self._read_certificate(self._seen)
        reason = BY_VERIFY_CODE.get(code, Reason.CERTIFICATE_UNTRUSTED)
        reason = tls.why_refused(self._der, host, reason)
        return Failure(reason, f"The certificate was not accepted: {text}")
