"""What she, or who acts for her, decided about her record, in the words of her list; never what was closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.web.language import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

# the beginning of an entry's basis (disclosure/choices.py, delegations.py) -> what the list says; who and place stand
# for whoever decided and the institution
SAID: Final[Mapping[str, str]] = {
    "report on her behalf": mark("<b>%(who)s</b> asked about a look at this record on her behalf."),
    "undo": mark("<b>%(who)s</b> took a decision about this record back."),
    "allow": mark("<b>%(who)s</b> let %(place)s see this record again."),
    "summary": mark("<b>%(who)s</b> let %(place)s see a summary only."),
    "refuse": mark("<b>%(who)s</b> shut %(place)s out of what others wrote."),
    "newcomers open": mark("<b>%(who)s</b> let new hospitals see this record when a code is shown."),
    "newcomers ask": mark("<b>%(who)s</b> closed this record to hospitals that were not let in."),
    "unblock person": mark("<b>%(who)s</b> let a person at a hospital see this record again."),
    "block person": mark("<b>%(who)s</b> blocked a person at a hospital."),
    "close category": mark("<b>%(who)s</b> closed a kind of information."),
    "open category": mark("<b>%(who)s</b> opened a kind of information again."),
    "open sensitive in emergencies": mark("<b>%(who)s</b> opened something sensitive to emergencies."),
    "close sensitive in emergencies": mark("<b>%(who)s</b> closed something sensitive to emergencies."),
    "open sensitive": mark("<b>%(who)s</b> opened something sensitive."),
    "close sensitive": mark("<b>%(who)s</b> closed something sensitive."),
    "show entry": mark("<b>%(who)s</b> changed who may see an entry."),
    "lock entry": mark("<b>%(who)s</b> changed who may see an entry."),
    "hide entry": mark("<b>%(who)s</b> changed who may see an entry."),
    "show visit": mark("<b>%(who)s</b> changed who may see a visit."),
    "lock visit": mark("<b>%(who)s</b> changed who may see a visit."),
    "hide visit": mark("<b>%(who)s</b> changed who may see a visit."),
    "keep visit": mark("<b>%(who)s</b> changed who may see a visit."),
    "share new": mark("<b>%(who)s</b> let others see what %(place)s writes from now on."),
    "keep new": mark("<b>%(who)s</b> kept what %(place)s writes from now on with it alone."),
    "join exchange": mark("<b>%(who)s</b> let hospitals see what others wrote again."),
    "leave exchange": mark("<b>%(who)s</b> left the exchange: each hospital sees what it wrote itself."),
    "join statistics": mark("<b>%(who)s</b> joined the statistics again."),
    "leave statistics": mark("<b>%(who)s</b> left the statistics."),
    "join everything": mark("<b>%(who)s</b> came back: what was chosen before holds again."),
    "leave everything": mark("<b>%(who)s</b> left: no exchange, no statistics, no emergencies."),
    "emergencies yes": mark("<b>%(who)s</b> said yes to emergencies."),
    "emergencies no": mark("<b>%(who)s</b> said no to emergencies."),
    "days": mark("<b>%(who)s</b> changed how long a hospital may look after a code."),
    "delegate asked": mark("<b>%(who)s</b> asked somebody to act for this record."),
    "delegate accepted": mark("<b>%(who)s</b> accepted to act for this record."),
    "delegate ended": mark("<b>%(who)s</b> ended that somebody acts for this record."),
    "guardian added": mark("<b>A guardian was registered</b> for this record."),
    "guardian ended": mark("<b>A guardianship ended</b> for this record."),
    "erase": mark("<b>This record was erased</b>. Nobody can read it any more, here or in a copy."),
}
_OTHERWISE: Final = mark("<b>%(who)s</b> changed who may see this record.")


def words_of_decision(basis: str) -> str:
    """Return the sentence of an entry of the kind decide that she or who acts for her made.

    >>> words_of_decision("refuse county-2")
    '<b>%(who)s</b> shut %(place)s out of what others wrote.'
    >>> words_of_decision("open sensitive in emergencies")
    '<b>%(who)s</b> opened something sensitive to emergencies.'
    """
    return next((words for begins, words in SAID.items() if basis.startswith(begins)), _OTHERWISE)
