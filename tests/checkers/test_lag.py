"""Our own lag: its counts, its worst, and what bounds it."""

import socket
import threading
from time import monotonic, sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers import kernel, lag
from checkers.kernel import STAMP_ROOM, age_of, ask_for_stamps, begin_stamping, round_trip
from checkers.lag import Lags, LagWatch, Worst, quantiles
from checkers.meter import Usage


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=60), st.floats(0, 60))
def test_the_worst_since_an_instant_is_the_largest_noted_from_there_on(
    steps: list[tuple[float, float]], since: float
) -> None:
    worst, noted, at = Worst(), [], 0.0
    for step, late in steps:
        at += step
        worst.note(at, late)
        noted.append((at, late))

    assert worst.since(since) == max((late for at, late in noted if at >= since), default=0.0)


@given(st.lists(st.floats(1e-6, 100), min_size=1, max_size=200))
def test_quantiles_of_counts_are_right_to_a_step(lates: list[float]) -> None:
    lags = Lags()
    for number, late in enumerate(lates):
        lags.note(number, late)

    found = quantiles(lags.counts, (0.5, 1.0))

    assert found is not None
    for told, true in zip(found, (sorted(lates)[(len(lates) - 1) // 2], max(lates)), strict=True):
        assert true <= told * 1.0001
        assert told <= true * 1.05 + 1e-6


def test_nothing_counted_has_no_quantiles() -> None:
    assert quantiles({}, (0.5,)) is None


def test_counts_of_two_processes_are_added_and_what_was_before_taken_off() -> None:
    before, after, worker = Usage(lags={3: 1}), Usage(lags={3: 2, 5: 1}), Usage(lags={5: 4})

    assert after.since(before).lags == {3: 1, 5: 1}
    assert after.plus(worker).lags == {3: 2, 5: 5}


class Counters:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = self.busy = 50.0
        monkeypatch.setattr(lag, "now", lambda: self.at)
        monkeypatch.setattr(lag, "process_time", lambda: self.busy)
        monkeypatch.setattr(kernel.RunQueue, "waited", lambda _: 0.0)

    def pass_by(self, seconds: float, busy: float) -> float:
        self.at += seconds
        self.busy += busy
        return self.at


def test_what_is_seen_has_waited_no_longer_than_we_were_busy_since_we_slept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counters = Counters(monkeypatch)
    watch = LagWatch()

    slept = watch.look(counters.pass_by(0.05, 0.002))
    busy = watch.look(counters.pass_by(0.003, 0.003))
    still = watch.look(counters.pass_by(0.004, 0.004))
    again = watch.look(counters.pass_by(0.02, 0.001))

    assert slept == pytest.approx(0.002)
    assert busy == pytest.approx(0.005)
    assert still == pytest.approx(0.009)
    assert again == pytest.approx(0.001)
    assert watch.worst(0.0) == pytest.approx(0.009)


def test_what_was_heard_by_an_instant_waits_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = Counters(monkeypatch)
    watch = LagWatch()
    at = counters.pass_by(0.01, 0.01)

    watch.narrow(at - 0.001)

    assert watch.look(at) == pytest.approx(0.001)


def test_each_thread_has_a_watch_of_its_own() -> None:
    others: list[LagWatch] = []
    thread = threading.Thread(target=lambda: others.append(lag.watch()))
    thread.start()
    thread.join()

    assert lag.watch() is lag.watch()
    assert others[0] is not lag.watch()


@pytest.mark.skipif(not STAMP_ROOM, reason="Linux tells of these")
def test_the_kernel_tells_a_connections_round_trip_and_the_age_of_its_bytes() -> None:
    begin_stamping()
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = monotonic()
        with socket.create_connection(server.getsockname()) as sock:
            took = monotonic() - began
            assert ask_for_stamps(sock)
            told = round_trip(sock)
            assert told is not None
            assert 0 < told <= took

            other, _ = server.accept()
            with other:
                age = None
                for _ in range(50):
                    # It begins to stamp some time after it was asked to.
                    other.sendall(b"x")
                    sleep(0.05)
                    _, about, _, _ = sock.recvmsg(10, STAMP_ROOM)
                    age = age_of(about)
                    if age is not None:
                        break
                assert age is not None
                assert age >= 0.05


def test_a_socket_that_is_no_tcp_has_no_round_trip() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert round_trip(sock) is None
        assert age_of([]) is None
