"""What a probe asks of a check beyond its verdict, and what it is told for it.

A check says whether a target is well by the rules of this house. A probe answers for a tool that
has rules of its own, so it has to know what the response said, and to dial as that tool does.
"""

from typing import Literal

import msgspec


class Probe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a check is made, and what is told of it, where that differs from every other check.

    Only libcurl's loop carries these out; no other client is ever given one.

    Attributes:
        fields: names of header fields, in lower case, whose values the outcome tells.
        coding: the content coding that is undone, whatever the response says of itself; `None`:
            none is, and the body is counted and searched as it came.
        prefer: the IP version whose first address is dialled, and no other; where the name has
            none of it, the first of the rest is.
        server_name: named in the handshake and looked for in the certificate instead of the host.
        ca_file: a PEM file to trust instead of what the run trusts.
        cert_file: a client certificate, a PEM file.
        key_file: its key, a PEM file.
    """

    fields: tuple[str, ...] = ()
    coding: Literal["gzip", "deflate"] | None = None
    prefer: Literal[4, 6] = 6
    server_name: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    def chosen(self, addresses: list[str]) -> list[str]:
        """The one address that is dialled, of those that may be."""
        preferred = (a for a in addresses if (":" in a) == (self.prefer == 6))
        return [next(preferred, addresses[0])]

    def of_redirect(self, *, same_host: bool) -> "Probe":
        """What is left of it for a request that a redirect leads to."""
        return self if same_host else msgspec.structs.replace(self, server_name=None)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """The certificates that a server showed. Instants are seconds since the epoch.

    Attributes:
        earliest: when the first of them expires.
        verified: when the longest-lived of the chains to a trusted certificate expires; `None`:
            there is none, or none was asked for.
        fingerprint: SHA-256 of the server's own, in hexadecimal.
        subject: its subject by RFC 4514.
        issuer: likewise.
        names: its DNS names.
    """

    earliest: float
    verified: float | None
    fingerprint: str
    subject: str
    issuer: str
    names: tuple[str, ...]


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the last attempt of a probe saw.

    Attributes:
        address: the address that the first request went to, or was to go to.
        fields: values of the header fields asked for, in order, names in lower case.
        held: of each expectation on the body, in order; `None`: it never got that far.
        chain: `None` without TLS.
    """

    address: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    held: tuple[bool | None, ...] = ()
    chain: Chain | None = None

    def values(self, name: str) -> list[str]:
        """Every value of a field; `name` in lower case."""
        return [value for each, value in self.fields if each == name] if self.fields else []
