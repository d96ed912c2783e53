"""The defences, each with what removes it and the tests that must then be red.

They stand in the text files beside this one, a block each: its name, ``in FILE``, one ``red TEST`` or more (node ids),
the lines that go (``-``) and the lines that come in their place (``+``).  The lines that go stand in the file once.
Besides, every rule of the policies that forbids is removed.

To add one: write its block, then ``CARECODE_MUTANT=NAME ./carecode test tests/promises/mutants`` and see it red.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
CEDAR: Final = "src/carecode/disclosure/cedar"
POLICY: Final = "tests/policy/test_policy.py"
_FORBIDS: Final = re.compile(r'@id\("([\w-]+)"\)[^;]*?\nforbid [^;]*;\n')


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defence removed."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def written() -> Iterator[Mutant]:
    """Yield what the text files say."""
    for path in sorted(Path(__file__).parent.glob("*.txt")):
        for block in re.split(r"\n{2,}(?=\S)", path.read_text("utf-8").strip("\n")):
            yield block_of(block, path.name)


def block_of(block: str, where: str = "") -> Mutant:
    r"""Read one block; ValueError when a part is missing.

    >>> block_of("no lock\nin src/door.py\nred tests/test_door.py\n-lock()\n+pass")
    Mutant(name='no lock', file='src/door.py', old='lock()\n', new='pass\n', tests=('tests/test_door.py',))
    """
    name, *lines = block.split("\n")
    places = [line.removeprefix("in ") for line in lines if line.startswith("in ")]
    tests = tuple(line.removeprefix("red ") for line in lines if line.startswith("red "))
    old, new = ("".join(f"{line[1:]}\n" for line in lines if line.startswith(sign)) for sign in "-+")
    if len(places) != 1 or not tests or not old or len(lines) != 1 + len(tests) + (old + new).count("\n"):
        raise ValueError(f"{where}: the block of {name!r} is not whole.")
    return Mutant(name, places[0], old, new, tests)


def policies() -> Iterator[Mutant]:
    """Yield every rule of the policies that forbids, removed."""
    for path in sorted((ROOT / CEDAR).glob("*.cedar")):
        for found in _FORBIDS.finditer(path.read_text("utf-8")):
            yield Mutant(f"no rule {found[1]}", f"{CEDAR}/{path.name}", found[0], "", (POLICY,))


def mutants() -> list[Mutant]:
    """List every mutant."""
    return [*written(), *policies()]
