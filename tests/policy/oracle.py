"""The same policy a second time, as plain sentences in Python: what ``decide`` must answer.

Written from the promises, not from the Cedar files, and sharing nothing with them.
"""

from __future__ import annotations

from carecode.disclosure.policy import Facts, Permit, Refuse
from carecode.kernel.vocabulary import EVERYTHING, NOTHING_CLOSED, SENSITIVE, Category, Closed, Purpose, Role

C = Category
IN_CASE_REPORTS = frozenset({C.DEMOGRAPHICS, C.PROBLEMS, C.LABORATORY, C.IMMUNIZATIONS})
NOT_IN_EMERGENCIES = frozenset({C.DOCUMENTS, C.IMAGING, C.ENCOUNTERS})


def expected(facts: Facts, categories: frozenset[Category]) -> Permit | Refuse:
    """Say what must be answered."""
    if not categories:
        return Refuse("nothing-asked")
    if facts.role not in {Role.RESIDENT, Role.SYSTEM} and not facts.licensed:
        return Refuse("no-licence")
    if facts.role is not Role.RESIDENT and not facts.within_caps:
        return Refuse("caps-used")
    ground = _ground(facts)
    if isinstance(ground, Refuse):
        return ground
    own_only = facts.own_only or facts.person_refused or facts.role is Role.SYSTEM
    if facts.purpose is not Purpose.PATRQT:
        own_only = own_only or facts.opted_out or (facts.refused and facts.purpose is not Purpose.ETREAT)
    own_only = own_only or (facts.purpose is Purpose.ETREAT and facts.emergency_refused)
    return Permit(_shown(facts, categories), _opened(facts), own_only, ground)


def _ground(facts: Facts) -> str | Refuse:  # noqa: PLR0911 - one line for each ground
    match facts.purpose, facts.role:
        case Purpose.PATRQT, Role.RESIDENT:
            if facts.is_herself:
                return "self"
            return ("guardian" if facts.guardian else "delegate") if facts.delegated else Refuse("not-herself")
        case Purpose.TREAT, Role.CLINICIAN:
            return "code" if facts.code_shown else "visit" if facts.window_open else Refuse("no-code")
        case Purpose.TREAT, Role.SYSTEM:
            return "own deposits"
        case Purpose.ETREAT, Role.CLINICIAN:
            return "emergency" if facts.emergency else Refuse("no-emergency")
        case Purpose.HLEGAL, Role.OFFICER:
            return "order" if facts.order_approved and facts.order_published else Refuse("no-order")
        case Purpose.PUBHLTH, Role.OFFICER:
            return "case" if facts.case_listed else Refuse("case-not-listed")
    return Refuse("purpose-closed")


def _shown(facts: Facts, categories: frozenset[Category]) -> frozenset[Category]:
    closed = frozenset() if facts.role is Role.SYSTEM else facts.closed_categories
    if facts.person_refused:
        return frozenset()
    if facts.purpose is Purpose.PUBHLTH:
        categories &= IN_CASE_REPORTS
    if facts.purpose is Purpose.ETREAT:
        if facts.emergency_refused:
            return frozenset()
        categories -= NOT_IN_EMERGENCIES
        closed -= facts.emergency_categories
    return categories - closed


def _opened(facts: Facts) -> Closed:
    if facts.quiet or facts.person_refused or facts.purpose in {Purpose.HLEGAL, Purpose.PUBHLTH}:
        return NOTHING_CLOSED
    if facts.role is Role.SYSTEM or (facts.purpose is Purpose.PATRQT and facts.is_herself):
        return EVERYTHING
    if facts.purpose is Purpose.ETREAT:
        if facts.emergency_refused:
            return NOTHING_CLOSED
        return Closed.LOCKED | Closed.HIDDEN_OPENS | (facts.emergency_labels & SENSITIVE)
    return facts.open_labels & SENSITIVE
