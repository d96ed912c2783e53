"""Entries of the access log, said to the person they are about: who, where, what, why, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from carecode.disclosure.delegations import BETWEEN_NAMES
from carecode.disclosure.linked import Notice, notice_of
from carecode.kernel.vocabulary import ALL_CATEGORIES, Category, Purpose, Role
from carecode.web.language import DEFAULT, mark
from carecode.web.my.acts import words_of_act
from carecode.web.my.decided_words import words_of_decision
from carecode.web.rendering import written_moment
from carecode.web.said import KINDS_OF_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecode.disclosure.people import Organisation
    from carecode.disclosure.privacy import Look
    from carecode.web.page import Page

CATEGORIES: Final[Mapping[Category, str]] = {Category.DEMOGRAPHICS: mark("who you are"), **KINDS_OF_ENTRIES}
BASES: Final[Mapping[str, str]] = {
    "code": mark("You showed your code."),
    "visit": mark("During your visit, after you showed your code."),
    "document": mark("You gave a document number."),
    "told at the desk": mark("You told the desk who you are."),
    "phones cancelled": mark("The desk cancelled all your phones and passkeys after a look at your document."),
    "phone code": mark("The desk made eight digits that add a phone to your code."),
    "bill": mark("You were at the cashier."),
    "cash": mark("You paid at the counter."),
    "pay code": mark("You showed your code to pay."),
    "name, birth date and phone": mark("You gave your name, date of birth and phone number."),
    "name, birth date and address": mark("It had your name, date of birth and address."),
    "own number": mark("It knows you under a number of its own."),
    "query": mark("Its computer asked by your name, date of birth and number."),
    "deposit": mark("Sent because of your care there."),
    "own deposits": mark("Only what it wrote itself."),
    "emergency code": mark("You showed your emergency code."),
    "steward compared": mark("A steward compared your entry with another."),
    "steward numbers": mark("A steward looked at your document numbers to compare them."),
    "possible duplicate": mark(
        "A desk was about to add somebody like you; it saw the first sign of your name, your year of birth and two"
        " digits of your phone."
    ),
    "erased": mark("Your record was erased for good."),
    "emergency": mark("Without your code. A second person checks it."),
    "order": mark("By a legal order that two bodies approved and that stands in the public log."),
    "case": mark("A case that the law lists."),
}
PURPOSES: Final[Mapping[Purpose, str]] = {
    Purpose.TREAT: mark("To treat you."),
    Purpose.ETREAT: mark("In an emergency."),
    Purpose.HPAYMT: mark("To settle your bill."),
    Purpose.PUBHLTH: mark("To report a case that the law lists."),
    Purpose.HLEGAL: mark("For a legal order."),
    Purpose.REGISTER: mark("To check you in."),
    Purpose.IDENTIFY: mark("To see who you are."),
}
DEVICES: Final[Mapping[str, str]] = {
    "passkey added": mark("<b>A passkey was added</b>. It opens your pages."),
    "passkey cancelled": mark("<b>You</b> cancelled a passkey."),
    "phone cancelled": mark("<b>You</b> cancelled a phone. It shows your code no more."),
}
# what a person of an institution did, other than opening: the sentence and its sign
_DONE: Final[Mapping[str, tuple[str, str]]] = {
    "refuse": (mark("<b>%(who)s, %(place)s</b>, wanted to open your record. Nothing was opened."), "lock"),
    "deposit": (mark("<b>%(who)s, %(place)s</b>, wrote something new into your record."), "letter"),
    "identify": (mark("<b>%(who)s, %(place)s</b>, saw your name, date of birth and sex."), "id"),
}
# of who acts for her (disclosure/delegations.py), and as the log said it before
_TITLES: Final[Mapping[str, str]] = {
    "your guardian": mark("your guardian"),
    "who acts for you": mark("who acts for you"),
    "acts for you": mark("who acts for you"),
}
PEOPLE: Final = "people"
COMPUTERS: Final = "computers"
HERSELF: Final = "herself"


@dataclass(frozen=True, slots=True)
class InWords:
    """One look as a page says it."""

    title: Markup  # who, where, what
    reason: str
    icon: str
    kind: str  # PEOPLE, COMPUTERS or HERSELF: what the filter sorts by


def in_words(page: Page, look: Look, known: Mapping[str, Organisation] | None = None) -> InWords:
    """Say one entry in the page's language; what it cannot explain is said plainly, never left out.

    ``known`` names the institutions, by handle, that her own decisions are about.
    """
    entry = look.entry
    place = _place(page, look)
    who = page.say("%(name)s, %(title)s", name=entry.requester_name, title=entry.requester_title)
    if not entry.requester_title:
        who = entry.requester_name
    reason = _reason(page, look)
    if look.organisation is None:
        return InWords(_own(page, look, known or {}), reason, "person", HERSELF)
    if entry.role in {Role.SYSTEM, Role.INTEGRATOR}:
        words = mark("<b>A computer of %(place)s</b> sent in something new. It read nothing.")
        if entry.action != "deposit":
            words = mark("<b>A computer of %(place)s</b> read what %(place)s itself wrote: %(what)s.")
        return InWords(_bold(page, words, place=place, what=_what(page, look)), reason, "computer", COMPUTERS)
    if entry.action in _DONE or entry.action == "decide":
        words, sign = _DONE.get(entry.action) or (words_of_act(entry.basis), "shield")
        return InWords(_bold(page, words, who=who, place=place), reason, sign, PEOPLE)
    words = mark("<b>%(who)s, %(place)s</b>, opened %(what)s.")
    what = _what(page, look) if entry.depositor is None else _deposits(page, look, place)
    return InWords(_bold(page, words, who=who, place=place, what=what), reason, "person", PEOPLE)


def scanned(page: Page, look: Look) -> tuple[str, str]:
    """Say to the phone whose code was just scanned what happened, and what was seen."""
    entry = look.entry
    if entry.action == "identify" and entry.purpose is Purpose.REGISTER and entry.basis == "code":
        where = {"place": _place(page, look), "title": entry.requester_title or entry.requester_name}
        return (
            page.say("%(place)s, %(title)s, scanned your code to check you in.", **where),
            page.say("%(name)s saw your name, date of birth and sex.", name=entry.requester_name),
        )
    told = in_words(page, look)
    receipt = page.say(" Receipt %(number)s.", number=entry.receipt_number) if entry.action == "disclose" else ""
    return told.title.striptags(), f"{told.reason}{receipt}"


def _bold(page: Page, words: str, **values: str) -> Markup:
    return Markup(page.say(words)) % values  # noqa: S704  # our own sentence; Markup escapes the values


def acting_name(name: str, language: str) -> str:
    """Give of the names of who acts for her, as her log keeps them, the one of a language.

    >>> acting_name("王静 / Wang Jing", "en"), acting_name("王静 / Wang Jing", "zh"), acting_name("王静", "en")
    ('Wang Jing', '王静', '王静')
    """
    own, _, latin = name.partition(BETWEEN_NAMES)
    return latin if latin and language == DEFAULT else own


def _own(page: Page, look: Look, known: Mapping[str, Organisation]) -> Markup:
    """Say what she did herself, or who acts for her: the log names both."""
    entry = look.entry
    acts_for = entry.requester.startswith("delegate:")
    who = page.say("You")
    if acts_for:
        title = page.say(_TITLES.get(entry.requester_title, entry.requester_title))
        who = page.say("%(name)s, %(title)s", name=acting_name(entry.requester_name, page.language), title=title)
    if entry.action == "refuse":
        return _clause(page, acts_for, mark("<b>%(who)s</b> wanted to open this record. Nothing was opened."), who=who)
    if entry.action != "decide":
        words = mark("<b>%(who)s</b> opened your record.") if acts_for else mark("<b>You</b> opened your own record.")
        return _clause(page, acts_for, words, who=who)
    if entry.basis in DEVICES:
        return _bold(page, DEVICES[entry.basis])
    if entry.basis == "phone added":
        return _bold(page, mark("<b>A phone was added</b>. It can show your code."))
    handle = entry.basis.rpartition(" ")[2]
    place = page.say("every hospital") if handle == "all" else handle
    if handle in known:
        place = _called(page, known[handle])
    return _clause(page, acts_for, words_of_decision(entry.basis), who=who, place=place)


def _clause(page: Page, acts_for: bool, words: str, **values: str) -> Markup:  # noqa: FBT001
    """Say a sentence about who; English closes the apposition of who acts for her with a comma."""
    said = page.say(words)
    if acts_for and page.language == DEFAULT:
        said = said.replace("%(who)s</b>", "%(who)s</b>,", 1)
    return Markup(said) % values  # noqa: S704  # our own sentence; Markup escapes the values


def _place(page: Page, look: Look) -> str:
    return "" if look.organisation is None else _called(page, look.organisation)


def _called(page: Page, organisation: Organisation) -> str:
    return organisation.name if page.language == DEFAULT else organisation.name_zh or organisation.name


def _what(page: Page, look: Look) -> str:
    if not look.entry.categories or look.entry.categories == ALL_CATEGORIES:
        return page.say("your whole record")
    names = [page.say(CATEGORIES[x]) for x in sorted(look.entry.categories)]
    return page.say(", ").join(names)


def _deposits(page: Page, look: Look, place: str) -> str:
    """Say what of an institution's own writing was opened by its people."""
    if not look.entry.categories or look.entry.categories == ALL_CATEGORIES:
        return page.say("what %(place)s itself wrote", place=place)
    return page.say("%(kinds)s that %(place)s itself wrote", kinds=_what(page, look), place=place)


def _noticed(page: Page, notice: Notice) -> str:
    """Say from when to when she was joined with somebody else, and which looks happened then."""
    span = {
        "begins": written_moment(notice.begins, language=page.language),
        "ends": written_moment(notice.ends, language=page.language),
    }
    if not notice.looks:
        return page.say("From %(begins)s to %(ends)s. Nobody looked at your record in that time.", **span)
    return page.say(
        "From %(begins)s to %(ends)s. Looks that happened then: %(looks)s. Each stands in this list."
        " Receipts: %(numbers)s.",
        looks=notice.looks,
        numbers=page.say(", ").join(notice.numbers),
        **span,
    )


def _reason(page: Page, look: Look) -> str:
    """Say why: the purpose, then by what right; of a parting, what happened while the two were one."""
    if (notice := notice_of(look.entry.basis)) is not None:
        return _noticed(page, notice)
    if look.organisation is None:
        return ""
    purpose = "" if look.entry.action == "deposit" else PURPOSES.get(look.entry.purpose, "")
    if look.entry.basis.startswith(("steward ", "desk identified", "possible duplicate")):
        purpose = mark("To keep one entry for each person.")
    said = [purpose, BASES.get(look.entry.basis, "")]
    return " ".join(page.say(x) for x in said if x)
