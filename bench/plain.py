"""What Tercet is held against: the shortest honest loop over each library.

Run as `python -m bench.plain aiohttp|requests URL COUNT IN_FLIGHT [CA_BUNDLE]`; prints the CPU and
the wall time of the loop alone, in seconds.
"""

import asyncio
import sys
import threading
import time

import aiohttp
import requests
import uvloop


async def _aiohttp(url: str, count: int, in_flight: int) -> None:
    numbers = iter(range(count))
    # A new connection for each, as a check has.
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def lane() -> None:
            for _ in numbers:
                async with session.get(url) as response:
                    await response.read()

        await asyncio.gather(*(lane() for _ in range(in_flight)))


def _requests(url: str, count: int, in_flight: int, ca_bundle: str | None) -> None:
    numbers, taking = iter(range(count)), threading.Lock()

    def lane() -> None:
        while True:
            with taking:
                if next(numbers, None) is None:
                    return
            requests.get(url, verify=ca_bundle or True, timeout=30)

    threads = [threading.Thread(target=lane) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Run the loop that was named."""
    library, url, count, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    ca_bundle = sys.argv[5] if len(sys.argv) > 5 else None
    cpu, wall = time.process_time(), time.perf_counter()
    if library == "aiohttp":
        uvloop.run(_aiohttp(url, count, in_flight))
    else:
        _requests(url, count, in_flight, ca_bundle)
    print(time.process_time() - cpu, time.perf_counter() - wall)


if __name__ == "__main__":
    main()
