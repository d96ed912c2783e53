"""The closed list of purposes: what each may open, and the words in which she is told.

There is no row for employment, schooling, marriage, marketing, insurance pricing or movement, and a
promise test proves that none can be added unseen.  What is decided, Cedar decides (``cedar/``); a test proves that
these rows say the same.  Source: HL7 v3 ActReason, PurposeOfUse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from carecode.kernel.vocabulary import ALL_CATEGORIES, Category, Purpose, Role

NOT_IN_EMERGENCIES: Final = frozenset({Category.IMAGING, Category.ENCOUNTERS, Category.DOCUMENTS})
"""What break-glass leaves closed: never the whole record."""
IN_CASE_REPORTS: Final = frozenset(
    {Category.DEMOGRAPHICS, Category.PROBLEMS, Category.LABORATORY, Category.IMMUNIZATIONS}
)


@dataclass(frozen=True, slots=True)
class Row:
    """One purpose: who may have it and which categories it can open at most."""

    roles: frozenset[Role]
    categories: frozenset[Category]
    notice: str  # a gettext id: "Reason: ..." in her list
    otherwise: str = "purpose-closed"  # why it opened nothing for one of its roles, where no rule forbade it


PURPOSES: Final = {
    Purpose.TREAT: Row(frozenset({Role.CLINICIAN, Role.SYSTEM}), ALL_CATEGORIES, "to treat you", "no-code"),
    Purpose.ETREAT: Row(
        frozenset({Role.CLINICIAN}), ALL_CATEGORIES - NOT_IN_EMERGENCIES, "in an emergency", "no-emergency"
    ),
    Purpose.HPAYMT: Row(frozenset({Role.CASHIER}), frozenset(), "to settle your bill"),
    Purpose.PATRQT: Row(frozenset({Role.RESIDENT}), ALL_CATEGORIES, "at your own request", "not-herself"),
    Purpose.PUBHLTH: Row(
        frozenset({Role.OFFICER}), IN_CASE_REPORTS, "a case report that the law lists", "case-not-listed"
    ),
    Purpose.HLEGAL: Row(frozenset({Role.OFFICER}), ALL_CATEGORIES, "a legal order", "no-order"),
    Purpose.IDENTIFY: Row(
        frozenset({Role.DESK, Role.CLINICIAN, Role.CASHIER, Role.SYSTEM}), frozenset(), "to see who you are"
    ),
    Purpose.REGISTER: Row(frozenset({Role.DESK, Role.SYSTEM}), frozenset(), "to check you in"),
}
