"""The process that speaks to mail servers, chats and pagers, by apprise; fed and read over a pipe.

A plugin that hangs hangs here, where it can be ended; what it reaches for is judged here, whatever
it does; and its hundred siblings are not loaded into the service.
"""

import os
import threading
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from apprise import Apprise, AppriseAsset
from apprise.common import PersistentStoreMode

from app.channels.frames import Answer, Ask, Begin, decode_ask, decode_begin, encode
from app.channels.guard import Guard
from app.channels.notification import Note
from checkers.child import Line, settle_in

_APPRISE_MASK: Final = "****"
_MASK: Final = "***"
# Query parameters that begin so are header fields or parts of a body, by apprise's custom plugins.
_FIELDS: Final = ("+", "-", ":")
# What apprise adds to every URL, and means nothing.
_NOISE: Final = frozenset({"overflow=upstream", "retry=0", "wait=0.5", "optional=no"})
_UNKNOWN: Final = "is of no kind that apprise knows, or lacks a part that this kind needs"
_NOT_TAKEN: Final = "The service did not take the message."


class Voice:
    """Answers what it is asked, each in a thread of its own."""

    def __init__(self, line: Line, begin: Begin) -> None:
        self._line = line
        self._writing = threading.Lock()
        self._guard = Guard(
            begin.allowed_networks, () if begin.ca_bundle is None else (begin.ca_bundle,)
        )
        # No threads of its own, whose number would be bounded; nothing is kept on disk.
        self._asset = AppriseAsset(
            async_mode=False,
            service_timeout=0,
            storage_mode=PersistentStoreMode.MEMORY,
            app_id="Tercet",
            app_desc="Tercet",
            app_url="",
        )

    def serve(self) -> None:
        """Until the parent closes its end."""
        self._guard.stand()
        while (payload := self._line.read()) is not None:
            # A daemon: one that hangs must not hold up the end.
            threading.Thread(target=self._answer, args=(decode_ask(payload),), daemon=True).start()

    def _answer(self, ask: Ask) -> None:
        self._guard.begin()
        try:
            answer = self._look(ask) if ask.note is None else self._say(ask, ask.note)
        except Exception as error:  # noqa: BLE001 -- of a plugin: what it raises tells of itself
            answer = Answer(number=ask.number, error=f"It failed: {type(error).__name__}.")
        with self._writing:
            self._line.write(encode(answer))

    def _look(self, ask: Ask) -> Answer:
        plugin = self._plugin(ask.url)
        if plugin is None:
            return Answer(number=ask.number, error=self._guard.refusal or _UNKNOWN, final=True)
        return Answer(number=ask.number, shown_url=masked(plugin.url(privacy=True)))

    def _say(self, ask: Ask, note: Note) -> Answer:
        plugin = self._plugin(ask.url)
        if plugin is None:
            return Answer(number=ask.number, error=f"The URL {_UNKNOWN}.", final=True)
        speaker = Apprise(plugin, asset=self._asset)
        result = speaker.notify(
            body=note.text, title=note.title, notify_type=note.tone, body_format="text"
        )
        if result:
            return Answer(number=ask.number)
        refusal = self._guard.refusal
        told = refusal or _last_word(entry.message for entry in result.logs()) or _NOT_TAKEN
        return Answer(number=ask.number, error=told, final=refusal is not None)

    def _plugin(self, url: str) -> Any:
        """Apprise's own way of speaking to a URL, `None` where it knows none."""
        return Apprise.instantiate(url, asset=self._asset, suppress_exceptions=True) or None


def masked(shown: str) -> str:
    """What apprise shows of a URL, with the values of header fields and the like masked too."""
    address, _, query = shown.replace(_APPRISE_MASK, _MASK).partition("?")
    fields = [
        f"{name}={_MASK}" if unquote(name).startswith(_FIELDS) else field
        for field in query.split("&")
        if field and field not in _NOISE
        for name in (field.partition("=")[0],)
    ]
    return f"{address}?{'&'.join(fields)}" if fields else address


def _last_word(messages: Iterable[str]) -> str | None:
    """The last thing that was logged of a try, which says why it failed."""
    return next(reversed([message.strip() for message in messages]), None)


def main() -> None:
    """Serve the parent that started this process."""
    settle_in()
    line = Line()
    first = line.read()
    if first is None:
        return
    begin = decode_begin(first)
    # A proxy would look the name up itself, and be the only address that is judged.
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "*"
    if begin.ca_bundle is not None:
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = begin.ca_bundle
    Voice(line, begin).serve()


if __name__ == "__main__":
    main()
