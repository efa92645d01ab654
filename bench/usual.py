"""What tutorials usually do: start them all, and time around the call.

Run as `python -m bench.usual DESIGN URL COUNT`; prints the seconds each request is said to have
taken, as JSON by path.
"""

import asyncio
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import aiohttp
import requests

_THREADS, _PROCESSES = 200, 16
_SEMAPHORE = 100


async def _gather(urls: list[str], limit: int | None) -> list[float]:
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    gate = asyncio.Semaphore(limit or len(urls))
    async with aiohttp.ClientSession(connector=connector) as session:

        async def timed(url: str) -> float:
            async with gate:
                began = time.perf_counter()
                async with session.get(url) as response:
                    await response.read()
                return time.perf_counter() - began

        return await asyncio.gather(*(timed(url) for url in urls))


def _get(url: str) -> float:
    began = time.perf_counter()
    requests.get(url, timeout=30)
    return time.perf_counter() - began


def main() -> None:
    """Run the design that was named."""
    design, base, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    paths = [f"/{design}/{number}" for number in range(count)]
    urls = [base + path for path in paths]
    if design == "gather":
        took = asyncio.run(_gather(urls, None))
    elif design == "semaphore":
        took = asyncio.run(_gather(urls, _SEMAPHORE))
    else:
        threads = design == "threads"
        with (
            ThreadPoolExecutor(_THREADS) if threads else ProcessPoolExecutor(_PROCESSES)
        ) as executor:
            took = list(executor.map(_get, urls))
    print(json.dumps(dict(zip(paths, took, strict=True))))


if __name__ == "__main__":
    main()
