"""Runs of the laboratory: each in a process of its own, in a folder of its own."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from app.engine.local import RunFailed
from checkers.child import Child, ChildLost
from checkers.laboratory import Carried, decode_carried
from checkers.messages import encode
from checkers.workloads.bundled import Addresses
from checkers.workloads.carried import Order

_MODULE: Final = "checkers.laboratory"
_SITE: Final = "checkers.workloads.site"
#: The only address that a bundled target has, whatever else may not be contacted.
_OWN_NETWORK: Final = ("127.0.0.1/32",)


class Laboratory:
    """Carries out runs of workloads.

    Args:
        allowed_networks: special networks that may be contacted; `None`: every address.
        ca_bundle: a PEM file to trust instead of the system's store.
    """

    def __init__(
        self, allowed_networks: tuple[str, ...] | None, *, ca_bundle: str | None = None
    ) -> None:
        self._allowed_networks = allowed_networks
        self._ca_bundle = ca_bundle

    async def execute(self, asked: Order) -> Carried:
        """Carry out one run, in a folder of its own.

        Raises:
            RunFailed: it could not be carried out.
        """
        with tempfile.TemporaryDirectory(prefix="tercet-lab-") as folder:
            order = msgspec.structs.replace(
                asked,
                folder=folder,
                allowed_networks=_OWN_NETWORK if asked.bundled else self._allowed_networks,
                ca_bundle=self._ca_bundle,
            )
            carried = await _carried(order)
        if carried.error is not None:
            raise RunFailed(carried.error)
        return carried


async def _carried(order: Order) -> Carried:
    child = await Child.spawn(_MODULE)
    try:
        # Its first word only says that it is there.
        await child.receive()
        await child.send(encode(order))
        return decode_carried(await child.receive())
    except ChildLost as error:
        raise RunFailed("The process that carried the work out was lost.") from error
    finally:
        # Also of a run that was cancelled: what it was doing is wanted by nobody.
        child.kill()
        await asyncio.shield(child.close())


@asynccontextmanager
async def bundled_site() -> AsyncIterator[Addresses]:
    """The bundled targets, served by a process of their own until the block is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        _SITE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield Addresses(**json.loads(await process.stdout.readline()))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.shield(process.wait())
