"""What a probe asks of a check, and is told for it, by libcurl's loop."""

import asyncio
import gzip
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from checkers import (
    CATALOGUE,
    CheckWork,
    ClientName,
    Expectation,
    Item,
    Limits,
    Outcome,
    Reason,
    StrategyName,
    Subject,
    Target,
)
from checkers.chain import chain_of, written
from checkers.probe import Probe
from checkers.tls import Trust
from tests.farm.certificates import Certificates
from tests.farm.servers import Servers, answering, ok, redirect

GZIPPED = gzip.compress(b"hello hello")


def _check(*targets: Target, allowed: tuple[str, ...] = ("127.0.0.0/8",)) -> list[Outcome]:
    """The outcomes of checks in one run, in order, one after the other."""
    outcomes: list[Outcome] = []

    async def emit(some: list[Outcome]) -> None:
        outcomes.extend(some)

    async def run() -> None:
        work = CheckWork(
            client=ClientName.CURL, waiting_since=time.monotonic(), allowed_networks=allowed,
            user_agent="tests", paced=False,
        )  # fmt: skip
        strategy = CATALOGUE[StrategyName.ASYNC].make(Limits(concurrency=1))
        await strategy.run(work, [Item(seq, each) for seq, each in enumerate(targets)], emit)

    asyncio.run(run())
    return sorted(outcomes, key=lambda outcome: outcome.seq)


def _target(url: str, *, verify_tls: bool = True, expect: tuple[Expectation, ...] = (),
            **probe: Any) -> Target:  # fmt: skip
    return Target(url=url, verify_tls=verify_tls, expect=expect, probe=Probe(**probe))


@pytest.fixture
def bundle(certificates: Certificates, tmp_path: Path) -> str:
    return str(certificates.bundle(tmp_path))


def test_an_ordinary_check_is_told_nothing_more(farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"

    outcome = _check(Target(url=url))[0]

    assert outcome.facts is None


def test_fields_are_told_as_they_came(farm: Servers) -> None:
    response = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-B: 3\r\nContent-Length: 0\r\n\r\n"
    url = f"http://127.0.0.1:{farm.serve(answering(response))}/"

    facts = _check(_target(url, fields=("x-a", "content-length")))[0].facts

    assert facts is not None
    assert facts.fields == (("x-a", "1"), ("x-a", "2"), ("content-length", "0"))
    assert facts.address == "127.0.0.1"
    assert facts.chain is None


def test_each_pattern_of_the_body_is_told_apart(farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok(b'hello')))}/"
    expect = tuple(Expectation(of=Subject.BODY, op="matches", value=v) for v in ("l+", "x"))

    facts = _check(_target(url, expect=expect))[0].facts

    assert facts is not None
    assert facts.held == (True, False)


def test_a_coding_is_undone_only_when_asked_for(farm: Servers) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    url = f"http://127.0.0.1:{farm.serve(answering(head % len(GZIPPED) + GZIPPED))}/"
    plain = f"http://127.0.0.1:{farm.serve(answering(ok(b'plain')))}/"

    outcomes = _check(_target(url), _target(url, coding="gzip"), _target(plain, coding="gzip"))

    assert [each.body_bytes for each in outcomes[:2]] == [len(GZIPPED), 11]
    assert outcomes[2].reason is Reason.BODY_UNDECODABLE


def test_no_handle_remembers_the_probe_before(
    farm: Servers, certificates: Certificates, bundle: str
) -> None:
    named = farm.serve(answering(ok()), certificates.context("own.example"))
    usual = farm.serve(answering(ok()), certificates.context())
    own = _target(f"https://127.0.0.1:{named}/", ca_file=bundle, server_name="own.example")

    outcomes = _check(
        own,
        _target(f"https://127.0.0.1:{usual}/", ca_file=bundle),
        _target(f"https://127.0.0.1:{usual}/"),
        own,
        Target(url=f"https://127.0.0.1:{usual}/"),
        _target(f"https://localhost:{usual}/", ca_file=bundle),
        _target(f"https://localhost:{named}/", ca_file=bundle, server_name="own.example"),
    )

    untrusted = Reason.CERTIFICATE_UNTRUSTED
    told = [each.reason for each in outcomes]
    assert told == [None, None, untrusted, None, untrusted, None, None]


def test_a_client_certificate_is_shown_to_whom_it_is_for(
    farm: Servers, certificates: Certificates, bundle: str, tmp_path: Path
) -> None:
    wanting = certificates.wanting_client(ssl.TLSVersion.TLSv1_2)
    url = f"https://127.0.0.1:{farm.serve(answering(ok()), wanting)}/"
    own = certificates.authority.issue_cert("client.example")
    cert, key = tmp_path / "client.pem", tmp_path / "client.key"
    own.cert_chain_pems[0].write_to_path(str(cert))
    own.private_key_pem.write_to_path(str(key))
    shown = _target(url, ca_file=bundle, cert_file=str(cert), key_file=str(key))

    outcomes = _check(_target(url, ca_file=bundle), shown, _target(url, ca_file=bundle))

    wanted = Reason.CLIENT_CERTIFICATE_REQUIRED
    assert [each.reason for each in outcomes] == [wanted, None, wanted]


def test_a_name_of_its_own_is_not_asked_for_elsewhere(
    farm: Servers, certificates: Certificates, bundle: str
) -> None:
    usual = farm.serve(answering(ok()), certificates.context())
    leading = answering(redirect(f"https://127.0.0.1:{usual}/".encode()))
    named = farm.serve(leading, certificates.context("own.example"))
    target = _target(f"https://127.0.0.1:{named}/", ca_file=bundle, server_name="own.example")

    outcome = _check(target)[0]

    assert (outcome.reason, outcome.redirects) == (None, 1)


def test_a_server_name_never_leads_around_the_policy(farm: Servers) -> None:
    url = f"https://127.0.0.1:{farm.serve(answering(ok()))}/"

    outcome = _check(_target(url, server_name="192.0.2.1"), allowed=())[0]

    assert outcome.reason is Reason.ADDRESS_NOT_ALLOWED


@pytest.mark.parametrize(
    ("prefer", "addresses", "chosen"),
    [
        (4, ["::1", "::2", "192.0.2.1", "192.0.2.2"], "192.0.2.1"),
        (6, ["192.0.2.1", "::1", "::2"], "::1"),
        (6, ["192.0.2.1", "192.0.2.2"], "192.0.2.1"),
        (4, ["::2", "::1"], "::2"),
    ],
)
def test_one_address_is_dialled(prefer: Any, addresses: list[str], chosen: str) -> None:
    assert Probe(prefer=prefer).chosen(addresses) == [chosen]


def _ders(*blobs: trustme.Blob) -> tuple[bytes, ...]:
    return tuple(ssl.PEM_cert_to_DER_cert(blob.bytes().decode("ascii")) for blob in blobs)


@pytest.fixture
def chains(tmp_path: Path) -> tuple[trustme.CA, Trust]:
    authority = trustme.CA()
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return authority, Trust(str(path), None)


def test_a_chain_is_as_good_as_its_shortest_certificate(
    chains: tuple[trustme.CA, Trust],
) -> None:
    authority, trusted = chains
    own = authority.create_child_ca().issue_cert("a.example", "b.example")

    found = chain_of(_ders(*own.cert_chain_pems), trusted)

    assert found is not None
    assert found.names == ("a.example", "b.example")
    assert found.verified == found.earliest
    assert found.subject.startswith("OU=Testing cert")


def test_a_chain_in_any_order_is_found(chains: tuple[trustme.CA, Trust]) -> None:
    authority, trusted = chains
    deep = authority.create_child_ca().create_child_ca()
    own, *others = _ders(*deep.issue_cert("a.example").cert_chain_pems)

    assert chain_of((own, *others), trusted) == chain_of((own, *reversed(others)), trusted)


def test_a_chain_that_leads_nowhere_is_not_verified(chains: tuple[trustme.CA, Trust]) -> None:
    stranger = trustme.CA().issue_cert("a.example")

    found = chain_of(_ders(*stranger.cert_chain_pems), chains[1])
    unasked = chain_of(_ders(*stranger.cert_chain_pems), None)

    assert found is not None
    assert (found.verified, found) == (None, unasked)


def test_a_certificate_that_is_trusted_itself_is_a_chain(tmp_path: Path) -> None:
    own = trustme.CA().issue_cert("a.example")
    path = tmp_path / "own.pem"
    own.cert_chain_pems[0].write_to_path(str(path))

    found = chain_of(_ders(*own.cert_chain_pems), Trust(str(path), None))

    assert found is not None
    assert found.verified == found.earliest


@given(st.binary(max_size=200))
def test_no_bytes_pass_for_a_certificate_or_break_the_reading(data: bytes) -> None:
    assert chain_of((data,), None) is None
    assert chain_of((), None) is None


def test_a_subject_is_written_in_the_order_people_know() -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "A, B"),
            x509.NameAttribute(NameOID.COMMON_NAME, "#x "),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "C"),
            x509.NameAttribute(ObjectIdentifier("1.2.3"), "ü"),
        ]
    )

    assert written(name) == r"CN=\#x\ ,O=A\, B+O=C,C=DE,1.2.3=#0c02c3bc"
