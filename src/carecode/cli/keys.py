"""``keys``: look after the key broker: state, rotation, shares for its keepers, backups, erasing a record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

import typer

from carecode.app import Settings, environment
from carecode.cli.brokering import introduction as introduction_of
from carecode.cli.brokering import keys_folder
from carecode.cli.keeping import chance
from carecode.cli.opening import run
from carecode.cli.output import DataOption, JsonOption, emit, fail, note
from carecode.cli.who import ResidentArgument, resident_named
from carecode.disclosure.broker import backups
from carecode.disclosure.broker.building import locked
from carecode.disclosure.broker.escrow import Share, join, split
from carecode.disclosure.broker.ring import FILE_NAME, BrokerRing
from carecode.disclosure.broker.rows import PAGE, KeyRows
from carecode.kernel.errors import CareCodeError, InvalidInputError, RefusedError, UnavailableError

if TYPE_CHECKING:
    from carecode.app import App

keys = typer.Typer(help="The key broker's keys.", no_args_is_help=True)
OPERATOR: Final = ("carecode/keys", "Operator", "", "operator", "carecode")
"""Under whose name an erasure by this command stands in her log: id, name, title, role, organisation."""


class Tended(Protocol):
    """A door to a broker that takes an operator's tasks."""

    async def task(self, name: str, argument: object = None) -> Any:  # noqa: ANN401 - each answers its own way
        """Have a task done."""


def tended(app: App) -> Tended:
    """Return the door to the broker.  UnavailableError in a house without one."""
    door: Any = app.keys
    if door is None or not hasattr(door, "task"):
        raise UnavailableError("keys-none", "This house runs without a key broker.")
    broker: Tended = door
    return broker


@keys.command()
def status(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say which epochs there are, how many keys each wraps, what was opened last, and how the watch stands."""

    async def work(app: App) -> dict[str, Any]:
        found: dict[str, Any] = await tended(app).task("status")
        return found

    found = run(data, work, as_json=as_json)
    emit(as_json, found, "\n".join(_status_lines(found)))


@keys.command()
def rotate(
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Destroy the keys of earlier epochs, once nothing is wrapped by them.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin a new epoch and wrap every data key under it; go on where an earlier call broke off.

    Reading and writing go on meanwhile.  Afterwards make new shares (escrow) and a new backup.
    """

    async def work(app: App) -> dict[str, Any]:
        door = tended(app)
        found: dict[str, Any] = await door.task("drop-old" if drop_old else "rotate")
        return found

    found = run(data, work, as_json=as_json)
    if drop_old:
        text = f"{found['dropped']} old epochs are destroyed. Copies of the database from before then open no more."
    else:
        text = f"Epoch {found['epoch']} is current; {found['rewrapped']} keys were wrapped anew. Make new shares now."
    emit(as_json, found, text)


@keys.command()
def escrow(
    shares: Annotated[int, typer.Option("--shares", min=2, max=255, help="Among how many keepers.")],
    threshold: Annotated[int, typer.Option("--threshold", min=2, max=255, help="How many of them are needed.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the broker's ring as shares, one for each keeper; fewer than the threshold say nothing.

    Print each on paper of its own.  Run it where the ring is.
    """
    settings = Settings.of(data, environment())

    async def work(app: App) -> dict[str, Any]:
        ring = BrokerRing.open(keys_folder(settings.data) / FILE_NAME)
        made = split(ring.secret(), shares, threshold, chance)
        epochs = [epoch.number for epoch in ring.contents.epochs]
        await tended(app).task("escrowed", (shares, threshold, epochs))
        return {"threshold": threshold, "shares": [share.text() for share in made]}

    found = run(data, work, as_json=as_json)
    first = f"Any {threshold} of these {shares} shares bring the ring back. They are shown only now."
    emit(as_json, found, "\n\n".join([first, *found["shares"]]))


@keys.command()
def recover(
    share: Annotated[
        list[str] | None, typer.Option("--share", help="A share; better one per line on standard input.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the broker's ring again from enough shares; never over one that is there."""
    folder = keys_folder(Settings.of(data, environment()).data)
    try:
        given = share or [line for line in sys.stdin.read(1 << 20).splitlines() if line.strip()]
        if not given:
            raise InvalidInputError("escrow-few", "Give the shares, one per line.")
        secret = join([Share.parse(text) for text in given])
        with locked(folder):
            ring = BrokerRing.of_secret(secret, folder / FILE_NAME)
    except CareCodeError as error:
        raise fail(error, as_json) from None
    epochs = [epoch.number for epoch in ring.contents.epochs]
    emit(as_json, {"epochs": epochs}, f"The ring is back, with {len(epochs)} epochs. Look: carecode keys status.")


@keys.command()
def erase(
    resident: ResidentArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase RESIDENT's record for good by erasing its keys; her log keeps the fact.  Nothing brings it back."""
    if not yes and not (sys.stdin.isatty() and typer.confirm("This cannot be undone. Erase her record?")):
        raise fail(RefusedError("not-confirmed", "Nothing was erased. Say --yes to erase."), as_json)

    async def work(app: App) -> dict[str, Any]:
        found = await resident_named(app, resident)
        await app.log.void(found)
        pairs = [(key.bytes, chance(16)) for key in found.keys]
        erased: dict[str, Any] = await tended(app).task("erase", (pairs, OPERATOR))
        for key in found.keys:
            app.record.forget(key)
        return erased

    found = run(data, work, as_json=as_json)
    text = (
        f"Her record is erased: {found['erased']} keys are gone. Copies of the database still hold them wrapped: make"
        " them useless with carecode keys rotate, and a day later with carecode keys rotate --drop-old."
    )
    emit(as_json, found, text)


@keys.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every wrapped key to FILE, to be kept apart from copies of the database."""

    async def work(app: App) -> int:
        return await backups.write(file, KeyRows(app.database).wrapped())

    count = run(data, work, as_json=as_json)
    emit(
        as_json, {"keys": count}, f"{count} wrapped keys are in the file. Without the broker's ring they open nothing."
    )


@keys.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What keys backup wrote.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay every erasure, then put wrapped keys back that are missing; never one of an erased record."""

    async def work(app: App) -> dict[str, int]:
        door = tended(app)
        counts = dict(await door.task("replay")) | {"restored": 0, "erased": 0, "unreadable": 0}
        for page in backups.read(file, PAGE):
            for name, count in (await door.task("restore", page)).items():
                counts[name] += count
            if sys.stderr.isatty() and not as_json:
                note(f"{counts['restored']} keys are back")
        return counts

    found = run(data, work, as_json=as_json)
    text = f"{found['restored']} keys are back. {found['erased']} of erased records were left out."
    if found["unreadable"]:
        text += f" {found['unreadable']} are not of this ring and were left out."
    emit(as_json, found, text)


@keys.command()
def introduction(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print what a broker on another machine reads on its standard input.  It holds a password: pipe it."""

    async def work(app: App) -> bytes:
        return introduction_of(app.database.target, app.ring, app.witnesses.demand).line()

    del as_json  # it is one JSON object either way
    sys.stdout.buffer.write(run(data, work, as_json=True))


def _status_lines(found: dict[str, Any]) -> list[str]:
    watch, escrowed = found["watch"], found["escrow"]
    lines = [f"Epoch {epoch['number']}: {epoch['keys']} keys, since {epoch['since'][:10]}" for epoch in found["epochs"]]
    if found["rotating"]:
        lines.append("A rotation is not finished: carecode keys rotate goes on with it.")
    if found["keys_to_adopt"]:
        lines.append(f"{found['keys_to_adopt']} keys are from before the broker; the next start adopts them.")
    if found["keys_of_no_epoch"]:
        lines.append(
            f"{found['keys_of_no_epoch']} keys are of an epoch that this ring does not have: restore the ring."
        )
    lines.append(f"Erased records: {found['erased']}")
    if escrowed is None:
        lines.append("No shares of the ring were made: whoever loses this machine loses every record.")
    else:
        of = f"{escrowed['threshold']} of {escrowed['shares']}"
        lines.append(
            f"Shares: any {of}" + ("" if found["escrow_current"] else ", from before the current epoch: make new ones")
        )
    lines.append(f"Opened so far: {found['unwraps']}")
    lines += [f"  {one['time']}  receipt {one['receipt']}, {one['keys']} keys" for one in found["last_unwraps"][-5:]]
    if not watch:
        lines.append("The public log is not watched.")
    elif watch["stopped"]:
        lines.append(f"STOPPED ({watch['stopped']}): nothing is opened.")
    else:
        lines.append(f"The public log is followed up to {watch['size']} entries.")
    return lines
