"""Every odd spelling from every client, in a network of its own that leads nowhere.

Run as `python -m tests.farm.alone`: it leaves for a network namespace with nothing but loopback, so
that even a fault in the policy sends nothing out, counts the connections that a forbidden address
gets, and prints what it found as JSON.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Sequence
from typing import Final

from checkers import ClientName, Outcome, StrategyName, Target
from tests.farm.grid import carried_out, verdict
from tests.farm.servers import answering, redirect, servers
from tests.farm.spellings import spelt

ALLOWED: Final = "127.0.0.1/32"
CELLS: Final = (
    (StrategyName.THREADED, ClientName.REQUESTS),
    (StrategyName.THREADED, ClientName.CURL),
    (StrategyName.ASYNC, ClientName.AIOHTTP),
    (StrategyName.ASYNC, ClientName.CURL),
)
_PATIENCE_SECONDS: Final = 2.0
# linux/sched.h, linux/sockios.h, linux/if.h
_CLONE_NEWNET: Final = 0x40000000
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1


def leave() -> bool:
    """Move this process into a network of its own; false where that is not allowed."""
    if sys.platform != "linux" or ctypes.CDLL(None).unshare(_CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP) + bytes(22))
    return True


class Tripwire:
    """Listens on every address there is, and notes who connects to any but the allowed one."""

    def __init__(self) -> None:
        self.port = 0
        self.tripped: list[str] = []
        self._listeners: list[socket.socket] = []
        for family, any_address in ((socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0")):
            listener = socket.socket(family)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((any_address, self.port))
            listener.listen(4096)
            self.port = listener.getsockname()[1]
            self._listeners.append(listener)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                reached = str(connection.getsockname()[0])
                if reached != ALLOWED.partition("/")[0]:
                    self.tripped.append(reached)


def experiment() -> dict[str, object]:
    """What every client says of every spelling, in a request and in a redirect."""
    wire = Tripwire()
    urls = spelt(wire.port)
    with servers() as farm:
        sent = [
            farm.serve(answering(redirect(url.encode("utf-8", "surrogatepass")))) for url in urls
        ]
        away = [f"http://127.0.0.1:{port}/" for port in sent]
        found = {
            f"{name}+{client}": {
                "direct": _verdicts(name, client, urls),
                "redirected": _verdicts(name, client, away),
            }
            for name, client in CELLS
        }
    tripped = list(wire.tripped)
    # The wire itself: without a policy each client does reach it.
    for name, client in CELLS:
        _verdicts(name, client, [f"http://127.0.0.2:{wire.port}/"], allowed=None)
    wired = len(wire.tripped) - len(tripped)
    return {"urls": urls, "tripped": tripped, "wired": wired, "found": found}


def _verdicts(
    name: StrategyName,
    client: ClientName,
    urls: Sequence[str],
    allowed: tuple[str, ...] | None = (ALLOWED,),
) -> list[str]:
    targets = [Target(url=url, timeout=_PATIENCE_SECONDS) for url in urls]
    outcomes: list[Outcome] = carried_out(name, targets, client, allowed=allowed)
    return [verdict(outcome) for outcome in outcomes]


def main() -> None:
    """Leave, try everything, print."""
    alone = leave()
    json.dump({"alone": alone, **experiment()}, sys.stdout)
    sys.stdout.flush()
    # Threads that wait for a name server must not hold up the end.
    os._exit(0)


if __name__ == "__main__":
    main()
