"""Write docs/promises.md from what the tests in tests/promises say of themselves.

``python tools/promises.py`` writes the page; ``--check`` only says whether it is up to date (exit 1 if not).  A test's
docstring is: the promise in one paragraph, more words if wanted, then ``Answers: M1, M2``, and where it applies
``Proved in detail by: tests/…`` and ``Not answered: …``.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "promises.md"
TESTS: Final = ROOT / "tests" / "promises"
_FIELD: Final = re.compile(r"^(Answers|Proved in detail by|Not answered): ", re.MULTILINE)

MISUSES: Final = {
    "M1": "A code of a colour stops somebody, or a keystroke does",
    "M2": "Scans add up to a trail of where she was",
    "M3": "Visits to two hospitals are joined by the code",
    "M4": "The ID number is computed from the code",
    "M5": "A list of all ID numbers opens the index",
    "M6": "An employer or a school demands her history",
    "M7": "An insurer prices by illness",
    "M8": "Adverts by illness, sale of records",
    "M9": "Curious staff",
    "M10": "Break-glass for no emergency",
    "M11": "An incomplete or hidden log",
    "M12": "A code made for somebody who did not ask",
    "M13": "Upload although she refused",
    "M14": "No care without a phone, an ID or a yes",
    "M15": "A government takes many records, or one in secret",
    "M16": "A photograph or screenshot of the code",
    "M17": "A false poster, a false desk",
    "M18": "Two people joined by mistake",
    "M19": "A controlling family",
    "M20": "What was revoked still works",
    "M21": "A person found in statistics",
    "M22": "An operator changes log or data",
    "M23": "Asking tells that she is a patient somewhere",
    "M24": "Copies for retries become a second record",
    "M25": "A test person stands in for a real one",
    "M26": "An update does more than was promised",
    "M27": "A scan gives more than it needs",
}
"""The misuses that critics of health codes named, each in words."""

BEYOND_SOFTWARE: Final = (
    (
        "M9",
        "A photograph of a screen that somebody was allowed to see.",
        "What a person has read she can tell. Her list names everybody who had it before him; no program unsees it.",
    ),
    (
        "M6, M19",
        "Somebody who stands beside her and makes her open her own record.",
        "It is she who opens it. A quiet second word shows less and tells nobody; it does not make her safe.",
    ),
    (
        "M14",
        "A clerk who sends her away, or a form that ties care to consent.",
        "No program serves at a counter. It only never refuses: every page has a way on without code, phone or number.",
    ),
    (
        "M15",
        "A law that orders more, and two bodies that approve whatever is asked.",
        "The rules are the law's. The public leaf and the weekly count make it visible, not impossible.",
    ),
    (
        "M1",
        "An official who stops her for reasons of his own.",
        "There is nothing here to stop her with, and nothing that makes him let her go.",
    ),
    (
        "M22, M26",
        "An operator who runs another program, and rules every witness too.",
        "Whoever holds machine, keys and witnesses writes what he likes. Independent witnesses are people, not code.",
    ),
    (
        "M8, M13",
        "What a hospital does with its own files outside this house.",
        "The law makes it keep them; this house sees only what passes through it.",
    ),
)


@dataclass(frozen=True, slots=True)
class Promise:
    """One file of tests and what its docstring says."""

    file: str
    words: str  # the first paragraph
    answers: tuple[str, ...]
    details: tuple[str, ...]
    open: str  # what it does not answer, or nothing


def read(path: Path, root: Path = ROOT) -> Promise:
    """Read a test file's docstring; ValueError says what is wrong with it."""
    name = path.relative_to(root).as_posix()
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"), name))
    if not text:
        raise ValueError(f"{name} has no docstring: say the promise in plain words.")
    place = _FIELD.search(text)
    head, rest = (text[: place.start()], text[place.start() :]) if place else (text, "")
    told = dict(zip(*[iter(_FIELD.split(rest)[1:])] * 2, strict=True))
    fields = {field: " ".join(said.split()) for field, said in told.items()}
    answers = tuple(one.strip() for one in fields.get("Answers", "").split(","))
    unknown = [one for one in answers if one not in MISUSES]
    if unknown:
        raise ValueError(f"{name} needs a line 'Answers: M1, M2' of M1 to M27; it has {unknown}.")
    details = tuple(one.strip() for one in fields.get("Proved in detail by", "").split(",") if one.strip())
    missing = [one for one in details if not (root / one).exists()]
    if missing:
        raise ValueError(f"{name} names {missing}, which are not there.")
    words = " ".join(head.split("\n\n")[0].split())
    if not words.endswith("."):
        raise ValueError(f"{name}: the first paragraph is a sentence.")
    return Promise(name, words, answers, details, fields.get("Not answered", ""))


def promises(root: Path = ROOT) -> list[Promise]:
    """Read every promise, in the order of what it answers."""
    found = [read(path, root) for path in sorted((root / "tests" / "promises").glob("test_*.py"))]
    return sorted(found, key=lambda one: (int(one.answers[0][1:]), one.file))


def page(found: list[Promise]) -> str:
    """Write the page; ValueError names the misuses that neither a test nor a reason answers."""
    answered = {misuse: [one for one in found if misuse in one.answers] for misuse in MISUSES}
    beyond = {misuse.strip() for misuses, _, _ in BEYOND_SOFTWARE for misuse in misuses.split(",")}
    silent = [misuse for misuse, by in answered.items() if not by and misuse not in beyond]
    if silent:
        raise ValueError(f"Nothing answers {', '.join(silent)}: write a test, or say why software cannot.")
    lines = [
        "# Promises",
        "",
        "What critics feared of a health code for everybody, and the tests that show it impossible or visible. This",
        "page is made from the tests by `tools/promises.py`; `./carecode test tests/promises` runs them. Each was seen",
        "failing with its defence removed: `tests/promises/mutants/` lists the defences, and `./carecode test --all`",
        "removes each in turn.",
        "",
        "## Each promise",
        "| promise | answers | shown by | proved in detail by |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one.words} | {', '.join(one.answers)} | `{one.file}` | {', '.join(f'`{x}`' for x in one.details) or '–'} |"
        for one in found
    ]
    lines += ["", "## Each misuse", "| | misuse | answered by |", "|---|---|---|"]
    for misuse, words in MISUSES.items():
        by = ", ".join(f"`{one.file}`" for one in answered[misuse]) or "software cannot: see below"
        lines.append(f"| {misuse} | {words} | {by} |")
    lines += ["", "## What software cannot answer", "| of | what | why |", "|---|---|---|"]
    lines += [f"| {misuses} | {what} | {why} |" for misuses, what, why in BEYOND_SOFTWARE]
    lines += ["", "## What a promise leaves open", "| promise | not answered |", "|---|---|"]
    lines += [f"| `{Path(one.file).stem.removeprefix('test_')}` | {one.open} |" for one in found if one.open]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page or check it."""
    text = page(promises())
    if "--check" in arguments:
        return 0 if PAGE.read_text("utf-8") == text else 1
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
