"""Attempts, and what is carried from one to the next: nothing that nobody asked for."""

import gc
import time
from pathlib import Path

import pytest

from checkers import Outcome, Reason, Target
from tests.farm.grid import GRID, Cell, carried_out
from tests.farm.servers import Servers, answering, in_turn, ok, recording

# A process for each would cost more than all that is asked here.
_IN_FLIGHT = 2
_PATIENCE_SECONDS = 20.0
_SLACK = 10
every_cell = pytest.mark.parametrize("cell", GRID)


def checked(cell: Cell, *targets: Target) -> list[Outcome]:
    return carried_out(cell[0], targets, cell[1], in_flight=_IN_FLIGHT)


@every_cell
def test_every_attempt_is_kept_with_its_own_reason_and_phases(cell: Cell, farm: Servers) -> None:
    port = farm.serve(in_turn(ok(status=b"503 No"), b"nonsense\r\n\r\n", ok()))

    (outcome,) = checked(cell, Target(url=f"http://127.0.0.1:{port}/", attempts=5))

    assert [attempt.reason for attempt in outcome.attempts] == [
        Reason.STATUS_UNEXPECTED,
        Reason.PROTOCOL_ERROR,
        None,
    ]
    assert [attempt.http_status for attempt in outcome.attempts] == [503, None, 200]
    assert all(attempt.total and attempt.phases.connect for attempt in outcome.attempts)
    starts = [attempt.started_at for attempt in outcome.attempts]
    assert starts == sorted(starts)


@every_cell
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_nothing_is_sent_again_unless_asked_for(cell: Cell, method: str, farm: Servers) -> None:
    heads: list[bytes] = []
    port = farm.serve(recording(heads, b""))

    (outcome,) = checked(cell, Target(url=f"http://127.0.0.1:{port}/", method=method))

    assert outcome.reason is Reason.CONNECTION_CLOSED
    assert len(heads) == 1


@every_cell
def test_a_check_that_is_down_in_every_attempt_has_had_them_all(cell: Cell, farm: Servers) -> None:
    heads: list[bytes] = []
    port = farm.serve(recording(heads, ok(status=b"500 No")))

    (outcome,) = checked(cell, Target(url=f"http://127.0.0.1:{port}/", attempts=3))

    assert (len(heads), len(outcome.attempts)) == (3, 3)


@every_cell
def test_no_cookie_outlives_its_check(cell: Cell, farm: Servers) -> None:
    heads: list[bytes] = []
    port = farm.serve(recording(heads, ok(b"hello", b"Set-Cookie: session=abc; Path=/")))

    checked(cell, *[Target(url=f"http://127.0.0.1:{port}/", attempts=2)] * 8)

    assert len(heads) == 8
    assert not any(b"cookie" in head.lower() for head in heads)


@every_cell
def test_an_attempt_that_is_up_ends_them(cell: Cell, farm: Servers) -> None:
    port = farm.serve(answering(ok()))

    (outcome,) = checked(cell, Target(url=f"http://127.0.0.1:{port}/", attempts=10))

    assert len(outcome.attempts) == 1


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
