"""May this be opened, and how much of it?  Pure: facts in, a decision out.

Cedar decides (``cedar/``); here facts become its one batch of questions, and its answers one permit or refusal.
Whoever she shut out gets a permit all the same, of what an empty record would show: nothing here tells the two
apart.  See docs/adr/0012.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import cedarpy

from carecode.disclosure.policies import shipped
from carecode.disclosure.purposes import PURPOSES
from carecode.kernel.vocabulary import NOTHING_CLOSED, SENSITIVE, Category, Closed, Purpose, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carecode.disclosure.policies import Policies

MEMO_MAX: Final = 16_384
"""How many decisions are remembered."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision may depend on.  What is not said grants nothing."""

    purpose: Purpose
    role: Role
    is_herself: bool = False  # she asks for her own record
    delegated: bool = False  # a delegate or guardian acts for her, under a delegation in force
    code_shown: bool = False  # an OPEN_RECORD code that verified in this very request
    window_open: bool = False  # a treatment window of this institution: an earlier code, or an open visit there
    refused: bool = False  # she shut this institution out of what others wrote
    opted_out: bool = False  # she left the exchange: every institution sees only what it wrote
    person_refused: bool = False  # this named person may see nothing, in emergencies either
    emergency: bool = False  # a break-glass that this very person declared and that still runs
    emergency_refused: bool = False  # she said no to emergencies beforehand
    licensed: bool = False  # the asker's licence is in force
    within_caps: bool = False  # the sliding caps of person and institution are not used up
    order_approved: bool = False  # HLEGAL: two approvers of two different bodies
    order_published: bool = False  # HLEGAL: its leaf is in the public log under a cosigned checkpoint
    case_listed: bool = False  # PUBHLTH: the case is of a kind that the law lists
    quiet: bool = False  # her page under duress: shows less, says nothing
    own_only: bool = False  # asked for what the asker's institution wrote, and no more
    closed_categories: frozenset[Category] = frozenset()  # closed to this asker by her: institution, person, scope
    open_labels: Closed = NOTHING_CLOSED  # sensitive labels that she opened to this asker
    emergency_labels: Closed = NOTHING_CLOSED  # sensitive labels that she opened to emergencies beforehand
    emergency_categories: frozenset[Category] = (
        frozenset()
    )  # of the closed ones: not to the person, so emergencies open
    guardian: bool = False  # the delegation is a guardianship


@dataclass(frozen=True, slots=True)
class Permit:
    """Open these categories, none perhaps; ``opens`` is what a closed entry in them may be closed by.

    ``own_only``: only what the asker's institution itself deposited.
    """

    categories: frozenset[Category]
    opens: Closed
    own_only: bool
    basis: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Open nothing; ``reason`` is a stable code: the policy's id, or what was missing."""

    reason: str


_FLAGS: Final = tuple(fact.name for fact in fields(Facts) if fact.type == "bool")
_LABELS: Final = {label: {"type": "Label", "id": str(label.name)} for label in Closed if label in SENSITIVE}
_RESTRICTIONS: Final = {bit: {"type": "Restriction", "id": str(bit.name)} for bit in Closed if bit not in SENSITIVE}
_CATEGORIES: Final = {category: {"type": "Category", "id": category.name} for category in Category}
_ASKER: Final = {"type": "Asker", "id": "this"}
_FIXED: Final = (
    {"type": "Answer", "id": "given"},
    {"type": "Source", "id": "others"},
    *_LABELS.values(),
    *_RESTRICTIONS.values(),
)
_ACTIONS: Final = {purpose: {"type": "Action", "id": purpose.value} for purpose in Purpose}


def decide(facts: Facts, categories: frozenset[Category]) -> Permit | Refuse:
    """Decide one request; total: every combination of facts has an answer.

    Costs about a millisecond, a few microseconds when it was decided before.

    >>> decide(Facts(Purpose.HPAYMT, Role.CASHIER, licensed=True, within_caps=True), frozenset(Category))
    Refuse(reason='purpose-closed')
    """
    return decide_under(shipped(), facts, categories)


@lru_cache(maxsize=MEMO_MAX)
def decide_under(policies: Policies, facts: Facts, categories: frozenset[Category]) -> Permit | Refuse:
    """Decide under these policies: one batch of at most 26 questions.

    An error in any answer is a refusal: Cedar skips a rule that fails, and it may be the one that forbids.
    """
    asked = sorted(categories)
    if not asked:
        return Refuse("nothing-asked")
    results = _answers(policies, facts, [*_FIXED, *(_CATEGORIES[category] for category in asked)])
    if results is None:
        return Refuse("policy-error")
    answer, others, *bits = results[: len(_FIXED)]
    reasons = sorted(answer.diagnostics.reasons, key=policies.order.__getitem__)
    if not answer.allowed:
        row = PURPOSES[facts.purpose]
        return Refuse(reasons[0] if reasons else row.otherwise if facts.role in row.roles else "purpose-closed")
    opens = NOTHING_CLOSED
    for bit, result in zip((*_LABELS, *_RESTRICTIONS), bits, strict=True):
        if result.allowed:
            opens |= bit
    open_categories = (
        category for category, result in zip(asked, results[len(_FIXED) :], strict=True) if result.allowed
    )
    return Permit(frozenset(open_categories), opens, not others.allowed, policies.bases[reasons[0]])


def _answers(policies: Policies, facts: Facts, resources: Iterable[dict[str, str]]) -> list[cedarpy.AuthzResult] | None:
    """Ask Cedar once for all resources; None if any rule or question failed."""
    try:
        entities = cedarpy.Entities.from_json_str(asker(facts), policies.schema)
    except ValueError:
        return None  # facts that the schema does not know
    action = _ACTIONS[facts.purpose]
    requests = [{"principal": _ASKER, "action": action, "resource": resource} for resource in resources]
    results = cedarpy.is_authorized_batch(requests, policies.for_purpose[facts.purpose], entities, policies.schema)
    return None if any(result.diagnostics.errors for result in results) else results


def asker(facts: Facts) -> str:
    """Write facts as the one entity that policies read: Cedar's entities, JSON."""
    attributes: dict[str, object] = {name: getattr(facts, name) for name in _FLAGS}
    attributes["role"] = {"type": "Role", "id": facts.role.value}
    attributes["closed_categories"] = [_CATEGORIES[one] for one in facts.closed_categories]
    attributes["emergency_categories"] = [_CATEGORIES[one] for one in facts.emergency_categories]
    attributes["open_labels"] = [uid for label, uid in _LABELS.items() if label in facts.open_labels]
    attributes["emergency_labels"] = [uid for label, uid in _LABELS.items() if label in facts.emergency_labels]
    return json.dumps([{"uid": _ASKER, "attrs": attributes, "parents": []}])
