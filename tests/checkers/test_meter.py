"""What a run cost."""

import subprocess
import sys
import threading

from checkers.meter import Usage, forget_peak, own_usage


def test_processor_time_of_this_process_and_of_ended_children_counts() -> None:
    before = own_usage()

    sum(n * n for n in range(300_000))
    own = own_usage().since(before).cpu
    subprocess.run([sys.executable, "-c", "sum(n * n for n in range(3_000_000))"], check=True)

    assert own > 0
    assert own_usage().since(before).cpu > 2 * own


def test_a_peak_is_that_since_it_was_forgotten() -> None:
    ballast = bytearray(200_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])
    high = own_usage().peak_rss_bytes
    del ballast

    forget_peak()

    assert own_usage().peak_rss_bytes < high - 100_000_000


def test_context_switches_are_counted() -> None:
    before = own_usage()
    for _ in range(20):
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        threading.Event().wait(0.001)

    assert own_usage().since(before).voluntary_switches >= 10


def test_usages_add_up() -> None:
    one = Usage(cpu=1.0, peak_rss_bytes=10, voluntary_switches=2, involuntary_switches=3)

    assert one.plus(one) == Usage(
        cpu=2.0, peak_rss_bytes=20, voluntary_switches=4, involuntary_switches=6
    )
    assert one.plus(one).since(one).cpu == 1.0
