"""Every defence removed in turn turns a test red.

Slow: each mutant is a copy of the sources in which one defence is missing, and a run of the tests that guard it.
``CARECODE_MUTANT=NAME,NAME ./carecode test tests/promises/mutants`` tries some of them at once.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.promises.mutants.mutants import ROOT, Mutant, mutants

ALL = mutants()
CHOSEN = [name.strip() for name in os.environ.get("CARECODE_MUTANT", "").split(",") if name.strip()]
COPIED = ("src", "tests", "proofs", "bench", "tools", "pyproject.toml", "carecode")
AT_ONCE = 2
SECONDS_EACH = 600
SECONDS_ALL = 1800
FAILED = 1  # pytest's exit code: some test failed; 2 and more: it could not even begin

slow = pytest.mark.skipif(
    not (os.environ.get("CARECODE_TEST_ALL") or CHOSEN), reason="removes every defence in turn: ./carecode test --all"
)


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_what_it_removes_stands_there_once(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text("utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.old != mutant.new
    for part in mutant.tests:
        path, _, name = part.partition("::")
        assert (ROOT / path).exists(), part
        assert not name or f"def {name}(" in (ROOT / path).read_text("utf-8"), part


def test_names_are_given_once() -> None:
    names = [mutant.name for mutant in ALL]
    assert len(names) == len(set(names))
    assert set(CHOSEN) <= set(names)
    assert len(names) >= 60


def copied(folder: Path, mutant: Mutant | None) -> Path:
    """Copy the checkout and remove one defence from the copy."""
    root = folder / "copy"
    root.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".hypothesis")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=ignored)
        elif source.is_file():
            shutil.copy2(source, root / name)
    for name in ("node_modules", ".venv"):
        if (ROOT / name).exists():
            (root / name).symlink_to(ROOT / name)
    if mutant is not None:
        path = root / mutant.file
        path.write_text(path.read_text("utf-8").replace(mutant.old, mutant.new), "utf-8")
    return root


async def run(folder: Path, mutant: Mutant | None, tests: Iterable[str]) -> tuple[int, str]:
    """Run tests on a copy: pytest's exit code and the end of what it said."""
    root = await asyncio.to_thread(copied, folder, mutant)
    environment = {
        name: value for name, value in os.environ.items() if name not in {"CARECODE_TEST_ALL", "CARECODE_MUTANT"}
    }
    environment |= {"PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={folder / 'temp'}",
        *tests,
    ]
    process = await asyncio.create_subprocess_exec(
        *words, cwd=root, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(SECONDS_EACH):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, "took too long"
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return process.returncode or 0, said.decode(errors="replace")[-1500:]


@pytest.mark.slow
@slow
async def test_every_defence_removed_turns_a_test_red(tmp_path: Path) -> None:
    left = asyncio.Semaphore(AT_ONCE)
    chosen = [mutant for mutant in ALL if not CHOSEN or mutant.name in CHOSEN]
    survived: dict[str, str] = {}

    async def attack(number: int, mutant: Mutant) -> None:
        async with left:
            code, said = await run(tmp_path / str(number), mutant, mutant.tests)
        if code != FAILED:
            survived[mutant.name] = f"exit {code}\n{said}"

    async with asyncio.timeout(SECONDS_ALL):
        await asyncio.gather(*(attack(number, mutant) for number, mutant in enumerate(chosen)))
    assert not survived, "\n\n".join(f"{name}: {said}" for name, said in survived.items())


@pytest.mark.slow
@slow
async def test_with_every_defence_in_place_the_same_tests_are_green(tmp_path: Path) -> None:
    chosen = [mutant for mutant in ALL if not CHOSEN or mutant.name in CHOSEN]
    code, said = await run(tmp_path / "whole", None, sorted({test for mutant in chosen for test in mutant.tests}))
    assert code == 0, said
