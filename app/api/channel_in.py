"""Channels as they are asked for: complete, or changed; what is sent masked is kept."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BeforeValidator, Field

from app.api.asked import Asked, Faults
from app.api.bodies import checked
from app.api.channel_out import ChannelOut
from app.api.listed import Name
from app.api.monitor_in import Key
from app.api.patch import keep_key, patched
from app.api.targets import MASK, check_url, seconds_of
from app.channels import webhook
from app.channels.notifier import Notifier, is_mail
from app.channels.webhook import BadSecret
from app.domain.message import DEFAULT_EVENTS, Channel, ChannelType, MessageType
from app.services import clock

_Url = Annotated[str, Field(min_length=1, max_length=4096)]
_Secret = Annotated[str, Field(min_length=1, max_length=512)]
_Events = Annotated[
    list[Annotated[MessageType, Field(strict=False)]], Field(max_length=len(MessageType))
]
_RemindEvery = Annotated[
    float,
    BeforeValidator(seconds_of, json_schema_input_type=float | str),
    Field(ge=60, le=31 * 86_400),
]


class ChannelIn(Asked):
    """Where people are told, and of what."""

    key: Key
    name: Name | None = None
    type: Literal["webhook", "email", "apprise"]
    url: _Url = Field(
        description="webhook: http(s); email: mailto(s)://; apprise: any URL that it knows."
    )
    secret: _Secret | None = Field(
        default=None,
        description="Of webhooks: signs them (Standard Webhooks). null: no signature.",
    )
    events: _Events = Field(default=[*DEFAULT_EVENTS], description="What it is told of.")
    enabled: bool = True
    remind_every_seconds: _RemindEvery | None = Field(
        default=None, description="While an incident is open and nobody sees to it; null: never."
    )


async def channel_of(asked: ChannelIn, before: Channel | None, notifier: Notifier) -> Channel:
    """A channel, complete.

    Args:
        before: what is stored under its key: what is sent masked is kept from there.

    Raises:
        Invalid: with everything that is wrong with it.
    """
    faults = Faults()
    type_ = ChannelType(asked.type)
    url, shown = await _address(asked.url, type_, before, notifier, faults)
    secret = _secret(asked.secret, type_, before, faults)
    if faults:
        raise faults.error()
    return Channel(
        id=clock.new_id("cha"),
        key=asked.key,
        name=asked.name,
        type=type_,
        url=url,
        shown_url=shown,
        secret=secret,
        events=tuple(dict.fromkeys(asked.events)),
        enabled=asked.enabled,
        remind_every=asked.remind_every_seconds,
        created_at=clock.now(),
    )


async def changed(before: Channel, patch: dict[str, Any], notifier: Notifier) -> Channel:
    """A channel with a merge patch applied; raises `Invalid`."""
    keep_key("channel", before.key, patch)
    shown = ChannelOut.of(before).model_dump(mode="json", exclude={"id", "created_at", "links"})
    asked = checked(msgspec.json.encode(patched(shown, patch)), ChannelIn)
    return await channel_of(asked, before, notifier)


async def _address(
    url: str, type_: ChannelType, before: Channel | None, notifier: Notifier, faults: Faults
) -> tuple[str, str]:
    """An address, and what is shown of it."""
    if before is not None and type_ is before.type and url in {before.url, before.shown_url}:
        return before.url, before.shown_url
    if MASK in url:
        faults.invalid(("url",), "holds *** for a secret, and is not the URL that is read back")
    elif type_ is ChannelType.WEBHOOK:
        check_url(url, ("url",), faults)
        return url, url
    elif type_ is ChannelType.EMAIL and not is_mail(url):
        faults.invalid(("url",), "is not of a mail server: mailtos://user:password@host?to=address")
    else:
        answer = await notifier.look(url)
        if answer.error is not None:
            faults.invalid(("url",), answer.error)
        return url, answer.shown_url
    return url, ""


def _secret(
    secret: str | None, type_: ChannelType, before: Channel | None, faults: Faults
) -> str | None:
    if secret is None:
        return None
    if type_ is not ChannelType.WEBHOOK:
        faults.invalid(("secret",), "signs webhooks; this is none")
    elif secret == MASK:
        if before is not None and before.secret is not None:
            return before.secret
        faults.invalid(("secret",), "is *** and there is none stored to be kept")
    else:
        try:
            webhook.key_of(secret)
        except BadSecret as error:
            faults.invalid(("secret",), str(error))
    return secret
