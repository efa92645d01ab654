"""Every exception of the libraries has a reason."""

import http.client
import inspect
import ssl
from types import ModuleType

import aiohttp
import pytest
import requests
import urllib3.exceptions
from aiohttp import http_exceptions

from checkers import Marks, Reason
from checkers.clients import aiohttp_client, requests_client
from checkers.failures import BY_ERRNO, failure_of
from checkers.lookup import LookupImpossible, NameNotResolved

CLIENTS = (aiohttp_client, requests_client)


def _exceptions(module: ModuleType) -> list[type[BaseException]]:
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
    ]


@pytest.mark.parametrize(
    ("client", "module"),
    [
        (requests_client, http.client),
        (requests_client, urllib3.exceptions),
        (requests_client, requests.exceptions),
        (aiohttp_client, aiohttp.client_exceptions),
        (aiohttp_client, http_exceptions),
    ],
)
def test_the_table_of_a_client_knows_every_exception_of_its_library(
    client: ModuleType, module: ModuleType
) -> None:
    unknown = [
        kind
        for kind in _exceptions(module)
        if not any(parent in client.TABLE for parent in kind.__mro__)
        and not issubclass(kind, OSError)
    ]

    # Of WebSockets, which are never spoken here.
    assert {kind.__name__ for kind in unknown} <= {"WSMessageTypeError"}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("number", BY_ERRNO)
def test_a_fault_of_the_system_is_told_by_its_number(client: ModuleType, number: int) -> None:
    failure = failure_of(OSError(number, "x"), Marks(), client.TABLE)

    assert failure.reason is BY_ERRNO[number]
    assert failure.detail.endswith(".")


@pytest.mark.parametrize("client", CLIENTS)
def test_the_innermost_error_that_is_known_decides(client: ModuleType) -> None:
    outer = requests.ConnectionError("outer")
    outer.__cause__ = ConnectionRefusedError(111, "refused")

    assert failure_of(outer, Marks(), client.TABLE).reason is Reason.CONNECTION_REFUSED


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ("domain_lookup_start", Reason.NAME_LOOKUP_TIMEOUT),
        ("connect_start", Reason.CONNECTION_TIMEOUT),
        ("secure_connection_start", Reason.CONNECTION_TIMEOUT),
        ("connect_end", Reason.RESPONSE_TIMEOUT),
        ("response_start", Reason.RESPONSE_TIMEOUT),
    ],
)
def test_a_deadline_is_told_by_the_step_that_was_under_way(mark: str, reason: Reason) -> None:
    marks = Marks()
    for step in ("domain_lookup_start", "connect_start", "secure_connection_start", "connect_end",
                 "response_start"):  # fmt: skip
        setattr(marks, step, 1.0)
        if step != "domain_lookup_start":
            marks.domain_lookup_end = 1.0
        if step == mark:
            break

    assert failure_of(TimeoutError(), marks, {}).reason is reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (9, Reason.CERTIFICATE_NOT_YET_VALID),
        (10, Reason.CERTIFICATE_EXPIRED),
        (18, Reason.CERTIFICATE_UNTRUSTED),
        (62, Reason.CERTIFICATE_NAME_MISMATCH),
    ],
)
def test_a_certificate_is_told_by_what_openssl_says(code: int, reason: Reason) -> None:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_code, error.verify_message = code, "why"

    assert failure_of(error, Marks(), {}).reason is reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NameNotResolved("no"), Reason.NAME_NOT_RESOLVED),
        (LookupImpossible("no"), Reason.NOT_MEASURED),
        (KeyError("unforeseen"), Reason.INTERNAL_ERROR),
    ],
)
def test_other_errors(error: Exception, reason: Reason) -> None:
    assert failure_of(error, Marks(), {}).reason is reason
