"""``who-looked``, ``shut-out``, ``let-in``, ``privacy show|set|undo``: her own side, on demo data."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from carecode.cli.opening import run
from carecode.cli.output import DataOption, JsonOption, emit, fail
from carecode.cli.who import ResidentArgument, resident_named
from carecode.disclosure.choices import KINDS, Kind, Whom, Wish
from carecode.disclosure.people import herself
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Category, Closed
from carecode.web.my.deciding import ALL, LABELS, in_plain_words
from carecode.web.said import KINDS_OF_ENTRIES

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.disclosure.decisions import Decision
    from carecode.kernel.vocabulary import Requester

privacy = typer.Typer(help="What a resident decided, and deciding for her (demo data only).", no_args_is_help=True)
OrganisationArgument = Annotated[str, typer.Argument(metavar="ORG", help="county-2, city-1, east-clinic …")]


async def _her(app: App, resident: str) -> Requester:
    await app.people.require_demo()
    return herself((await resident_named(app, resident)).id)


def who_looked(
    resident: ResidentArgument,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many lines.")] = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print who looked at RESIDENT's record, newest first (demo data only)."""

    async def work(app: App) -> dict[str, Any]:
        requester = await _her(app, resident)
        leaf = await app.privacy.page(requester, limit=limit)
        return {
            "looks": [
                {
                    "at": look.entry.at.isoformat(timespec="seconds"),
                    "who": look.entry.requester_name,
                    "title": look.entry.requester_title,
                    "institution": look.organisation.name if look.organisation else "herself",
                    "what": look.entry.action,
                    "purpose": look.entry.purpose.value,
                    "basis": look.entry.basis,
                    "receipt": look.entry.receipt_number,
                }
                for look in leaf.looks
            ],
            "earlier": leaf.earlier,
            "first_broken_entry": await app.privacy.first_broken(requester),
        }

    found = run(data, work, as_json=as_json)
    lines = [
        "{at}  {by}, {institution}: {what}, {purpose}, {basis}, receipt {receipt}".format(
            by=f"{look['who']} ({look['title']})" if look["title"] else look["who"], **look
        )
        for look in found["looks"]
    ]
    emit(as_json, found, told([visible(line) for line in lines], found["earlier"], found["first_broken_entry"]))


def told(lines: list[str], earlier: int, broken: int | None) -> str:
    """Write the lines and what may be said of them: only a list that was not cut can be called whole.

    >>> print(told(["a look"], 2, None))
    a look
    The newest 1 of 3; --limit shows more, up to 1000. The whole list was checked: no entry is missing from it.
    """
    if broken is not None:
        end = f"Entry {broken} does not verify!"
    elif earlier:
        end = "The whole list was checked: no entry is missing from it."
    else:
        end = "Nothing is missing from this list."
    if earlier:
        end = f"The newest {len(lines)} of {len(lines) + earlier}; --limit shows more, up to 1000. {end}"
    return "\n".join([*(lines or ([] if earlier else ["Nobody looked."])), end])


def shut_out(
    resident: ResidentArgument, organisation: OrganisationArgument, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Shut an institution out of RESIDENT's record, as she would on her phone (demo data only)."""

    async def work(app: App) -> None:
        await app.privacy.refuse(await _her(app, resident), organisation)

    run(data, work, as_json=as_json)
    emit(as_json, {"refused": organisation}, f"{organisation} sees only what it wrote itself, from now on.")


def let_in(
    resident: ResidentArgument, organisation: OrganisationArgument, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Let an institution in again (demo data only)."""

    async def work(app: App) -> None:
        await app.privacy.allow(await _her(app, resident), organisation)

    run(data, work, as_json=as_json)
    emit(
        as_json,
        {"allowed": organisation},
        f"{organisation} may open the record again: while her visit there lasts, or when she shows a code.",
    )


@privacy.command("show")
def show(resident: ResidentArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print what RESIDENT decided and holds, and every decision before."""

    async def work(app: App) -> list[Decision]:
        return await app.privacy.history(await _her(app, resident))

    found = [_written(one) for one in run(data, work, as_json=as_json)]
    lines = [
        "{id}  {made}  {kind} {about}{to}: {choice}{until}{ended}".format(
            **one | {"to": f" for {one['whom']}" if one["whom"] else "", "about": one["about"]}
            | {"until": f", until {one['until']}" if one["until"] else ""}
            | {"ended": f", ended {one['ended']}" if one["ended"] else ""}
        )
        for one in found
    ]  # fmt: skip
    emit(as_json, {"decisions": found}, "\n".join(map(visible, lines)) or "She decided nothing.")


@privacy.command("set")
def decide(
    resident: ResidentArgument,
    kind: Annotated[str, typer.Argument(metavar="KIND", help=", ".join(KINDS))],
    choice: Annotated[str, typer.Argument(metavar="CHOICE", help="As `privacy choices` lists them.")],
    whom: Annotated[str, typer.Option("--whom", help="An institution, or a person's id; none: all.")] = "",
    about: Annotated[str, typer.Option("--about", help="A category's number, a label's bit, or an entry's id.")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide for RESIDENT as she would on her phone, and print what follows."""
    asked = _wish(kind, choice, whom, about, as_json=as_json)

    async def work(app: App) -> tuple[UUID | None, dict[str, str]]:
        her = await _her(app, resident)
        follows = await app.privacy.preview(her, asked)
        values = await _values(app, asked)
        made = await app.privacy.decide(her, asked)
        return made, {key: in_plain_words(key, values) for key in follows.keys}

    made, follows = run(data, work, as_json=as_json)
    said = "It holds already." if made is None else f"Decided, {made}."
    lines = [said, *(f"  {visible(words)}" for words in follows.values())]
    found = {"decision": made, "consequences": list(follows), "words": list(follows.values())}
    emit(as_json, found, "\n".join(lines))


@privacy.command("undo")
def undo(
    resident: ResidentArgument,
    decision: Annotated[UUID, typer.Argument(metavar="DECISION", help="Its id, from `privacy show`.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a decision of RESIDENT back; what it had replaced holds again."""

    async def work(app: App) -> None:
        await app.privacy.undo(await _her(app, resident), decision)

    run(data, work, as_json=as_json)
    emit(as_json, {"undone": decision}, "Taken back.")


@privacy.command("choices")
def choices(as_json: JsonOption = False) -> None:
    """Print every kind of decision with its choices; the first holds while she says nothing."""
    listed = {kind.value: list(row.words) for kind, row in KINDS.items()} | {"window": ["0", "1 … 365 (days)"]}
    abouts = {
        "category": {int(category): words for category, words in KINDS_OF_ENTRIES.items()},
        "label": {int(label): words for label, words in LABELS.items()},
    }
    lines = [f"{kind}{_needs(Kind(kind))}: {', '.join(words)}" for kind, words in listed.items()]
    for name, numbers in abouts.items():
        lines += ["", f"--about a {name}:", *(f"  {number}  {words}" for number, words in numbers.items())]
    emit(as_json, {"choices": listed, "about": abouts}, "\n".join(lines))


def visible(text: str) -> str:
    r"""Return a line in which no sign works on the terminal: control and format characters are written out.

    >>> print(visible("Dr \x1b[2JZhao"))
    Dr \x1b[2JZhao
    """
    return "".join(
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) in {"Cc", "Cf", "Cs"} else sign
        for sign in text
    )


def _needs(kind: Kind) -> str:
    row = KINDS[kind]
    whom = {Whom.ALL: "", Whom.INSTITUTION: " --whom ORG", Whom.EITHER: " [--whom ORG]", Whom.PERSON: " --whom PERSON"}
    about = {"": "", "resource": " --about ID"}.get(row.about, " --about NUMBER")
    return whom[row.whom] + about


async def _values(app: App, wish: Wish) -> dict[str, str]:
    """Name in English what the sentences of a checked wish speak of."""
    name, what = ALL, ""
    if wish.kind is Kind.PERSON:
        staff = await app.people.staff(wish.whom)
        what = staff.name if staff else "Somebody who no longer works there"
    elif wish.whom:
        name = (await app.people.organisation(wish.whom)).name
    if KINDS[wish.kind].about == "category":
        what = KINDS_OF_ENTRIES[Category(int(wish.about))]
    elif KINDS[wish.kind].about == "label":
        what = LABELS[Closed(int(wish.about))]
    return {"name": name, "what": what, "days": wish.choice}


def _wish(kind: str, choice: str, whom: str, about: str, *, as_json: bool) -> Wish:
    try:
        return Wish(Kind(kind), choice, whom, about)
    except ValueError:
        error = InvalidInputError("choice-unknown", "There is no such kind. `privacy choices` lists them.")
        raise fail(error, as_json) from None


def _written(one: Decision) -> dict[str, str]:
    return {
        "id": str(one.id),
        "kind": one.kind.value,
        "whom": one.whom,
        "about": one.about,
        "choice": one.choice,
        "made": one.made_at.isoformat(timespec="seconds"),
        "made_by": one.made_by,
        "until": one.until_at.isoformat(timespec="seconds") if one.until_at else "",
        "ended": one.ended_at.isoformat(timespec="seconds") if one.ended_at else "",
    }
