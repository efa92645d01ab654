"""What sends requests: plain GETs, and checks with costly expectations over large bodies."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Final

from checkers.checks import CheckWork, ClientName, Item
from checkers.outcome import Outcome
from checkers.target import DEFAULT_MAX_BODY_BYTES, Expectation, Subject, Target
from checkers.workloads.bundled import json_body
from checkers.workloads.carried import Done, Order, Prepared
from checkers.workloads.catalogue import WorkloadName

# A target that is asked for with a delay may take its time.
_TIMEOUT_SECONDS: Final = 60.0
# Not in any body that anybody sends; found out only by looking at all of it.
_NOWHERE: Final = "[a-z]+[0-9]+@nowhere[.]invalid"


@contextmanager
def prepared(order: Order) -> Iterator[Prepared]:
    """GETs or checks of one URL; who is contacted is subject to the address policy."""
    assert order.url is not None
    target = _target(order, order.url)
    work = CheckWork(
        client=order.client or ClientName.REQUESTS,
        waiting_since=monotonic(),
        allowed_networks=order.allowed_networks,
        user_agent=order.user_agent,
        ca_bundle=order.ca_bundle,
        paced=False,
    )
    yield Prepared(work, [Item(seq, target) for seq in range(order.items)], _metrics, _told)


def _target(order: Order, url: str) -> Target:
    if order.workload is WorkloadName.REQUESTS:
        return Target(url=url, timeout=_TIMEOUT_SECONDS, expect=(_ANY_STATUS,))
    return Target(
        url=url,
        timeout=_TIMEOUT_SECONDS,
        max_body_bytes=max(order.each, DEFAULT_MAX_BODY_BYTES),
        expect=_costly(order),
    )


def _costly(order: Order) -> tuple[Expectation, ...]:
    """A hash and a regular expression over all of the body; of our own target its JSON as well."""
    unmatched = Expectation(of=Subject.BODY, op="not_matches", value=_NOWHERE)
    if not order.bundled:
        return Expectation(of=Subject.SHA256, op="!=", value="0" * 64), unmatched
    digest = hashlib.sha256(json_body(order.each)).hexdigest()
    return (
        Expectation(of=Subject.SHA256, op="==", value=digest),
        unmatched,
        Expectation(of=Subject.JSON, op="==", path="$.status", value='"UP"'),
    )


# A plain request keeps whatever status it gets.
_ANY_STATUS: Final = Expectation(of=Subject.STATUS, op="in", value=("100-999",))


def _told(outcome: Outcome) -> Done:
    seen = None if outcome.http_status is None else (outcome.http_status, outcome.body_bytes or 0)
    return Done(outcome.seq, outcome.total, outcome.status, seen)


def _metrics(done: Sequence[Done], wall: float) -> dict[str, float]:
    seen = [item.value for item in done if item.value is not None]
    statuses = Counter(f"answers_{status // 100}xx" for status, _ in seen)
    sizes = [size for _, size in seen]
    return {
        "requests_per_second": len(done) / wall,
        "body_bytes_per_second": sum(sizes) / wall,
        "body_bytes_per_request": sum(sizes) / len(sizes) if sizes else 0.0,
        **{name: float(count) for name, count in sorted(statuses.items())},
    }
