"""Her decisions in words: what each is about, its choices, and what follows from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from carecode.disclosure.choices import Kind
from carecode.kernel.vocabulary import Closed
from carecode.web.language import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecode.web.page import Page

# kind -> the question of its page; %(name)s an institution or all, %(what)s what it is about
QUESTIONS: Final[Mapping[Kind, str]] = {
    Kind.INSTITUTION: mark("What may %(name)s see?"),
    Kind.NEWCOMERS: mark("What may a hospital see that you never chose?"),
    Kind.PERSON: mark("May %(what)s see your record?"),
    Kind.CATEGORY: mark("May %(name)s see your %(what)s?"),
    Kind.LABEL: mark("May %(name)s see this: %(what)s?"),
    Kind.EMERGENCY_LABEL: mark("May an emergency open this: %(what)s?"),
    Kind.ENTRY: mark("Who may see this: %(what)s?"),
    Kind.VISIT: mark("Who may see this visit: %(what)s?"),
    Kind.KEEP: mark("Who sees what %(name)s writes from now on?"),
    Kind.EXCHANGE: mark("May hospitals see what others wrote?"),
    Kind.STATISTICS: mark("May statistics count you?"),
    Kind.EVERYTHING: mark("Do you want to leave all of it?"),
    Kind.EMERGENCY: mark("May an emergency open your record?"),
    Kind.WINDOW: mark("How long may %(name)s look after you show your code?"),
}
_SHOWN: Final = (mark("As everything else"), mark("Whoever may see your record sees it."))
_LOCKED: Final = (mark("Locked"), mark("Staff see a padlock. An emergency opens it and tells you."))
_HIDDEN: Final = (mark("Hidden"), mark("It looks as if it were not there. No emergency opens it."))
_HIDDEN_OPENS: Final = (mark("Hidden, but an emergency may open it"), mark("It looks as if it were not there."))
# (kind, choice) -> its name and a line below it
CHOICES: Final[Mapping[tuple[Kind, str], tuple[str, str]]] = {
    (Kind.INSTITUTION, "allow"): (mark("Everything"), mark("When you show your code, for that visit.")),
    (Kind.INSTITUTION, "summary"): (
        mark("Only a summary"),
        mark("Allergies, medicines, problems. No letters, no results."),
    ),
    (Kind.INSTITUTION, "refuse"): (mark("Only what it wrote itself"), mark("Nothing that other places wrote.")),
    (Kind.NEWCOMERS, "open"): (mark("Everything, when you show your code"), mark("As other hospitals do.")),
    (Kind.NEWCOMERS, "ask"): (mark("Only what it wrote itself, until you say so"), mark("You let it in by name.")),
    (Kind.PERSON, "allow"): (mark("As everybody there"), mark("When you show your code, for that visit.")),
    (Kind.PERSON, "refuse"): (mark("Nothing"), mark("In an emergency too.")),
    (Kind.CATEGORY, "open"): (mark("Yes"), mark("When you show your code, for that visit.")),
    (Kind.CATEGORY, "close"): (mark("No"), mark("It looks as if there were none.")),
    (Kind.LABEL, "close"): (mark("No"), mark("It looks as if there were none.")),
    (Kind.LABEL, "open"): (mark("Yes"), mark("When you show your code, for that visit.")),
    (Kind.EMERGENCY_LABEL, "close"): (mark("No"), mark("It looks as if there were none.")),
    (Kind.EMERGENCY_LABEL, "open"): (mark("Yes"), mark("With a reason. You are told at once.")),
    (Kind.ENTRY, "show"): _SHOWN,
    (Kind.ENTRY, "lock"): _LOCKED,
    (Kind.ENTRY, "hide"): _HIDDEN,
    (Kind.ENTRY, "hide-open"): _HIDDEN_OPENS,
    (Kind.VISIT, "show"): _SHOWN,
    (Kind.VISIT, "lock"): _LOCKED,
    (Kind.VISIT, "hide"): _HIDDEN,
    (Kind.VISIT, "hide-open"): _HIDDEN_OPENS,
    (Kind.VISIT, "keep"): (mark("Only the hospital that wrote it"), mark("Nobody else sees this visit.")),
    (Kind.KEEP, "share"): (mark("Whoever may see your record"), mark("When you show your code, for that visit.")),
    (Kind.KEEP, "keep"): (mark("Only itself"), mark("For a visit that nobody else is to know of.")),
    (Kind.EXCHANGE, "in"): (mark("Yes"), mark("When you show your code, for that visit.")),
    (Kind.EXCHANGE, "out"): (mark("No"), mark("Each sees only what it wrote itself.")),
    (Kind.STATISTICS, "in"): (mark("Yes"), mark("You are one in a number. Nobody can find you in it.")),
    (Kind.STATISTICS, "out"): (mark("No"), mark("You are in no number.")),
    (Kind.EVERYTHING, "in"): (mark("No, stay"), mark("What you chose above holds.")),
    (Kind.EVERYTHING, "out"): (mark("Yes, leave"), mark("No exchange, no statistics, no emergencies.")),
    (Kind.EMERGENCY, "yes"): (mark("Yes"), mark("With a reason. You are told at once.")),
    (Kind.EMERGENCY, "no"): (mark("No"), mark("Not even when you cannot speak.")),
    (Kind.WINDOW, "0"): (mark("Four hours"), mark("For that visit.")),
    (Kind.WINDOW, "1"): (mark("A day"), mark("When you come back in the evening.")),
    (Kind.WINDOW, "7"): (mark("A week"), mark("For results that come later.")),
    (Kind.WINDOW, "30"): (mark("A month"), mark("For a treatment with several visits.")),
    (Kind.WINDOW, "90"): (mark("Three months"), mark("For a treatment with several visits.")),
    (Kind.WINDOW, "365"): (mark("A year"), mark("For the doctor who knows you.")),
}
LABELS: Final[Mapping[Closed, str]] = {
    Closed.HIV: mark("HIV"),
    Closed.STD: mark("sexually transmitted infections"),
    Closed.PSY: mark("mental health"),
    Closed.SUD: mark("alcohol and drugs"),
    Closed.SEX: mark("sexuality, gender and fertility"),
    Closed.PREGNANT: mark("pregnancy"),
    Closed.GDIS: mark("genetic diseases and tests"),
    Closed.SDV: mark("violence and abuse"),
    Closed.UNLABELLED: mark("free text that nobody sorted"),
}
_MAY_NOT_KNOW: Final = mark(
    "Doctors there may not know of your <b>%(allergy)s</b> unless you say so. They may repeat tests."
)
_MAY_NOT_KNOW_OTHERS: Final = mark(
    "Doctors there may not know what <b>other places</b> wrote unless you say so. They may repeat tests."
)
_HOSPITAL_KEEPS: Final = mark("It keeps what it wrote itself. The law asks it to.")
# key of a consequence -> icon and sentence
CONSEQUENCES: Final[Mapping[str, tuple[str, str]]] = {
    "back": ("undo", mark("It works within 2 seconds. You can change it back at any time.")),
    "each-look": ("bell", mark("You see each look under Who looked, with the name.")),
    "ends-by-itself": ("clock", mark("It ends by itself after the last day. What you chose before holds again.")),
    "sees-all-with-code": (
        "eye",
        mark("When you show your code there to open your record, doctors see all of it, for that visit."),
    ),
    "sensitive-stays-closed": ("lock", mark("What is sensitive, locked or hidden stays closed.")),
    "sees-nothing-from-others": (
        "eye",
        mark(
            "%(name)s sees <b>nothing from other hospitals</b>. It looks as if there were nothing. "
            "Nobody there is told you chose this."
        ),
    ),
    "sees-summary": (
        "eye",
        mark(
            "%(name)s sees your <b>allergies, medicines and problems</b>, and nothing else. It looks "
            "as if there were nothing else."
        ),
    ),
    "keeps-its-own": ("hospital", _HOSPITAL_KEEPS),
    "keeps-its-own-all": ("hospital", mark("Each hospital keeps what it wrote itself. The law asks it to.")),
    "may-not-know": ("warning", _MAY_NOT_KNOW),
    "may-repeat": ("warning", mark("Doctors there may repeat tests that others made.")),
    "emergency": ("siren", mark("In an emergency they can still open it with a reason. You are told at once.")),
    "emergency-own-only": ("siren", mark("In an emergency too, each hospital sees only what it wrote itself.")),
    "emergency-opens-it": ("siren", mark("In an emergency it opens, with a reason. You are told at once.")),
    "emergency-told": ("bell", mark("You are told at once, and a second person checks the reason.")),
    "emergency-yes": (
        "siren",
        mark(
            "When you cannot speak, a doctor opens your allergies, medicines, problems and results "
            "with a reason, for an hour."
        ),
    ),
    "emergency-no": ("siren", mark("<b>No emergency</b> opens your record, even when you cannot speak.")),
    "emergency-no-warning": (
        "warning",
        mark("Doctors then may give you what you must not have. Carry a note of your allergies."),
    ),
    "new-see-all-with-code": (
        "eye",
        mark("A hospital that you visit for the first time sees your record when you show your code."),
    ),
    "new-see-their-own": (
        "eye",
        mark(
            "A hospital that you never chose sees <b>only what it wrote itself</b>, even with your "
            "code, until you let it in here."
        ),
    ),
    "person-sees-nothing": (
        "eye",
        mark(
            "%(what)s sees <b>nothing of yours</b>. It looks as if there were nothing. Nobody is told you chose this."
        ),
    ),
    "person-emergency": ("siren", mark("This holds in emergencies too.")),
    "person-others": ("hospital", mark("Others at the same hospital see what you let the hospital see.")),
    "person-as-others": ("eye", mark("%(what)s sees what the hospital may see, when you show your code there.")),
    "category-seen": ("eye", mark("When you show your code, %(name)s sees your %(what)s.")),
    "category-not-seen": (
        "eye",
        mark(
            "%(name)s sees <b>none of your %(what)s</b>. It looks as if there were none. Nobody there"
            " is told you chose this."
        ),
    ),
    "category-own": (
        "hospital",
        mark("This holds for what it wrote itself too, on its pages here. It keeps its own files."),
    ),
    "label-seen": (
        "eye",
        mark(
            "When you show your code, %(name)s sees what is about <b>%(what)s</b>: results, medicines"
            " and letters of it too."
        ),
    ),
    "label-not-seen": (
        "eye",
        mark("%(name)s sees nothing about <b>%(what)s</b> that others wrote. It looks as if there were nothing."),
    ),
    "label-own": ("hospital", mark("Whoever wrote it still sees it.")),
    "label-in-emergency": ("siren", mark("In an emergency, doctors see what is about <b>%(what)s</b> too.")),
    "label-not-in-emergency": ("siren", mark("No emergency opens what is about <b>%(what)s</b>.")),
    "entry-shown": ("eye", mark("Whoever may see your record sees this entry.")),
    "entry-locked": (
        "lock",
        mark(
            "Staff see that something is locked, <b>not what it is</b>. The hospital that wrote it "
            "sees the padlock too."
        ),
    ),
    "entry-hidden": (
        "eye",
        mark(
            "It looks as if this entry <b>were not there</b>, for whoever acts for you too. Nobody is told you hid it."
        ),
    ),
    "entry-hidden-emergency": ("siren", mark("No emergency opens it.")),
    "may-not-know-it": ("warning", mark("Doctors may not know of it unless you say so.")),
    "visit-shown": ("eye", mark("Whoever may see your record sees this visit and what came of it.")),
    "visit-locked": (
        "lock",
        mark("Staff see that something is locked, <b>not what it is</b>: the visit and all that came of it."),
    ),
    "visit-hidden": (
        "eye",
        mark("It looks as if this visit <b>had not been</b>, with all that came of it. Nobody is told you hid it."),
    ),
    "visit-kept": (
        "eye",
        mark("Only the hospital that wrote it sees this visit. For others it looks as if it had not been."),
    ),
    "new-shared": ("eye", mark("What it writes from now on, others see as they see the rest of your record.")),
    "new-kept": (
        "eye",
        mark("What %(name)s writes from now on stays with it. For others it looks as if there were nothing."),
    ),
    "exchange-in": ("eye", mark("When you show your code, a hospital sees what others wrote, for that visit.")),
    "exchange-out": (
        "eye",
        mark("<b>Every hospital sees only what it wrote itself.</b> It looks as if there were nothing else."),
    ),
    "statistics-in": ("chart", mark("You are counted in figures such as how many had the flu this week, never alone.")),
    "statistics-out": ("chart", mark("No figure counts you from now on.")),
    "care-the-same": ("heart", mark("You are treated the same. Nobody is told you chose this.")),
    "window-hours": ("clock", mark("Four hours after you showed your code, %(name)s sees nothing more.")),
    "window-days": (
        "clock",
        mark(
            "After you show your code there, %(name)s may open your record for <b>%(days)s days</b>, "
            "as often as it needs."
        ),
    ),
}
ALL: Final = mark("every hospital")
NOW: Final[Mapping[tuple[Kind, str], str]] = {
    (Kind.INSTITUTION, "allow"): mark("Now: everything you have not locked or hidden, while you show your code."),
}
"""What holds now, where the choice's name alone says too little."""
_ALLERGY_TO: Final = re.compile(r"[Aa]llergy to (.+?)(?: \(\w+\))?")


def consequence_in_words(page: Page, key: str, values: Mapping[str, str], allergy: str) -> tuple[str, Markup]:
    """Say one consequence: its icon and its sentence; ``allergy`` is what doctors may not know of, or nothing."""
    icon, words = CONSEQUENCES[key]
    if key == "may-not-know" and not allergy:
        words = _MAY_NOT_KNOW_OTHERS
    said = Markup(page.say(words)) % {**values, "allergy": allergy}  # noqa: S704  # our own sentence, values escaped
    return icon, said[:1].upper() + said[1:]


def in_plain_words(key: str, values: Mapping[str, str]) -> str:
    """Say one consequence in English without marks, for a terminal; her allergies are not named there."""
    words = _MAY_NOT_KNOW_OTHERS if key == "may-not-know" else CONSEQUENCES[key][1]
    said = re.sub(r"</?b>", "", words) % values
    return said[:1].upper() + said[1:]


def allergy_in_words(page: Page, names: list[str]) -> str:
    """Name her gravest allergy as a sentence needs it: "penicillin allergy"; nothing where she has none."""
    if not names:
        return ""
    of = _ALLERGY_TO.fullmatch(names[0])
    known = of is None and any(word in names[0].lower() for word in ("allergy", "allergic", "过敏"))
    return names[0] if known else page.say("%(name)s allergy", name=of[1] if of else names[0])
