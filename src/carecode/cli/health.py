"""``doctor``: checks clock, disk, database, keys, locale and versions, and says what to do."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import typer

from carecode.app import Settings, environment, opened, wall_clock
from carecode.cli.beside import Processes
from carecode.cli.output import EXIT_FAILED, DataOption, JsonOption, emit
from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import CareCodeError
from carecode.store.queries import queries

if TYPE_CHECKING:
    from carecode.app import App

DISK_BYTES_MIN: Final = 1 << 30
CLOCK_SECONDS_MAX: Final = 2.0
PYTHON_MIN: Final = (3, 11)
POSTGRES_MIN: Final = 150_000
_EARLIEST: Final = 2026


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it holds, what was seen, and what to do if it does not hold."""

    check: str
    ok: bool
    seen: str
    advice: str = ""


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check this installation; exit code 0 when all is well, 1 when something needs doing."""
    findings = asyncio.run(examine(Settings.of(data, environment())))
    ok = all(finding.ok for finding in findings)
    lines = [
        f"{'ok ' if finding.ok else 'BAD'} {finding.check:<10} {finding.seen}"
        + ("" if finding.ok else f"\n     {finding.advice}")
        for finding in findings
    ]
    emit(as_json, {"ok": ok, "checks": [asdict(finding) for finding in findings]}, "\n".join(lines))
    if not ok:
        raise typer.Exit(EXIT_FAILED)


async def examine(settings: Settings) -> list[Finding]:
    """Run every check; a check that cannot run is one that does not hold."""
    findings = [_python(), _disk(settings), _clock_year(), _keys(settings)]
    try:
        async with opened(settings, Processes(), may_migrate=False, alone=False) as app:
            findings += await _database(app)
    except CareCodeError as error:
        findings.append(Finding("database", ok=False, seen="does not open", advice=error.message))
    return findings


def _python() -> Finding:
    ok = sys.version_info >= PYTHON_MIN
    return Finding("python", ok, platform.python_version(), "Install Python 3.11 or newer.")


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return Finding("disk", free >= DISK_BYTES_MIN, f"{free / (1 << 30):.1f} GiB free", "Free at least 1 GiB.")


def _clock_year() -> Finding:
    now = wall_clock()
    return Finding(
        "clock", now.year >= _EARLIEST, now.isoformat(timespec="seconds"), "Set the clock: codes live 30 seconds."
    )


def _keys(settings: Settings) -> Finding:
    advice = "Make the key ring readable by its owner only (chmod 600), or restore it from its backup."
    try:
        ring = KeyRing.from_environment(settings.data)
    except CareCodeError as error:
        return Finding("keys", ok=False, seen=error.code, advice=error.message or advice)
    return Finding("keys", ok=True, seen=f"{len(ring.issuer_public())} bytes of issuer key")


async def _database(app: App) -> list[Finding]:
    async with app.database.connection("disclosure") as connection:
        version, locale_ok, theirs, durable = await connection.fetchrow(queries("store")["facts"])
    skew = abs((theirs - _now_like(theirs)).total_seconds())
    return [
        Finding(
            "postgres", version >= POSTGRES_MIN, f"{version // 10000}.{version % 10000}", "Use PostgreSQL 15 or newer."
        ),
        Finding(
            "locale", locale_ok, "compares Chinese names" if locale_ok else "LC_CTYPE C", "Create it with C.UTF-8."
        ),
        Finding(
            "skew", skew <= CLOCK_SECONDS_MAX, f"{skew:.3f} s to the database", "Run a time service on both machines."
        ),
        Finding("durable", durable, "fsync on" if durable else "fsync off", "Set fsync = on: receipts count on it."),
        Finding("town", ok=True, seen="demo data" if await app.people.is_demo() else "no demo data"),
    ]


def _now_like(theirs: datetime) -> datetime:
    return wall_clock().astimezone(theirs.tzinfo)
