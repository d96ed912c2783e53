"""Random requests for comparing the engine with the translation.

Evenly drawn requests are nearly all refused at the first word.  So half are drawn near a permit: its policy's own
facts, each turned over now and then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from random import Random
from typing import Any, Final

from carecode.disclosure.policy import Facts
from carecode.kernel.vocabulary import NOTHING_CLOSED, Category, Closed, Purpose, Role
from proofs.schema import ASKER, Schema

TURNED_PART: Final = 0.12
"""How many of the facts of a request near a permit are turned over."""
LISTED_PART: Final = 0.3

# What the grounds need, and what may stand beside them.  Only a help for drawing: nothing is proved with it.
_NEAR: Final[Sequence[tuple[str, str, tuple[str, ...]]]] = (
    ("PATRQT", "resident", ("is_herself",)),
    ("PATRQT", "resident", ("delegated",)),
    ("PATRQT", "resident", ("delegated", "guardian")),
    ("TREAT", "clinician", ("code_shown", "licensed", "within_caps")),
    ("TREAT", "clinician", ("window_open", "licensed", "within_caps")),
    ("TREAT", "system", ("within_caps",)),
    ("ETREAT", "clinician", ("emergency", "licensed", "within_caps")),
    ("HLEGAL", "officer", ("order_approved", "order_published", "licensed", "within_caps")),
    ("PUBHLTH", "officer", ("case_listed", "licensed", "within_caps")),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One request as Cedar takes it: names only."""

    action: str
    resource: tuple[str, str]  # entity type, member
    flags: Mapping[str, bool]
    enums: Mapping[str, str]
    sets: Mapping[str, frozenset[str]]

    def entity(self, schema: Schema, name: str) -> dict[str, Any]:
        """Write the asker as one of Cedar's entities."""
        attributes: dict[str, Any] = dict(self.flags)
        attributes |= {one: uid(schema.enum_attributes[one], value) for one, value in self.enums.items()}
        attributes |= {
            one: [uid(schema.set_attributes[one], value) for value in sorted(values)]
            for one, values in self.sets.items()
        }
        return {"uid": uid(ASKER, name), "attrs": attributes, "parents": []}

    def request(self, name: str) -> dict[str, Any]:
        """Write the question of the asker of this name."""
        return {"principal": uid(ASKER, name), "action": uid("Action", self.action), "resource": uid(*self.resource)}

    def values(self, schema: Schema) -> tuple[Any, ...]:
        """Write the request as the evaluator takes it: in the order action, resource, flags, enums, sets."""
        return (
            f"Action::{self.action}",
            "::".join(self.resource),
            *(self.flags[one] for one in schema.flags),
            *(f"{kind}::{self.enums[one]}" for one, kind in schema.enum_attributes.items()),
            *(frozenset(f"{kind}::{one}" for one in self.sets[name]) for name, kind in schema.set_attributes.items()),
        )


def facts_of(drawn: Drawn) -> Facts:
    """Write a drawn request as the facts of a decision; what it asks about is left out."""

    def categories(name: str) -> frozenset[Category]:
        return frozenset(Category[one] for one in drawn.sets[name])

    def labels(name: str) -> Closed:
        return reduce(or_, (Closed[one] for one in drawn.sets[name]), NOTHING_CLOSED)

    flags: Mapping[str, Any] = drawn.flags
    return replace(
        Facts(Purpose(drawn.action), Role(drawn.enums["role"])),
        closed_categories=categories("closed_categories"),
        emergency_categories=categories("emergency_categories"),
        open_labels=labels("open_labels"),
        emergency_labels=labels("emergency_labels"),
        **flags,
    )


def uid(kind: str, name: str) -> dict[str, str]:
    """Write one of Cedar's entity identifiers."""
    return {"type": kind, "id": name}


def draw(schema: Schema, random: Random) -> Drawn:
    """Draw one request that the schema allows."""
    kind = random.choice(schema.resources)
    action, role = random.choice(schema.actions), random.choice(schema.enums["Role"])
    flags = {flag: random.random() < 0.5 for flag in schema.flags}  # noqa: PLR2004 - as often as not
    if random.random() < 0.5:  # noqa: PLR2004 - as often as not
        action, role, held = random.choice(_NEAR)
        flags = {flag: (flag in held) != (random.random() < TURNED_PART) for flag in schema.flags}
    return Drawn(
        action,
        (kind, random.choice(schema.enums[kind])),
        flags,
        {one: role if of == "Role" else random.choice(schema.enums[of]) for one, of in schema.enum_attributes.items()},
        {
            one: frozenset(member for member in schema.enums[of] if random.random() < LISTED_PART)
            for one, of in schema.set_attributes.items()
        },
    )
