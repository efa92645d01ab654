"""Checks as a work that any strategy can carry: which client, under which policy."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from enum import StrEnum
from time import sleep, time
from typing import TYPE_CHECKING

import msgspec

from checkers.admission import Policy
from checkers.check import Conversation, check
from checkers.clients.exchange import BlockingClient, NonBlockingClient, Surroundings
from checkers.lack import Pause
from checkers.lag import CREW, AloneLag, Lag
from checkers.lookup import Lookup
from checkers.outcome import Outcome, Reason, Status
from checkers.target import Target
from checkers.timing import now
from checkers.url import host_and_port

if TYPE_CHECKING:
    # A name only: a strategy's module never has to be loaded for a check.
    from checkers.clients.curl_loop import CurlLoop
    from checkers.strategies.strategy import Fault, OwnLoop, PerPlace


logger = logging.getLogger(__name__)


class ClientName(StrEnum):
    """The libraries that can perform an exchange."""

    REQUESTS = "requests"
    AIOHTTP = "aiohttp"
    CURL = "curl"


class Item(msgspec.Struct, frozen=True, array_like=True):
    """A target with its place in the request.

    Attributes:
        since: instant of the monotonic clock at which it was meant to begin; `None`: with the run.
    """

    seq: int
    target: Target
    since: float | None = None


class CheckWork(msgspec.Struct, frozen=True, kw_only=True):
    """Checks with one client.

    Attributes:
        waiting_since: instant of the monotonic clock from which every check waits for its turn
            that has no instant of its own.
        allowed_networks: special networks that may be contacted; `None`: every address.
        per_host: checks in flight at most to one host and port as written; 0: any number.
        paced: spread the starts, so that our own lag stays small.
        findings: note each expectation with what was found.
    """

    client: ClientName
    waiting_since: float
    allowed_networks: tuple[str, ...] | None
    user_agent: str
    ca_bundle: str | None = None
    per_host: int = 0
    paced: bool = True
    findings: bool = False

    def per_place(self) -> "PerPlace[Item] | None":
        """The host and port of each target, of which `per_host` may be out at a time."""
        if not self.per_host:
            return None
        from checkers.strategies.strategy import PerPlace  # noqa: PLC0415 -- as above

        return PerPlace(lambda item: host_and_port(item.target.url), self.per_host)

    @contextmanager
    def opened(self, *, alone: bool = False) -> Iterator[Callable[[Item], Outcome]]:
        """Perform checks in the calling thread; threads may share it unless it is `alone`."""
        client = self._blocking(AloneLag() if alone else CREW)

        def perform(item: Item) -> Outcome:
            return self._carry_out(client, item)

        try:
            yield perform
        finally:
            client.abort()

    @asynccontextmanager
    async def opened_async(self) -> AsyncIterator[Callable[[Item], Awaitable[Outcome]]]:
        """Perform checks on the running event loop."""
        client = self._nonblocking()

        async def perform(item: Item) -> Outcome:
            return await self._carry_out_async(client, item)

        try:
            yield perform
        finally:
            await client.close()

    def own_loop(self) -> "AbstractContextManager[OwnLoop[Item, Outcome]] | None":
        """libcurl's, which carries out whole checks by itself."""
        return self._curl_loop() if self.client is ClientName.CURL else None

    @contextmanager
    def _curl_loop(self) -> "Iterator[CurlLoop[Item, Outcome]]":
        from checkers.clients.curl_loop import CurlLoop  # noqa: PLC0415 -- as below

        loop = CurlLoop(self._surroundings(), self._conversation, self._internal_error)
        try:
            yield loop
        finally:
            loop.close()

    def _conversation(self, item: Item) -> Conversation:
        return check(
            item.seq,
            item.target,
            waiting_since=self._meant_to_begin(item),
            with_findings=self.findings,
        )

    def _internal_error(self, item: Item, error: Exception) -> Outcome:
        logger.error("an item failed in an unforeseen way", exc_info=error)
        return _unknown(item, Reason.INTERNAL_ERROR, f"{type(error).__name__}: {error}", 0.0)

    def fault(self, item: Item, fault: "Fault", detail: str) -> Outcome:
        """The outcome of a target that could not be checked through a fault of ours."""
        queued = max(now() - self._meant_to_begin(item), 0.0)
        return _unknown(item, Reason(fault.value), detail, queued)

    def _meant_to_begin(self, item: Item) -> float:
        return self.waiting_since if item.since is None else item.since

    def _carry_out(self, client: BlockingClient, item: Item) -> Outcome:
        conversation = self._conversation(item)
        try:
            asked = next(conversation)
            while True:
                if isinstance(asked, Pause):
                    sleep(asked.seconds)
                    asked = next(conversation)
                else:
                    asked = conversation.send(client.exchange(asked))
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return outcome

    async def _carry_out_async(self, client: NonBlockingClient, item: Item) -> Outcome:
        conversation = self._conversation(item)
        try:
            asked = next(conversation)
            while True:
                if isinstance(asked, Pause):
                    await asyncio.sleep(asked.seconds)
                    asked = next(conversation)
                else:
                    asked = conversation.send(await client.exchange(asked))
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return outcome

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            policy=Policy(self.allowed_networks),
            lookup=Lookup(),
            user_agent=self.user_agent,
            ca_bundle=self.ca_bundle,
        )

    # A client's library is loaded by whoever uses it: a child that runs aiohttp never pays for
    # requests (20 MB, 80 ms), nor the reverse.

    def _blocking(self, lag: Lag) -> BlockingClient:
        if self.client is ClientName.CURL:
            from checkers.clients.curl_client import CurlClient  # noqa: PLC0415

            return CurlClient(self._surroundings(), lag)
        from checkers.clients.requests_client import RequestsClient  # noqa: PLC0415

        return RequestsClient(self._surroundings(), lag)

    def _nonblocking(self) -> NonBlockingClient:
        from checkers.clients.aiohttp_client import AiohttpClient  # noqa: PLC0415

        return AiohttpClient(self._surroundings())


def not_measured(item: Item, detail: str) -> Outcome:
    """The outcome of a target that this machine was in no state to check."""
    queued = 0.0 if item.since is None else max(now() - item.since, 0.0)
    return _unknown(item, Reason.NOT_MEASURED, detail, queued)


def _unknown(item: Item, reason: Reason, detail: str, queued: float) -> Outcome:
    return Outcome(
        seq=item.seq,
        url=item.target.url,
        status=Status.UNKNOWN,
        reason=reason,
        detail=detail,
        started_at=time(),
        queued=queued,
    )
