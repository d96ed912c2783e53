"""The import contracts of pyproject.toml hold, and each refuses the import it is there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"
ROOMS = (
    *("cli", "demo", "web", "api", "exchange", "settlement", "visits", "statistics", "disclosure"),
    *("identity", "record", "healthcode", "audit", "store", "crypto", "kernel"),
)

PLANTED = {
    "a page opens the record": ("web/page.py", "from carecode.record import store"),
    "the API opens the record": ("api/read.py", "import carecode.record.store"),
    "a circle under TYPE_CHECKING": (
        "audit/log.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from carecode.disclosure import gate",
    ),
    "a sibling inside a function": ("visits/queue.py", "def f():\n    from carecode.settlement import split"),
    "a pillar knows another": ("record/names.py", "import carecode.identity.index"),
    "a room nobody planned": ("utils/__init__.py", '"""Odds and ends."""'),
    "a pure rule with I/O": ("identity/matching.py", "from carecode.store import database"),
    "a pure rule that reads the clock": ("disclosure/policy.py", "import time"),
    "a circle inside a room": ("visits/slots.py", "import carecode.visits.circle"),
}
ALLOWED = {
    "the API reads the catalogue": ("api/metadata.py", "from carecode.record import catalogue"),
    "the gate opens the record": ("disclosure/gate.py", "from carecode.record import store"),
    "a page asks the gate": ("web/page.py", "from carecode.disclosure import gate"),
}


def lint(folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of this project on the package below ``source``."""
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo", "--config", ROOT / "pyproject.toml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )


def small_house(folder: Path) -> Path:
    """Write a package with every room and a few files in them."""
    package = folder / "src" / "carecode"
    for room in ROOMS:
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").touch()
    for file in (
        "__init__",
        "__main__",
        "app",
        "disclosure/gate",
        "record/store",
        "record/catalogue",
        "store/database",
    ):
        (package / f"{file}.py").touch()
    for file in ("settlement/split", "identity/index", "visits/slots"):
        (package / f"{file}.py").touch()
    (package / "visits" / "circle.py").write_text("import carecode.visits.slots\n")
    return package


def plant(tmp_path: Path, file: str, text: str) -> subprocess.CompletedProcess[str]:
    package = small_house(tmp_path)
    (package / file).parent.mkdir(exist_ok=True)
    (package / file).write_text(f"{text}\n")
    return lint(tmp_path, package.parent)


def test_this_house_keeps_its_contracts() -> None:
    done = lint(ROOT, ROOT / "src")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_import_is_refused(fault: str, tmp_path: Path) -> None:
    done = plant(tmp_path, *PLANTED[fault])
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


@pytest.mark.parametrize("way", ALLOWED)
def test_the_ways_that_are_meant_stay_open(way: str, tmp_path: Path) -> None:
    done = plant(tmp_path, *ALLOWED[way])
    assert done.returncode == 0, done.stdout


def test_the_linter_is_the_locked_one() -> None:
    assert shutil.which("lint-imports", path=str(LINT_IMPORTS.parent))
