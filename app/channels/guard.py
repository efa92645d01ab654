"""Keeps a process from reaching where the address policy lets nobody go.

A library for messages follows redirects, looks names up by itself and reads what a URL tells it
to. The interpreter's audit events (PEP 578) see every connection with the very address about to be
dialled, whichever of a hundred plugins asks for it. They cannot be taken back, and see everything:
this is for a process of its own.
"""

import os
import ssl
import sys
import threading
from collections.abc import Sequence
from typing import Final

from checkers.admission import Policy

_REACHING: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_STARTING: Final = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"}
)
# What libraries look into by themselves, beside the interpreter's own files.
_READABLE: Final = ("/etc/hosts", "/etc/mime.types", "/etc/resolv.conf", "/dev/null")
_READABLE_BELOW: Final = (
    "/etc/ssl",
    "/etc/pki",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
)


class NotAllowed(PermissionError):
    """Something that messages have no business with; as an error of the system's, which is met."""


class Guard:
    """What a process is kept from, and what it was kept from in a thread.

    Args:
        allowed_networks: special networks that may be contacted; `None`: every address.
        files: further files that may be read.
    """

    def __init__(self, allowed_networks: Sequence[str] | None, files: Sequence[str] = ()) -> None:
        self._policy = Policy(allowed_networks)
        trusted = ssl.get_default_verify_paths()
        roots = (sys.prefix, sys.base_prefix, *_READABLE_BELOW, trusted.capath or sys.prefix)
        self._below = tuple(os.path.realpath(root) + os.sep for root in roots)
        named = (*_READABLE, *files, trusted.cafile or os.devnull)
        self._files = frozenset(os.path.realpath(name) for name in named)
        self._here = threading.local()

    def stand(self) -> None:
        """Keep watch from now on, until the process ends."""
        sys.addaudithook(self._look)

    def begin(self) -> None:
        """Forget what this thread was kept from."""
        self._here.refusal = None

    @property
    def refusal(self) -> str | None:
        """What this thread was kept from first since it began, as a sentence."""
        refusal: str | None = getattr(self._here, "refusal", None)
        return refusal

    def _look(self, event: str, arguments: tuple[object, ...]) -> None:
        refusal = None
        if event in _REACHING:
            refusal = self._unreachable(arguments[1])
        elif event == "open":
            refusal = self._unreadable(arguments[0])
        elif event in _STARTING:
            refusal = "A message starts no program."
        if refusal is not None:
            if self.refusal is None:
                self._here.refusal = refusal
            raise NotAllowed(refusal)

    def _unreachable(self, address: object) -> str | None:
        if address is None:
            # A datagram on a socket that was connected before, and judged then.
            return None
        if not isinstance(address, tuple):
            return "A message goes over the network only."
        try:
            return self._policy.refusal(str(address[0]))
        except ValueError:
            # Who looks names up behind our back could be led anywhere.
            return f"{address[0]} was about to be contacted by its name, which is not allowed."

    def _unreadable(self, path: object) -> str | None:
        if not isinstance(path, str | bytes | os.PathLike):
            return None
        name = os.path.realpath(os.fsdecode(path))
        if name in self._files or name.startswith(self._below):
            return None
        return f"A message reads no files: {name}."
