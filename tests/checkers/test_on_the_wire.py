"""What goes over the wire, and where it must not go: the same from every client."""

import json
import threading
from collections.abc import Callable
from time import monotonic

import msgspec
import pytest
import uvloop

from checkers import ClientName, Outcome, Reason, StrategyName, Target
from checkers.admission import Policy
from checkers.check import check
from checkers.clients.aiohttp_client import AiohttpClient
from checkers.clients.curl_client import CurlClient
from checkers.clients.curl_loop import CurlLoop
from checkers.clients.exchange import Exchange, Hop, Surroundings
from checkers.clients.requests_client import RequestsClient
from checkers.lookup import Lookup, NameNotResolved
from checkers.strategies.supply import Supply
from tests.farm.grid import Cell, carried_out
from tests.farm.servers import Servers, answering, ok, recording, redirect

CELLS = [
    (StrategyName.THREADED, ClientName.REQUESTS),
    (StrategyName.THREADED, ClientName.CURL),
    (StrategyName.ASYNC, ClientName.AIOHTTP),
    (StrategyName.ASYNC, ClientName.CURL),
]
ALLOWED = ("127.0.0.1/32", "::1/128")


def _carried_out(
    cell: Cell, target: Target, allowed: tuple[str, ...] | None = None
) -> list[Outcome]:
    return carried_out(cell[0], [target], cell[1], allowed=allowed)


@pytest.mark.parametrize("cell", CELLS)
def test_every_client_sends_the_same_request(cell: Cell, farm: Servers) -> None:
    heads: list[bytes] = []
    port = farm.serve(recording(heads, ok()))

    _carried_out(cell, Target(url=f"http://127.0.0.1:{port}/a/../b?q=%20ü#f"))

    assert heads[0].decode().split("\r\n") == [
        "GET /a/../b?q=%20%C3%BC HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: Tercet/test",
        "Accept: */*",
        "Accept-Encoding: gzip, deflate",
        "Connection: close",
        "",
        "",
    ]


@pytest.mark.parametrize("cell", CELLS)
def test_method_headers_and_body_are_sent_as_given(cell: Cell, farm: Servers) -> None:
    heads: list[bytes] = []
    port = farm.serve(recording(heads, ok()))
    target = Target(
        url=f"http://127.0.0.1:{port}/",
        method="POST",
        headers=(("User-Agent", "mine"), ("Host", "other.example"), ("X-A", "1")),
        body=b'{"a":1}',
    )

    outcomes = _carried_out(cell, target)

    lines = heads[0].decode().split("\r\n")
    assert lines[0] == "POST / HTTP/1.1"
    assert {"User-Agent: mine", "Host: other.example", "X-A: 1", "Content-Length: 7"} <= set(lines)
    assert not any("Tercet" in line for line in lines)
    assert outcomes[0].status == "up"


@pytest.mark.parametrize("cell", CELLS)
def test_the_outcome_tells_where_the_redirects_led(cell: Cell, farm: Servers) -> None:
    last = farm.serve(answering(ok()))
    first = farm.serve(answering(redirect(b"http://localhost:%d/end" % last)))

    (outcome,) = _carried_out(cell, Target(url=f"http://127.0.0.1:{first}/"))

    assert outcome.final_url == f"http://localhost:{last}/end"
    assert outcome.redirects == 1
    assert outcome.remote_address == "127.0.0.1"
    assert outcome.phases.name_lookup is not None


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("host", ["127.0.0.2", "[::ffff:127.0.0.2]", "[::127.0.0.2]"])
def test_a_forbidden_address_is_never_connected_to(cell: Cell, host: str, farm: Servers) -> None:
    heads: list[bytes] = []
    port = farm.serve(recording(heads, ok()), host="127.0.0.2")

    (outcome,) = _carried_out(cell, Target(url=f"http://{host}:{port}/"), allowed=ALLOWED)

    assert (outcome.status, outcome.reason) == ("unknown", Reason.ADDRESS_NOT_ALLOWED)
    assert outcome.total is None
    assert heads == []


@pytest.mark.parametrize("cell", CELLS)
def test_a_redirect_to_a_forbidden_address_is_the_targets_fault(cell: Cell, farm: Servers) -> None:
    heads: list[bytes] = []
    forbidden = farm.serve(recording(heads, ok()), host="127.0.0.2")
    first = farm.serve(answering(redirect(b"http://127.0.0.2:%d/" % forbidden)))

    (outcome,) = _carried_out(cell, Target(url=f"http://127.0.0.1:{first}/"), allowed=ALLOWED)

    assert (outcome.status, outcome.reason) == ("down", Reason.REDIRECT_REFUSED)
    assert heads == []


def _checked(client: str, target: Target, surroundings: Surroundings) -> Outcome:
    """One check with a client and a resolver of the test's own."""
    if client == "curl's loop":
        return _checked_by_its_loop(target, surroundings)

    async def scenario() -> Outcome:
        conversation = check(0, target, waiting_since=monotonic())
        asynchronous = AiohttpClient(surroundings)
        blocking = CurlClient(surroundings) if client == "curl" else RequestsClient(surroundings)

        async def exchange(hop: Hop) -> Exchange:
            if client == "aiohttp":
                return await asynchronous.exchange(hop)
            return blocking.exchange(hop)

        try:
            hop = next(conversation)
            while True:
                assert isinstance(hop, Hop)
                hop = conversation.send(await exchange(hop))
        except StopIteration as ended:
            outcome: Outcome = ended.value
            return outcome
        finally:
            await asynchronous.close()

    return uvloop.run(scenario())


def _checked_by_its_loop(target: Target, surroundings: Surroundings) -> Outcome:
    outcomes: list[Outcome] = []

    def fault(_item: Target, error: Exception) -> Outcome:
        raise error

    loop = CurlLoop(surroundings, lambda item: check(0, item, waiting_since=monotonic()), fault)
    try:
        loop.run(Supply([target]), lambda pairs: outcomes.extend(o for _, o in pairs), 1)
    finally:
        loop.close()
    return outcomes[0]


def _around(
    resolve: Callable[[str], list[str]], allowed: tuple[str, ...] = ALLOWED
) -> Surroundings:
    return Surroundings(policy=Policy(allowed), lookup=Lookup(resolve), user_agent="Tercet/test")


CLIENTS = ["requests", "aiohttp", "curl", "curl's loop"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_name_that_comes_to_lead_elsewhere_is_asked_about_again(
    client: str, farm: Servers
) -> None:
    heads: list[bytes] = []
    farm.serve(recording(heads, ok()), host="127.0.0.2")
    answers = [["127.0.0.1"], ["127.0.0.2"]]
    port = farm.serve(answering(redirect(b"/again")))

    outcome = _checked(
        client,
        Target(url=f"http://rebinding.example:{port}/"),
        _around(lambda _name: answers.pop(0)),
    )

    assert outcome.reason is Reason.REDIRECT_REFUSED
    assert answers == []
    assert heads == []


@pytest.mark.parametrize("client", CLIENTS)
def test_of_several_addresses_a_dead_one_does_not_use_up_the_deadline(
    client: str, farm: Servers
) -> None:
    port = farm.serve(answering(ok()))

    outcome = _checked(
        client,
        Target(url=f"http://several.example:{port}/"),
        _around(lambda _name: ["127.0.0.3", "127.0.0.1"], ("127.0.0.0/8",)),
    )

    assert outcome.status == "up"
    assert outcome.remote_address == "127.0.0.1"


@pytest.mark.parametrize("client", CLIENTS)
def test_forbidden_addresses_of_a_name_are_passed_over(client: str, farm: Servers) -> None:
    port = farm.serve(answering(ok()))

    outcome = _checked(
        client,
        Target(url=f"http://mixed.example:{port}/"),
        _around(lambda _name: ["10.0.0.1", "127.0.0.1"]),
    )

    assert outcome.status == "up"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_name_without_an_address_is_down(client: str) -> None:
    def resolve(_name: str) -> list[str]:
        raise NameNotResolved("There is no such name.")

    outcome = _checked(client, Target(url="http://nowhere.example/"), _around(resolve))

    assert (outcome.status, outcome.reason) == ("down", Reason.NAME_NOT_RESOLVED)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_name_server_that_is_silent_is_given_the_deadline(client: str) -> None:
    never = threading.Event()

    def resolve(_name: str) -> list[str]:
        never.wait(20)
        return []

    outcome = _checked(client, Target(url="http://silent.example/", timeout=0.2), _around(resolve))
    never.set()

    assert (outcome.status, outcome.reason) == ("down", Reason.NAME_LOOKUP_TIMEOUT)


@pytest.mark.parametrize("client", CLIENTS)
def test_no_proxy_is_taken_from_the_environment(
    client: str, farm: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    port = farm.serve(answering(ok()))

    outcome = _checked(client, Target(url=f"http://127.0.0.1:{port}/"), _around(lambda _n: []))

    assert outcome.status == "up"


def test_an_outcome_survives_the_pipe(farm: Servers) -> None:
    (outcome,) = carried_out(
        StrategyName.ASYNC, [Target(url=f"http://127.0.0.1:{farm.serve(answering(ok()))}/")]
    )

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(outcome), type=Outcome) == outcome
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome
    assert json.loads(msgspec.json.encode(outcome))["status"] == "up"
