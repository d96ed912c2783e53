"""``verify-log``: check a public log from outside, alone, as anybody may."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from carecode.app import wall_clock
from carecode.audit.merkle import HASH_BYTES
from carecode.audit.notes import ED25519, NOTE_BYTES_MAX, Checkpoint, NoteKey
from carecode.audit.tiles import LEAF_BYTES_MAX, TILE_WIDTH, tile_path
from carecode.audit.verifying import (
    CHECKPOINT,
    KEY,
    WITNESSES,
    Finding,
    Remembered,
    Replay,
    Trusted,
    bundles_of,
    check_signatures,
    judge,
    judge_weeks,
    parse_witnesses,
    upper_tiles_of,
)
from carecode.cli.output import EXIT_FAILED, JsonOption, emit, fail, note
from carecode.kernel.errors import CareCodeError, CorruptError, InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

FETCH_SECONDS_MAX: Final = 20.0
AT_ONCE: Final = 16
BUNDLE_BYTES_MAX: Final = TILE_WIDTH * (LEAF_BYTES_MAX + 2)
TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES
URL_DEFAULT: Final = "http://localhost:8000"
NOBODY: Final = "Nobody answers at that address. Start CareCode there, or give another with --url."
_OK: Final = 200


class Source(Protocol):
    """Where a log's files come from, by their paths below its prefix."""

    async def fetch(self, path: str, bytes_max: int) -> bytes:
        """Give one file.  UnavailableError when it is not there or longer than that."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A saved log."""

    root: Path

    @classmethod
    def of(cls, folder: Path, save: Path | None) -> Folder:
        """Take the folder of ``--file``.  InvalidInputError ``log-folder`` when it is none, or is to be saved again."""
        if not folder.is_dir() or save is not None:
            raise InvalidInputError("log-folder", "--file names a folder that --save made, and goes without --save.")
        return cls(folder)

    async def fetch(self, path: str, bytes_max: int) -> bytes:
        """Read one file of the folder."""
        try:
            with (self.root / path).open("rb") as file:
                body = file.read(bytes_max + 1)
        except OSError:
            body = None
        return _bounded(path, body, bytes_max)


@dataclass(frozen=True, slots=True)
class Server:
    """A log that is served; what is fetched is kept in ``save`` when that is given."""

    prefix: str
    client: httpx.AsyncClient
    save: Path | None = None

    async def fetch(self, path: str, bytes_max: int) -> bytes:
        """Fetch one file, and save it.  UnavailableError ``log-nobody`` when nobody answers at all."""
        body: bytes | None = b""
        try:
            async with self.client.stream("GET", f"{self.prefix}/{path}") as answer:
                if answer.status_code != _OK:
                    body = None
                else:
                    async for part in answer.aiter_bytes():
                        body = (body or b"") + part
                        if len(body) > bytes_max:
                            break
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnavailableError("log-nobody", NOBODY) from error
        except (httpx.HTTPError, httpx.InvalidURL):
            body = None
        got = _bounded(path, body, bytes_max)
        if self.save is not None:
            place = self.save / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(got)
        return got


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command was asked."""

    key: str | None
    witness: list[str]
    quorum: int | None
    state: Path | None


def verify_log(
    url: Annotated[str, typer.Option("--url", help="Where CareCode answers.")] = URL_DEFAULT,
    file: Annotated[Path | None, typer.Option("--file", help="A folder written with --save, instead of --url.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="The log's key; without it the one it shows.")] = None,
    witness: Annotated[list[str] | None, typer.Option("--witness", metavar="KEY", help="A witness you trust.")] = None,
    quorum: Annotated[int | None, typer.Option("--quorum", min=0, help="How many of them must have signed.")] = None,
    state: Annotated[Path | None, typer.Option("--state", help="A file that remembers what was seen last.")] = None,
    save: Annotated[Path | None, typer.Option("--save", help="Keep what is fetched in this folder.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a public log: signatures, witnesses, the whole tree, and that it only grew since last time.

    Exit code 0 when all holds, 1 when something does not or cannot be had, 2 for a wrong option.
    """

    async def work() -> tuple[Checkpoint, list[Finding]]:
        async with _source(url, file, save) as source:
            return await verify(source, Wish(key, witness or [], quorum, state))

    try:
        checkpoint, findings = asyncio.run(work())
    except CareCodeError as error:
        raise fail(error, as_json) from None
    except KeyboardInterrupt:
        note("carecode: stopped")
        raise typer.Exit(EXIT_FAILED) from None
    ok = all(one.ok for one in findings)
    value = {"ok": ok, "origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
    lines = [f"{'ok ' if one.ok else 'BAD'} {one.check:<11}{one.seen}" for one in findings]
    last = "Nothing was changed or taken away." if ok else "Do not trust this log. Keep what you have and ask why."
    emit(as_json, value | {"checks": [asdict(one) for one in findings]}, "\n".join([*lines, last]))
    if not ok:
        raise typer.Exit(EXIT_FAILED)


async def verify(source: Source, wish: Wish) -> tuple[Checkpoint, list[Finding]]:
    """Fetch a whole log and check it; remember what was seen when all of it holds."""
    before = _remembered(wish.state)
    trusted, findings = await _trusted(source, wish, before)
    checkpoint, signed = check_signatures(await source.fetch(CHECKPOINT, NOTE_BYTES_MAX), trusted)
    findings += signed
    replay = Replay(checkpoint.size, before.size if before else None)
    try:
        await _replay(source, replay)
    except CorruptError as error:
        return checkpoint, [*findings, Finding("tree", ok=False, seen=error.message)]
    findings += judge(replay, checkpoint, before)
    findings.append(judge_weeks(replay.statements, wall_clock().date()))
    if wish.state is not None and all(one.ok for one in findings):
        _remember(wish.state, Remembered(trusted.log.vkey(), checkpoint.size, checkpoint.root))
    return checkpoint, findings


async def _trusted(source: Source, wish: Wish, before: Remembered | None) -> tuple[Trusted, list[Finding]]:
    """Take the keys that were given; else those seen last time; else those the log shows, and say so."""
    shown = (await source.fetch(KEY, NOTE_BYTES_MAX)).decode(errors="replace").split("\n")[0]
    chosen = wish.key or (before.vkey if before else shown)
    key = NoteKey.parse(chosen)
    if key.kind != ED25519:
        raise InvalidInputError("log-key", "That is not the key of a log. Copy the line of /log/key.")
    how = (
        "as you gave it" if wish.key else "as seen last time" if before else "as the log shows it: compare it elsewhere"
    )
    same = shown == key.vkey()
    findings = [Finding("key", same, how if same else "the log shows another key now")]
    if wish.witness:
        witnesses = tuple(NoteKey.parse(one) for one in wish.witness)
        quorum = len(witnesses)
    else:
        quorum, witnesses = parse_witnesses((await source.fetch(WITNESSES, NOTE_BYTES_MAX)).decode(errors="replace"))
    return Trusted(key, witnesses, quorum if wish.quorum is None else wish.quorum), findings


async def _replay(source: Source, replay: Replay) -> None:
    """Fetch every tile, some ahead, and compute the tree from them in their order."""
    upper = list(upper_tiles_of(replay.size))
    with _bar(-(-replay.size // TILE_WIDTH) + len(upper)) as step:

        async def leaves(index: int, width: int) -> tuple[bytes, bytes]:
            bundle = await source.fetch(tile_path(None, index, width), BUNDLE_BYTES_MAX)
            return bundle, await source.fetch(tile_path(0, index, width), TILE_BYTES)

        waiting: deque[asyncio.Task[tuple[bytes, bytes]]] = deque()
        try:
            for index, width in bundles_of(replay.size):
                waiting.append(asyncio.create_task(leaves(index, width)))
                if len(waiting) >= AT_ONCE:
                    replay.take(*await waiting.popleft())
                    step()
            while waiting:
                replay.take(*await waiting.popleft())
                step()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        for level, index, width in upper:
            replay.check_upper(level, index, await source.fetch(tile_path(level, index, width), TILE_BYTES))
            step()


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar on a terminal, nothing elsewhere; give what advances it."""
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TextColumn("tiles"))
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("tiles", total=total)
        yield lambda: progress.advance(task)


@asynccontextmanager
async def _source(url: str, file: Path | None, save: Path | None) -> AsyncIterator[Source]:
    if file is not None:
        yield Folder.of(file, save)
        return
    if not url.startswith(("http://", "https://")):
        raise InvalidInputError("log-url", "Write the address with http:// or https://.")
    prefix = url.rstrip("/").removesuffix("/log") + "/log"
    async with httpx.AsyncClient(timeout=FETCH_SECONDS_MAX) as client:
        yield Server(prefix, client, save)


def _remembered(path: Path | None) -> Remembered | None:
    if path is None or not path.exists():
        return None
    try:
        return Remembered.parse(path.read_bytes()[:NOTE_BYTES_MAX])
    except OSError as error:
        raise InvalidInputError("state-form", "The state file cannot be read. Choose another with --state.") from error


def _remember(path: Path, seen: Remembered) -> None:
    """Replace the state file whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(seen.json())
        draft.replace(path)
    except OSError as error:
        raise UnavailableError("state-unwritten", "The state file cannot be written. Choose another.") from error


def _bounded(path: str, body: bytes | None, bytes_max: int) -> bytes:
    if body is None or len(body) > bytes_max:
        raise UnavailableError("log-part", f"The log does not give its {path}. Try again later; if it stays, ask why.")
    return body
