"""One exchange with requests, under a deadline that a dripping server cannot outlive.

requests' own timeout is per read. Here the connection is dialled ahead and handed to urllib3, and
its socket arms what is left of the deadline before every read and write, in handshake, header
fields and body alike. Nothing is retried, pooled, proxied or redirected by the library.
"""

import http.client
import socket
import ssl
from collections.abc import Mapping
from time import thread_time
from typing import Any, Final

import requests
import urllib3
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from checkers import tls
from checkers.clients.armed import ArmedSocket, TcpSocket, TlsSocket, armed
from checkers.clients.dial import dial
from checkers.clients.exchange import Exchange, Hop, Surroundings, admitted, wire_headers
from checkers.clients.failure import Failed
from checkers.clients.intake import Intake
from checkers.clients.peek import refused
from checkers.clients.strict_response import StrictResponse
from checkers.failures import failure_of
from checkers.kernel import begin_stamping, round_trip
from checkers.lag import CREW, Lag
from checkers.lookup import LookupFailed
from checkers.outcome import BoundBy, Reason
from checkers.timing import now

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

    def __init__(self, surroundings: Surroundings, lag: Lag = CREW) -> None:
        self._surroundings = surroundings
        self._lag = lag
        begin_stamping()
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
        self._lag.begin(now())
        try:
            # Made ready ahead: once its name is known, the target waits for us.
            adapter, prepared = _ReadyAdapter(hop), _prepared(hop, self._surroundings.user_agent)
            addresses = self._addresses(hop, seen)
            sock = self._connect(addresses, hop, seen)
            self._live.add(sock)
            _talk(adapter, prepared, hop, seen, sock)
            seen.ended = seen.marks.response_end or now()
            self._bound(seen, sock)
        except _RAISED as error:
            seen.failure = failure_of(error, seen.marks, TABLE)
            seen.marks.response_end, seen.ended = None, seen.ended or now()
            seen.ours += self._lag.lag(seen.ended)
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

    def _bound(self, seen: Exchange, sock: socket.socket) -> None:
        """Bound what of the time from connection to last byte was ours."""
        assert isinstance(sock, ArmedSocket)
        if seen.marks.connect_end is not None:
            seen.ours += max(sock.sent - seen.marks.connect_end, 0.0)
        if sock.age is None:
            seen.ours += min(self._lag.lag(seen.ended), max(seen.ended - sock.sent, 0.0))
            return
        seen.ours += sock.age
        seen.bound_by = BoundBy.RECEIVE_STAMP

    def _addresses(self, hop: Hop, seen: Exchange) -> list[str]:
        names = self._look_up(hop, seen)
        return admitted(names, self._surroundings.policy, hop.ip_version)

    def _note_connected(self, seen: Exchange, sock: socket.socket, at: float) -> None:
        seen.note_connected(round_trip(sock), self._lag.lag(at))

    def _connect(self, addresses: list[str], hop: Hop, seen: Exchange) -> socket.socket:
        url, marks = hop.request.url, seen.marks
        marks.connect_start = now()
        sock: socket.socket = dial(addresses, url.port, deadline=hop.deadline, make=TcpSocket)
        seen.remote_address = str(sock.getpeername()[0])
        if not url.secure:
            assert isinstance(sock, TcpSocket)
            marks.connect_end = now()
            sock.stamp()
            self._note_connected(seen, sock, marks.connect_end)
            return armed(sock, hop.deadline, marks)
        marks.secure_connection_start = began = now()
        self._note_connected(seen, sock, began)
        busy = thread_time()
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
        took = marks.connect_end - began
        seen.ours += min(thread_time() - busy + 2 * self._lag.worst(began), took)
        seen.tls = tls.facts(sock)
        return armed(sock, hop.deadline, marks)

    def _look_up(self, hop: Hop, seen: Exchange) -> list[str]:
        url = hop.request.url
        if url.literal:
            return [url.host]
        seen.marks.domain_lookup_start = now()
        addresses = list(self._surroundings.lookup.find(url.host, hop.remaining))
        at = now()
        seen.note_looked_up(at, self._lag.lag(at))
        return addresses


def _talk(
    adapter: "_ReadyAdapter",
    prepared: requests.PreparedRequest,
    hop: Hop,
    seen: Exchange,
    sock: socket.socket,
) -> None:
    assert isinstance(sock, ArmedSocket)
    seen.marks.request_start = now()
    adapter.take(sock)
    response = adapter.send(prepared, stream=True, timeout=hop.remaining)
    raw = response.raw
    original = raw._original_response
    assert isinstance(original, StrictResponse)
    intake, over = Intake(hop, seen, original.head), False
    try:
        while not intake.ended and (data := raw.read1(_READ_BYTES, decode_content=False)):
            intake.feed(data)
        over = True
    finally:
        # When it came, not when it had been read by everybody.
        seen.marks.response_end = sock.arrived
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

    def __init__(self, hop: Hop) -> None:
        super().__init__()
        self._pool = _ReadyPool(hop)

    def take(self, sock: socket.socket) -> None:
        """Take the connection to send over."""
        self._pool.take(sock)

    def init_poolmanager(self, *_args: object, **_kwargs: object) -> None:
        """No pools: every attempt has a connection of its own."""

    def get_connection_with_tls_context(self, *_args: object, **_kwargs: object) -> "_ReadyPool":
        return self._pool

    def cert_verify(self, *_args: object, **_kwargs: object) -> None:
        """The handshake is over, and verified, before requests is asked."""


class _ReadyPool(HTTPConnectionPool):
    """A pool of one connection, made already. Plain to urllib3 even where TLS lies beneath."""

    def __init__(self, hop: Hop) -> None:
        url = hop.request.url
        super().__init__(url.host, url.port, maxsize=1, block=False)
        self._ready = _ReadyConnection(url.host, url.port)
        self._ready.target = url.target

    def take(self, sock: socket.socket) -> None:
        self._ready.sock = sock

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
