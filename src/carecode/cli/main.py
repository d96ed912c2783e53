"""The commands, each from the file that knows its subject."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from carecode.cli.codes import codes, scan
from carecode.cli.enrolling import enrol, token
from carecode.cli.evaluating import evaluate_command
from carecode.cli.health import doctor
from carecode.cli.keeping import broker
from carecode.cli.keys import keys
from carecode.cli.linking import link
from carecode.cli.loading import load
from carecode.cli.privacy import let_in, privacy, shut_out, who_looked
from carecode.cli.reconciling import reconcile
from carecode.cli.serving import demo, migrate_command, serve
from carecode.cli.staff import staff
from carecode.cli.verifying import verify_log
from carecode.cli.witnessing import witness

app = typer.Typer(
    name="carecode",
    help="One lifelong health record and one health code for every resident.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        print(metadata.version("carecode"))
        raise typer.Exit


app.command()(serve)
app.command()(demo)
app.command("migrate")(migrate_command)
app.command()(load)
app.command()(enrol)
app.add_typer(codes, name="code")
app.command()(scan)
app.command()(token)
app.command("who-looked")(who_looked)
app.command("shut-out")(shut_out)
app.command("let-in")(let_in)
app.add_typer(privacy, name="privacy")
app.add_typer(link, name="link")
app.command("evaluate")(evaluate_command)
app.add_typer(staff, name="staff")
app.command()(witness)
app.command("verify-log")(verify_log)
app.command()(reconcile)
app.command()(doctor)
app.command()(broker)
app.add_typer(keys, name="keys")


def main() -> None:
    """Run one command; exit with 0, 1 or 2."""
    app()
