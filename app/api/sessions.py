"""Sessions of people who use the pages: begun with the key, carried in a signed cookie.

The cookie names a session and when it began, signed with a key that is derived from the API key: a
new API key ends all sessions. A form carries a token that only its own session's page could know.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import Final

from itsdangerous import BadSignature, Signer, TimestampSigner
from pydantic import SecretStr

COOKIE: Final = "tercet_session"
#: A session lasts so many seconds: thirty days.
LASTS: Final = 30 * 86_400
# Of sessions that were ended before their time; the oldest are forgotten first.
_ENDED_KEPT: Final = 10_000


class Sessions:
    """Begins, recognises and ends sessions.

    Without an API key everybody is let in, and sessions only tie a form to who was shown it.
    """

    def __init__(self, api_key: SecretStr | None) -> None:
        self._key = None if api_key is None else api_key.get_secret_value().encode("utf-8")
        secret = secrets.token_bytes(32) if self._key is None else self._key
        self._cookies = TimestampSigner(secret, salt="session", digest_method=hashlib.sha256)
        self._tokens = Signer(secret, salt="form", digest_method=hashlib.sha256)
        self._ended: OrderedDict[str, None] = OrderedDict()

    @property
    def needed(self) -> bool:
        """Whether a key is set, so that people have to sign in."""
        return self._key is not None

    def is_key(self, given: str) -> bool:
        """Whether a text is the key; takes as long whatever it is."""
        return self._key is not None and hmac.compare_digest(given.encode("utf-8"), self._key)

    def begin(self) -> tuple[str, str]:
        """A new session, and the cookie that carries it."""
        session = secrets.token_urlsafe(18)
        return session, self._cookies.sign(session).decode("ascii")

    def find(self, cookie: str | None) -> str | None:
        """The session of a cookie; `None` if it is none of ours, too old, or was ended."""
        if cookie is None or not cookie.isascii():
            return None
        try:
            session = self._cookies.unsign(cookie, max_age=LASTS).decode("ascii")
        except BadSignature:
            return None
        return None if session in self._ended else session

    def end(self, session: str) -> None:
        """Let a session be none from now on, whoever still has its cookie."""
        self._ended[session] = None
        while len(self._ended) > _ENDED_KEPT:
            self._ended.popitem(last=False)

    def token(self, session: str) -> str:
        """What the forms of a session carry."""
        return self._tokens.get_signature(session).decode("ascii")

    def is_token(self, session: str | None, given: str) -> bool:
        """Whether a form comes from a page that was made for this session."""
        return (
            session is not None
            and given.isascii()
            and self._tokens.verify_signature(session, given)
        )
