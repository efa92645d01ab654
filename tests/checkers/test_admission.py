"""Which addresses may be contacted."""

import pytest

from checkers.admission import Policy

FORBIDDEN = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.168.1.1", "198.18.0.1", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1",
    "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd12::1", "fe80::1",
    "fec0::1", "ff02::1", "5f00::1", "100::1",
]  # fmt: skip
PUBLIC = [
    "64:ff9b::808:808",
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_special_addresses_are_refused_however_they_are_written(address: str) -> None:
    assert Policy(()).refusal(address) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert Policy(()).refusal(address) is None


def test_a_network_that_was_allowed_is_allowed_and_nothing_beside_it() -> None:
    policy = Policy(("127.0.0.0/31", "fd00::/8"))

    assert policy.refusal("127.0.0.1") is None
    assert policy.refusal("::ffff:127.0.0.1") is None
    assert policy.refusal("fd12::1") is None
    assert policy.refusal("127.0.0.2") is not None
    assert policy.refusal("10.0.0.1") is not None


@pytest.mark.parametrize(
    "address", ["64:ff9b::7f00:1", "::127.0.0.1", "2002:7f00:1::", "2001:0:7f00:1::80ff:fffe"]
)
def test_an_allowed_address_wrapped_in_another_is_not_the_one_that_was_allowed(
    address: str,
) -> None:
    assert Policy(("127.0.0.0/8",)).refusal(address) is not None


def test_without_a_policy_every_address_is_allowed() -> None:
    assert all(Policy(None).refusal(address) is None for address in FORBIDDEN)
