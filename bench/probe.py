"""`/probe` beside blackbox_exporter: how many a second, and whether both answer the same."""

import asyncio
import contextlib
import gzip
import re
import shutil
import ssl
import statistics
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple, cast

import psutil
import trustme
from rich.table import Table

from bench.service import serving
from bench.targets import await_port, fast, free_port

_EXPORTER: Final = "prometheus-blackbox-exporter"
_MISSING: Final = f"{_EXPORTER} is not on this machine: Tercet alone, nothing to compare with"
_IN_FLIGHT: Final = 50
_ROUNDS: Final = 7
_SECONDS: Final = 3.0
_BORDER: Final = re.compile(rb"\r\n[0-9a-f]+\r\n(?!\r\n)")
_LENGTH: Final = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)
_MODULES: Final = """
modules:
  plain: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}
  head: {prober: http, timeout: 5s, http: {method: HEAD}}
  stay: {prober: http, timeout: 5s, http: {follow_redirects: false, valid_status_codes: [302]}}
  body: {prober: http, timeout: 5s, http: {fail_if_body_not_matches_regexp: ["^hello$"]}}
  field: {prober: http, timeout: 5s, http: {fail_if_header_matches: [{header: x-a, regexp: o}]}}
  gzip: {prober: http, timeout: 5s, http: {compression: gzip}}
  small: {prober: http, timeout: 5s, http: {body_size_limit: 3B}}
  ours: {prober: http, timeout: 5s, http: {tls_config: {ca_file: %s}}}
  loose: {prober: http, timeout: 5s, http: {tls_config: {insecure_skip_verify: true}}}
"""
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
_ZIPPED: Final = gzip.compress(b"hello hello")
_ANSWERS: Final[Mapping[str, bytes]] = {
    "/": _OK + b"X-A: one\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\nhello",
    "/missing": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "/away": b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 2\r\n\r\nhi",
    "/round": b"HTTP/1.1 302 Found\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n",
    "/old": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "/endless": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
    "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
    "/zipped": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_ZIPPED), _ZIPPED),
    "/nothing": b"",
}
_CASES: Final = (
    *(("plain", path) for path in _ANSWERS),
    ("head", "/"), ("head", "/endless"), ("stay", "/away"), ("body", "/"), ("body", "/missing"),
    ("body", "/old"), ("body", "/cut"), ("field", "/"), ("field", "/old"), ("gzip", "/zipped"),
    ("gzip", "/"), ("small", "/"), ("ours", "https"), ("loose", "https"), ("plain", "https"),
    ("plain", "refused"), ("plain", "nowhere"), ("plain", "not a url"),
)  # fmt: skip


class _Asked(NamedTuple):
    """What one side did in a round."""

    a_second: float
    cpu_us: float


async def speed() -> Table:
    """Probes a second at 50 in flight, both sides in alternating rounds of one run."""
    table = Table("who", "probes/s", "CPU a probe", title=f"/probe, {_IN_FLIGHT} in flight")
    with fast() as target, _both() as sides:
        found: dict[str, list[_Asked]] = {name: [] for name in sides}
        for number in range(-1, _ROUNDS):
            order = list(sides) if number % 2 else list(reversed(sides))
            for name in order:
                asked = await _round(*sides[name], target)
                if number >= 0:
                    found[name].append(asked)
    for name, rounds in found.items():
        rate = statistics.median(each.a_second for each in rounds)
        cost = statistics.median(each.cpu_us for each in rounds)
        table.add_row(name, f"{rate:,.0f}", f"{cost:,.0f} µs")
    if len(found) < len(("tercet", "exporter")):
        table.caption = _MISSING
        return table
    pairs = list(zip(found["tercet"], found["exporter"], strict=True))
    ratios = sorted(ours.a_second / theirs.a_second for ours, theirs in pairs)
    costs = statistics.median(theirs.cpu_us / ours.cpu_us for ours, theirs in pairs)
    shown = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
    table.add_row("ratio, median of rounds (wanted ≥ 2)", shown, f"{costs:.2f}")
    return table


async def names() -> Table:
    """Whether every name is there with the same value, on the same targets; times excepted."""
    table = Table("module", "target", "names", "differs", title="/probe beside the exporter")
    async with _targets() as urls:
        modules = _MODULES % urls["ca"]
        with _both(modules) as sides:
            for module, path in _CASES:
                answers = [
                    _figures(await _ask(port, _query(module, urls.get(path, path), urls)))
                    for port, _ in sides.values()
                ]
                table.add_row(module, path, str(len(answers[0])), _difference(answers))
            if len(sides) == 1:
                table.caption = _MISSING
    return table


def _difference(answers: list[dict[str, str]]) -> str:
    if len(answers) < 2:
        return "not compared"
    ours, theirs = answers
    # A name that later versions of the exporter have.
    added = {name for name in ours if name.startswith("probe_tls_cipher_info")} - theirs.keys()
    wrong = [
        f"{name}: {ours.get(name)} / {theirs.get(name)}"
        for name in sorted((ours.keys() | theirs.keys()) - added)
        if name not in ours or name not in theirs or not _same(name, ours[name], theirs[name])
    ]
    return "; ".join(wrong) or "nothing"


def _same(name: str, one: str, other: str) -> bool:
    return "duration_seconds" in name or "lookup_time" in name or float(one) == float(other)


def _figures(text: str) -> dict[str, str]:
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")
    return {name: value for name, value in lines}  # noqa: C416 -- dict() takes no lists of str


def _query(module: str, target: str, urls: Mapping[str, str]) -> str:
    url = urls["http"] + target if target.startswith("/") else target
    return f"/probe?module={module}&target={url.replace(' ', '%20')}"


@contextlib.contextmanager
def _both(modules: str = _MODULES % "''") -> Iterator[dict[str, tuple[int, psutil.Process]]]:
    """Port and process of each side; of Tercet alone where there is no exporter."""
    with (
        tempfile.TemporaryDirectory(prefix="tercet-bench-") as folder,
        contextlib.ExitStack() as on,
    ):
        path = Path(folder, "blackbox.yml")
        path.write_text(modules, encoding="utf-8")
        served = on.enter_context(serving(Path(folder), {"TERCET_PROBE_MODULES": str(path)}))
        port = int(served.url.rpartition(":")[2])
        sides = {"tercet": (port, served.process)}
        if shutil.which(_EXPORTER) is not None:
            sides["exporter"] = on.enter_context(_exporter(path))
        yield sides


@contextlib.contextmanager
def _exporter(config: Path) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    process = subprocess.Popen(
        [_EXPORTER, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await_port(port)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


async def _round(port: int, process: psutil.Process, target: str) -> _Asked:
    until, before = perf_counter() + _SECONDS, _cpu(process)
    query = _query("plain", target, {})

    loop, began = asyncio.get_running_loop(), perf_counter()
    lanes = [_Lane(_request(query), until) for _ in range(_IN_FLIGHT)]
    for lane in lanes:
        await loop.create_connection(lambda lane=lane: lane, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(lane.ended for lane in lanes))
    done, took = sum(lane.done for lane in lanes), perf_counter() - began
    return _Asked(done / took, (_cpu(process) - before) / done * 1e6)


class _Lane(asyncio.Protocol):
    """One question after the other on one connection, at as little cost as can be."""

    def __init__(self, request: bytes, until: float) -> None:
        self.done = 0
        self.ended = asyncio.get_running_loop().create_future()
        self._request = request
        self._until = until
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports derive from no class of asyncio.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not _is_whole(self._answer):
            return
        assert b"\nprobe_success 1\n" in _BORDER.sub(b"", self._answer), self._answer
        self.done += 1
        self._answer = b""
        if perf_counter() < self._until:
            self._transport.write(self._request)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(exc)


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    return body.endswith(b"\r\n0\r\n\r\n") if found is None else len(body) == int(found[1])


def _cpu(process: psutil.Process) -> float:
    every = [process, *process.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in every)


async def _ask(port: int, query: str) -> str:
    async with _connected(port) as (reader, writer):
        return await _exchange(reader, writer, query)


@contextlib.asynccontextmanager
async def _connected(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


def _request(query: str) -> bytes:
    patience = "X-Prometheus-Scrape-Timeout-Seconds: 10"
    return f"GET {query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{patience}\r\n\r\n".encode()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, query: str) -> str:
    """One question on a connection that is kept, as Prometheus keeps its own."""
    writer.write(_request(query))
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, given, rest = head.partition(b"content-length:")
    if given:
        return (await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))).decode()
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += await reader.readexactly(size + 2)
        body = body[:-2]
    await reader.readline()
    return body.decode()


@contextlib.asynccontextmanager
async def _targets() -> AsyncIterator[dict[str, str]]:
    """Where each behaviour is, and the file of the authority of the one over TLS."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.create_child_ca().issue_cert("127.0.0.1", "localhost").configure_cert(context)
    with tempfile.TemporaryDirectory(prefix="tercet-bench-") as folder:
        path = Path(folder, "ca.pem")
        authority.cert_pem.write_to_path(str(path))
        async with (
            await asyncio.start_server(_answer, "127.0.0.1", 0) as plain,
            await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context) as secure,
        ):
            ports = [each.sockets[0].getsockname()[1] for each in (plain, secure)]
            yield {
                "http": f"http://127.0.0.1:{ports[0]}",
                "https": f"https://127.0.0.1:{ports[1]}/",
                "refused": f"http://127.0.0.1:{free_port()}/",
                "nowhere": "http://nowhere.invalid/",
                "not a url": "http://[::1",
                "ca": str(path),
            }


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        method, path, _ = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
        answer = _ANSWERS[path.decode()]
        head, end, _ = answer.partition(b"\r\n\r\n")
        writer.write(head + end if method == b"HEAD" else answer)
        await writer.drain()
    writer.close()
