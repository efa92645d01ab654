"""Checks of monitors as traces, for whoever has set a collector; imports nothing for others."""

import random
import threading
from asyncio import to_thread
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import structlog

from app.domain.outcome import Way
from app.services.notices import Listener, Stored
from checkers import Outcome

if TYPE_CHECKING:
    from app.services.spans import Spans

logger = structlog.get_logger(__name__)

# Checks whose spans are still to be made; where that does not keep up, no more are traced.
_WAITING: Final = 5000
# How long a stop waits for the collector.
_CLOSE_SECONDS: Final = 5.0


@asynccontextmanager
async def traced(
    endpoint: str | None, *, sample: float, ca_bundle: str | None
) -> AsyncIterator[Sequence[Listener]]:
    """What traces checks until the block is left; nothing without an endpoint.

    Args:
        sample: the share of checks that are traced.
    """
    if endpoint is None:
        yield ()
        return
    # Here, so that who has not installed the extra can do without, and nobody else pays for it.
    from app.services.spans import Spans  # noqa: PLC0415

    tracing = Tracing(Spans(endpoint, ca_bundle), sample)
    try:
        yield (tracing,)
    finally:
        await to_thread(tracing.close)


class Tracing:
    """Has spans made of recorded checks, in a thread of its own: that takes longer than recording.

    Args:
        sample: the share of checks that are traced.
    """

    def __init__(self, spans: "Spans", sample: float) -> None:
        self._spans = spans
        self._sample = sample
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spans")
        self._waiting = 0
        self._behind = False

    def of_monitors(self, stored: Stored) -> None:
        """Trace some of these checks."""
        chosen = [one for one in stored if random.random() < self._sample]
        if not chosen:
            return
        if self._waiting + len(chosen) > _WAITING:
            if not self._behind:
                logger.warning("traces_behind", waiting=self._waiting)
            self._behind = True
            return
        self._behind = False
        self._waiting += len(chosen)
        self._thread.submit(self._make, chosen)

    def of_batch(self, way: Way, outcomes: Sequence[Outcome]) -> None:
        """Batches are not traced: a hundred thousand traces tell nobody anything."""

    def close(self) -> None:
        """Hand over what there is, within some seconds; what the collector leaves is lost."""
        # A thread that nothing waits for: a collector that drips would hold it for ever.
        closing = threading.Thread(target=self._finish, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)
        if closing.is_alive():
            logger.warning("traces_left_behind")

    def _finish(self) -> None:
        self._thread.shutdown()
        self._spans.close()

    def _make(self, chosen: Stored) -> None:
        try:
            for key, recording in chosen:
                self._spans.make(key, recording)
        except Exception:  # of a loop: the next checks are traced all the same
            logger.exception("tracing_interrupted")
        finally:
            self._waiting -= len(chosen)
