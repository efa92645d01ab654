"""One exchange with requests, under a deadline that a dripping server cannot outlive.

requests' own timeout is per read. Here the connection is dialled ahead and handed to urllib3, and
its socket arms what is left of the deadline before every read and write, in handshake, header
fields and body alike. Nothing is retried, pooled, proxied or redirected by the library.
"""

import http.client
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Final

import requests
import urllib3
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from checkers import tls
from checkers.clients.armed import TcpSocket, TlsSocket, armed
from checkers.clients.dial import dial
from checkers.clients.exchange import Exchange, Hop, Surroundings, admitted, wire_headers
from checkers.clients.failure import Failed
from checkers.clients.intake import Intake
from checkers.clients.peek import refused
from checkers.clients.strict_response import StrictResponse
from checkers.failures import failure_of
from checkers.lookup import LookupFailed
from checkers.outcome import Reason
from checkers.timing import Marks, now

#: What this library raises of its own; what the system raises is in `failures`.
TABLE: Final[Mapping[type[BaseException], Reason]] = {
    http.client.RemoteDisconnected: Reason.CONNECTION_CLOSED,
    http.client.IncompleteRead: Reason.INCOMPLETE_BODY,
    http.client.HTTPException: Reason.PROTOCOL_ERROR,
    urllib3.exceptions.IncompleteRead: Reason.INCOMPLETE_BODY,
    urllib3.exceptions.ProtocolError: Reason.PROTOCOL_ERROR,
    urllib3.exceptions.DecodeError: Reason.BODY_UNDECODABLE,
    urllib3.exceptions.HTTPError: Reason.PROTOCOL_ERROR,
    requests.exceptions.InvalidURL: Reason.INVALID_URL,
    requests.exceptions.RequestException: Reason.PROTOCOL_ERROR,
    # http.client and urllib3 leak these from malformed lengths, versions and field names.
    ValueError: Reason.PROTOCOL_ERROR,
}
_READ_BYTES: Final = 65_536
_RAISED: Final = (
    Failed,
    LookupFailed,
    OSError,
    ValueError,
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
)


class RequestsClient:
    """Makes exchanges with requests in the calling thread; threads may share it."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._live: set[socket.socket] = set()
        # Made once: each would read and parse the trusted certificates anew (31 ms).
        self._contexts = {
            verify: tls.context(verify=verify, ca_bundle=surroundings.ca_bundle)
            for verify in (True, False)
        }
        for context in self._contexts.values():
            context.sslsocket_class = TlsSocket

    def exchange(self, hop: Hop) -> Exchange:
        """Make one exchange. It ends by the hop's deadline, whatever the server does."""
        seen = Exchange()
        sock: socket.socket | None = None
        try:
            sock = self._connect(hop, seen)
            self._talk(hop, seen, sock)
            seen.ended = seen.marks.response_end or now()
        except _RAISED as error:
            seen.failure = failure_of(error, seen.marks, TABLE)
            seen.marks.response_end, seen.ended = None, seen.ended or now()
        finally:
            if sock is not None:
                self._live.discard(sock)
                sock.close()
        return seen

    def abort(self) -> None:
        """End the exchanges under way in other threads; each returns within moments."""
        for sock in tuple(self._live):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                # Already closed, or not connected yet: nothing to wake.
                continue

    def _connect(self, hop: Hop, seen: Exchange) -> socket.socket:
        url, marks = hop.request.url, seen.marks
        names = self._look_up(hop, marks)
        addresses = admitted(names, self._surroundings.policy, hop.ip_version)
        marks.connect_start = now()
        sock: socket.socket = dial(addresses, url.port, deadline=hop.deadline, make=TcpSocket)
        seen.remote_address = str(sock.getpeername()[0])
        if not url.secure:
            marks.connect_end = now()
            return armed(sock, hop.deadline, marks)
        marks.secure_connection_start = now()
        try:
            sock = self._contexts[hop.verify_tls].wrap_socket(
                sock, server_hostname=url.host.rstrip("."), do_handshake_on_connect=False
            )
            sock.settimeout(hop.remaining)
            sock.do_handshake()
        except ssl.SSLCertVerificationError as error:
            sock.close()
            seen.ended = now()
            raise refused(error, hop, seen) from error
        except BaseException:
            sock.close()
            raise
        finally:
            seen.certificate_asked = tls.asked_for_certificate(sock)
        marks.connect_end = now()
        seen.tls = tls.facts(sock)
        return armed(sock, hop.deadline, marks)

    def _look_up(self, hop: Hop, marks: Marks) -> list[str]:
        url = hop.request.url
        if url.literal:
            return [url.host]
        marks.domain_lookup_start = now()
        addresses = list(self._surroundings.lookup.find(url.host, hop.remaining))
        marks.domain_lookup_end = now()
        return addresses

    def _talk(self, hop: Hop, seen: Exchange, sock: socket.socket) -> None:
        self._live.add(sock)
        seen.marks.request_start = now()
        response = _ReadyAdapter(sock, hop).send(
            _prepared(hop, self._surroundings.user_agent), stream=True, timeout=hop.remaining
        )
        raw = response.raw
        original = raw._original_response
        assert isinstance(original, StrictResponse)
        _receive(raw, Intake(hop, seen, original.head), seen.marks)


def _receive(raw: urllib3.BaseHTTPResponse, intake: Intake, marks: Marks) -> None:
    arrived, over = now(), False
    try:
        while not intake.ended and (data := raw.read1(_READ_BYTES, decode_content=False)):
            arrived = now()
            intake.feed(data)
        over = True
    finally:
        marks.response_end = arrived
        intake.settle(over=over)


def _prepared(hop: Hop, user_agent: str) -> requests.PreparedRequest:
    # Filled in by hand: prepare() would rewrite the URL, which has been parsed once already.
    prepared = requests.PreparedRequest()
    prepared.method = hop.request.method
    prepared.url = hop.request.url.wire
    prepared.headers = CaseInsensitiveDict(wire_headers(hop.request, user_agent))
    prepared.body = hop.request.body
    prepared.hooks = {}
    return prepared


class _ReadyAdapter(HTTPAdapter):
    """Sends one request over a connection that has been made already."""

    def __init__(self, sock: socket.socket, hop: Hop) -> None:
        super().__init__()
        self._pool = _ReadyPool(sock, hop)

    def init_poolmanager(self, *_args: object, **_kwargs: object) -> None:
        """No pools: every attempt has a connection of its own."""

    def get_connection_with_tls_context(self, *_args: object, **_kwargs: object) -> "_ReadyPool":
        return self._pool

    def cert_verify(self, *_args: object, **_kwargs: object) -> None:
        """The handshake is over, and verified, before requests is asked."""


class _ReadyPool(HTTPConnectionPool):
    """A pool of one connection, made already. Plain to urllib3 even where TLS lies beneath."""

    def __init__(self, sock: socket.socket, hop: Hop) -> None:
        url = hop.request.url
        super().__init__(url.host, url.port, maxsize=1, block=False)
        self._ready = _ReadyConnection(url.host, url.port)
        self._ready.sock = sock
        self._ready.target = url.target

    def _get_conn(self, timeout: float | None = None) -> HTTPConnection:  # noqa: ARG002 -- its signature
        return self._ready

    def _put_conn(self, conn: HTTPConnection | None) -> None:  # type: ignore[override]
        """The socket is closed by whoever dialled it."""


class _ReadyConnection(HTTPConnection):
    """Writes the request target as it was parsed; urllib3 would normalise it once more."""

    target = "/"
    auto_open = 0
    response_class = StrictResponse

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 -- its signature
        super().request(method, self.target, *args, **kwargs)
