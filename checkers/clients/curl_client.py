"""One exchange with libcurl in the calling thread: an easy handle for each that is at it."""

import contextlib
import socket
from collections.abc import Sequence

import pycurl

from checkers.clients.curl_transfer import Transfer
from checkers.clients.exchange import Exchange, Hop, Surroundings, admitted
from checkers.clients.failure import Failed
from checkers.failures import failure_of
from checkers.lag import CREW, Lag
from checkers.lookup import LookupFailed
from checkers.timing import now


class CurlClient:
    """Makes exchanges with libcurl in the calling thread; threads may share it."""

    def __init__(self, surroundings: Surroundings, lag: Lag = CREW) -> None:
        self._surroundings = surroundings
        self._lag = lag
        self._live: set[Transfer] = set()
        # Sets add and pop at one go: each handle is taken once, without a lock.
        self._idle: set[Transfer] = set()
        self._closed = False

    def exchange(self, hop: Hop) -> Exchange:
        """Make one exchange. It ends by the hop's deadline, whatever the server does."""
        seen = Exchange()
        self._lag.begin(now())
        try:
            addresses = self._look_up(hop, seen)
        except (Failed, LookupFailed, TimeoutError) as error:
            seen.failure, seen.ended = failure_of(error, seen.marks, {}), now()
            seen.ours = self._lag.lag(seen.ended)
            return seen
        transfer, failed = self._take(), None
        self._live.add(transfer)
        try:
            transfer.prepare(hop, seen, addresses)
            transfer.curl.perform()
        except pycurl.error as error:
            failed = error.args
        finally:
            self._live.discard(transfer)
        transfer.finish(failed)
        self._keep(transfer)
        return seen

    def abort(self) -> None:
        """End the exchanges under way in other threads; each returns within moments.

        Lets go of every handle as well: each holds two descriptors until it is closed.
        """
        self._closed = True
        for transfer in tuple(self._live):
            held = transfer.socket
            try:
                if held is not None:
                    held.shutdown(socket.SHUT_RDWR)
            except OSError:
                # Already closed, or not connected yet: nothing to wake.
                continue
        self._close_idle()

    def _take(self) -> Transfer:
        """A handle for one exchange: an idle one, or another."""
        try:
            return self._idle.pop()
        except KeyError:
            return Transfer(self._surroundings, self._lag)

    def _keep(self, transfer: Transfer) -> None:
        if transfer.spoilt:
            transfer.curl.close()
            return
        self._idle.add(transfer)
        if self._closed:
            self._close_idle()

    def _close_idle(self) -> None:
        with contextlib.suppress(KeyError):
            while True:
                self._idle.pop().curl.close()

    def _look_up(self, hop: Hop, seen: Exchange) -> Sequence[str] | None:
        url = hop.request.url
        if url.literal:
            admitted((url.host,), self._surroundings.policy, hop.ip_version)
            return None
        seen.marks.domain_lookup_start = now()
        found = self._surroundings.lookup.find(url.host, hop.remaining)
        at = now()
        seen.note_looked_up(at, self._lag.lag(at))
        return admitted(found, self._surroundings.policy, hop.ip_version)
