"""One strict parse of a URL, ahead of every client.

Clients disagree on odd spellings (backslashes, octal hosts, tabs, full-width digits), and every
disagreement is a way around the address policy. What passes here means one thing to all of them.
Grammar: RFC 3986; "ends in a number" as in the WHATWG URL Standard; names by IDNA 2008 (RFC 5891).
"""

import ipaddress
import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote

import idna

from checkers.errors import InvalidUrl

MAX_URL_CHARACTERS: Final = 8192
# RFC 1035, 2.3.4: a name is at most 253 characters in text, a label 63.
_MAX_NAME_CHARACTERS: Final = 253
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# C0 and C1 controls, every Unicode white space, lone surrogates, and what reorders or hides text.
_FORBIDDEN = re.compile(
    "[\x00-\x20\x7f-\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\uffff"
    "\ud800-\udfff]"
)
_SPLIT = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)\Z")
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?P<colon>:(?P<port>[0-9]*))?\Z")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMBER_LABEL = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# RFC 3986 pchar, "/", "?" and "%", which is judged apart; the rest is percent-encoded for the wire.
_WIRE_SAFE: Final = "!$&'()*+,;=:@/?%-._~"
_PLAIN_TARGET = re.compile(r"/[A-Za-z0-9!$&'()*+,;=:@/?\-._~]*\Z")


class Url(NamedTuple):
    """A URL that every client understands alike.

    Attributes:
        text: as it was given.
        scheme: `http` or `https`.
        host: lower-case ASCII name, or an address without brackets.
        port: 1–65535, the scheme's own when none was given.
        target: path and query for the request line, ASCII, never empty; the fragment is left out.
        literal: whether `host` is an address, so that no name is looked up.
    """

    text: str
    scheme: str
    host: str
    port: int
    target: str
    literal: bool

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port: the value of the Host field."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """RFC 6454: credentials and cookies never leave it."""
        return (self.scheme, self.host, self.port)

    @property
    def wire(self) -> str:
        """The URL as handed to a client: nothing in it is left to interpretation."""
        return f"{self.scheme}://{self.authority}{self.target}"


def without_surrogates(text: str) -> str:
    """A text that can be encoded: half characters become U+FFFD, which no URL may hold either."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def host_and_port(text: str) -> str:
    """Host and port as a URL writes them, the scheme's own port filled in; of any text at all."""
    scheme, _, rest = text.partition("://")
    found = re.split(r"[/?#]", rest, maxsplit=1)[0].lower()
    if re.search(r":[0-9]+\Z", found):
        return found
    return f"{found.rstrip(':')}:{_DEFAULT_PORTS.get(scheme.lower(), '')}"


@lru_cache(maxsize=4096)
def parse(text: str) -> Url:
    """Parse an absolute http or https URL.

    Raises:
        InvalidUrl: its text is a sentence for people, without the URL.
    """
    if len(text) > MAX_URL_CHARACTERS:
        raise InvalidUrl(
            f"The URL has {len(text)} characters; at most {MAX_URL_CHARACTERS} are allowed."
        )
    if not text:
        raise InvalidUrl("The URL is empty.")
    if found := _FORBIDDEN.search(text):
        raise InvalidUrl(
            f"The URL holds white space or a control character (U+{ord(found[0]):04X})."
        )
    parts = _SPLIT.match(text)
    if parts is None:
        raise InvalidUrl("The URL is not of the form http://host/path or https://host/path.")
    scheme = parts["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise InvalidUrl(f"The scheme is {scheme!r}; only http and https are checked.")
    host, port, literal = _authority(parts["authority"], scheme)
    return Url(text, scheme, host, port, _target(parts["rest"]), literal)


def _authority(authority: str, scheme: str) -> tuple[str, int, bool]:
    if "@" in authority:
        raise InvalidUrl("The URL holds credentials; give them as auth.")
    if "\\" in authority:
        raise InvalidUrl("The URL holds a backslash in its host.")
    split = _AUTHORITY.match(authority)
    if split is None:
        raise InvalidUrl("The host or port is malformed.")
    digits = split["port"]
    if digits and (len(digits) > 5 or not 1 <= int(digits) <= 65535):
        raise InvalidUrl(f"The port is {digits[:10]}; it must lie in 1–65535.")
    host, literal = _host(split["host"])
    return host, int(digits) if digits else _DEFAULT_PORTS[scheme], literal


# A batch names the same few hosts again and again, and an address costs more than all the rest.
@lru_cache(maxsize=4096)
def _host(text: str) -> tuple[str, bool]:
    if not text:
        raise InvalidUrl("The URL has no host.")
    if text.startswith("["):
        return _ipv6(text[1:-1]), True
    name = text.lower()
    if not name.isascii():
        name = _ascii_name(name)
    labels = name.removesuffix(".").split(".")
    if _NUMBER_LABEL.match(labels[-1]):
        return _ipv4(name), True
    if len(name) > _MAX_NAME_CHARACTERS or not all(map(_LABEL.match, labels)):
        raise InvalidUrl("The host is not a valid name.")
    return name, False


def _ipv4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise InvalidUrl(
            "The host ends in a number but is not an IPv4 address of four decimal parts."
        ) from None


def _ipv6(text: str) -> str:
    if "%" in text:
        raise InvalidUrl("The IPv6 address carries a zone.")
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise InvalidUrl("The host in brackets is not an IPv6 address.") from None


def _ascii_name(name: str) -> str:
    try:
        return idna.encode(name).decode("ascii")
    except UnicodeError:
        raise InvalidUrl("The host is not a valid internationalised name (IDNA 2008).") from None


def _target(rest: str) -> str:
    target = rest.partition("#")[0]
    if not target.startswith("/"):
        target = "/" + target
    if _PLAIN_TARGET.match(target):
        return target
    return quote(_STRAY_PERCENT.sub("%25", target), safe=_WIRE_SAFE)
