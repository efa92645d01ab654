"""What `tercet` can be told; each command's work is in a module of its own."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app import __version__
from app.cli.monitor_commands import monitors

app = typer.Typer(
    name="tercet",
    help="URL health monitoring that separates its own queueing from the target's latency.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(monitors)


class StrategyOption(StrEnum):
    """The strategies that can be asked for."""

    SEQUENTIAL = "sequential"
    THREADED = "threaded"
    MULTIPROCESS = "multiprocess"
    ASYNC = "async"
    HYBRID = "hybrid"


class ClientOption(StrEnum):
    """The clients that can be asked for."""

    REQUESTS = "requests"
    AIOHTTP = "aiohttp"
    CURL = "curl"


class PaceOption(StrEnum):
    """When the next check may start."""

    TRUTHFUL = "truthful"
    MAX = "max"


class Output(StrEnum):
    """How outcomes are written."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    JUNIT = "junit"


Urls = Annotated[
    list[str] | None, typer.Argument(help="URLs to check; - reads them from standard input.")
]
UrlFile = Annotated[
    Path | None,
    typer.Option("--file", "-f", help="A file of URLs, one a line; # begins a comment."),
]
Timeout = Annotated[
    float, typer.Option(min=0.05, max=300.0, help="Seconds for one check, to the last byte.")
]


CaBundle = Annotated[
    Path | None,
    typer.Option(
        envvar="TERCET_CA_BUNDLE", help="A PEM file of certificates to trust, not the system's."
    ),
]


Rounds = Annotated[int, typer.Option(min=1, max=100, help="Measured rounds.")]
HtmlFile = Annotated[Path | None, typer.Option(help="Write the report as a page too.")]
MarkdownFile = Annotated[Path | None, typer.Option(help="Write the report as Markdown too.")]


def _version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"tercet {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[  # noqa: FBT002 -- typer calls it with what was typed
        bool,
        typer.Option(
            "--version",
            callback=lambda asked: _version(asked=asked),
            is_eager=True,
            help="Say which version this is.",
        ),
    ] = False,
) -> None:
    """Check URLs, compare strategies, serve the REST API."""
    assert not version


@app.command()
def serve() -> None:
    """Serve the REST API and the pages; settings are TERCET_… variables (docs/settings.md)."""
    from app.cli import serve as command  # noqa: PLC0415 -- a check needs no web framework

    raise typer.Exit(command.serve())


@app.command()
def check(  # noqa: PLR0913, PLR0917 -- typer makes an option of each
    urls: Urls = None,
    file: UrlFile = None,
    strategy: Annotated[StrategyOption, typer.Option(help="How many at once.")] = (
        StrategyOption.ASYNC
    ),
    client: Annotated[
        ClientOption | None, typer.Option(help="With which library; the strategy's own by default.")
    ] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="In flight at most.")] = None,
    per_host: Annotated[
        int, typer.Option(min=0, help="In flight at most to one host and port; 0: no limit.")
    ] = 10,
    pace: Annotated[
        PaceOption,
        typer.Option(help="truthful: starts are spread so that latencies are the targets' own."),
    ] = PaceOption.TRUTHFUL,
    timeout: Timeout = 10.0,
    ca_bundle: CaBundle = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to write.")] = Output.TABLE,
) -> None:
    """Check URLs now, in this process.

    Exit code: 0 all up, 1 something not up, 2 a mistake in the call or a failure of our own.
    """
    from app.cli import check as command  # noqa: PLC0415 -- see above

    asked = command.Asked(
        urls=urls or [],
        file=file,
        strategy=strategy.value,
        client=None if client is None else client.value,
        concurrency=concurrency,
        per_host=per_host,
        pace=pace.value,
        timeout=timeout,
        ca_bundle=ca_bundle,
        output=output.value,
    )
    raise typer.Exit(command.check(asked))


@app.command()
def compare(  # noqa: PLR0913, PLR0917 -- see above
    urls: Urls = None,
    file: UrlFile = None,
    contender: Annotated[
        list[str] | None,
        typer.Option(
            "--contender", "-c", help="strategy[+client][:concurrency], e.g. async:50; repeatable."
        ),
    ] = None,
    scale: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Measure with the first so many targets; repeatable."),
    ] = None,
    rounds: Rounds = 5,
    pace: Annotated[
        PaceOption, typer.Option(help="max: as fast as each can, which compares concurrency.")
    ] = PaceOption.MAX,
    timeout: Timeout = 10.0,
    ca_bundle: CaBundle = None,
    html: HtmlFile = None,
    markdown: MarkdownFile = None,
) -> None:
    """Compare strategies over URLs: a warm-up, then rounds in shuffled order."""
    from app.cli import compare as command  # noqa: PLC0415 -- see above
    from app.cli.shown import Files  # noqa: PLC0415 -- see above

    raise typer.Exit(
        command.compare(
            urls or [],
            file,
            contender or [],
            scale=scale or [],
            rounds=rounds,
            pace=pace.value,
            timeout=timeout,
            ca_bundle=ca_bundle,
            files=Files(html, markdown),
        )
    )


@app.command()
def lab(  # noqa: PLR0913, PLR0917 -- see above
    workload: Annotated[
        str, typer.Argument(help="requests, cpu, data, database, echo, spawn or checks.")
    ],
    contender: Annotated[
        list[str] | None,
        typer.Option("--contender", "-c", help="As of compare; every strategy by default."),
    ] = None,
    items: Annotated[int | None, typer.Option(min=1, help="How many.")] = None,
    size: Annotated[
        int | None,
        typer.Option(min=1, help="Of one: n, integers, rows, round trips or body bytes."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="requests and checks only; else a bundled target.")
    ] = None,
    rounds: Rounds = 5,
    ca_bundle: CaBundle = None,
    html: HtmlFile = None,
    markdown: MarkdownFile = None,
) -> None:
    """Put a classic workload under the strategies, and see what each is good for."""
    from app.cli import lab as command  # noqa: PLC0415 -- see above
    from app.cli.shown import Files  # noqa: PLC0415 -- see above

    raise typer.Exit(
        command.lab(
            workload,
            contender or [],
            items=items,
            size=size,
            url=url,
            rounds=rounds,
            ca_bundle=ca_bundle,
            files=Files(html, markdown),
        )
    )


@app.command()
def calibrate() -> None:
    """Measure this machine on bundled targets, in under two minutes, for advice and `auto`."""
    from app.cli import calibrate as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.calibrate())


@app.command()
def demo(
    keep: Annotated[  # noqa: FBT002 -- typer calls it with what was typed
        bool, typer.Option("--keep", help="Leave it serving until Ctrl-C.")
    ] = False,
) -> None:
    """Show the main job end to end on bundled local targets."""
    from app.cli import demo as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.demo(keep=keep))


@app.command()
def status() -> None:
    """Show what the service at TERCET_SERVER finds wrong. Exit code: 1 when a monitor is down."""
    from app.cli import monitors as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.status())


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="A revision, or head.")] = "head",
) -> None:
    """Make the database, or bring its schema up to date. `serve` does this by itself."""
    from app.cli import serve as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.migrate_database(revision))


@app.command()
def health() -> None:
    """Ask the service of these settings whether it is ready; exit code 0 when it is."""
    from app.cli import health as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.health())


@app.command()
def backup(to: Annotated[Path, typer.Argument(help="The file to be made.")]) -> None:
    """Copy the database to a file, also while it is served."""
    from app.cli import copies as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.backup(to))


@app.command()
def restore(copy: Annotated[Path, typer.Argument(help="A file that backup made.")]) -> None:
    """Make the database what a copy holds, also while it is served."""
    from app.cli import copies as command  # noqa: PLC0415 -- see above

    raise typer.Exit(command.restore(copy))
