"""Webhooks are signed as Standard Webhooks has it."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from app.channels.webhook import BadSecret, key_of, request, signature

# The example of the specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = '{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_signature_is_the_one_of_the_specification() -> None:
    assert signature(SECRET, ID, "1614265330", BODY) == SIGNED


def test_the_request_bears_id_timestamp_and_signature() -> None:
    made = request("https://example.org/h", ID, BODY, secret=SECRET, now=AT)

    assert dict(made.headers) == {
        "Content-Type": "application/json",
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNED,
    }
    assert (made.method, made.body, made.follow_redirects) == ("POST", BODY.encode(), False)


def test_without_a_secret_there_is_no_signature() -> None:
    made = request("https://example.org/h", ID, BODY, secret=None, now=AT)

    assert "webhook-signature" not in dict(made.headers)


def test_a_body_is_signed_as_it_is_sent() -> None:
    body = '{"name": "Größe"}'
    digest = hmac.new(b"f\xc3\xbcr uns", f"i.1.{body}".encode(), hashlib.sha256).digest()

    assert signature("für uns", "i", "1", body) == "v1," + base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("secret", "key"),
    [("whsec_aGVsbG8=", b"hello"), ("aGVsbG8=", b"hello"), ("correct horse", b"correct horse")],
)
def test_a_secret_is_base64_or_else_a_text(secret: str, key: bytes) -> None:
    assert key_of(secret) == key


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64", "whsec_aGVsbG8"])
def test_a_secret_that_claims_to_be_base64_and_is_not_is_refused(secret: str) -> None:
    with pytest.raises(BadSecret):
        key_of(secret)
