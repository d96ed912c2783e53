"""What the documents name exists: paths, names in files, SQL objects, commands, links.

And they speak of the project alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from bench.__main__ import BENCHES
from carecode.cli.main import app
from carecode.store.database import ROOMS

ROOT = Path(__file__).parents[2]
ARCHITECTURE_LINES_MAX = 140

# path in a document -> why there is no such file in the checkout
ELSEWHERE: Final[dict[str, str]] = {
    "keys/ring.json": "in the data folder, made on the first start",
    "keys/broker.json": "in the data folder, made by the key broker on its first start",
    "bundle.json": "a file of the reader's own",
    "uv.lock": "must not be there: it would name hosts",
    "pylock.toml": "must not be there: it would name hosts",
}
SCRIPT_COMMANDS: Final = {"test", "check", "bench"}

_FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)\)")
_ENDINGS = "py|sql|sh|html|js|mjs|css|scss|md|toml|lock|json|po|zdict"
_FILE = re.compile(rf"(?<![\w/.:-])((?:[\w.*-]+/)*[\w.*-]+\.(?:{_ENDINGS}))\b(?!/)(?:: ([A-Za-z_][\w.]*))?")
_FOLDER = re.compile(r"(?:[\w.-]+/)+\Z")
_METHOD = re.compile(r"([A-Z]\w+)\.([a-z_]\w*)\Z")
_SQL_NAME = re.compile(rf"(?:{'|'.join(ROOMS)})\.[a-z_]+\Z")
_COMMAND = re.compile(r"\./carecode ([a-z][a-z-]*)(?: ([a-z]+))?")
_FORBIDDEN = (
    (re.compile(r"(?<![\w.])/(?:work|tmp|root|home|usr|var)\b"), "a path of one machine"),
    (re.compile(r"\b(?:issue|PR) #\d"), "a ticket's number"),
    (re.compile(r"\b(?:TODO|FIXME|TBD)\b"), "unfinished work"),
    (re.compile(r"https?://(?!localhost\b|127\.0\.0\.1\b)"), "an address elsewhere"),
)


def documents(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield each document with its text."""
    for path in (*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))):
        if path.is_file():
            yield path, path.read_text("utf-8")


def code_in(text: str) -> Iterator[str]:
    """Yield every code span, its white space made one space, and every line of every fenced block."""
    for fence in _FENCE.findall(text):
        yield from fence.splitlines()[1:-1]
    for span in _SPAN.findall(_FENCE.sub("", text)):
        yield " ".join(span.split())


def found(root: Path, name: str) -> list[Path]:
    """Return the files that a document's path means; NNNN stands for a number, NAME for a name to choose."""
    pattern = name.replace("NNNN", "[0-9][0-9][0-9][0-9]").replace("NAME", "*")
    package = root / "src" / "carecode"
    if "/" in name:
        # templates are named from web/ on
        return [*root.glob(pattern), *package.glob(pattern), *(package / "web").glob(pattern)]
    return [*root.glob(pattern), *package.rglob(pattern), *(root / "tests").rglob(pattern)]


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return what a file defines: functions, classes, ``Class.method`` and names that are assigned."""
    names = set()

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(prefix + node.name)
                if isinstance(node, ast.ClassDef):
                    visit(node.body, f"{prefix}{node.name}.")
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names.update(prefix + target.id for target in targets if isinstance(target, ast.Name))

    visit(ast.parse(path.read_text("utf-8")).body, "")
    return frozenset(names)


def paths_exist(root: Path) -> list[str]:
    """Every file and folder that stands as code exists, with the name behind its colon."""
    faults = []
    for path, text in documents(root):
        for code in code_in(text):
            for file, name in _FILE.findall(code):
                if file in ELSEWHERE:
                    continue
                files = found(root, file)
                if not files and "NNNN" not in file:
                    faults.append(f"{path.name} names {file}, which is not there")
                elif name and not any(name.rstrip(".") in names_in(one) for one in files if one.suffix == ".py"):
                    faults.append(f"{path.name} names {name} in {file}, which is not there")
            if _FOLDER.fullmatch(code) and not any(one.is_dir() for one in found(root, code.rstrip("/"))):
                faults.append(f"{path.name} names the folder {code}, which is not there")
    return faults


def methods_exist(root: Path) -> list[str]:
    """Every ``Class.method`` that stands alone as code is defined somewhere in the package."""
    defined = {name for path in (root / "src").rglob("*.py") for name in names_in(path)}
    return [
        f"{path.name} names {code}, which is nowhere"
        for path, text in documents(root)
        for code in code_in(text)
        if _METHOD.fullmatch(code) and code not in defined
    ]


def sql_objects_exist(root: Path) -> list[str]:
    """Every ``room.object`` that stands alone as code is created by that room's migrations."""
    created = set()
    for path in (root / "src" / "carecode").glob("*/sql/*.sql"):
        created.update(re.findall(r"(?:TABLE|FUNCTION|PROCEDURE)\s+(\w+\.\w+)", path.read_text("utf-8")))
    return [
        f"{path.name} names {code}, which no migration creates"
        for path, text in documents(root)
        for code in code_in(text)
        if _SQL_NAME.fullmatch(code) and code not in created
    ]


def commands_exist(root: Path) -> list[str]:
    """Every ./carecode COMMAND, and every bench, is one."""
    commands = {one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands}
    commands |= {group.name or "" for group in app.registered_groups} | SCRIPT_COMMANDS
    faults = []
    for path, text in documents(root):
        for code in code_in(text):
            for command, word in _COMMAND.findall(code):
                if command not in commands:
                    faults.append(f"{path.name} names the command {command}, which is not there")
                if command == "bench" and word and word not in BENCHES:
                    faults.append(f"{path.name} names the bench {word}, which is not there")
    return faults


def links_lead_somewhere(root: Path) -> list[str]:
    """Every link to a file leads to one."""
    return [
        f"{path.name} links to {link}, which is not there"
        for path, text in documents(root)
        for link in _LINK.findall(text)
        if not link.startswith(("http:", "https:")) and not (path.parent / link).exists()
    ]


def documents_speak_of_the_project(root: Path) -> list[str]:
    """No machine's paths, no tickets, no unfinished work, no other host."""
    return [
        f"{path.name} holds {what}: {match.group()!r}"
        for path, text in documents(root)
        for pattern, what in _FORBIDDEN
        for match in pattern.finditer(text)
    ]


def decisions_are_listed(root: Path) -> list[str]:
    """Each decision is numbered once, listed in the index, and says context, decision and consequences."""
    faults = []
    folder = root / "docs" / "adr"
    index = (folder / "README.md").read_text("utf-8") if folder.is_dir() else ""
    decisions = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    for place, path in enumerate(decisions, 1):
        number, text = path.name[:4], path.read_text("utf-8")
        if number != f"{place:04d}" or not text.startswith(f"# {number} "):
            faults.append(f"{path.name} is not number {place:04d}, in its name and its first line")
        if f"]({path.name})" not in index:
            faults.append(f"{path.name} is not in the index")
        if not all(f"\n## {part}\n" in text for part in ("Context", "Decision", "Consequences")):
            faults.append(f"{path.name} lacks context, decision or consequences")
    return faults


def one_page_is_one_page(root: Path) -> list[str]:
    """ARCHITECTURE.md stays one page."""
    path = root / "ARCHITECTURE.md"
    lines = path.read_text("utf-8").count("\n") if path.is_file() else 0
    return [f"ARCHITECTURE.md has {lines} lines"] if lines > ARCHITECTURE_LINES_MAX else []


RULES: Final[tuple[Callable[[Path], list[str]], ...]] = (
    paths_exist,
    methods_exist,
    sql_objects_exist,
    commands_exist,
    links_lead_somewhere,
    documents_speak_of_the_project,
    decisions_are_listed,
    one_page_is_one_page,
)
_DECISION = "# 0001 One\n\n## Context\n\n## Decision\n\n## Consequences\n"
PLANTED = [
    (paths_exist, "docs/a.md", "See `visits/gone.py`."),
    (paths_exist, "docs/a.md", "See `visits/queue.py: Gone`."),
    (paths_exist, "docs/a.md", "See `visits/queue.py:\nQueue.gone`."),
    (paths_exist, "docs/a.md", "See `tests/gone/`."),
    (paths_exist, "docs/a.md", "```\nweb/gone.html   shows it\n```\n"),
    (methods_exist, "docs/a.md", "`Queue.gone` does it."),
    (sql_objects_exist, "docs/a.md", "`visits.gone` does it."),
    (commands_exist, "CONTRIBUTING.md", "Run `./carecode gone`."),
    (commands_exist, "CONTRIBUTING.md", "```\n./carecode bench gone\n```\n"),
    (links_lead_somewhere, "docs/a.md", "See [it](gone.md)."),
    (documents_speak_of_the_project, "docs/a.md", "It lies in /tmp/x."),
    (documents_speak_of_the_project, "docs/a.md", "TODO: say more."),
    (documents_speak_of_the_project, "docs/a.md", "See issue #7."),
    (documents_speak_of_the_project, "docs/a.md", "See https://registry.example/x."),
    (decisions_are_listed, "docs/adr/0001-one.md", _DECISION),
    (one_page_is_one_page, "ARCHITECTURE.md", "\n" * (ARCHITECTURE_LINES_MAX + 1)),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_documents_keep(rule: Callable[[Path], list[str]]) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "file", "text"), PLANTED)
def test_a_planted_fault_is_seen(rule: Callable[[Path], list[str]], file: str, text: str, tmp_path: Path) -> None:
    queue = tmp_path / "src" / "carecode" / "visits" / "queue.py"
    queue.parent.mkdir(parents=True)
    queue.write_text("class Queue:\n    def check_in(self) -> None: ...\n", "utf-8")
    (tmp_path / "docs" / "adr").mkdir(parents=True)
    (tmp_path / "docs" / "adr" / "README.md").write_text("# Decisions\n", "utf-8")
    (tmp_path / "docs" / "right.md").write_text("`visits/queue.py: Queue.check_in`, `Queue.check_in`\n", "utf-8")
    (tmp_path / file).write_text(text, "utf-8")
    assert len(rule(tmp_path)) == 1


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)
