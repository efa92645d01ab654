"""The REST API of a service, as the command line speaks it."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

import requests

_SERVER: Final = "http://127.0.0.1:8000"
_TIMEOUT_SECONDS: Final = 120.0


class RemoteFailed(Exception):
    """The service did not do it, or cannot be reached; the text is for the caller."""


class Remote:
    """A service at `TERCET_SERVER`, with the key of `TERCET_API_KEY`."""

    def __init__(self) -> None:
        self.url = os.environ.get("TERCET_SERVER", "").rstrip("/") or _SERVER
        self._session = requests.Session()
        # No proxy stands between a person and his own service.
        self._session.trust_env = False
        key = os.environ.get("TERCET_API_KEY")
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def call(self, method: str, path: str, **more: Any) -> Any:
        """What the service answers.

        Raises:
            RemoteFailed: with what it says is wrong.
        """
        try:
            answer = self._session.request(
                method, f"{self.url}/api/v1{path}", timeout=_TIMEOUT_SECONDS, **more
            )
            said = answer.json() if answer.content else None
        except (requests.RequestException, ValueError) as error:
            raise RemoteFailed(f"{self.url} cannot be asked: {error}") from error
        if not answer.ok:
            raise RemoteFailed(_told(answer.status_code, said))
        return said

    def every(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Everything of a list, page by page; raises as `call`."""
        cursor: str | None = None
        while True:
            page = self.call("GET", path, params={**query, "limit": 1000, "cursor": cursor})
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return


def _told(status: int, problem: Any) -> str:
    if not isinstance(problem, Mapping):
        return f"the service answers {status}"
    errors = problem.get("errors", ())
    lines = [f"  {error['pointer'] or '(all of it)'}: {error['detail']}" for error in errors]
    return "\n".join([str(problem.get("detail", status)), *lines])
