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
