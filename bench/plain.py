"""What Tercet is held against: the shortest honest loop over each library.

Run as `python -m bench.plain aiohttp|requests|curl URL COUNT IN_FLIGHT [CA_BUNDLE]`; prints the CPU
and the wall time of the loop alone, in seconds.
"""

import asyncio
import contextlib
import select
import sys
import threading
import time
from typing import Any

import aiohttp
import pycurl
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


class _Curl:
    """libcurl's multi interface on epoll through pycurl, doing nothing with what it gets."""

    def __init__(self, url: str, ca_bundle: str | None) -> None:
        self._url = url
        self._ca_bundle = ca_bundle
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._epoll = select.epoll()
        self._masks: dict[int, int] = {}
        self._due: float | None = None

    def run(self, count: int, in_flight: int) -> None:
        for _ in range(in_flight):
            self._multi.add_handle(self._handle())
        left, flying = count - in_flight, in_flight
        while flying:
            self._wait()
            waiting = True
            while waiting:
                waiting, done, broken = self._multi.info_read()
                if broken:
                    raise RuntimeError(broken[0][2])
                for handle in done:
                    self._multi.remove_handle(handle)
                    flying -= 1
                    if left:
                        self._multi.add_handle(handle)
                        left, flying = left - 1, flying + 1

    def _handle(self) -> Any:
        made = pycurl.Curl()
        made.setopt(pycurl.URL, self._url)
        made.setopt(pycurl.WRITEFUNCTION, lambda _: None)
        made.setopt(pycurl.HTTPHEADER, ["Connection: close"])
        for option in (pycurl.NOSIGNAL, pycurl.FRESH_CONNECT, pycurl.FORBID_REUSE):
            made.setopt(option, 1)
        made.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        if self._ca_bundle is not None:
            made.setopt(pycurl.CAINFO, self._ca_bundle)
        return made

    def _wait(self) -> None:
        patience = 1.0 if self._due is None else max(self._due - time.monotonic(), 0.0)
        for fd, events in self._epoll.poll(patience):
            if fd in self._masks:
                self._multi.socket_action(fd, (events & 1) | (2 if events & 4 else 0))
            else:
                with contextlib.suppress(OSError):
                    self._epoll.unregister(fd)
        if self._due is not None and self._due <= time.monotonic():
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _on_socket(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        if what == pycurl.POLL_REMOVE:
            self._masks.pop(fd, None)
            return
        mask = {pycurl.POLL_IN: 1, pycurl.POLL_OUT: 4, pycurl.POLL_INOUT: 5}[what]
        try:
            (self._epoll.modify if fd in self._masks else self._epoll.register)(fd, mask)
        except FileExistsError:
            self._epoll.modify(fd, mask)
        self._masks[fd] = mask

    def _on_timer(self, milliseconds: int) -> None:
        self._due = None if milliseconds < 0 else time.monotonic() + milliseconds * 0.001


def main() -> None:
    """Run the loop that was named."""
    library, url, count, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    ca_bundle = sys.argv[5] if len(sys.argv) > 5 else None
    cpu, wall = time.process_time(), time.perf_counter()
    if library == "aiohttp":
        uvloop.run(_aiohttp(url, count, in_flight))
    elif library == "curl":
        _Curl(url, ca_bundle).run(count, in_flight)
    else:
        _requests(url, count, in_flight, ca_bundle)
    print(time.process_time() - cpu, time.perf_counter() - wall)


if __name__ == "__main__":
    main()
