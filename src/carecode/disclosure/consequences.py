"""What follows from a decision, said before she saves it: keys of sentences, in the order to be read.  Pure.

The web says each key in words (``web/my/consequences.py``); a test demands that it knows every key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carecode.disclosure.choices import Kind
from carecode.kernel.vocabulary import Category

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecode.disclosure.choices import Wish

MATTERS: Final = frozenset({Category.ALLERGIES, Category.MEDICINES, Category.PROBLEMS})
"""What a doctor who does not know it may harm her without."""
NEVER_IN_EMERGENCY: Final = frozenset({Category.IMAGING, Category.ENCOUNTERS, Category.DOCUMENTS})
"""What no emergency opens (policy ``emergency-not-all``)."""

_REFUSE: Final = ("sees-nothing-from-others", "keeps-its-own", "may-not-know", "emergency", "back")
_ALL: Final[Mapping[tuple[Kind, str], tuple[str, ...]]] = {
    (Kind.INSTITUTION, "allow"): ("sees-all-with-code", "sensitive-stays-closed", "each-look", "back"),
    (Kind.INSTITUTION, "summary"): ("sees-summary", "may-repeat", "emergency", "back"),
    (Kind.INSTITUTION, "refuse"): _REFUSE,
    (Kind.NEWCOMERS, "open"): ("new-see-all-with-code", "each-look", "back"),
    (Kind.NEWCOMERS, "ask"): ("new-see-their-own", "may-not-know", "emergency", "back"),
    (Kind.PERSON, "refuse"): ("person-sees-nothing", "person-emergency", "person-others", "back"),
    (Kind.PERSON, "allow"): ("person-as-others", "each-look", "back"),
    (Kind.CATEGORY, "open"): ("category-seen", "each-look", "back"),
    (Kind.CATEGORY, "close"): ("category-not-seen", "category-own", "back"),
    (Kind.LABEL, "open"): ("label-seen", "each-look", "back"),
    (Kind.LABEL, "close"): ("label-not-seen", "label-own", "back"),
    (Kind.EMERGENCY_LABEL, "open"): ("label-in-emergency", "emergency-told", "back"),
    (Kind.EMERGENCY_LABEL, "close"): ("label-not-in-emergency", "back"),
    (Kind.ENTRY, "show"): ("entry-shown", "back"),
    (Kind.ENTRY, "lock"): ("entry-locked", "emergency-opens-it", "back"),
    (Kind.ENTRY, "hide"): ("entry-hidden", "entry-hidden-emergency", "may-not-know-it", "back"),
    (Kind.ENTRY, "hide-open"): ("entry-hidden", "emergency-opens-it", "back"),
    (Kind.VISIT, "show"): ("visit-shown", "back"),
    (Kind.VISIT, "lock"): ("visit-locked", "emergency-opens-it", "back"),
    (Kind.VISIT, "hide"): ("visit-hidden", "entry-hidden-emergency", "may-not-know-it", "back"),
    (Kind.VISIT, "hide-open"): ("visit-hidden", "emergency-opens-it", "back"),
    (Kind.VISIT, "keep"): ("visit-kept", "keeps-its-own", "may-repeat", "back"),
    (Kind.KEEP, "share"): ("new-shared", "back"),
    (Kind.KEEP, "keep"): ("new-kept", "keeps-its-own", "may-repeat", "back"),
    (Kind.EXCHANGE, "in"): ("exchange-in", "each-look", "back"),
    (Kind.EXCHANGE, "out"): ("exchange-out", "keeps-its-own-all", "may-not-know", "emergency-own-only", "back"),
    (Kind.STATISTICS, "in"): ("statistics-in", "back"),
    (Kind.STATISTICS, "out"): ("statistics-out", "care-the-same", "back"),
    (Kind.EVERYTHING, "in"): ("exchange-in", "each-look", "back"),
    (Kind.EVERYTHING, "out"): ("exchange-out", "emergency-no", "statistics-out", "keeps-its-own-all", "care-the-same",
                               "back"),
    (Kind.EMERGENCY, "yes"): ("emergency-yes", "emergency-told", "back"),
    (Kind.EMERGENCY, "no"): ("emergency-no", "emergency-no-warning", "back"),
}  # fmt: skip
_WINDOW: Final = ("window-hours", "back")
_WINDOW_DAYS: Final = ("window-days", "each-look", "back")


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows: keys of sentences, most important first."""

    keys: tuple[str, ...]


def consequence(wish: Wish, *, emergencies_refused: bool = False) -> Consequence:
    """Return what follows from a wish, given whether she said no to emergencies in advance."""
    if wish.kind is Kind.WINDOW:
        return Consequence(_WINDOW if wish.choice == "0" else _WINDOW_DAYS)
    keys = _ALL[wish.kind, wish.choice]
    if wish.kind is Kind.CATEGORY and wish.choice == "close":
        warned = ("may-not-know",) if Category(int(wish.about)) in MATTERS else ()
        opens = () if Category(int(wish.about)) in NEVER_IN_EMERGENCY else ("emergency",)
        keys = (keys[0], *warned, *keys[1:-1], *opens, keys[-1])
    if emergencies_refused:
        keys = tuple("emergency-no" if key in {"emergency", "emergency-opens-it"} else key for key in keys)
    if wish.until_at is not None:
        keys = (*keys[:-1], "ends-by-itself", keys[-1])
    return Consequence(keys)


KEYS: Final = frozenset(
    {key for keys in (*_ALL.values(), _WINDOW, _WINDOW_DAYS) for key in keys} | {"may-not-know", "ends-by-itself"}
)
"""Every key that may be said."""
