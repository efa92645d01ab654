"""Names to addresses, in a pool of our own."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from checkers.lookup import Lookup, NameNotResolved


class Resolver:
    """A resolver that answers when told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = threading.Event()

    def __call__(self, name: str) -> list[str]:
        self.asked.append(name)
        if name.startswith("slow"):
            self.answer.wait(10)
        if name.startswith("bad"):
            raise NameNotResolved("no")
        return ["192.0.2.1"]


def test_look_ups_of_one_name_in_flight_are_shared_and_nothing_is_cached() -> None:
    resolver = Resolver()
    lookup = Lookup(resolver)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(lookup.find, "slow", 10) for _ in range(8)]
        while not resolver.asked:
            pass
        resolver.answer.set()
        assert [future.result() for future in waiting] == [["192.0.2.1"]] * 8
    shared = len(resolver.asked)

    lookup.find("slow", 10)

    assert shared < 8
    assert len(resolver.asked) == shared + 1


def test_slow_names_do_not_hold_back_the_others() -> None:
    resolver = Resolver()
    lookup = Lookup(resolver, width=100)
    with ThreadPoolExecutor(60) as pool:
        for number in range(60):
            pool.submit(lookup.find, f"slow-{number}", 10)

        assert lookup.find("quick", 5) == ["192.0.2.1"]

        resolver.answer.set()


def test_a_look_up_that_takes_too_long_is_left_behind() -> None:
    resolver = Resolver()

    with pytest.raises(TimeoutError):
        Lookup(resolver).find("slow", 0.01)

    resolver.answer.set()


def test_what_the_resolver_raises_reaches_every_waiter() -> None:
    with pytest.raises(NameNotResolved):
        Lookup(Resolver()).find("bad", 5)


def test_a_waiter_that_gives_up_does_not_cancel_the_look_up_for_the_others() -> None:
    async def scenario() -> None:
        resolver = Resolver()
        lookup = Lookup(resolver)
        first = asyncio.create_task(_find(lookup))
        second = asyncio.create_task(_find(lookup))
        await asyncio.sleep(0)
        first.cancel()
        resolver.answer.set()
        assert await second == ["192.0.2.1"]
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(scenario())


async def _find(lookup: Lookup) -> list[str]:
    return list(await lookup.find_soon("slow"))
