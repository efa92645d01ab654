"""Local targets in processes of their own, and the URLs they answer."""

import contextlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import trustme

_PATIENCE_SECONDS = 30.0
_THREADS = 64


class Secure(NamedTuple):
    """An HTTPS target and what to trust to verify it."""

    url: str
    ca_bundle: Path


@contextlib.contextmanager
def httpbin() -> Iterator[str]:
    """Httpbin under gunicorn, with more threads than any bench has in flight."""
    port = free_port()
    server = f"gunicorn httpbin:app --worker-class gthread --threads {_THREADS} --backlog 4096"
    command = [*server.split(), "--bind", f"127.0.0.1:{port}"]
    with _running([sys.executable, "-m", *command]):
        await_port(port)
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def fast() -> Iterator[str]:
    """A target that costs next to nothing: the same bytes for every request."""
    with _serving("bench.target") as port:
        yield f"http://127.0.0.1:{port}/"


@contextlib.contextmanager
def delayed() -> Iterator[str]:
    """A target that answers after 50 ms and keeps its own truth."""
    with _serving("bench.delayed") as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def fast_secure() -> Iterator[Secure]:
    """The same over TLS; its authority stands behind all those that the system trusts."""
    with tempfile.TemporaryDirectory(prefix="tercet-bench-") as folder:
        authority, bundle, key = trustme.CA(), Path(folder, "ca.pem"), Path(folder, "server.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(key))
        trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
        pem = "".join(ssl.DER_cert_to_PEM_cert(der) for der in trusted)
        bundle.write_text(pem + authority.cert_pem.bytes().decode("ascii"), encoding="ascii")
        with _serving("bench.target", str(key)) as port:
            yield Secure(f"https://127.0.0.1:{port}/", bundle)


@contextlib.contextmanager
def _serving(module: str, *arguments: str) -> Iterator[int]:
    """A target of our own; its port."""
    port = free_port()
    with _running([sys.executable, "-m", module, str(port), *arguments]):
        await_port(port)
        yield port


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[1]
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_port(port: int) -> None:
    """Wait until somebody listens on a port."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
