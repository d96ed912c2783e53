"""Words in which claims about all requests are written, and the search for a request that breaks one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import z3

from proofs.translation import Formula, Translation

HER_NO: Final = ("refused", "opted_out", "person_refused", "emergency_refused", "quiet", "own_only")
"""Facts by which something closes; all but the last two are her decisions about somebody."""
HER_DECISIONS: Final = ("refused", "opted_out", "person_refused", "emergency_refused")
HER_LISTS: Final = ("closed_categories", "emergency_categories", "open_labels", "emergency_labels")


class Words:
    """One request, spoken of in short words."""

    def __init__(self, translation: Translation) -> None:
        """Speak of the request that ``translation`` is about."""
        self.translation = translation
        self.request = translation.request
        self.allowed = translation.allowed

    def when(self, flag: str) -> Formula:
        """Say that a fact holds."""
        return self.request.flags[flag]

    def role(self, *names: str) -> Formula:
        """Say that the asker has one of these roles."""
        return self.request.any_of([self.request.enums["role"] == self.request.name("Role", name) for name in names])

    def purpose(self, *names: str) -> Formula:
        """Say that it is asked for one of these purposes."""
        return self.request.any_of([self.request.action == self.request.name("Action", name) for name in names])

    def about(self, *types: str) -> Formula:
        """Say that the question is about one of these kinds."""
        return self.request.any_of([self.request.is_a(kind) for kind in types])

    def one_of(self, kind: str, *members: str) -> Formula:
        """Say that the question is about one of these."""
        return self.request.any_of([self.request.resource == self.request.name(kind, member) for member in members])

    def listed(self, name: str) -> Formula:
        """Say that what the question is about stands on one of her lists."""
        kind = self.request.schema.set_attributes[name]
        return z3.And(self.about(kind), z3.Select(self.request.sets[name], self.request.resource))

    def never(self, *conditions: Formula) -> Formula:
        """Claim that nothing is permitted under these conditions together."""
        return z3.Not(z3.And(self.allowed, *conditions))

    def always(self, *conditions: Formula) -> Formula:
        """Claim that everything is permitted under these conditions together."""
        return z3.Implies(z3.And(*conditions), self.allowed)

    def only_if(self, condition: Formula, *grounds: Formula) -> Formula:
        """Claim that under a condition something is permitted only on one of these grounds."""
        return z3.Implies(z3.And(self.allowed, condition), z3.Or(*grounds))

    def with_flag(self, formula: Formula, flag: str, value: bool) -> Formula:  # noqa: FBT001 - it is the value
        """Return a formula as it is with a fact set."""
        return z3.substitute(formula, (self.request.flags[flag], z3.BoolVal(value, self.request.context)))

    def with_listed(self, formula: Formula, name: str, value: bool) -> Formula:  # noqa: FBT001 - it is the value
        """Return a formula as it is with what the question is about put on one of her lists, or taken off."""
        before = self.request.sets[name]
        after = z3.Store(before, self.request.resource, z3.BoolVal(value, self.request.context))
        return z3.substitute(formula, (before, after))

    def decided_otherwise(self, formula: Formula) -> Formula:
        """Return a formula about the same request of a resident who decided anything else."""
        pairs = [(self.when(flag), z3.Bool(f"{flag}'", self.request.context)) for flag in HER_DECISIONS]
        pairs += [(self.request.sets[one], z3.Const(f"{one}'", self.request.sets[one].sort())) for one in HER_LISTS]
        return z3.substitute(formula, *pairs)


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that holds for every request; ``sentence`` says what."""

    name: str
    sentence: str
    claim: Callable[[Words], Formula]


def broken(invariant: Invariant, translation: Translation) -> Mapping[str, str] | None:
    """Return a request that breaks an invariant, in words; None when none does: it is proved."""
    return satisfied(translation, z3.Not(invariant.claim(Words(translation))))


def unreachable(translation: Translation) -> list[str]:
    """Return the policies that decide nothing: proofs about them would be empty.

    A permit must be able to open something; a forbid, to refuse alone what a permit would open.
    """
    found = [
        name for name, one in translation.permits.items() if satisfied(translation, one, translation.allowed) is None
    ]
    for name, one in translation.forbids.items():
        others = [z3.Not(other) for place, other in translation.forbids.items() if place != name]
        if satisfied(translation, one, translation.request.any_of(list(translation.permits.values())), *others) is None:
            found.append(name)
    return found


def satisfied(translation: Translation, *formulas: Formula) -> Mapping[str, str] | None:
    """Return a request for which all formulas hold, in words, or None when there is none.

    Raises RuntimeError if Z3 cannot tell: an unknown is not a proof.
    """
    solver = z3.Solver(ctx=translation.request.context)
    solver.add(*formulas)
    answer = solver.check()
    if answer == z3.unsat:
        return None
    if answer != z3.sat:
        raise RuntimeError("Z3 could not tell")
    model: Any = solver.model()
    return {str(constant): str(model[constant]) for constant in model if str(model[constant]) != "False"}
