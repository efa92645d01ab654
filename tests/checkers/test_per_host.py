"""No host is overrun: of one host and port so many checks are in flight at most."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers import ClientName, Status, StrategyName, Target
from checkers.strategies.strategy import PerPlace
from checkers.strategies.supply import Stream, Supply
from checkers.url import host_and_port
from tests.farm.grid import GRID, carried_out
from tests.farm.servers import Crowd, Servers


@pytest.mark.parametrize(("name", "client"), GRID)
def test_a_host_has_no_more_checks_in_flight_than_it_may(
    name: StrategyName, client: ClientName, farm: Servers
) -> None:
    crowds = [Crowd(0.02), Crowd(0.02)]
    ports = [farm.serve(crowd.handle) for crowd in crowds]
    urls = [f"http://127.0.0.1:{port}/{n}" for port in ports for n in range(20)]

    outcomes = carried_out(name, [Target(url=url) for url in urls], client, per_host=3)

    assert [o.status for o in outcomes] == [Status.UP] * 40
    assert [crowd.asked for crowd in crowds] == [20, 20]
    together = 1 if name is StrategyName.SEQUENTIAL else 3
    assert all(1 <= crowd.most <= together for crowd in crowds)


def test_a_host_is_told_by_the_url_as_it_is_written() -> None:
    assert host_and_port("http://A.example/x") == host_and_port("http://a.example:80?y")
    assert host_and_port("https://a.example") == "a.example:443"
    assert host_and_port("http://[::1]:81/") == "[::1]:81"


def test_who_waits_for_one_host_lets_others_pass() -> None:
    supply = Supply(["a1", "a2", "a3", "b1"], PerPlace(lambda item: item[0], 1))

    first, second, third = supply.take(), supply.take(), supply.take()

    assert (first, second, third) == ("a1", "b1", None)
    assert not supply.over
    assert supply.done("a1")
    assert supply.take() == "a2"


@given(
    st.lists(st.integers(0, 4), max_size=60),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_every_item_is_taken_once_and_no_place_is_overrun(
    places: list[int], most: int, random: Random
) -> None:
    supply = Supply(list(enumerate(places)), PerPlace(lambda item: item[1], most))
    out: list[tuple[int, int]] = []
    taken: list[int] = []

    while not supply.over or out:
        item = supply.take()
        if item is not None:
            out.append(item)
            taken.append(item[0])
            assert sum(place == item[1] for _, place in out) <= most
        if out and (item is None or random.random() < 0.5):
            supply.done(out.pop(random.randrange(len(out))))

    assert sorted(taken) == list(range(len(places)))


def test_a_stream_is_over_once_all_was_given_and_nothing_waits_for_its_place() -> None:
    stream = Stream[str](PerPlace(lambda item: item[0], 1))
    stream.give(["a1", "a2"])
    stream.finish()

    assert (stream.take(), stream.take()) == ("a1", None)
    assert (stream.ready, stream.over) == (False, False)
    assert stream.done("a1")
    assert (stream.ready, stream.over) == (True, False)
    assert stream.take() == "a2"
    assert (stream.ready, stream.over) == (False, True)
    assert not stream.done("a2")
    assert stream.idle


def test_a_stream_that_is_closed_is_over_whatever_waits() -> None:
    stream = Stream[str]()
    stream.give(["a1", "a2"])
    stream.close()

    assert stream.over
    assert not stream.ready
    assert stream.take() is None


@given(
    st.lists(st.lists(st.integers(0, 4), max_size=9), max_size=12),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_every_item_given_is_taken_once_and_no_place_is_overrun(
    gifts: list[list[int]], most: int, random: Random
) -> None:
    stream = Stream[tuple[int, int]](PerPlace(lambda item: item[1], most))
    out: list[tuple[int, int]] = []
    taken: list[int] = []
    waiting = [
        [(n * 10 + m, place) for m, place in enumerate(gift)] for n, gift in enumerate(gifts)
    ]
    all_given = sorted(seq for gift in waiting for seq, _ in gift)

    while waiting or not stream.over or out:
        if waiting and random.random() < 0.5:
            stream.give(waiting.pop(0))
        if not waiting:
            stream.finish()
        item = stream.take()
        if item is not None:
            out.append(item)
            taken.append(item[0])
            assert sum(place == item[1] for _, place in out) <= most
        if out and (item is None or random.random() < 0.5):
            stream.done(out.pop(random.randrange(len(out))))

    assert sorted(taken) == all_given
    assert stream.idle
