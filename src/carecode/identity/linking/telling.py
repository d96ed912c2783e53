"""Why two entries were linked, put before a person or left apart: in words and bits, from the stored decision.

Pure.  ``explain`` on the command line and the steward's page both draw from ``waterfall`` and ``conclusion`` and
write numbers with ``signed``, so that they show one thing.  Nothing is weighed again: the model may have changed
since.  No value of either entry is here, for none is in a ``Decision``.

Every sentence is a constant of this file or of ``guards.RULES``, so that a page can translate it.
"""

from __future__ import annotations

from math import fsum
from typing import Final, NamedTuple

from carecode.identity.linking.deciding import Decision, Outcome, Weighed
from carecode.identity.linking.guards import RULES
from carecode.identity.linking.levels import FIELDS

PRIOR: Final = "prior"
"""The field of the first step: what a pair weighs before anything was compared."""

LABELS: Final = {
    PRIOR: "Before comparing",
    "number": "Document number",
    "other": "Other number",
    "name": "Name",
    "born": "Date of birth",
    "sex": "Sex",
    "contact": "Telephone and home",
}
"""What each step is called."""

WORDS: Final[dict[str, dict[str, str]]] = {
    "number": {
        "missing": "Not known of both, or not of one kind",
        "exact": "The same",
        "near": "One or two slips apart, and one breaks its own rule: a typing error",
        "doubtful": "Different, but one breaks its own rule or its kind is issued again",
        "neighbour": "Both hold and are numbered one after the other, as twins are",
        "different": "Both hold and are different",
    },
    "other": {
        "missing": "Not known of both, or not of one kind",
        "exact": "The same",
        "near": "One slip apart",
        "different": "Different",
    },
    "name": {
        "missing": "Not known of both",
        "exact": "The same",
        "sound": "Sounds the same",
        "turned": "The same with surname and given name in each other's place",
        "unreadable": "The same but for characters that a system could not write",
        "typo": "The same but for a slip or two in writing",
        "dropped": "One lacks a character or a word of the other",
        "shared": "The same surname and a part of the given name, as brothers and sisters have",
        "given": "Only the given name is the same",
        "surname": "Only the surname is the same",
        "different": "Different",
    },
    "born": {
        "missing": "Not known of both",
        "exact": "The same",
        "swapped": "The same with day and month in each other's place",
        "lunar": "The same day, once by the lunar calendar",
        "coarse": "The same as far as it is known",
        "digit": "One digit apart",
        "month": "The same month of the same year",
        "anniversary": "The same day of another year",
        "year": "The same year",
        "different": "Different",
    },
    "sex": {"missing": "Not known of both", "same": "The same", "different": "Different"},
    "contact": {
        "missing": "Not known of both",
        "both": "The same telephone and the same home",
        "phone": "The same telephone",
        "door": "The same home",
        "door_near": "The same home but for a slip or two in writing",
        "place": "The same street or village of the same county",
        "street": "A street or village of the same name",
        "locality": "The same county or postcode",
        "none": "Nothing the same",
    },
}
"""Field -> level -> what it says.  A row for every level of ``levels.FIELDS``."""

PRIOR_WORDS: Final = "How seldom two entries are one person"

LINKED_BY_NUMBER: Final = "Linked by the document number: it holds, and the name or the date of birth is its holder's."
LINKED_BY_SUM: Final = "Linked by the sum: it reaches what links without asking anybody."
ASKED_BY_GUARD: Final = "A person is asked, because a guard says so."
ASKED_BY_SUM: Final = "A person is asked: the sum is enough to ask and not enough to link."
ASKED_TWO: Final = "A person is asked: two persons reach what links without asking anybody."
ASKED_OTHER: Final = "A person is asked: another entry, of the same person or of another, speaks against it."
APART_NOBODY: Final = "Left apart: nobody here resembled her."
APART_BY_GUARD: Final = "Left apart, because a guard says that they are two people."
APART_BY_SUM: Final = "Left apart: the sum is not enough to ask anybody."


class Step(NamedTuple):
    """One line of the waterfall."""

    field: str  # PRIOR or a field of ``levels.FIELDS``
    level: str  # "" for PRIOR
    words: str
    bits: float
    running_total: float  # this step and all before it; of the last step exactly ``Weighed.total``


def waterfall(told: Decision | Weighed) -> list[Step]:
    """Give how the bits of a pair add up: the prior, then each field in the order of ``FIELDS``.

    Of a decision it is the pair that it rests on; [] where nobody resembled her.  Of another person who was
    weighed too, hand in her ``Weighed`` from ``Decision.also``.  Fields and levels of an older model that are
    no longer known come last, under the names they had.
    """
    pair = told.best if isinstance(told, Decision) else told
    if pair is None:
        return []
    known = [field for field in FIELDS if field in pair.bits]
    fields = [*known, *sorted(pair.bits.keys() - FIELDS.keys())]
    running = pair.total - fsum(pair.bits.values())
    steps = [Step(PRIOR, "", PRIOR_WORDS, running, running)]
    for field in fields:
        level = pair.levels.get(field, "missing")
        running += pair.bits[field]
        words = WORDS.get(field, {}).get(level, level)
        steps.append(Step(field, level, words, pair.bits[field], running))
    steps[-1] = steps[-1]._replace(running_total=pair.total)
    return steps


def guard_words(told: Decision | Weighed) -> str:
    """Say what the guard that spoke means; "" where none did."""
    pair = told.best if isinstance(told, Decision) else told
    return "" if pair is None else RULES.get(pair.rule, pair.rule)


def conclusion(decision: Decision) -> str:
    """Say in one sentence what the outcome rests on; ``guard_words`` says what the guard means."""
    best = decision.best
    if best is None:
        return APART_NOBODY
    if decision.outcome is Outcome.LINK:
        return LINKED_BY_NUMBER if best.certain else LINKED_BY_SUM
    if decision.outcome is Outcome.NEW:
        return APART_BY_GUARD if best.verdict == "never" else APART_BY_SUM
    if best.verdict != "free":
        return ASKED_BY_GUARD
    if not best.certain and best.total < decision.auto:
        return ASKED_BY_SUM
    return ASKED_TWO if any(_rivals(best, other, decision.auto) for other in decision.also) else ASKED_OTHER


def signed(bits: float) -> str:
    """Write bits as every screen does: a sign, two decimals.

    >>> signed(12.3456), signed(-0.001), signed(-23)
    ('+12.35', '+0.00', '-23.00')
    """
    return f"{round(bits, 2) + 0.0:+.2f}"


def _rivals(best: Weighed, other: Weighed, auto: float) -> bool:
    """Whether another person alone would have been linked to as well: ``deciding`` in terms of what is stored."""
    if other.verdict == "never":
        return False
    return other.certain if best.certain else other.total >= auto
