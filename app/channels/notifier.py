"""Notes said to mail servers, chats and pagers, by a process that lives while there are some."""

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from time import monotonic
from typing import Final

from app.channels.frames import Answer, Ask, Begin, decode_answer, encode
from app.channels.notification import Note
from checkers.child import Child, ChildLost

_MODULE: Final = "app.channels.voice"
_MAIL: Final = frozenset({"mailto", "mailtos"})
# What takes longer hangs.
_PATIENCE_SECONDS: Final = 30.0
# The process takes 50 MB, so it does not stay for long when nobody needs it.
_IDLE_SECONDS: Final = 60.0
_LOST: Final = "The process that sends messages ended before it had answered."


def is_mail(url: str) -> bool:
    """Whether a URL is of a mail server."""
    return url.partition("://")[0].lower() in _MAIL


class Notifier:
    """Says notes to whatever apprise can reach.

    Args:
        allowed_networks: special networks that may be contacted; `None`: every address.
        ca_bundle: a PEM file to trust instead of the system's store.
    """

    def __init__(
        self, allowed_networks: Sequence[str] | None, *, ca_bundle: str | None = None
    ) -> None:
        networks = None if allowed_networks is None else tuple(allowed_networks)
        self._begin = Begin(allowed_networks=networks, ca_bundle=ca_bundle)
        self._voices: set[_Voice] = set()
        self._voice: _Voice | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    async def look(self, url: str) -> Answer:
        """Whether a service is known for a URL, and what may be shown of it; reaches nobody."""
        return await self._ask(url, None)

    async def say(self, url: str, note: Note) -> Answer:
        """Say a note; what came of it, within half a minute."""
        return await self._ask(url, note)

    async def rest(self) -> None:
        """End the process if nothing was asked of it for a while."""
        if self._voice is not None and self._voice.idle_for > _IDLE_SECONDS:
            await self._voice.close()
        await self._bury()

    async def close(self) -> None:
        """End the process, whatever it is about."""
        self._closed = True
        async with self._starting:
            for voice in self._voices:
                voice.kill()
            await asyncio.gather(*(voice.close() for voice in self._voices))

    async def _ask(self, url: str, note: Note | None) -> Answer:
        try:
            voice = await self._living()
            return await voice.ask(url, note)
        except (ChildLost, OSError):
            return Answer(number=0, error=_LOST)

    async def _living(self) -> "_Voice":
        async with self._starting:
            if self._closed:
                raise ChildLost("the service stops")
            if self._voice is None or self._voice.worn:
                child = await Child.spawn(_MODULE)
                self._voice = _Voice(child)
                self._voices.add(self._voice)
                await child.send(encode(self._begin))
            return self._voice

    async def _bury(self) -> None:
        for voice in [voice for voice in self._voices if voice.ended]:
            self._voices.discard(voice)
            await voice.close()


class _Voice:
    """One process, and who waits for its answers."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._used_at = monotonic()
        #: Whether something hangs in it, or it is about to end: it is to be asked nothing more.
        self.worn = False
        # Its parent is this object: close() waits for it.
        self._reader = asyncio.create_task(self._read())

    @property
    def idle_for(self) -> float:
        """Seconds since it was needed last."""
        return 0.0 if self._waiting else monotonic() - self._used_at

    @property
    def ended(self) -> bool:
        return self._reader.done()

    async def ask(self, url: str, note: Note | None) -> Answer:
        """Ask, and wait for the answer.

        Raises:
            ChildLost: the process ended before.
        """
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._child.send(encode(Ask(number=number, url=url, note=note)))
                return await answer
        except TimeoutError:
            self.worn = True
            return Answer(number=number, error=f"Not taken within {_PATIENCE_SECONDS:.0f} s.")
        finally:
            del self._waiting[number]
            self._used_at = monotonic()
            if self.worn and not self._waiting:
                self.kill()

    def kill(self) -> None:
        """End it now; who waits for it is told so."""
        self.worn = True
        self._child.kill()

    async def close(self) -> None:
        """Let it end."""
        self.worn = True
        await self._child.close()
        await self._reader

    async def _read(self) -> None:
        with contextlib.suppress(ChildLost):
            while True:
                told = decode_answer(await self._child.receive())
                waiting = self._waiting.get(told.number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(told)
        self.worn = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ChildLost("the process ended"))
