"""One exchange with aiohttp on the running event loop.

The connector dials by itself, so that look-up, policy and marks are those of every client.
"""

import asyncio
import io
import socket
import ssl
from contextvars import ContextVar
from typing import Any, Final

import aiohappyeyeballs
import aiohttp
from aiohttp import http_exceptions
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import BaseConnector
from yarl import URL

from checkers import tls
from checkers.clients.arrival import TABLE, Arrival, Seen
from checkers.clients.dial import family_of
from checkers.clients.exchange import (
    ATTEMPT_DELAY_SECONDS,
    Exchange,
    Hop,
    Surroundings,
    admitted,
    wire_headers,
)
from checkers.clients.failure import Failed
from checkers.clients.head import MAX_HEADER_BYTES
from checkers.clients.intake import Intake
from checkers.clients.peek import refused_soon
from checkers.failures import failure_of
from checkers.kernel import round_trip
from checkers.lag import LagWatch, waking, watch
from checkers.lookup import LookupFailed
from checkers.timing import now

# No field may be refused for its own length: all of them together are bounded instead.
_NO_LIMIT: Final = 2 * MAX_HEADER_BYTES
# Decoded pieces of 256 KiB between two looks at the event loop: some two milliseconds.
_PIECES_AT_ONCE: Final = 4
_AT_ONCE_BYTES: Final = 65_536

_RAISED: Final = (
    Failed,
    LookupFailed,
    OSError,
    ValueError,
    aiohttp.ClientError,
    aiohttp.EofStream,
    http_exceptions.HttpProcessingError,
)


_current: ContextVar[tuple[Hop, Seen]] = ContextVar("_current")


class AiohttpClient:
    """Makes exchanges with aiohttp; made inside the event loop that will run them."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._user_agent = surroundings.user_agent
        self._watch = watch()
        self._session = aiohttp.ClientSession(
            connector=_Connector(surroundings, self._watch),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            # The deadline is armed around the whole exchange, once.
            timeout=aiohttp.ClientTimeout(total=None),
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
            max_line_size=_NO_LIMIT,
            max_field_size=_NO_LIMIT,
            max_headers=_NO_LIMIT,
        )
        # aiohttp sends an idempotent request again when a connection breaks, and says nothing.
        self._session._retry_connection = False

    async def exchange(self, hop: Hop) -> Exchange:
        """Make one exchange. It ends by the hop's deadline, whatever the server does."""
        seen = Seen()
        _current.set((hop, seen))
        try:
            async with asyncio.timeout(hop.remaining):
                await self._talk(hop, seen)
            seen.ended = seen.marks.response_end or now()
            seen.ours += seen.lag + waking(seen.ended)
        except _RAISED as error:
            seen.failure = seen.cut or failure_of(error, seen.marks, TABLE)
            seen.marks.response_end, seen.ended = None, seen.ended or now()
            seen.ours += self._watch.look(seen.ended) + waking(seen.ended)
        if seen.sent_by is not None and seen.marks.connect_end is not None:
            seen.ours += seen.sent_by - seen.marks.connect_end
        return seen

    async def close(self) -> None:
        await self._session.close()

    async def _talk(self, hop: Hop, seen: Seen) -> None:
        request = hop.request
        response = await self._session.request(
            request.method,
            URL(request.url.wire, encoded=True),
            headers=wire_headers(request, self._user_agent),
            data=_payload(request.body),
            allow_redirects=False,
        )
        try:
            assert seen.head is not None
            await _receive(response, Intake(hop, seen, seen.head))
        finally:
            response.close()


def _payload(body: bytes | None) -> bytes | io.BytesIO | None:
    # A large one as a whole would be sent in one piece, with no look at the loop in between.
    return body if body is None or len(body) <= _AT_ONCE_BYTES else io.BytesIO(body)


async def _receive(response: aiohttp.ClientResponse, intake: Intake) -> None:
    over = False
    try:
        while not intake.ended and (data := await response.content.readany()):
            for number, _ in enumerate(intake.feeding(data)):
                if number % _PIECES_AT_ONCE == _PIECES_AT_ONCE - 1:
                    # A bomb must not stop the clocks of the other checks.
                    await asyncio.sleep(0)
        over = True
    finally:
        intake.settle(over=over)


class _Connector(BaseConnector):
    """A connection of its own for every exchange, to an address the policy was asked about."""

    def __init__(self, surroundings: Surroundings, watch: LagWatch) -> None:
        super().__init__(force_close=True, limit=0)
        self._watch = watch
        self._surroundings = surroundings
        self._contexts = {
            verify: tls.context(verify=verify, ca_bundle=surroundings.ca_bundle)
            for verify in (True, False)
        }

    async def _create_connection(self, *_args: object) -> ResponseHandler:
        hop, seen = _current.get()
        url, marks = hop.request.url, seen.marks
        found = await self._look_up(hop, seen)
        addresses = admitted(found, self._surroundings.policy, hop.ip_version)
        marks.connect_start = now()
        self._watch.look(marks.connect_start)
        protocol: ResponseHandler
        if len(addresses) == 1 and not url.secure:
            # One call of the loop instead of two: a tenth of what a check costs.
            transport, protocol = await self._loop.create_connection(
                lambda: Arrival(self._loop, seen, self._watch), addresses[0], url.port
            )
            seen.remote_address = addresses[0]
            self._note_connected(seen, transport.get_extra_info("socket"))
        else:
            protocol = await self._connect_and_begin(addresses, hop, seen)
        # Whatever is written until then leaves when the loop has been through with this turn.
        self._loop.call_soon(seen.note_sent)
        # A server may have answered before it was asked.
        marks.request_start = now() if marks.response_start is None else marks.response_start
        return protocol

    def _note_connected(self, seen: Seen, sock: Any) -> None:
        told, began, lag = round_trip(sock), seen.marks.connect_start, 0.0
        if told is None and began is not None:
            # Of both ends of connecting: the call and the news of its success.
            lag = seen.connect_lag + self._watch.worst(began)
        seen.note_connected(told, lag)

    async def _connect_and_begin(
        self, addresses: list[str], hop: Hop, seen: Seen
    ) -> ResponseHandler:
        sock = await self._dial(addresses, hop.request.url.port)
        try:
            seen.remote_address = str(sock.getpeername()[0])
            return await self._begin(sock, hop, seen)
        except BaseException:
            sock.close()
            raise

    async def _look_up(self, hop: Hop, seen: Seen) -> list[str]:
        url = hop.request.url
        if url.literal:
            return [url.host]
        seen.marks.domain_lookup_start = now()
        addresses = await self._surroundings.lookup.find_soon(url.host)
        at = now()
        seen.note_looked_up(at, self._watch.look(at))
        return list(addresses)

    async def _dial(self, addresses: list[str], port: int) -> socket.socket:
        if len(addresses) > 1:
            return await aiohappyeyeballs.start_connection(
                [
                    (
                        family_of(address),
                        socket.SOCK_STREAM,
                        socket.IPPROTO_TCP,
                        "",
                        (address, port),
                    )
                    for address in addresses
                ],
                happy_eyeballs_delay=ATTEMPT_DELAY_SECONDS,
                loop=self._loop,
            )
        sock = socket.socket(family_of(addresses[0]), socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            await self._loop.sock_connect(sock, (addresses[0], port))
        except BaseException:
            sock.close()
            raise
        return sock

    async def _begin(self, sock: socket.socket, hop: Hop, seen: Seen) -> ResponseHandler:
        url = hop.request.url
        if not url.secure:
            _, plain = await self._loop.create_connection(
                lambda: Arrival(self._loop, seen, self._watch), sock=sock
            )
            self._note_connected(seen, sock)
            return plain
        seen.marks.secure_connection_start = at = now()
        seen.connect_lag = self._watch.look(at)
        self._note_connected(seen, sock)
        busy = self._watch.busy
        shaken: list[ssl.SSLObject] = []
        tls.wrapped.set(shaken)
        try:
            transport, protocol = await self._loop.create_connection(
                lambda: Arrival(self._loop, seen, self._watch),
                sock=sock,
                ssl=self._contexts[hop.verify_tls],
                server_hostname=url.host.rstrip("."),
                ssl_handshake_timeout=hop.remaining + 1.0,
            )
        except ssl.SSLCertVerificationError as error:
            seen.ended = now()
            raise await refused_soon(error, hop, seen) from error
        finally:
            seen.certificate_asked = any(map(tls.asked_for_certificate, shaken))
        if seen.marks.connect_end is not None:
            # The other side waited for us while we were busy, with this handshake or another.
            seen.ours += min(self._watch.busy - busy, seen.marks.connect_end - at)
        connection = transport.get_extra_info("ssl_object")
        seen.tls = tls.facts(connection)
        return protocol
