"""What `tercet monitors` can be told."""

from typing import Annotated, Any

import typer

monitors = typer.Typer(
    name="monitors",
    help="What the service at TERCET_SERVER (http://127.0.0.1:8000) watches.",
    no_args_is_help=True,
)

Labels = Annotated[list[str] | None, typer.Option("--label", "-l", help="name=value; repeatable.")]
Names = Annotated[list[str], typer.Argument(help="Keys or ids of monitors.")]
SomeNames = Annotated[list[str] | None, typer.Argument(help="Keys or ids of monitors.")]
Interval = Annotated[
    str | None, typer.Option(help="Between checks: seconds, or text such as 5m. Default: 60.")
]
Strategy = Annotated[str | None, typer.Option(help="How many at once; async by default.")]
Client = Annotated[str | None, typer.Option(help="With which library: aiohttp, curl, requests.")]
Channels = Annotated[
    list[str] | None, typer.Option("--channel", help="Key of a channel to be told; repeatable.")
]


@monitors.command("list")
def list_(
    label: Labels = None,
    status: Annotated[str | None, typer.Option(help="Only these: up, down, paused …")] = None,
) -> None:
    """List monitors, each with its status."""
    from app.cli import monitors as command  # noqa: PLC0415 -- a check needs none of it

    raise typer.Exit(command.listed(label or [], status))


@monitors.command()
def add(
    url: Annotated[str, typer.Argument(help="The URL to be watched.")],
    key: Annotated[str | None, typer.Option(help="Its key; made of the URL by default.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name, for people.")] = None,
    interval: Interval = None,
    label: Labels = None,
    channel: Channels = None,
    strategy: Strategy = None,
    client: Client = None,
) -> None:
    """Watch a URL, or change how it is watched."""
    from app.cli import monitors as command  # noqa: PLC0415 -- see above

    common = _common(interval, label, channel, strategy, client)
    named = {"key": key, "name": name}
    common.update({field: value for field, value in named.items() if value is not None})
    raise typer.Exit(command.added(url, common))


@monitors.command("import")
def import_(
    file: Annotated[
        str,
        typer.Argument(
            help="A list of URLs (- is standard input), .csv with a column url, or .yaml."
        ),
    ],
    interval: Interval = None,
    label: Labels = None,
    channel: Channels = None,
    strategy: Strategy = None,
    client: Client = None,
    dry_run: Annotated[  # noqa: FBT002 -- typer calls it with what was typed
        bool, typer.Option("--dry-run", help="Check each once and store nothing.")
    ] = False,
) -> None:
    """Watch all URLs of a file. Importing it again changes what has changed.

    Exit code: 0, or 1 when one was refused; the others are watched all the same.
    """
    from app.cli import monitors as command  # noqa: PLC0415 -- see above

    common = _common(interval, label, channel, strategy, client)
    raise typer.Exit(command.imported(file, common, dry_run=dry_run))


@monitors.command()
def check(names: Names) -> None:
    """Check monitors now. Exit code: 0 all up, 1 something not up."""
    from app.cli import monitors as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.checked(names))


@monitors.command()
def pause(names: SomeNames = None, label: Labels = None) -> None:
    """Check monitors no more until they are resumed."""
    from app.cli import monitors as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.switched(names or [], label or [], "pause"))


@monitors.command()
def resume(names: SomeNames = None, label: Labels = None) -> None:
    """Check paused monitors again."""
    from app.cli import monitors as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.switched(names or [], label or [], "resume"))


def _common(
    interval: str | None,
    labels: list[str] | None,
    channels: list[str] | None,
    strategy: str | None,
    client: str | None,
) -> dict[str, Any]:
    """The fields that were given."""
    fields: dict[str, Any] = {"strategy": strategy, "client": client, "channels": channels}
    if interval is not None:
        plain = interval.replace(".", "", 1).isdecimal()
        fields["interval_seconds"] = float(interval) if plain else interval
    if labels:
        wrong = [label for label in labels if "=" not in label]
        if wrong:
            raise typer.BadParameter(f"{wrong[0]!r} is not name=value", param_hint="--label")
        fields["labels"] = dict(label.split("=", 1) for label in labels)
    return {name: value for name, value in fields.items() if value not in (None, [])}
