"""Who answered, when verification failed: a second handshake, unverified, that sends no request.

OpenSSL as Python shows it keeps the certificate of a failed handshake to itself; people who are
told that it was refused want to see it.
"""

import asyncio
import contextlib
import socket
import ssl

from checkers import tls
from checkers.clients.dial import dial, family_of
from checkers.clients.exchange import Exchange, Hop
from checkers.clients.failure import Failed
from checkers.failures import failure_of

_GONE = (OSError, ValueError)


def _plain_socket(family: int) -> socket.socket:
    return socket.socket(family, socket.SOCK_STREAM)


def refused(error: ssl.SSLCertVerificationError, hop: Hop, seen: Exchange) -> Failed:
    """What ends an exchange whose certificate was refused, with its facts where they can be had.

    Args:
        seen: of an exchange whose address, the one now asked again, is known.
    """
    der = None
    with contextlib.suppress(*_GONE):
        der = _peek(hop, seen)
    return _failed(error, der, hop, seen)


async def refused_soon(error: ssl.SSLCertVerificationError, hop: Hop, seen: Exchange) -> Failed:
    """As `refused`, on the running event loop."""
    der = None
    with contextlib.suppress(*_GONE):
        async with asyncio.timeout(hop.remaining):
            der = await _peek_soon(hop, seen)
    return _failed(error, der, hop, seen)


def _failed(
    error: ssl.SSLCertVerificationError, der: bytes | None, hop: Hop, seen: Exchange
) -> Failed:
    failure = failure_of(error, seen.marks, {})
    reason = tls.why_refused(der, hop.request.url.host, failure.reason)
    return Failed(reason, failure.detail)


def _peek(hop: Hop, seen: Exchange) -> bytes | None:
    url, address = hop.request.url, seen.remote_address
    if address is None:
        return None
    with dial([address], url.port, deadline=hop.deadline, make=_plain_socket) as sock:
        sock.settimeout(hop.remaining)
        unverified = tls.context(verify=False)
        with unverified.wrap_socket(sock, server_hostname=url.host.rstrip(".")) as connection:
            seen.tls = tls.facts(connection)
            return connection.getpeercert(binary_form=True)


async def _peek_soon(hop: Hop, seen: Exchange) -> bytes | None:
    url, address = hop.request.url, seen.remote_address
    if address is None:
        return None
    _, writer = await asyncio.open_connection(
        address,
        url.port,
        family=family_of(address),
        ssl=tls.context(verify=False),
        server_hostname=url.host.rstrip("."),
    )
    try:
        connection = writer.get_extra_info("ssl_object")
        seen.tls = tls.facts(connection)
        der: bytes | None = connection.getpeercert(binary_form=True)
        return der
    finally:
        writer.transport.abort()
