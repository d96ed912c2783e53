"""What the access policies promise, each proved over all requests: any role, purpose, fact and list of hers.

The first part says what never opens, the second what must open (a rule that refuses everybody proves the first part
too), the third what no decision of hers can do.  The promise behind each stands in its sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import z3

from proofs.claims import HER_NO, Invariant
from proofs.translation import OTHER

if TYPE_CHECKING:
    from proofs.claims import Words
    from proofs.translation import Formula

IN_EMERGENCIES: Final = (
    *("DEMOGRAPHICS", "ALLERGIES", "PROBLEMS", "MEDICINES", "IMMUNIZATIONS", "LABORATORY", "PROCEDURES"),
    "OBSERVATIONS",
)
IN_CASE_REPORTS: Final = ("DEMOGRAPHICS", "PROBLEMS", "LABORATORY", "IMMUNIZATIONS")
CLOSED: Final = ("Label", "Restriction")
EVERYTHING: Final = ("Category", "Label", "Restriction", "Answer", "Source")


def may_ask(w: Words) -> Formula:
    """Say that nothing about the asker stands in the way."""
    return z3.And(w.when("licensed"), w.when("within_caps"), z3.Not(w.when("person_refused")))


def herself(w: Words) -> Formula:
    """Say that she asks for her own record."""
    return z3.And(w.purpose("PATRQT"), w.when("is_herself"))


def treated(w: Words) -> Formula:
    """Say that a clinician of her visit asks, whom nothing stands in the way of."""
    visit = z3.Or(w.when("code_shown"), w.when("window_open"))
    return z3.And(w.purpose("TREAT"), w.role("clinician"), visit, may_ask(w))


def in_emergency(w: Words) -> Formula:
    """Say that a clinician broke the glass, and that she had not said no beforehand."""
    running = z3.And(w.when("emergency"), z3.Not(w.when("emergency_refused")))
    return z3.And(w.purpose("ETREAT"), w.role("clinician"), running, may_ask(w))


def one_ground(w: Words) -> Formula:
    """Claim that no two permits hold for one request."""
    permits = list(w.translation.permits.values())
    return z3.And(*(z3.Not(z3.And(a, b)) for place, a in enumerate(permits) for b in permits[:place]))


def her_no_opens_nothing(w: Words) -> Formula:
    """Claim that nothing opens because of a no: not of hers, not of a narrower question."""
    flags = [
        z3.Implies(w.with_flag(w.allowed, flag, value=True), w.with_flag(w.allowed, flag, value=False))
        for flag in HER_NO
    ]
    name = "closed_categories"
    lists = z3.Implies(w.with_listed(w.allowed, name, value=True), w.with_listed(w.allowed, name, value=False))
    return z3.And(*flags, lists)


def a_yes_opens_itself(w: Words) -> Formula:
    """Claim that a yes on one of her lists opens that and closes nothing."""
    return z3.And(
        *(
            z3.Implies(w.with_listed(w.allowed, name, value=False), w.with_listed(w.allowed, name, value=True))
            for name in ("open_labels", "emergency_labels", "emergency_categories")
        )
    )


def looks_like_absence(w: Words) -> Formula:
    """Claim that whether she is asked about at all, and on what ground, tells nothing of her decisions."""
    answered = z3.And(w.allowed, w.about("Answer"))
    permits = w.translation.permits.values()
    return z3.And(
        answered == w.decided_otherwise(answered), *(permit == w.decided_otherwise(permit) for permit in permits)
    )


NEVER: Final = (
    Invariant(
        "content-only-for-five-purposes",
        "Content opens for TREAT, ETREAT, PATRQT, PUBHLTH and HLEGAL only.",
        lambda w: w.only_if(w.about("Category"), w.purpose("TREAT", "ETREAT", "PATRQT", "PUBHLTH", "HLEGAL")),
    ),
    Invariant(
        "nothing-for-paying-identifying-registering",
        "HPAYMT, IDENTIFY and REGISTER open nothing, nor does a purpose that nobody listed.",
        lambda w: w.never(w.purpose("HPAYMT", "IDENTIFY", "REGISTER", OTHER)),
    ),
    Invariant(
        "each-purpose-has-its-roles",
        "Residents ask for their own, clinicians and machines treat, officers follow the law; no other role gets"
        " anything.",
        lambda w: w.only_if(
            w.about(*EVERYTHING),
            z3.And(w.purpose("PATRQT"), w.role("resident")),
            z3.And(w.purpose("TREAT"), w.role("clinician", "system")),
            z3.And(w.purpose("ETREAT"), w.role("clinician")),
            z3.And(w.purpose("PUBHLTH", "HLEGAL"), w.role("officer")),
        ),
    ),
    Invariant(
        "nothing-without-a-ground",
        "Nothing opens without herself, a delegation, a code, an open window, own deposits, an emergency, an order"
        " or a listed case.",
        lambda w: w.only_if(
            w.about(*EVERYTHING),
            z3.And(w.purpose("PATRQT"), z3.Or(w.when("is_herself"), w.when("delegated"))),
            z3.And(w.purpose("TREAT"), z3.Or(w.when("code_shown"), w.when("window_open"), w.role("system"))),
            z3.And(w.purpose("ETREAT"), w.when("emergency")),
            z3.And(w.purpose("HLEGAL"), w.when("order_approved"), w.when("order_published")),
            z3.And(w.purpose("PUBHLTH"), w.when("case_listed")),
        ),
    ),
    Invariant(
        "order-approved-and-published",
        "A legal order opens nothing without two approvers of two bodies and its leaf in the public log.",
        lambda w: w.never(w.purpose("HLEGAL"), z3.Not(z3.And(w.when("order_approved"), w.when("order_published")))),
    ),
    Invariant(
        "refused-institution",
        "An institution that she shut out sees what others wrote through break-glass only.",
        lambda w: w.only_if(
            z3.And(w.about("Source"), w.when("refused"), z3.Not(w.purpose("PATRQT"))),
            z3.And(w.purpose("ETREAT"), w.when("emergency")),
        ),
    ),
    Invariant(
        "refused-person",
        "A person whom she shut out sees nothing, in emergencies either.",
        lambda w: w.never(w.when("person_refused"), z3.Not(w.about("Answer"))),
    ),
    Invariant(
        "opted-out",
        "When she left the exchange, every institution sees only what it wrote, in emergencies too.",
        lambda w: w.never(w.when("opted_out"), w.about("Source"), z3.Not(w.purpose("PATRQT"))),
    ),
    Invariant(
        "emergency-never-everything",
        "Break-glass never opens the whole record: no images, no letters, no list of visits.",
        lambda w: w.never(w.purpose("ETREAT"), w.about("Category"), z3.Not(w.one_of("Category", *IN_EMERGENCIES))),
    ),
    Invariant(
        "hidden-in-emergency",
        "What she hid stays hidden in an emergency unless she said so; what she locked opens.",
        lambda w: w.never(
            w.purpose("ETREAT"),
            w.about("Restriction"),
            z3.Not(w.one_of("Restriction", "LOCKED", "HIDDEN_OPENS")),
        ),
    ),
    Invariant(
        "emergency-refused",
        "When she said no to emergencies beforehand, break-glass shows nothing.",
        lambda w: w.never(w.purpose("ETREAT"), w.when("emergency_refused"), z3.Not(w.about("Answer"))),
    ),
    Invariant(
        "sensitive-only-with-her-yes",
        "Sensitive entries open with her explicit yes to this asker; else for herself, and for the machine of the"
        " institution that wrote them.",
        lambda w: w.only_if(
            z3.And(w.about("Label"), z3.Not(w.purpose("ETREAT"))),
            w.listed("open_labels"),
            herself(w),
            w.role("system"),
        ),
    ),
    Invariant(
        "sensitive-in-emergency",
        "In an emergency sensitive entries open only with her yes beforehand.",
        lambda w: w.only_if(z3.And(w.about("Label"), w.purpose("ETREAT")), w.listed("emergency_labels")),
    ),
    Invariant(
        "law-opens-nothing-closed",
        "No order and no case report opens a sensitive entry or one that she closed.",
        lambda w: w.never(w.purpose("HLEGAL", "PUBHLTH"), w.about(*CLOSED)),
    ),
    Invariant(
        "case-reports-are-short",
        "A case report shows who she is, problems, results and vaccines, no more.",
        lambda w: w.never(w.purpose("PUBHLTH"), w.about("Category"), z3.Not(w.one_of("Category", *IN_CASE_REPORTS))),
    ),
    Invariant(
        "closed-entries-stay-closed",
        "What she hid, locked or kept opens only for herself, in an emergency, and for the machine of the"
        " institution that wrote it.",
        lambda w: w.only_if(w.about("Restriction"), herself(w), w.purpose("ETREAT"), w.role("system")),
    ),
    Invariant(
        "closed-categories-stay-closed",
        "A category that she closed to the asker opens only in an emergency, and only if an emergency may; a machine"
        " keeps what its institution wrote.",
        lambda w: w.only_if(
            w.listed("closed_categories"),
            w.role("system"),
            z3.And(w.purpose("ETREAT"), w.listed("emergency_categories")),
        ),
    ),
    Invariant(
        "delegate-within-scope",
        "A delegate sees no category outside her scope, no sensitive entry without a yes, and nothing hidden or"
        " locked.",
        lambda w: w.never(
            w.purpose("PATRQT"),
            z3.Not(w.when("is_herself")),
            z3.Or(
                w.listed("closed_categories"),
                z3.And(w.about("Label"), z3.Not(w.listed("open_labels"))),
                w.about("Restriction"),
            ),
        ),
    ),
    Invariant(
        "machine-own-deposits",
        "A machine sees only what its own institution wrote, and only to treat.",
        lambda w: w.never(w.role("system"), z3.Or(w.about("Source"), z3.Not(w.purpose("TREAT")))),
    ),
    Invariant(
        "own-asked",
        "Who asks for its own entries gets no others.",
        lambda w: w.never(w.when("own_only"), w.about("Source")),
    ),
    Invariant(
        "licence",
        "Whoever works here reads nothing without a licence in force.",
        lambda w: w.only_if(z3.Not(w.when("licensed")), w.role("resident", "system")),
    ),
    Invariant(
        "caps",
        "Beyond the caps nobody reads but residents.",
        lambda w: w.only_if(z3.Not(w.when("within_caps")), w.role("resident")),
    ),
    Invariant(
        "quiet",
        "A page under duress opens nothing that is closed.",
        lambda w: w.never(w.when("quiet"), w.about(*CLOSED)),
    ),
)

MUST: Final = (
    Invariant(
        "she-sees-everything",
        "She sees all of her own record, closed entries too, whatever else she decided.",
        lambda w: w.always(
            herself(w),
            w.role("resident"),
            z3.Not(z3.Or(w.when("person_refused"), w.when("quiet"), w.when("own_only"), w.listed("closed_categories"))),
        ),
    ),
    Invariant(
        "quiet-shows-the-rest",
        "A page under duress shows what is not closed, so that it looks like hers.",
        lambda w: w.always(
            herself(w),
            w.role("resident"),
            z3.Not(z3.Or(w.when("person_refused"), w.when("own_only"), w.listed("closed_categories"))),
            z3.Not(w.about(*CLOSED)),
        ),
    ),
    Invariant(
        "delegates-see-their-scope",
        "A delegate or guardian sees what is in her scope, whoever wrote it.",
        lambda w: w.always(
            z3.And(w.purpose("PATRQT"), w.role("resident"), w.when("delegated")),
            z3.Not(z3.Or(w.when("person_refused"), w.when("own_only"), w.when("quiet"))),
            z3.Not(z3.Or(w.listed("closed_categories"), w.about("Restriction"))),
            z3.Or(z3.Not(w.about("Label")), w.listed("open_labels")),
        ),
    ),
    Invariant(
        "treatment-opens",
        "Who treats her sees each category that she did not close and each label that she opened.",
        lambda w: w.always(
            treated(w),
            z3.Not(z3.Or(w.listed("closed_categories"), w.about("Restriction", "Source"))),
            z3.Or(z3.Not(w.about("Label")), z3.And(w.listed("open_labels"), z3.Not(w.when("quiet")))),
        ),
    ),
    Invariant(
        "treatment-sees-others",
        "Who treats her sees what others wrote, unless she said no or it was not asked for.",
        lambda w: w.always(
            treated(w),
            w.about("Source"),
            z3.Not(z3.Or(w.when("refused"), w.when("opted_out"), w.when("own_only"))),
        ),
    ),
    Invariant(
        "emergency-opens",
        "Break-glass opens what an emergency needs, what she locked, and what she said beforehand.",
        lambda w: w.always(
            in_emergency(w),
            z3.Not(w.when("quiet")),
            z3.Or(
                z3.And(w.one_of("Category", *IN_EMERGENCIES), z3.Not(w.listed("closed_categories"))),
                z3.And(w.one_of("Category", *IN_EMERGENCIES), w.listed("emergency_categories")),
                w.one_of("Restriction", "LOCKED", "HIDDEN_OPENS"),
                w.listed("emergency_labels"),
            ),
        ),
    ),
    Invariant(
        "emergency-sees-others",
        "Break-glass shows what others wrote to an institution that she shut out, unless she left the exchange.",
        lambda w: w.always(in_emergency(w), w.about("Source"), z3.Not(z3.Or(w.when("opted_out"), w.when("own_only")))),
    ),
    Invariant(
        "machines-keep-their-own",
        "An institution's machine sees all that the institution wrote, whatever she closed.",
        lambda w: w.always(
            w.purpose("TREAT"),
            w.role("system"),
            w.when("within_caps"),
            z3.Not(z3.Or(w.when("person_refused"), w.when("quiet"), w.about("Source"))),
        ),
    ),
    Invariant(
        "the-law-opens-what-is-open",
        "An order or a listed case opens the categories that it may, as far as she lets institutions see them.",
        lambda w: w.always(
            z3.Or(
                z3.And(w.purpose("HLEGAL"), w.when("order_approved"), w.when("order_published")),
                z3.And(w.purpose("PUBHLTH"), w.when("case_listed")),
            ),
            z3.And(w.role("officer"), may_ask(w)),
            z3.Not(z3.Or(w.listed("closed_categories"), w.about(*CLOSED))),
            z3.Or(w.purpose("HLEGAL"), z3.Not(w.about("Category")), w.one_of("Category", *IN_CASE_REPORTS)),
            z3.Not(z3.And(w.about("Source"), z3.Or(w.when("refused"), w.when("opted_out"), w.when("own_only")))),
        ),
    ),
)

DECISIONS: Final = (
    Invariant("one-ground", "No request stands on two grounds, so what she is told is the reason.", one_ground),
    Invariant(
        "her-no-opens-nothing", "Nothing opens because she, or a narrower question, said no.", her_no_opens_nothing
    ),
    Invariant("her-yes-closes-nothing", "A yes opens what it names and closes nothing.", a_yes_opens_itself),
    Invariant(
        "looks-like-absence",
        "Whether and on what ground an answer is given does not depend on any decision of hers.",
        looks_like_absence,
    ),
)

INVARIANTS: Final = (*NEVER, *MUST, *DECISIONS)
