"""What a libcurl handle is told of the request it is to send."""

from collections.abc import Sequence
from typing import Any, Final

import pycurl

from checkers.clients.exchange import ATTEMPT_DELAY_SECONDS, Hop, wire_headers
from checkers.probe import Probe
from checkers.timing import now
from checkers.tls import Trust

# curl/curl.h; pycurl has no name for it.
_HAPPY_EYEBALLS_TIMEOUT_MS: Final = 271
_FOR_GOOD: Final[Sequence[tuple[int, Any]]] = (
    (pycurl.NOSIGNAL, 1),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    # One attempt, one connection; and nothing of an earlier handshake.
    (pycurl.FRESH_CONNECT, 1),
    (pycurl.FORBID_REUSE, 1),
    (pycurl.SSL_SESSIONID_CACHE, 0),
    (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
    # What OpenSSL 3.0 offers: a newer one would begin with a post-quantum share, a tenth of a
    # millisecond that Python's own contexts do not spend.
    (pycurl.SSL_EC_CURVES, "X25519:P-256:X448:P-521:P-384"),
    # No proxy from the environment, no redirect, no path made shorter.
    (pycurl.PROXY, ""),
    (pycurl.NOPROXY, "*"),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.PATH_AS_IS, 1),
    # Chunks are undone here, as for every client.
    (pycurl.HTTP_TRANSFER_DECODING, 0),
    (pycurl.TCP_NODELAY, 0),
)
# What libcurl would add by itself.
_UNSAID: Final = ("Expect:", "Content-Type:")


def set_for_good(curl: pycurl.Curl) -> None:
    """What holds for every exchange of a handle."""
    for option, value in _FOR_GOOD:
        curl.setopt(option, value)
    curl.setopt(_HAPPY_EYEBALLS_TIMEOUT_MS, int(ATTEMPT_DELAY_SECONDS * 1000))


class CurlRequest:
    """Tells a handle of one request after another; what has not changed is not told again.

    Args:
        trusted: what certificates are verified by, unless a probe has something of its own.

    Attributes:
        trusted: what they are verified by now.
        bound: it was given what no handle can be made to forget, such as a client certificate.
    """

    def __init__(self, curl: pycurl.Curl, user_agent: str, trusted: Trust) -> None:
        self._curl = curl
        self._user_agent = user_agent
        self._said: tuple[object, ...] | None = None
        self._origin = ""
        self._secure = False
        self._plain_get = True
        self._usual = self.trusted = trusted
        self._files: tuple[str | None, ...] = (None, None, None)
        self.bound = False
        self._trust(trusted)

    def set(self, hop: Hop, addresses: Sequence[str] | None) -> None:
        """Make the handle ready for an exchange; `addresses` as they are to be tried."""
        request, curl = hop.request, self._curl
        url = request.url
        name = hop.server_name if url.secure else url.host
        origin = f"{url.scheme}://{_host(name)}:{url.port}/"
        if origin != self._origin:
            self._origin = origin
            curl.setopt(pycurl.URL, origin)
        curl.setopt(pycurl.REQUEST_TARGET, url.target)
        plain_get = request.body is None and request.method == "GET"
        if not (plain_get and self._plain_get):
            self._set_method(request.method, request.body)
            self._plain_get = plain_get
        said = (request.headers, request.method, request.body is None, url.authority)
        if said != self._said:
            self._said = said
            fields = wire_headers(request, self._user_agent)
            curl.setopt(pycurl.HTTPHEADER, [*_lines_of(fields), *_unsaid(fields)])
        self._lead(name, hop, addresses)
        if url.secure:
            curl.setopt(pycurl.SSL_VERIFYPEER, int(hop.verify_tls))
            curl.setopt(pycurl.SSL_VERIFYHOST, 2 if hop.verify_tls else 0)
            if hop.probe is not None:
                self._set_files(hop.probe)
        if url.secure is not self._secure:
            self._secure = url.secure
            # Protocol and cipher are named nowhere but in the text for people.
            curl.setopt(pycurl.VERBOSE, int(url.secure))
            curl.setopt(pycurl.OPT_CERTINFO, int(url.secure))
        curl.setopt(pycurl.TIMEOUT_MS, max(int((hop.deadline - now()) * 1000) + 1, 1))

    def _lead(self, name: str, hop: Hop, addresses: Sequence[str] | None) -> None:
        """Say where to connect to, whatever name is asked for in the handshake."""
        url = hop.request.url
        if name != url.host:
            at = url.host if addresses is None else addresses[0]
            self.bound = True
            # Without a host and a port before it, it holds for whatever the URL says.
            self._curl.setopt(pycurl.CONNECT_TO, [f"::{_host(at)}:{url.port}"])
        elif addresses is not None:
            listed = ",".join(_host(address) for address in addresses)
            # With a plus the entry ages, or the cache would grow with every name.
            self._curl.setopt(pycurl.RESOLVE, [f"+{_host(url.host)}:{url.port}:{listed}"])

    def _set_files(self, probe: Probe) -> None:
        files = (probe.ca_file, probe.cert_file, probe.key_file)
        if files == self._files:
            return
        self._files = files
        self._trust(self._usual if probe.ca_file is None else Trust(probe.ca_file, None))
        for option, place in (
            (pycurl.SSLCERT, probe.cert_file),
            (pycurl.SSLKEY, probe.key_file or probe.cert_file),
        ):
            if place is not None:
                self.bound = True
                self._curl.setopt(option, place)

    def _trust(self, trusted: Trust) -> None:
        self.trusted = trusted
        # A folder beside the bundle would keep libcurl from caching what it has parsed.
        for option, place in ((pycurl.CAINFO, trusted.bundle), (pycurl.CAPATH, trusted.folder)):
            if place is None:
                self._curl.unsetopt(option)
            else:
                self._curl.setopt(option, place)

    def _set_method(self, method: str, body: bytes | None) -> None:
        curl = self._curl
        curl.setopt(pycurl.HTTPGET, 1)
        curl.unsetopt(pycurl.CUSTOMREQUEST)
        if body is not None or method in ("POST", "PUT", "PATCH"):
            curl.setopt(pycurl.POST, 1)
            curl.setopt(pycurl.POSTFIELDS, body or b"")
            curl.setopt(pycurl.CUSTOMREQUEST, method)
        elif method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
        elif method != "GET":
            curl.setopt(pycurl.CUSTOMREQUEST, method)


def _host(host: str) -> str:
    """A host as libcurl reads it: brackets around IPv6, no dot at the end of a name."""
    return f"[{host}]" if ":" in host else host.rstrip(".")


def _lines_of(fields: list[tuple[str, str]]) -> list[str]:
    # An empty value is written with a semicolon; libcurl counts the body by itself.
    return [
        f"{name}: {value}" if value else f"{name};"
        for name, value in fields
        if name != "Content-Length"
    ]


def _unsaid(fields: list[tuple[str, str]]) -> list[str]:
    given = {name.lower() for name, _ in fields}
    return [name for name in _UNSAID if name[:-1].lower() not in given]
