"""Attempts, and what is carried from one to the next: nothing that nobody asked for."""

import gc
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from checkers import Outcome, Reason, Target
from tests.farm.grid import GRID, Cell, carried_out
from tests.farm.servers import Servers, answering, in_turn, ok, recording

# A process for each would cost more than all that is asked here.
_IN_FLIGHT = 2
_PATIENCE_SECONDS = 20.0
_SLACK = 10
_METHODS = ("GET", "HEAD", "PUT")


class Seen(NamedTuple):
    """What came of the targets of this module in a cell, and what their servers were asked."""

    recovering: Outcome
    cut_off: dict[str, Outcome]
    failing: Outcome
    well: Outcome
    heads: dict[str, list[bytes]]


@pytest.fixture(scope="module", params=GRID, ids=lambda cell: f"{cell[0]}-{cell[1]}")
def seen(request: pytest.FixtureRequest, farm: Servers) -> Seen:
    """All in one run: to start the processes of some cells takes longer than all they do."""
    cell: Cell = request.param
    heads: dict[str, list[bytes]] = {name: [] for name in (*_METHODS, "failing", "cookies")}

    def target(name: str, answer: bytes, **fields: object) -> Target:
        port = farm.serve(recording(heads[name], answer))
        return Target(url=f"http://127.0.0.1:{port}/", **fields)  # type: ignore[arg-type]

    turns = farm.serve(in_turn(ok(status=b"503 No"), b"nonsense\r\n\r\n", ok()))
    cookies = target("cookies", ok(b"hello", b"Set-Cookie: session=abc; Path=/"), attempts=2)
    targets = [
        Target(url=f"http://127.0.0.1:{turns}/", attempts=5),
        target("failing", ok(status=b"500 No"), attempts=3),
        Target(url=f"http://127.0.0.1:{farm.serve(answering(ok()))}/", attempts=10),
        *[target(method, b"", method=method) for method in _METHODS],
        *[cookies] * 8,
    ]

    outcomes = carried_out(cell[0], targets, cell[1], in_flight=_IN_FLIGHT)
    recovering, failing, well, *cut_off = outcomes[:6]
    return Seen(recovering, dict(zip(_METHODS, cut_off, strict=True)), failing, well, heads)


def test_every_attempt_is_kept_with_its_own_reason_and_phases(seen: Seen) -> None:
    attempts = seen.recovering.attempts

    assert [attempt.reason for attempt in attempts] == [
        Reason.STATUS_UNEXPECTED,
        Reason.PROTOCOL_ERROR,
        None,
    ]
    assert [attempt.http_status for attempt in attempts] == [503, None, 200]
    assert all(attempt.total and attempt.phases.connect for attempt in attempts)
    starts = [attempt.started_at for attempt in attempts]
    assert starts == sorted(starts)


@pytest.mark.parametrize("method", _METHODS)
def test_nothing_is_sent_again_unless_asked_for(seen: Seen, method: str) -> None:
    assert seen.cut_off[method].reason is Reason.CONNECTION_CLOSED
    assert len(seen.heads[method]) == 1


def test_a_check_that_is_down_in_every_attempt_has_had_them_all(seen: Seen) -> None:
    assert (len(seen.heads["failing"]), len(seen.failing.attempts)) == (3, 3)


def test_no_cookie_outlives_its_check(seen: Seen) -> None:
    heads = seen.heads["cookies"]

    assert len(heads) == 8
    assert not any(b"cookie" in head.lower() for head in heads)


def test_an_attempt_that_is_up_ends_them(seen: Seen) -> None:
    assert len(seen.well.attempts) == 1


@pytest.mark.parametrize("cell", [c for c in GRID if c[0] in ("sequential", "threaded", "async")])
def test_a_run_leaves_no_descriptor_behind(cell: Cell, farm: Servers) -> None:
    target = Target(url=f"http://127.0.0.1:{farm.serve(answering(ok()))}/")
    carried_out(cell[0], [target] * 40, cell[1])

    # Without the collector, which would close what was only forgotten.
    gc.disable()
    try:
        before = _descriptors()
        for _ in range(5):
            carried_out(cell[0], [target] * 40, cell[1])
        # The server lives in this process too, and is a little later with its ends.
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (grown := _descriptors() - before) >= _SLACK and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        gc.enable()

    assert grown < _SLACK


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
