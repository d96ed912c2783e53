"""The closed list of purposes: what each may open, and the words in which she is told.

There is no row for employment, schooling, marriage, marketing, insurance pricing or movement, and a
promise test proves that none can be added unseen.  Source: HL7 v3 ActReason, PurposeOfUse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from carecode.kernel.vocabulary import ALL_CATEGORIES, Category, Purpose, Role


@dataclass(frozen=True, slots=True)
class Row:
    """One purpose: who may have it and which categories it can open at most."""

    roles: frozenset[Role]
    categories: frozenset[Category]
    notice: str  # a gettext id: "Reason: ..." in her list


PURPOSES: Final = {
    Purpose.TREAT: Row(frozenset({Role.CLINICIAN, Role.SYSTEM}), ALL_CATEGORIES, "to treat you"),
    Purpose.ETREAT: Row(frozenset({Role.CLINICIAN}), ALL_CATEGORIES, "in an emergency"),
    Purpose.HPAYMT: Row(frozenset({Role.CASHIER}), frozenset(), "to settle your bill"),
    Purpose.PATRQT: Row(frozenset({Role.RESIDENT}), ALL_CATEGORIES, "at your own request"),
    Purpose.PUBHLTH: Row(frozenset(), frozenset(), "a case report that the law lists"),
    Purpose.HLEGAL: Row(frozenset(), frozenset(), "a legal order"),
    Purpose.IDENTIFY: Row(frozenset({Role.DESK, Role.CLINICIAN, Role.CASHIER}), frozenset(), "to see who you are"),
    Purpose.REGISTER: Row(frozenset({Role.DESK}), frozenset(), "to check you in"),
}
