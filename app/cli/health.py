"""`tercet health`: whether the service of these settings is well, for whoever supervises it."""

import sys

import requests

from app.cli.configured import read_settings

_TIMEOUT_SECONDS = 4.0
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared with, not bound to


def health() -> int:
    """Ask the service; 0 when it is ready, 1 when it is not."""
    settings = read_settings()
    if settings is None:
        return 2
    host = _EVERY_ADDRESS.get(settings.host, settings.host)
    shown = f"[{host}]" if ":" in host else host
    try:
        with requests.Session() as session:
            # No proxy stands between a service and who looks after it.
            session.trust_env = False
            answer = session.get(f"http://{shown}:{settings.port}/readyz", timeout=_TIMEOUT_SECONDS)
            said = answer.json()
        told = ", ".join(said["missing"]) or said["status"]
    except (requests.RequestException, ValueError, KeyError) as error:
        sys.stderr.write(f"tercet health: no answer: {error}\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0 if answer.ok else 1
