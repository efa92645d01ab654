"""`tercet monitors …` and `tercet status`: what the service watches, from the command line."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli import screen
from app.cli.monitor_file import FileUnreadable, monitor_of, read_file
from app.cli.remote import Remote, RemoteFailed

# Sent in one request; each takes well under a second, so that progress can be told.
_AT_ONCE: Final = 1000
_STYLES: Final = {
    "up": "green", "degraded": "yellow", "down": "bold red", "unknown": "magenta",
    "pending": "dim", "paused": "dim", "maintenance": "cyan",
}  # fmt: skip
_WRONG: Final = ("down", "degraded", "unknown")


def listed(labels: Sequence[str], status: str | None) -> int:
    """List monitors; 0."""
    query = {"label": list(labels), "status": status}

    def show(remote: Remote) -> int:
        table = _table("key", "status", "since", "p", "last", "URL")
        number = 0
        for monitor in remote.every("/monitors", **query):
            table.add_row(*_row(monitor))
            number += 1
        console = screen.console(sys.stdout)
        if number:
            console.print(table)
        else:
            console.print("There is no such monitor.")
        return 0

    return _asked(show)


def added(url: str, common: Mapping[str, Any]) -> int:
    """Add or change one monitor; 0."""

    def add(remote: Remote) -> int:
        made = remote.call("POST", "/monitors", json={**monitor_of(url), **common})
        sys.stdout.write(f"{made['key']} is watched: {made['id']}\n")
        return 0

    return _asked(add)


def imported(path: str, common: Mapping[str, Any], *, dry_run: bool) -> int:
    """Add or change all monitors of a file; 0, or 1 when one was refused."""

    def send(remote: Remote) -> int:
        rows = read_file(path, common)
        counts: Counter[str] = Counter()
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            answer = remote.call(
                "POST",
                "/monitors",
                params={"dry_run": "true"} if dry_run else None,
                json={"monitors": [row.monitor for row in part]},
            )
            for item in answer["items"]:
                counts[item["result"]] += 1
                for error in item["errors"]:
                    field = error["pointer"].split("/", 3)[3:] or ["the whole"]
                    sys.stderr.write(
                        f"{part[item['index']].place}: {field[0]}: {error['detail']}\n"
                    )
        told = ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
        sys.stdout.write(f"{'Would be: ' if dry_run else ''}{told}\n")
        return 1 if counts["refused"] else 0

    return _asked(send)


def checked(names: Sequence[str]) -> int:
    """Check monitors now; 0 when all are up, else 1."""

    def check(remote: Remote) -> int:
        table = _table("key", "status", "reason", "ms", "detail")
        wrong = 0
        for name in names:
            outcome = remote.call("POST", f"/monitors/{quote(name, safe='')}/check")
            wrong += outcome["status"] != "up"
            taken = "" if outcome["total_ms"] is None else f"{outcome['total_ms']:.1f}"
            table.add_row(
                Text(name), _status(outcome["status"]), outcome["reason"] or "", taken,
                Text(outcome["detail"] or ""),
            )  # fmt: skip
        screen.console(sys.stdout).print(table)
        return 1 if wrong else 0

    return _asked(check)


def switched(names: Sequence[str], labels: Sequence[str], what: str) -> int:
    """Pause or resume monitors, by name or label; 0."""

    def switch(remote: Remote) -> int:
        if labels:
            done = remote.call("POST", f"/monitors/{what}", params={"label": list(labels)})
            sys.stdout.write(f"{done['matched']} chosen, {done['changed']} changed\n")
        for name in names:
            monitor = remote.call("POST", f"/monitors/{quote(name, safe='')}/{what}")
            sys.stdout.write(f"{monitor['key']}: {monitor['status']}\n")
        return 0

    if not names and not labels:
        sys.stderr.write("tercet monitors: name a monitor, or use --label k=v\n")
        return 2
    return _asked(switch)


def status() -> int:
    """Show what is wrong, and how many monitors there are of each status; 0 when none is down."""

    def show(remote: Remote) -> int:
        console = screen.console(sys.stdout)
        counts: Counter[str] = Counter()
        wrong = _table("key", "status", "since", "p", "last", "URL")
        for monitor in remote.every("/monitors"):
            counts[monitor["status"]] += 1
            if monitor["status"] in _WRONG:
                wrong.add_row(*_row(monitor))
        _tell_incidents(console, remote)
        if wrong.row_count:
            console.print(wrong)
        console.print(_summary(counts))
        return 1 if counts["down"] else 0

    return _asked(show)


def _tell_incidents(console: Console, remote: Remote) -> None:
    for incident in remote.every("/incidents", open="true"):
        if incident["monitor"] is None:
            console.print(Text(f"Our own connectivity is lost: {incident['detail']}", "bold red"))


def _summary(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    if not total:
        return "Nothing is watched yet: tercet monitors add URL"
    parts = ", ".join(f"{counts[name]} {name}" for name in _STYLES if counts.get(name))
    return f"{total} monitor{'s' if total > 1 else ''}: {parts}"


def _row(monitor: Mapping[str, Any]) -> tuple[Text | str, ...]:
    last = monitor["last_outcome"] or {}
    every = monitor["cron"] or f"{monitor['interval_seconds']:g} s"
    taken = last.get("total_ms")
    return (
        Text(monitor["key"]),
        _status(monitor["status"]),
        monitor["since"][:19].replace("T", " "),
        every,
        "" if taken is None else f"{taken:.1f} ms",
        Text(monitor["target"]["url"]),
    )


def _status(name: str) -> Text:
    return Text(name, _STYLES.get(name, ""))


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    named = {"p": "every", "since": "since (UTC)", "last": "last took"}
    for heading in headings:
        right = heading in {"last", "ms"}
        table.add_column(
            named.get(heading, heading), justify="right" if right else "left", overflow="fold"
        )
    return table


def _asked(work: Callable[[Remote], int]) -> int:
    try:
        return work(Remote())
    except (RemoteFailed, FileUnreadable) as error:
        sys.stderr.write(f"tercet: {error}\n")
        return 2
