"""The policies as files: read, checked against their schema, named, once.

Cedar's own errors say what is wrong but not where, so each statement is parsed by itself and a fault is traced to its
line.  A file that cannot be used is no policy set: nothing starts with part of its rules.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import cedarpy

from carecode.kernel.errors import CorruptError
from carecode.kernel.vocabulary import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from importlib.resources.abc import Traversable

SCHEMA: Final = "schema.cedarschema"

_UNFINISHED: Final = "unexpected end of input"
_PIECE: Final = re.compile(r'//[^\n]*|"(?:\\.|[^"\\\n])*"|;|[^/";]+|.', re.DOTALL)
_NO_TYPE: Final = re.compile(r"failed to resolve type: (\w+)")
_ID: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy as its file has it; ``line`` counts from 1."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Policies:
    """A policy set that parsed and fits its schema; the same ``digest`` is the same set."""

    digest: str  # SHA-256 of schema and policies, hexadecimal
    json: str  # Cedar's JSON policy set under real ids: what the proofs read
    schema_text: str
    order: Mapping[str, int]  # id -> place in the files, by which reasons are named
    bases: Mapping[str, str]  # id of a permit -> the ground she is told
    sources: Mapping[str, str]  # id -> file and line
    whole: cedarpy.PolicySet = field(repr=False)
    for_purpose: Mapping[Purpose, cedarpy.PolicySet] = field(repr=False)  # without the rules that name other purposes
    schema: cedarpy.Schema = field(repr=False)

    def __hash__(self) -> int:
        """Hash by what the policies say."""
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        """Compare by what the policies say."""
        return isinstance(other, Policies) and self.digest == other.digest


@cache
def shipped() -> Policies:
    """Return the policies that this CareCode was built with.

    Raises CorruptError (``policy-unusable``) with file and line.
    """
    return load(files("carecode.disclosure") / "cedar")


def load(folder: Traversable) -> Policies:
    """Read a folder with one schema and its policies.

    Every policy has an ``@id`` of its own, every permit the ``@basis`` that she is told.  Raises CorruptError
    (``policy-unusable``) with file and line.
    """
    schema_text = _text(folder / SCHEMA)
    schema = _schema(schema_text)
    found: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name in sorted(file.name for file in folder.iterdir() if file.name.endswith(".cedar")):
        for statement in statements(name, _text(folder / name)):
            policy = _policy(statement, schema)
            identity = _identity(statement, policy, found)
            found[identity] = policy
            sources[identity] = f"{statement.file}, line {statement.line}"
    if not found:
        raise _unusable("The folder", "it holds no policy")
    text = _policy_set(found)
    return Policies(
        digest=hashlib.sha256(f"{schema_text}\0{text}".encode()).hexdigest(),
        json=text,
        schema_text=schema_text,
        order={identity: place for place, identity in enumerate(found)},
        bases={identity: one["annotations"]["basis"] for identity, one in found.items() if one["effect"] == "permit"},
        sources=sources,
        whole=cedarpy.PolicySet.from_json_str(text),
        for_purpose={purpose: cedarpy.PolicySet.from_json_str(_policy_set(found, purpose)) for purpose in Purpose},
        schema=schema,
    )


def statements(file: str, text: str) -> Iterator[Statement]:
    r"""Take a file apart at its semicolons, outside comments and strings.

    >>> [(one.line, one.text) for one in statements("a.cedar", '// a; b\npermit (x);')]
    [(2, 'permit (x);')]
    """
    line, started, parts = 1, 0, list[str]()
    for piece in _PIECE.findall(text):
        if not piece.startswith("//"):
            if not started and piece.strip():
                started = line + piece[: len(piece) - len(piece.lstrip())].count("\n")
            parts.append(piece)
        line += piece.count("\n")
        if piece == ";":
            yield Statement(file, started, "".join(parts).lstrip())
            started, parts = 0, []
    if started:
        yield Statement(file, started, "".join(parts).lstrip())


def _policy_set(found: Mapping[str, Any], purpose: Purpose | None = None) -> str:
    """Write a policy set as Cedar's JSON; for one purpose, without what can never match it: half the time."""
    kept = {name: one for name, one in found.items() if purpose is None or _may_match(one["action"], purpose)}
    return json.dumps({"staticPolicies": kept, "templates": {}, "templateLinks": []}, sort_keys=True)


def _may_match(scope: Mapping[str, Any], purpose: Purpose) -> bool:
    """Tell whether a policy's action scope lets it match: ``==`` and ``in`` name actions, all else may match."""
    match scope:
        case {"op": "==", "entity": {"id": name}}:
            return bool(name == purpose.value)
        case {"op": "in", "entities": list(named)}:
            return any(one["id"] == purpose.value for one in named)
    return True


def _schema(text: str) -> cedarpy.Schema:
    try:
        return cedarpy.Schema.from_str(text)
    except ValueError as error:
        line = _first_bad_line(cedarpy.Schema.from_str, text, str(error))
        raise _unusable(f"{SCHEMA}, line {line}", str(error)) from error


def _policy(statement: Statement, schema: cedarpy.Schema) -> dict[str, Any]:
    """Parse one policy and hold it against the schema."""
    try:
        held = json.loads(cedarpy.policies_to_json_str(statement.text))["staticPolicies"]
    except ValueError as error:
        line = statement.line - 1 + _first_bad_line(cedarpy.policies_to_json_str, statement.text, str(error))
        raise _unusable(f"{statement.file}, line {line}", str(error)) from error
    where = f"{statement.file}, line {statement.line}"
    if not held:
        raise _unusable(where, "a template is no policy by itself")
    if faults := cedarpy.validate_policies(statement.text, schema).errors:
        raise _unusable(where, faults[0].error)
    policy: dict[str, Any] = held.popitem()[1]
    return policy


def _identity(statement: Statement, policy: dict[str, Any], found: Mapping[str, object]) -> str:
    annotations = policy.get("annotations") or {}
    identity = annotations.get("id") or ""
    where = f"{statement.file}, line {statement.line}"
    if not _ID.fullmatch(identity):
        raise _unusable(where, 'it needs a name of its own: @id("small-words")')
    if identity in found:
        raise _unusable(where, "another policy has the same @id")
    if policy["effect"] == "permit" and not annotations.get("basis"):
        raise _unusable(where, 'a permit says on what ground: @basis("...")')
    return str(identity)


def _first_bad_line(parse: Callable[[str], object], text: str, complaint: str) -> int:
    """Return the line, from 1, that Cedar complains of without saying which.

    A type that is nowhere stands where its name does.  Other faults stand on the first line after which the text
    cannot become right: the lines before it are unfinished at most, since tokens do not span lines.
    """
    lines = text.rstrip().splitlines()
    if unknown := _NO_TYPE.fullmatch(complaint):
        return next(count for count, line in enumerate(lines, 1) if unknown[1] in line)
    for count in range(1, len(lines) if _UNFINISHED not in complaint else 1):
        try:
            parse("\n".join(lines[:count]))
        except ValueError as error:
            if str(error) == complaint:
                return count
    return len(lines)


def _text(file: Traversable) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(f"{file.name}, line 1", "it cannot be read") from error


def _unusable(where: str, complaint: str) -> CorruptError:
    return CorruptError(
        "policy-unusable",
        f"{where} of the access policies cannot be used: {complaint}. Put the right file back, then start again.",
    )
