"""The rules of the house that no tool knows: each takes a checkout and returns its faults, one sentence each.

A rule is a function ``rule(root: Path) -> list[str]``.  To add one: write it here, add its row to ``RULES``, and
plant its fault in test_house.py.  What a rule lets pass stands in exemptions.py, each with its reason.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.architecture.exemptions import CLOCK_AND_CHANCE, SQL_ELSEWHERE, SQL_IN_PYTHON, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FUNCTION_LINES_MAX: Final = 60
CLASS_LINES_MAX: Final = 150
FILE_LINES_MAX: Final = 400
CAPTION_CHARACTERS_MAX: Final = 120

_EMPTY_NAMES: Final = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers"}
_EMPTY_CLASS: Final = re.compile(r"(Manager|Helper|Utils?|Misc)$")

# A string that begins like a statement, all in capitals or all in small letters: prose begins with one capital.
_STATEMENTS: Final = (
    r"select\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+(recursive\s+)?\w+\s+as\s+(materialized\s+)?\("
    r"|create\s+(or\s+replace\s+|unlogged\s+|temp(orary)?\s+|unique\s+)*"
    r"(table|index|role|schema|function|procedure|policy|database|view|sequence|extension|type|user)\s"
    r"|(alter|drop)\s+(table|index|role|schema|function|policy|database|system|view|owned|user)\s"
    r"|grant\s.+\sto\s|revoke\s.+\sfrom\s|truncate\s|copy\s+\S+.*\s(from|to)\s|vacuum\b|analyze\s|listen\s|notify\s"
    r"|set\s+(local|role|session|search_path)\s?|begin(\s+isolation.*)?;?$|commit;?$|rollback;?$|call\s+\S+\(|do\s+\$|lock\s+table\s"
)
_SQL: Final = re.compile(rf"\s*(?:{_STATEMENTS})", re.DOTALL)
_SQL_CAPITALS: Final = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|TRUNCATE)\s+\S"
)
_SQL_FILE: Final = re.compile(r"queries\.sql|\d{4}_(expand|contract)_\w+\.sql")
_SQL_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)

_CHANCE_MODULES: Final = {"random", "secrets"}
_CLOCK_AND_CHANCE_CALLS: Final = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
    ("os", "urandom"),
    ("uuid", "uuid1"),
    ("uuid", "uuid4"),
}

# What CareCode must never hold a field, an endpoint or a purpose for (the promise of closed purposes).
FORBIDDEN_WORDS: Final = (
    *("movement", "location", "tracking", "geolocation", "latitude", "longitude", "whereabouts", "checkpoint_gate"),
    *("colour", "color", "score", "rating", "ranking", "risk_level", "blacklist", "watchlist", "cohort"),
    *("employer", "employment", "employee", "hiring", "workplace", "school", "schooling", "marriage", "marital"),
    *("marketing", "advert", "advertising", "advertisement", "campaign", "premium", "underwriting", "pricing"),
    *("credit", "police", "immigration", "religion", "ethnicity", "political"),
)


def sources(root: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Yield each Python file of the package with its syntax tree."""
    for path in sorted((root / "src" / "carecode").rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"), str(path))


def name(root: Path, path: Path) -> str:
    """Return a path as the exemptions spell it: below src/carecode, or below the root."""
    package = root / "src" / "carecode"
    return path.relative_to(package if path.is_relative_to(package) else root).as_posix()


def docstrings(tree: ast.AST) -> set[int]:
    """Return the ids of the constants that are docstrings."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield every text constant that is not a docstring; of an f-string each constant part."""
    spoken = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node


def no_sql_in_python(root: Path) -> list[str]:
    """SQL stands in sql/ folders, where it is named, reviewed and linted."""
    return [
        f"{name(root, path)}:{node.lineno} holds SQL: {str(node.value).strip()[:40]!r}"
        for path, tree in sources(root)
        if not name(root, path).startswith(tuple(SQL_IN_PYTHON))
        for node in strings(tree)
        if _SQL.match(str(node.value)) or _SQL_CAPITALS.match(str(node.value))
    ]


def sql_files_are_named(root: Path) -> list[str]:
    """A room's sql/ holds queries.sql and migrations numbered expand or contract; no SELECT * (INTO a record may)."""
    faults = []
    for path in sorted((root / "src" / "carecode").rglob("*.sql")):
        if name(root, path.parent) in SQL_ELSEWHERE:
            continue
        if path.parent.name != "sql":
            faults.append(f"{name(root, path)} is not in a folder sql/")
        elif not _SQL_FILE.fullmatch(path.name):
            faults.append(f"{name(root, path)} is neither queries.sql nor NNNN_expand_*.sql or NNNN_contract_*.sql")
        if re.search(r"select\s+\*(?!\s+into\b)", _SQL_COMMENT.sub("", path.read_text("utf-8")), re.IGNORECASE):
            faults.append(f"{name(root, path)} selects *: name the columns")
    return faults


def clock_and_chance_uses(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and spelling of each use of the clock or of randomness."""
    by_module = {
        module: {called for owner, called in _CLOCK_AND_CHANCE_CALLS if owner == module}
        for module in ("time", "os", "uuid")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in _CHANCE_MODULES:
                    yield node.lineno, f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if node.module in _CHANCE_MODULES or alias.name in by_module.get(node.module or "", ()):
                    yield node.lineno, f"from {node.module} import {alias.name}"
        elif isinstance(node, ast.Attribute):
            owner = node.value
            owner_name = (
                owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            )
            if (owner_name, node.attr) in _CLOCK_AND_CHANCE_CALLS:
                yield node.lineno, f"{owner_name}.{node.attr}"


def clock_and_chance_are_parameters(root: Path) -> list[str]:
    """Time and randomness come in as parameters, except at the few edges that exemptions.py names."""
    faults = []
    for path, tree in sources(root):
        uses = list(clock_and_chance_uses(tree))
        if name(root, path) not in CLOCK_AND_CHANCE:
            faults += [f"{name(root, path)}:{line} uses {use}: take it as a parameter" for line, use in uses]
        elif not uses:
            faults.append(f"{name(root, path)} stands in CLOCK_AND_CHANCE but needs no exemption")
    return faults


def sizes_are_held(root: Path) -> list[str]:
    """Functions of 60 lines, classes of 150, files of 400: what a person reads at one sitting."""
    faults = []
    paths = [path for folder in ("src", "tests", "bench", "proofs") for path in sorted((root / folder).rglob("*.py"))]
    if (root / "carecode").is_file():
        paths.append(root / "carecode")
    for path in paths:
        text = path.read_text("utf-8")
        if (lines := text.count("\n")) > FILE_LINES_MAX:
            faults.append(f"{name(root, path)} has {lines} lines, more than {FILE_LINES_MAX}")
        for node in ast.walk(ast.parse(text, str(path))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            bound = CLASS_LINES_MAX if isinstance(node, ast.ClassDef) else FUNCTION_LINES_MAX
            if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > bound:
                faults.append(f"{name(root, path)}:{node.lineno} {node.name} has {lines} lines, more than {bound}")
    return faults


def names_say_something(root: Path) -> list[str]:
    """No utils, helpers, common, misc, base or manager: such a name says only that nobody found one."""
    package = root / "src" / "carecode"
    faults = []
    for path, tree in sources(root):
        parts = {part.removesuffix(".py") for part in path.relative_to(package).parts}
        if parts & _EMPTY_NAMES:
            faults.append(f"{name(root, path)} has a name that says nothing")
        faults += [
            f"{name(root, path)}:{node.lineno} class {node.name} has a name that says nothing"
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and _EMPTY_CLASS.search(node.name)
        ]
    return faults


def rooms_have_captions(root: Path) -> list[str]:
    """Each folder's __init__.py is one caption, a docstring, and re-exports nothing."""
    faults = []
    for folder in sorted({path.parent for path in (root / "src" / "carecode").rglob("*.py")}):
        door = folder / "__init__.py"
        if not door.is_file():
            faults.append(f"{name(root, folder)}/ has no __init__.py")
            continue
        tree = ast.parse(door.read_text("utf-8"))
        caption = (ast.get_docstring(tree) or "").partition("\n")[0]
        if not caption or len(caption) > CAPTION_CHARACTERS_MAX:
            faults.append(f"{name(root, door)} has no caption of at most {CAPTION_CHARACTERS_MAX} characters")
        if len(tree.body) > 1:
            faults.append(f"{name(root, door)} holds more than its caption: import the file that defines the name")
    return faults


def words_of(text: str) -> set[str]:
    """Return the words of names and text in small letters, taking camelCase and snake_case apart.

    >>> sorted(words_of("lastLocation, desk_number"))
    ['desk', 'last', 'location', 'number']
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return set(re.findall(r"[a-z]+", apart.lower()))


def promised_surfaces(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files that say what CareCode can hold, offer and decide: schema, API, purposes, policies, pages."""
    package = root / "src" / "carecode"
    for path in sorted(package.rglob("*.sql")):
        yield path, _SQL_COMMENT.sub("", path.read_text("utf-8"))
    for path in sorted(package.rglob("*.cedar")):
        yield path, re.sub(r"//[^\n]*", "", path.read_text("utf-8"))
    python = [*(package / "api").rglob("*.py"), package / "disclosure" / "purposes.py", package / "web" / "site.py"]
    for path in sorted(file for file in python if file.is_file()):
        tree = ast.parse(path.read_text("utf-8"), str(path))
        spoken = [str(node.value) for node in strings(tree)]
        spelled = [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg | ast.keyword) and node.arg]
        defined = [
            n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        yield path, "\n".join([*spoken, *spelled, *defined])


def words_are_absent(root: Path) -> list[str]:
    """Nothing in schema, API, purposes or policies is about where, whom with, what worth or for which employer."""
    return [
        f"{where} speaks of {word!r}"
        for where, text in ((name(root, path), text) for path, text in promised_surfaces(root))
        for word in sorted(words_of(text) & set(FORBIDDEN_WORDS))
        if not any(Path(where).match(pattern) and word == allowed for pattern, allowed, _ in WORDS)
    ]


def locks_name_no_host(root: Path) -> list[str]:
    """The lock files say what and with which checksum, never from where."""
    files = [*root.glob("requirements*"), root / "package.json", root / "package-lock.json", root / ".npmrc"]
    faults = [
        f"{path.name}:{number} names an address"
        for path in sorted(files)
        if path.is_file()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"://|--(extra-)?index|--find-links|\"resolved\"|^registry\s*=", line)
    ]
    return faults + [f"{lock} names registries" for lock in ("uv.lock", "pylock.toml") if (root / lock).exists()]


RULES: Final[tuple[Callable[[Path], list[str]], ...]] = (
    no_sql_in_python,
    sql_files_are_named,
    clock_and_chance_are_parameters,
    sizes_are_held,
    names_say_something,
    rooms_have_captions,
    words_are_absent,
    locks_name_no_host,
)
