"""May this be opened, and how much of it?  Pure: facts in, a decision out.

A hospital that she shut out is answered with a permit for what it deposited itself: the answer of a
person of whom no other institution holds anything.  Nothing here tells the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carecode.disclosure.purposes import PURPOSES
from carecode.kernel.vocabulary import Purpose, Role

if TYPE_CHECKING:
    from carecode.kernel.vocabulary import Category


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision may depend on."""

    purpose: Purpose
    role: Role
    organisation: str
    is_herself: bool
    code_shown: bool  # an OPEN_RECORD code that verified in this very request
    window_open: bool  # a treatment window that an earlier code opened at this organisation
    refused: bool  # she shut this organisation out


@dataclass(frozen=True, slots=True)
class Permit:
    """Open these categories; ``depositor`` not None: only what that organisation deposited itself."""

    categories: frozenset[Category]
    depositor: str | None
    basis: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Open nothing; ``reason`` is a stable code."""

    reason: str


def decide(facts: Facts, categories: frozenset[Category]) -> Permit | Refuse:
    """Decide one request; total: every combination of facts has an answer.

    Rules, first match wins: a purpose opens only what its row lists, to its roles; she reads her
    own record; a machine reads its own organisation's deposits; a clinician needs a shown code or
    an open treatment window.
    """
    row = PURPOSES[facts.purpose]
    allowed = categories & row.categories
    if facts.role not in row.roles or not allowed:
        return Refuse("purpose-closed")
    if facts.purpose is Purpose.PATRQT:
        return Permit(allowed, None, "self") if facts.is_herself else Refuse("not-herself")
    if facts.purpose is not Purpose.TREAT:
        return Refuse("purpose-not-built")
    if facts.role is Role.SYSTEM:
        return Permit(allowed, facts.organisation, "own deposits")
    if not (facts.code_shown or facts.window_open):
        return Refuse("no-code")
    basis = "code" if facts.code_shown else "visit"
    return Permit(allowed, facts.organisation if facts.refused else None, basis)
