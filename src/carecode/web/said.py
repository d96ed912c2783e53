"""What emergencies, reports, orders and kinds of entries are called on pages: one table for each closed list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.kernel.vocabulary import Category
from carecode.web.language import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

REASONS: Final[Mapping[str, str]] = {
    "unconscious": mark("Unconscious"),
    "life-threatening": mark("Danger to life"),
    "cannot-consent": mark("She cannot decide now"),
    "other": mark("Another reason"),
}
ATTESTED: Final[Mapping[str, str]] = {
    "treated": mark("It was an emergency, and I treated her."),
    "not-needed": mark("It was not needed after all."),
    "mistake": mark("It was a mistake."),
}
KINDS: Final[Mapping[str, str]] = {
    "emergency": mark("Emergencies"),
    "report": mark("Her questions"),
    "anomaly": mark("Unusual use"),
    "order": mark("Legal orders"),
    "cap": mark("Too many emergencies"),
}
KIND: Final[Mapping[str, str]] = {
    "emergency": mark("A record was opened in an emergency"),
    "report": mark("She asks about a look"),
    "anomaly": mark("Unusual use of records"),
    "order": mark("A legal order to approve"),
    "cap": mark("An emergency was refused: too many"),
}
SAID: Final[Mapping[str, str]] = {
    "right": mark("She knows about this."),
    "not-there": mark("She says: I was not there."),
    "ask": mark("She asks what this was."),
}
DECIDED: Final[Mapping[str, str]] = {
    "right": mark("This was right"),
    "not-right": mark("This was not right"),
    "answered": mark("Answered"),
    "approved": mark("Approved"),
    "refused": mark("Refused"),
}
KINDS_OF_ENTRIES: Final[Mapping[Category, str]] = {
    Category.ALLERGIES: mark("allergies"),
    Category.PROBLEMS: mark("problems"),
    Category.MEDICINES: mark("medicines"),
    Category.IMMUNIZATIONS: mark("vaccines"),
    Category.LABORATORY: mark("results"),
    Category.IMAGING: mark("images"),
    Category.PROCEDURES: mark("procedures"),
    Category.ENCOUNTERS: mark("visits"),
    Category.DOCUMENTS: mark("letters"),
    Category.OBSERVATIONS: mark("measurements"),
}
CATEGORIES: Final[Mapping[Category, str]] = {Category.DEMOGRAPHICS: mark("who she is"), **KINDS_OF_ENTRIES}
