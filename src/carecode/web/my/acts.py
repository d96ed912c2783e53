"""What clinicians and officers did about her record, other than opening it, in the words of her list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.web.language import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

# the beginning of an entry's basis -> what she reads; who and where stand for the person and the institution
ACTS: Final[Mapping[str, str]] = {
    "emergency declared": mark("<b>%(who)s, %(place)s</b>, declared an emergency to open your summary."),
    "emergency ended": mark("<b>%(who)s, %(place)s</b>, ended the emergency. Your record is closed again."),
    "parted looks listed": mark(
        "<b>%(who)s, %(place)s</b>, listed which looks happened while your entry was joined with another person's by"
        " mistake."
    ),
    "parted": mark(
        "<b>%(who)s, %(place)s</b>, parted your entry from another person's, with which it was joined by mistake."
    ),
    "steward linked": mark("<b>%(who)s, %(place)s</b>, linked your entry with another one of yours. It can be undone."),
    "steward kept apart": mark("<b>%(who)s, %(place)s</b>, compared your entry with another and kept them apart."),
    "steward undone": mark("<b>%(who)s, %(place)s</b>, took back a decision about your entry."),
    "desk identified": mark("<b>%(who)s, %(place)s</b>, joined the entry of an unknown person with yours."),
    "reviewed report": mark("<b>%(who)s, %(place)s</b>, answered your question."),
    "reviewed emergency": mark("<b>%(who)s, %(place)s</b>, checked whether an emergency was right."),
    "reviewed": mark("<b>%(who)s, %(place)s</b>, checked a look at your record."),
    "order entered": mark("<b>%(who)s, %(place)s</b>, entered a legal order about your record. It opened nothing."),
    "order approved": mark("<b>%(who)s, %(place)s</b>, approved a legal order about your record."),
    "order refused": mark("<b>%(who)s, %(place)s</b>, refused a legal order about your record."),
}
_OTHERWISE: Final = mark("<b>%(who)s, %(place)s</b>, decided something about your record. Nothing was opened.")


def words_of_act(basis: str) -> str:
    """Return the sentence of an entry of the kind decide that is not her own.

    >>> words_of_act("order approved 3f0c")
    '<b>%(who)s, %(place)s</b>, approved a legal order about your record.'
    """
    return next((words for begins, words in ACTS.items() if basis.startswith(begins)), _OTHERWISE)
