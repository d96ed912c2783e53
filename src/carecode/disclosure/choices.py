"""What she can decide, kind by kind: the choices, to whom, about what, and what her log calls them.  Pure.

Sources: Regulation (EU) 2025/327 articles 8 and 10 (restrict, opt out), IHE PCF 1.1 (who, category, visit,
period, purpose), HL7 v3 ActCode (sensitive labels), ELGA (how long an institution may look).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import ALL_CATEGORIES, SENSITIVE, Category, Closed

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOW_DAYS_MAX: Final = 365
YEARS_AHEAD_MAX: Final = 120
A_DAY: Final = timedelta(days=1)
SUMMARY: Final = frozenset({Category.DEMOGRAPHICS, Category.ALLERGIES, Category.PROBLEMS, Category.MEDICINES})
"""What an institution sees to which she shows a summary only."""
OFFERED: Final = ALL_CATEGORIES - {Category.DEMOGRAPHICS}
"""The kinds of information that she may close: who she is, whoever treats her has to know."""
LABELS: Final = tuple(label for label in SENSITIVE)
HERS: Final = Closed.LOCKED | Closed.HIDDEN | Closed.HIDDEN_OPENS
"""The bits that she sets on entries and visits; UNSHARED besides, on visits."""


class Kind(StrEnum):
    """What a decision is about."""

    INSTITUTION = "institution"  # what one institution sees of what others wrote
    NEWCOMERS = "newcomers"  # institutions about which she said nothing
    PERSON = "person"  # one named person, in emergencies too
    CATEGORY = "category"  # a kind of information, for one institution or all
    LABEL = "label"  # something sensitive, for one institution or all
    EMERGENCY_LABEL = "emergency_label"  # something sensitive, in emergencies
    ENTRY = "entry"  # one entry of the record
    VISIT = "visit"  # one visit with all that came of it
    KEEP = "keep"  # what an institution writes from now on: it keeps it, nobody else sees it
    EXCHANGE = "exchange"
    STATISTICS = "statistics"
    EVERYTHING = "everything"
    EMERGENCY = "emergency"  # yes or no in advance
    WINDOW = "window"  # for how many days an institution may look after a code


class Whom(StrEnum):
    """To whom a kind of decision applies."""

    ALL = "all"
    INSTITUTION = "institution"
    EITHER = "either"  # one institution, or all
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Choices:
    """One kind: its choices with the words of the log, of which the first is what holds when she says nothing."""

    words: Mapping[str, str]  # choice -> basis in the log; {whom}; never what is closed, only that something is
    whom: Whom = Whom.ALL
    about: str = ""  # category, label, resource or nothing

    @property
    def unsaid(self) -> str:
        """The choice that holds while she says nothing."""
        return next(iter(self.words))


KINDS: Final[Mapping[Kind, Choices]] = {
    Kind.INSTITUTION: Choices(
        {"allow": "allow {whom}", "summary": "summary {whom}", "refuse": "refuse {whom}"}, Whom.INSTITUTION
    ),
    Kind.NEWCOMERS: Choices({"open": "newcomers open", "ask": "newcomers ask"}),
    Kind.PERSON: Choices({"allow": "unblock person", "refuse": "block person"}, Whom.PERSON),
    Kind.CATEGORY: Choices({"open": "open category", "close": "close category"}, Whom.EITHER, "category"),
    Kind.LABEL: Choices({"close": "close sensitive", "open": "open sensitive"}, Whom.EITHER, "label"),
    Kind.EMERGENCY_LABEL: Choices(
        {"close": "close sensitive in emergencies", "open": "open sensitive in emergencies"}, about="label"
    ),
    Kind.ENTRY: Choices(
        {"show": "show entry", "lock": "lock entry", "hide": "hide entry", "hide-open": "hide entry but emergencies"},
        about="resource",
    ),
    Kind.VISIT: Choices(
        {
            "show": "show visit",
            "lock": "lock visit",
            "hide": "hide visit",
            "hide-open": "hide visit but emergencies",
            "keep": "keep visit",
        },
        about="resource",
    ),
    Kind.KEEP: Choices({"share": "share new {whom}", "keep": "keep new {whom}"}, Whom.INSTITUTION),
    Kind.EXCHANGE: Choices({"in": "join exchange", "out": "leave exchange"}),
    Kind.STATISTICS: Choices({"in": "join statistics", "out": "leave statistics"}),
    Kind.EVERYTHING: Choices({"in": "join everything", "out": "leave everything"}),
    Kind.EMERGENCY: Choices({"yes": "emergencies yes", "no": "emergencies no"}),
    Kind.WINDOW: Choices({"0": "days {whom}"}, Whom.EITHER),
}
DELEGATED: Final = frozenset({Kind.INSTITUTION, Kind.NEWCOMERS, Kind.PERSON, Kind.CATEGORY, Kind.WINDOW})
"""What a delegate who may decide decides: which institution sees what.  Everything else is hers alone."""
BITS: Final[Mapping[str, Closed]] = {
    "show": Closed(0),
    "lock": Closed.LOCKED,
    "hide": Closed.HIDDEN,
    "hide-open": Closed.HIDDEN_OPENS,
    "keep": Closed.UNSHARED,
}
"""What each choice about an entry or a visit puts on its rows."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A decision she is about to make; ``from_at`` None: now, ``until_at`` None: until she changes it."""

    kind: Kind
    choice: str
    whom: str = ""  # an institution's handle, a person's id; empty: all
    about: str = field(default="", repr=False)  # a category's number, a label's bit, a resource's id
    from_at: datetime | None = None
    until_at: datetime | None = None

    @property
    def basis(self) -> str:
        """What her log calls it: a stable code that never says what is closed."""
        row = KINDS[self.kind]
        return (row.words.get(self.choice) or row.words[row.unsaid]).format(whom=self.whom or "all")


def checked(wish: Wish, now: datetime) -> Wish:
    """Return the wish with its beginning, or say what is wrong with it: InvalidInputError, and what to do."""
    row = KINDS[wish.kind]
    if not (_is_days(wish.choice) if wish.kind is Kind.WINDOW else wish.choice in row.words):
        raise InvalidInputError("choice-unknown", "There is no such choice. Choose another.")
    needed = row.whom in {Whom.INSTITUTION, Whom.PERSON}
    if (needed and not wish.whom) or (row.whom is Whom.ALL and wish.whom) or _is_unwritable(wish.whom):
        raise InvalidInputError("choice-whom", "Say for whom this holds, and choose again.")
    if not _is_about(row.about, wish.about):
        raise InvalidInputError("choice-about", "Say what this is about, and choose again.")
    return replace(wish, from_at=_beginning(wish.from_at, wish.until_at, now))


def _beginning(from_at: datetime | None, until_at: datetime | None, now: datetime) -> datetime:
    if from_at is not None and from_at <= now - A_DAY:
        raise InvalidInputError("dates-past", "The first day is over already. Choose today or a later day.")
    begins = max(from_at or now, now)
    if until_at is not None and from_at is not None and until_at <= from_at:
        raise InvalidInputError("dates-contradict", "The last day is before the first. Change one of the two.")
    if until_at is not None and until_at <= now:
        raise InvalidInputError("dates-past", "The last day is over already. Choose a later day, or none.")
    far = now + YEARS_AHEAD_MAX * 365 * A_DAY
    if begins > far or (until_at is not None and until_at > far):
        raise InvalidInputError("dates-far", "This day is too far away. Choose an earlier one, or none.")
    return begins


def _is_days(text: str) -> bool:
    """Tell whether it is a number of days, written in the one way in which her pages know it: 7, never 007."""
    if not (text.isascii() and text.isdigit()) or len(text) > len("365"):
        return False
    return str(int(text)) == text and int(text) <= WINDOW_DAYS_MAX


def _is_unwritable(text: str) -> bool:
    """Tell whether there is a sign that no list could show and no database keeps."""
    return any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text)


def _is_about(about: str, text: str) -> bool:
    if about == "category":
        return text in {str(int(category)) for category in OFFERED}
    if about == "label":
        return text in {str(int(label)) for label in LABELS}
    if about == "resource":
        try:
            return str(UUID(text)) == text
        except ValueError:
            return False
    return not text
