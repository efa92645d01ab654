"""An outcome as it is kept: a row of plain values."""

from typing import Final, NamedTuple

import msgspec

from checkers import Attempt, ClientName, StrategyName
from checkers.outcome import Certificate


class Way(NamedTuple):
    """How checks were carried out."""

    strategy: StrategyName
    client: ClientName
    method: str = "GET"


class StoredOutcome(NamedTuple):
    """An outcome as it lies in the database: durations and instants in microseconds.

    Attributes:
        final_url: `None` where it is the URL that was asked for, or none was.
        tls: the certificate, decoded by `certificate_of`.
        earlier: attempts before the last, decoded by `attempts_of`.
        error_bound_us: how much of `total_us` may be ours; `None` in rows from before it was kept.
        error_bound_by: what told it, `None` for our own clock.
    """

    url: str
    seq: int
    status: str
    reason: str | None
    detail: str | None
    http_status: int | None
    http_version: str | None
    final_url: str | None
    redirects: int
    remote_address: str | None
    started_at: int
    queued_us: int
    total_us: int | None
    name_lookup_us: int | None
    connect_us: int | None
    tls_us: int | None
    wait_us: int | None
    receive_us: int | None
    body_bytes: int | None
    excerpt: str | None
    tls: str | None
    earlier: str | None
    error_bound_us: int | None
    error_bound_by: str | None


#: What the columns of the same names hold.
certificate_of: Final = msgspec.json.Decoder(Certificate).decode
attempts_of: Final = msgspec.json.Decoder(tuple[Attempt, ...]).decode
