"""``link``: which entries are one person and why, and joining and parting them by hand.

Whoever may run it is the operator; each look at two entries and each change stands in the lists of those concerned.
Nothing here lists persons: a command answers for the numbers it is given.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from carecode.cli import link_words as words
from carecode.cli.opening import run
from carecode.cli.output import DataOption, JsonOption, emit, note
from carecode.cli.who import ResidentArgument
from carecode.disclosure.linked import Linked
from carecode.disclosure.reviews import long_enough
from carecode.identity.ledger import By
from carecode.identity.linking.events import Kind, Mark, standing
from carecode.identity.linking.telling import conclusion
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import PLATFORM, Purpose, Requester, Resident, ResidentId, Role

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.identity.ledger import Step
    from carecode.identity.linking.deciding import Decision, Weighed
    from carecode.identity.linking.events import Event
    from carecode.identity.matcher import Stored

OPERATOR: Final = Requester("operator", Role.OPERATOR, PLATFORM, "CareCode operator", "")
HISTORY_SHOWN: Final = 50
TAKEN_BACK: Final = frozenset({Kind.LINK, Kind.MERGE, Kind.MOVE, Kind.UNLINK, Kind.SPLIT, Kind.PIN, Kind.DISMISS})

link = typer.Typer(help="Which entries of the index are one person, why, and the way back.", no_args_is_help=True)
OtherArgument = Annotated[str, typer.Argument(metavar="OTHER", help="The other one, as SYSTEM|VALUE or @name.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept with the event.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
EventOption = Annotated[UUID | None, typer.Option("--event", help="An event's id, from `link history`; else the last.")]


@link.command()
def status(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print how many entries, persons, links and open cases there are, and which model decides."""

    async def work(app: App) -> dict[str, Any]:
        await app.index.matcher.refresh()
        model = app.index.matcher.model
        return {
            **await app.index.counts(),
            "model": model.version,
            "model_name": model.name,
            "links_from": model.thresholds.auto,
            "asks_from": model.thresholds.review,
        }

    found = run(data, work, as_json=as_json)
    lines = [
        f"{found['entries']:>12,}  entries",
        f"{found['linked']:>12,}  of them belong to the person of another",
        f"{found['persons']:>12,}  persons",
        f"{found['cases']:>12,}  open cases",
        f"{found['unsettled']:>12,}  decisions that have become no link and no case yet",
        f"model {found['model_name']} {words.short(found['model'])}",
        f"links from {found['links_from']:g} bits, asks from {found['asks_from']:g}",
    ]
    emit(as_json, found, "\n".join(lines))


@link.command()
def explain(
    resident: ResidentArgument,
    other: Annotated[
        str | None, typer.Argument(metavar="[OTHER]", help="Only what was decided about these two.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print why an entry was linked, asked about or left apart: model, level and bits of each field, guard, sum.

    From the decision as it was stored, newest first; nothing is weighed again.  Both find the look in their lists.
    """

    async def work(app: App) -> dict[str, Any]:
        entry = await entry_named(app, resident)
        beside = None if other is None else await entry_named(app, other)
        await _logged(app, (entry,) if beside is None else (entry, beside), "identify", "steward compared")
        if beside is None:
            return {"decisions": [_told(one) for one in await app.index.decisions(entry)]}
        told = await _of_both(app, entry, beside)
        leaders = {(await app.ledger.person(each))[0] for each in (entry, beside)}
        return {"decisions": told, "one_person": len(leaders) == 1}

    found = run(data, work, as_json=as_json)
    blocks = [
        words.decision_lines(one)
        if one["steps"]
        else [f"{one['at']}  model {words.short(one['model'])}", f"  {one['conclusion']}"]
        for one in found["decisions"]
    ]
    lines = [line for block in blocks for line in [*block, ""]] or ["No model decided anything here.", ""]
    if "one_person" in found:
        lines.append("They are one person now." if found["one_person"] else "They are two persons now.")
    emit(as_json, found, "\n".join(lines).rstrip())


@link.command()
def history(
    resident: ResidentArgument,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = HISTORY_SHOWN,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what happened to an entry's links, newest first; every event is verified in her chain."""

    async def work(app: App) -> dict[str, Any]:
        entry = await entry_named(app, resident)
        await _logged(app, (entry,), "identify", "steward compared")
        names = words.Names(entry)
        steps = await app.ledger.history(entry, limit)
        return {"events": [words.event_json(step, names) for step in steps], "verified": True}

    found = run(data, work, as_json=as_json)
    lines = [words.event_line(one) for one in found["events"]]
    end = "Each follows the one before; none is missing between them." if lines else "Nothing happened to her links."
    emit(as_json, found, "\n".join([*lines, end]))


@link.command("link")
def link_command(
    resident: ResidentArgument,
    other: OtherArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let RESIDENT's entry, which stands alone, join OTHER's person.  Nothing of either record is changed."""
    _joined(Kind.LINK, (resident, other), reason, yes=yes, data=data, as_json=as_json)


@link.command()
def merge(
    resident: ResidentArgument,
    other: OtherArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let RESIDENT's whole person join OTHER's, whose name stays; `link unmerge` takes it back at any time."""
    _joined(Kind.MERGE, (resident, other), reason, yes=yes, data=data, as_json=as_json)


@link.command()
def unlink(
    resident: ResidentArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let RESIDENT's entry stand alone; print what was shown of both meanwhile, and tell both."""

    async def work(app: App) -> dict[str, Any]:
        said = long_enough(reason)
        entry = await entry_named(app, resident)
        persons = (await app.ledger.person(entry))[1]
        preview = [f"This entry leaves a person of {len(persons)} entries and stands alone."]
        await agreed(preview, yes=yes, as_json=as_json)
        partings = await Linked(app.index, app.log, app.ledger).unlink(OPERATOR, entry, said, app.clock())
        return {"parted": words.parting_json(partings)}

    found = run(data, work, as_json=as_json)
    emit(as_json, found, "\n".join(["She stands alone.", *words.parting_lines(found["parted"])]))


@link.command()
def unmerge(
    resident: ResidentArgument,
    reason: ReasonOption,
    event: EventOption = None,
    yes: YesOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back RESIDENT's last merge, or with --event any link, merge, pin or other event, while later ones stand.

    Prints what was shown of both while they were one person; both are told.  Entries that came after it without
    evidence become a case.
    """

    async def work(app: App) -> dict[str, Any]:
        by = By(OPERATOR.id, human=True, reason=long_enough(reason))
        entry = await entry_named(app, resident)
        target = _target(await app.ledger.history(entry), event)
        seen = await app.ledger.preview(target.id, by, app.clock())
        names = words.Names(entry)
        began = f"{target.kind.value} of {target.at.isoformat(timespec='seconds')} is taken back:"
        await agreed([began, *words.undoing_lines(seen, names)], yes=yes, as_json=as_json)
        again = await app.ledger.preview(target.id, by, app.clock())
        if (again.event.moves, again.event.markings) != (seen.event.moves, seen.event.markings):
            raise ConflictError("link-stale", "This changed while you looked at it. Nothing was done. Look again.")
        doors = Linked(app.index, app.log, app.ledger)
        partings = await doors.undo(OPERATOR, target.id, by.reason, app.clock())
        cases = [await _case(app, again.undecided, target, by)] if again.undecided else []
        return {"undone": str(target.id), "parted": words.parting_json(partings), "cases": cases}

    found = run(data, work, as_json=as_json)
    cases = [f"Case {case} was opened about entries that came later." for case in found["cases"]]
    emit(as_json, found, "\n".join(["Taken back.", *words.parting_lines(found["parted"]), *cases]))


@link.command()
def pin(
    resident: ResidentArgument,
    other: OtherArgument,
    reason: ReasonOption,
    must: Annotated[bool, typer.Option("--must", help="They are one person, whatever a model says.")] = False,
    cannot: Annotated[bool, typer.Option("--cannot", help="They are two people, whatever a model says.")] = False,
    yes: YesOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold two entries together or apart against every model.  Link or part them first: a pin only holds.

    `link unmerge RESIDENT --event ID` takes a pin back.
    """

    async def work(app: App) -> dict[str, Any]:
        if must is cannot:
            raise InvalidInputError("pin-mark", "Say one of --must and --cannot.")
        by = By(OPERATOR.id, human=True, reason=long_enough(reason))
        one, two = await entry_named(app, resident), await entry_named(app, other)
        held = "held together as one person" if must else "held apart as two people"
        await agreed([f"These two entries will be {held}; no model changes that."], yes=yes, as_json=as_json)
        event = await app.ledger.pin(one, two, Mark.MUST if must else Mark.CANNOT, by, app.clock())
        await _logged(app, (one, two), "decide", "steward linked" if must else "steward kept apart")
        return {"event": str(event.id), "mark": event.mark.value}

    found = run(data, work, as_json=as_json)
    emit(as_json, found, f"Pinned [{found['event']}].")


async def entry_named(app: App, text: str) -> ResidentId:
    """Find an entry by a number of hers or a handle of the demo town.

    Raises InvalidInputError for another form, NotFoundError when there is nobody.
    """
    if text.startswith("@"):
        found = await app.people.cast_member(text)
    elif "|" in text:
        system, _, value = text.partition("|")
        found = await app.index.entry_of(system, value)
    else:
        raise InvalidInputError("resident-form", "Name a resident as SYSTEM|VALUE, or as @resident, @elder, @child.")
    if found is None:
        raise NotFoundError("resident-none", "Nobody here has that number or name.")
    return found


async def agreed(preview: Sequence[str], *, yes: bool, as_json: bool) -> None:
    """Show what would happen and ask; RefusedError ``not-confirmed`` unless the answer is yes."""
    if yes:
        return
    if as_json or not at_terminal():
        raise RefusedError("not-confirmed", "Nothing was changed. Say --yes to go on without being asked.")
    for line in preview:
        note(words.visible(line))
    if not await asyncio.to_thread(typer.confirm, "Go on?", default=False, err=True):
        raise RefusedError("not-confirmed", "Nothing was changed.")


def at_terminal() -> bool:
    """Say whether somebody can be asked."""
    return sys.stdin.isatty()


def _joined(kind: Kind, named: tuple[str, str], reason: str, *, yes: bool, data: DataOption, as_json: bool) -> None:
    """Link or merge two, after a preview of how many entries are on either side and what a model said of them."""

    async def work(app: App) -> dict[str, Any]:
        by = By(OPERATOR.id, human=True, reason=long_enough(reason))
        entry, beside = [await entry_named(app, each) for each in named]
        persons = [await app.ledger.person(each) for each in (entry, beside)]
        what = "This entry joins" if kind is Kind.LINK else f"This person of {len(persons[0][1])} entries joins"
        preview = [f"{what} a person of {len(persons[1][1])} entries. They will be one person of all that is known."]
        told = await _of_both(app, entry, beside)
        preview += words.decision_lines(told[0]) if told else ["No model compared these two."]
        await agreed(preview, yes=yes, as_json=as_json)
        change = app.ledger.link if kind is Kind.LINK else app.ledger.merge
        event = await change(entry, beside, by, app.clock())
        await _logged(app, (entry, beside), "decide", "steward linked")
        return {"event": str(event.id), "moved": len(event.moves)}

    found = run(data, work, as_json=as_json)
    emit(as_json, found, f"They are one person now [{found['event']}]. To take it back: carecode link unmerge --event.")


def _target(steps: Sequence[Step], event: UUID | None) -> Event:
    """Choose the event to take back: the one named, else the last merge that stands."""
    events = [step.event for step in reversed(steps)]
    if event is not None:
        chosen = [each for each in events if each.id == event and each.kind in TAKEN_BACK]
    else:
        chosen = [each for each in standing(events) if each.kind is Kind.MERGE][-1:]
    if not chosen:
        raise NotFoundError("link-event-gone", "There is no such event of hers. Look at carecode link history.")
    return chosen[0]


async def _case(app: App, undecided: Sequence[UUID], target: Event, by: By) -> str:
    """Open a case about entries that came after what was taken back, with the two that it was about."""
    about = [*target.entries, *(() if target.beside is None else (target.beside,))]
    entries = [ResidentId(each) for each in dict.fromkeys((*undecided, *about))]
    opened = await app.ledger.open_review(entries, by, app.clock())
    return str(opened.review)


async def _logged(app: App, entries: Sequence[ResidentId], action: str, basis: str) -> None:
    """Write into the list of everybody concerned, once for each person as she is now."""
    found: dict[ResidentId, Resident] = {}
    for entry in entries:
        person = await app.index.by_id(entry)
        if person is not None:
            found.setdefault((await app.ledger.person(entry))[0], person)
    for person in found.values():
        await app.log.append(person, OPERATOR, action, Purpose.REGISTER, basis)


def _told(stored: Stored) -> dict[str, Any]:
    """Give a stored decision with the pair that it rests on."""
    decision = stored.decision
    if decision.best is not None:
        return words.decision_json(decision, decision.best, stored.at)
    at = stored.at.isoformat(timespec="seconds")
    told: dict[str, Any] = {"at": at, "model": decision.model, "outcome": decision.outcome.value}
    return {**told, "conclusion": conclusion(decision), "steps": []}


async def _of_both(app: App, one: ResidentId, other: ResidentId) -> list[dict[str, Any]]:
    """Give what was decided about two entries, whichever came first; newest first."""
    pairs = [
        (stored, weighed, beside)
        for entry, beside in ((one, other), (other, one))
        for stored in await app.index.decisions(entry)
        for weighed in _weighed(stored.decision)
    ]
    found = [
        words.decision_json(stored.decision, weighed, stored.at)
        for stored, weighed, beside in pairs
        if await app.index.sources.entry_of(UUID(weighed.record)) == beside
    ]
    return sorted(found, key=lambda told: str(told["at"]), reverse=True)


def _weighed(decision: Decision) -> tuple[Weighed, ...]:
    """Give every pair that a decision tells of."""
    return (*(() if decision.best is None else (decision.best,)), *decision.also)
