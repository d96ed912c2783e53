"""The page of promises says what the tests say, and leaves no misuse out."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = '"""Nobody is harmed.\n\nAnswers: M1\nNot answered: bad luck.\n"""\n'


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """The generator, a script beside the package."""
    spec = importlib.util.spec_from_file_location("promises_tool", ROOT / "tools" / "promises.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


def test_the_committed_page_is_the_one_that_the_tests_make(tool: ModuleType) -> None:
    made = tool.page(tool.promises())
    assert (ROOT / "docs" / "promises.md").read_text("utf-8") == made, "run: python tools/promises.py"


def test_every_misuse_stands_in_it(tool: ModuleType) -> None:
    text = tool.page(tool.promises())
    assert list(tool.MISUSES) == [f"M{number}" for number in range(1, 28)]
    assert all(f"| M{number} | " in text for number in range(1, 28))


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("Answers: M1", "Answers: M28", "needs a line"),
        ("Answers: M1\n", "", "needs a line"),
        ("Nobody is harmed.", "Nobody is harmed", "is a sentence"),
        ("Not answered: bad luck.", "Proved in detail by: tests/none.py", "not there"),
        (GOOD, "x = 1\n", "no docstring"),
    ],
)
def test_a_docstring_of_another_form_is_refused(
    tool: ModuleType, tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    path = tmp_path / "test_one.py"
    path.write_text(GOOD)
    assert tool.read(path, tmp_path).open == "bad luck."
    path.write_text(GOOD.replace(before, after))
    with pytest.raises(ValueError, match=complaint):
        tool.read(path, tmp_path)


def test_a_misuse_that_nothing_answers_stops_it(tool: ModuleType) -> None:
    without = [one for one in tool.promises() if "M4" not in one.answers]
    with pytest.raises(ValueError, match="M4"):
        tool.page(without)
