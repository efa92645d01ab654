"""Notes reach mail servers and chats, and nobody whom the address policy forbids."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from app.channels.frames import Answer
from app.channels.notification import Note
from app.channels.notifier import Notifier
from tests.farm.servers import Servers, answering, at_accept, depending, ok, redirect

LOOPBACK = ("127.0.0.0/8",)
NOTE = Note(title="DOWN: Größe", text="one\n<two>", tone="failure")


class Inbox:
    """What a mail server was handed."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], Message]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- the library's name
        read = message_from_bytes(envelope.content)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, read))
        return "250 OK"


class MailServer(Controller):
    """A mail server on whichever port is free."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture
def mail_server() -> Iterator[tuple[Inbox, int]]:
    inbox = Inbox()
    server = MailServer(inbox, hostname="127.0.0.1", port=0)
    server.start()
    yield inbox, server.port
    server.stop()


def asked(
    ask: Callable[[Notifier], Awaitable[Answer]], allowed: tuple[str, ...] = LOOPBACK
) -> Answer:
    async def scenario() -> Answer:
        notifier = Notifier(allowed)
        try:
            return await ask(notifier)
        finally:
            await notifier.close()

    return asyncio.run(scenario())


def said(url: str, allowed: tuple[str, ...] = LOOPBACK) -> Answer:
    return asked(lambda notifier: notifier.say(url, NOTE), allowed)


def test_a_note_comes_by_mail(mail_server: tuple[Inbox, int]) -> None:
    inbox, port = mail_server
    answer = said(f"mailto://127.0.0.1:{port}/?from=tercet@example.org&to=ops@example.org")

    ((sender, receivers, mail),) = inbox.mails
    assert (answer.error, sender, receivers) == (None, "tercet@example.org", ["ops@example.org"])
    assert str(make_header(decode_header(mail["Subject"]))) == "DOWN: Größe"
    assert mail.get_payload(decode=True) == b"one\r\n<two>\r\n"


def test_a_note_reaches_what_apprise_knows(farm: Servers) -> None:
    heard: list[bytes] = []
    port = farm.serve(depending(lambda request: heard.append(request) or ok()))  # type: ignore[func-returns-value]

    assert said(f"json://127.0.0.1:{port}/hook").error is None
    assert b'"title": "DOWN: ' in heard[0]
    assert b'"type": "failure"' in heard[0]


def test_a_service_that_does_not_take_it_may_do_so_later(farm: Servers) -> None:
    answer = said(f"json://127.0.0.1:{farm.serve(answering(ok(status=b'500 No')))}/")

    assert answer.error
    assert not answer.final


def test_nobody_whom_the_policy_forbids_is_reached(farm: Servers) -> None:
    asked_for: list[bytes] = []
    port = farm.serve(depending(lambda head: asked_for.append(head) or ok()))  # type: ignore[func-returns-value]
    answers = [
        said(f"{kind}://127.0.0.1:{port}/?from=a@example.org&to=b@example.org", allowed=())
        for kind in ("json", "mailto")
    ]

    told = "127.0.0.1 is a loopback address, which is not allowed here."
    assert [(answer.error, answer.final) for answer in answers] == [(told, True)] * 2
    assert asked_for == []


def test_nor_by_a_redirect(farm: Servers) -> None:
    asked_for: list[bytes] = []
    beyond = farm.serve(
        depending(lambda head: asked_for.append(head) or ok()),  # type: ignore[func-returns-value]
        host="127.0.0.2",
    )
    port = farm.serve(
        answering(redirect(b"http://127.0.0.2:%d/" % beyond, b"307 Temporary Redirect"))
    )

    assert said(f"json://127.0.0.1:{port}/", allowed=("127.0.0.1/32",)).error is not None
    assert asked_for == []


def test_a_url_reads_no_file_of_this_machine() -> None:
    answer = said("workflow://127.0.0.1/WorkflowID/Signature?template=/etc/passwd")

    assert answer.error == "A message reads no files: /etc/passwd."


def test_one_that_hangs_holds_up_no_other(farm: Servers) -> None:
    silent, well = farm.serve(at_accept(then="silent")), farm.serve(answering(ok()))

    async def beside(notifier: Notifier) -> Answer:
        hanging = [
            asyncio.ensure_future(notifier.say(f"json://127.0.0.1:{silent}/", NOTE))
            for _ in range(20)
        ]
        answer = await notifier.say(f"json://127.0.0.1:{well}/", NOTE)
        assert not any(task.done() for task in hanging)
        await notifier.close()
        assert all(task.error for task in await asyncio.gather(*hanging))
        return answer

    assert asked(beside).error is None


def looked(*urls: str) -> list[Answer]:
    async def scenario() -> list[Answer]:
        notifier = Notifier(LOOPBACK)
        try:
            return [await notifier.look(url) for url in urls]
        finally:
            await notifier.close()

    return asyncio.run(scenario())


def test_what_is_secret_in_a_url_is_masked() -> None:
    answers = looked(
        "json://u:hunter2@127.0.0.1/x",
        "json://127.0.0.1/?+X-Token=hunter2",
        "mailto://u:hunter2@127.0.0.1/?from=a@example.org&to=b@example.org",
        "discord://hunter2hunter2/abcdefghijklmnop",
    )

    assert [answer.shown_url for answer in answers[:2]] == [
        "json://u:***@127.0.0.1/x?method=POST",
        "json://127.0.0.1/?method=POST&%2BX-Token=***",
    ]
    assert [answer.shown_url for answer in answers if "hunter2" in answer.shown_url] == []


def test_a_url_of_no_known_kind_is_told() -> None:
    answers = looked("nosuch://x", "slack://x", "json://[::1", "ops@example.org", "x:")

    assert all(answer.error for answer in answers)
