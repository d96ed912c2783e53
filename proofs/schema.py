"""The schema of the policies, read strictly: closed lists, the asker's attributes, actions.

Only the forms that our schema uses are known; anything else raises, so that nothing is proved about half a schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ASKER: Final = "Asker"
"""The entity type whose attributes are the facts."""

_COMMENT: Final = re.compile(r"//[^\n]*")
_ENUM: Final = re.compile(r"entity (\w+) enum \[([^\]]*)\]")
_ASKER: Final = re.compile(r"entity Asker = \{([^}]*)\}")
_ACTIONS: Final = re.compile(
    r'action ((?:"\w+",? ?)+)appliesTo \{ principal: \[(\w+)\], resource: \[([\w, ]+)\], context: \{\},? \}'
)
_ATTRIBUTE: Final = re.compile(r"(\w+): (\w+|Set<\w+>)")  # no question mark: every fact is always said
_SET: Final = re.compile(r"Set<(\w+)>")
_NAME: Final = re.compile(r'"(\w+)"')


class UnknownSchemaError(ValueError):
    """The schema has a form that the proofs do not know."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What requests there are: every one that Cedar accepts is made of these."""

    enums: Mapping[str, tuple[str, ...]]  # entity type -> its members
    actions: tuple[str, ...]
    resources: tuple[str, ...]  # entity types
    flags: tuple[str, ...]  # attributes that are true or false
    enum_attributes: Mapping[str, str]  # attribute -> entity type of its one value
    set_attributes: Mapping[str, str]  # attribute -> entity type of its members


def parse(text: str) -> Schema:
    """Read a schema in Cedar's own form.

    Raises UnknownSchemaError for anything but enumerated entities, one Asker, and actions on the same resources.
    """
    enums: dict[str, tuple[str, ...]] = {}
    flags: list[str] = []
    enum_attributes: dict[str, str] = {}
    set_attributes: dict[str, str] = {}
    actions: list[str] = []
    resources: set[tuple[str, ...]] = set()
    for declaration in " ".join(_COMMENT.sub("", text).split()).split(";"):
        said = declaration.strip()
        if found := _ENUM.fullmatch(said):
            enums[found[1]] = tuple(_NAME.findall(found[2]))
        elif found := _ASKER.fullmatch(said):
            for attribute, type_name in map(_attribute, filter(str.strip, found[1].split(","))):
                if type_name == "Bool":
                    flags.append(attribute)
                elif members := _SET.fullmatch(type_name):
                    set_attributes[attribute] = members[1]
                else:
                    enum_attributes[attribute] = type_name
        elif (found := _ACTIONS.fullmatch(said)) and found[2] == ASKER:
            actions += _NAME.findall(found[1])
            resources.add(tuple(one.strip() for one in found[3].split(",")))
        elif said:
            raise UnknownSchemaError(said)
    named = {*enum_attributes.values(), *set_attributes.values(), *(one for row in resources for one in row)}
    if len(resources) != 1 or not actions or not named <= set(enums):
        raise UnknownSchemaError(f"actions differ in what they apply to, or a type is not a closed list: {named}")
    return Schema(enums, tuple(actions), resources.pop(), tuple(flags), enum_attributes, set_attributes)


def _attribute(text: str) -> tuple[str, str]:
    found = _ATTRIBUTE.fullmatch(text.strip())
    if found is None:
        raise UnknownSchemaError(text.strip())
    return found[1], found[2]
