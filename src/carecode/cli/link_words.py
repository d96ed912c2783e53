"""What the commands say about links: decisions, events and persons in plain words, entries by numbers of the moment.

Pure.  Ids of entries never leave the index: on the screen they are "this entry", "entry 2", "entry 3".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from carecode.identity.linking.events import Kind, Mark
from carecode.identity.linking.telling import LABELS, conclusion, guard_words, signed, waterfall

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from carecode.disclosure.linked import Parting
    from carecode.identity.ledger import Step
    from carecode.identity.linking.deciding import Decision, Weighed
    from carecode.identity.linking.undoing import Undoing

_SHORT: Final = 12  # characters of a model's version
_LABEL_WIDTH: Final = max(map(len, LABELS.values()))
_WORDS_WIDTH: Final = 64

_MARKS: Final = {
    Mark.MUST: "must be one person",
    Mark.CANNOT: "cannot be one person",
    Mark.DISMISSED: "not to be asked again",
    Mark.NONE: "",
}


class Names:
    """Names entries by the order in which they come up; the one that was asked for is "this entry"."""

    def __init__(self, first: UUID) -> None:
        """Begin with the entry that was asked for."""
        self._names = {first.int: "this entry"}

    def of(self, entry: UUID | None) -> str:
        """Name an entry."""
        if entry is None:
            return "nobody"
        return self._names.setdefault(entry.int, f"entry {len(self._names) + 1}")


def decision_json(decision: Decision, weighed: Weighed, at: datetime) -> dict[str, Any]:
    """Give one stored decision about one pair for a program; bits in full, as text as every screen writes them."""
    steps = waterfall(weighed)
    return {
        "at": at.isoformat(timespec="seconds"),
        "model": decision.model,
        "outcome": decision.outcome.value,
        "conclusion": conclusion(decision),
        "rests_on_this_pair": decision.best is not None and decision.best == weighed,
        "certain": weighed.certain,
        "guard": weighed.rule,
        "guard_words": guard_words(weighed),
        "total": weighed.total,
        "links_from": decision.auto,
        "asks_from": decision.review,
        "steps": [
            {**step._asdict(), "shown": signed(step.bits), "shown_total": signed(step.running_total)} for step in steps
        ],
    }


def decision_lines(told: Mapping[str, Any]) -> list[str]:
    """Say what ``decision_json`` gives, for a person."""
    about = "" if told["rests_on_this_pair"] else " It rested on another entry; these two stood thus:"
    lines = [f"{told['at']}  model {short(told['model'])}", f"  {told['conclusion']}{about}"]
    if told["guard_words"]:
        lines.append(f"  Guard: {told['guard_words']}")
    for step in told["steps"]:
        label = LABELS.get(step["field"], step["field"])
        lines.append(
            f"  {label:<{_LABEL_WIDTH}}  {step['words']:<{_WORDS_WIDTH}}  {step['shown']:>8}  {step['shown_total']:>8}"
        )
    limits = f"Bits in all {signed(told['total'])}; links from {signed(told['links_from'])}"
    lines.append(f"  {limits}, asks from {signed(told['asks_from'])}.")
    return lines


def event_json(step: Step, names: Names) -> dict[str, Any]:
    """Give one event of a history for a program."""
    event = step.event
    return {
        "seq": step.seq,
        "at": event.at.isoformat(timespec="seconds"),
        "event": str(event.id),
        "kind": event.kind.value,
        "by": event.actor,
        "human": event.human,
        "entries": [names.of(entry) for entry in event.entries],
        "beside": None if event.beside is None else names.of(event.beside),
        "mark": event.mark.value,
        "case": None if event.review is None else str(event.review),
        "undoes": None if event.undoes is None else str(event.undoes),
        "moved": len(event.moves),
        "bits": None if event.evidence is None else event.evidence.bits,
        "reason": event.reason,
    }


def event_line(told: Mapping[str, Any]) -> str:
    """Say what ``event_json`` gives in one line.

    >>> print(event_line({"seq": 2, "at": "2026-11-24T09:00:00+00:00", "event": "e", "kind": "unlink", "by": "operator",
    ...     "human": True, "entries": ["this entry"], "beside": None, "mark": "", "case": None, "undoes": None,
    ...     "moved": 1, "bits": None, "reason": "two people"}))
    2  2026-11-24T09:00:00+00:00  this entry stands alone, by operator: two people  [e]
    """
    entries, beside = " and ".join(told["entries"]), told["beside"]
    words = {
        Kind.LINK: f"{entries} joined the person of {beside}",
        Kind.UNLINK: f"{entries} stands alone",
        Kind.MERGE: f"the whole person of {entries} joined the person of {beside}",
        Kind.SPLIT: f"{entries} left as a person of their own",
        Kind.MOVE: f"{entries} left and joined the person of {beside}",
        Kind.PIN: f"{entries} {_MARKS[Mark(told['mark'])]}",
        Kind.DISMISS: f"{entries} were looked at and left apart",
        Kind.REVIEW_OPENED: f"case {told['case']} was opened about {entries}",
        Kind.REVIEW_CLOSED: f"case {told['case']} was closed",
        Kind.UNMERGE: f"the merge {told['undoes']} was taken back",
        Kind.UNDO: f"{told['undoes']} was taken back",
    }[Kind(told["kind"])]
    bits = "" if told["bits"] is None else f", {signed(told['bits'])} bits"
    actor = told["by"] if told["human"] else f"{told['by'][: len('model:') + _SHORT]}, nobody asked"
    reason = f": {told['reason']}" if told["reason"] else ""
    return visible(f"{told['seq']}  {told['at']}  {words}, by {actor}{bits}{reason}  [{told['event']}]")


def undoing_lines(undoing: Undoing, names: Names) -> list[str]:
    """Say what taking an event back would change."""
    lines = []
    for parted in undoing.parted:
        spans = ", ".join(
            f"{span.since.isoformat(timespec='seconds')} to"
            f" {'now' if span.until is None else span.until.isoformat(timespec='seconds')}"
            for span in parted.spans
        )
        lines.append(f"  {names.of(parted.first)} and {names.of(parted.second)} are parted; they were one: {spans}")
    if undoing.event.markings:
        lines.append(f"  {len(undoing.event.markings)} marks of people change")
    if undoing.followed:
        lines.append(f"  {len(undoing.followed)} entries that came after it go where their evidence says")
    if undoing.undecided:
        lines.append(f"  {len(undoing.undecided)} entries that came after it without evidence become a case")
    return lines or ["  nobody is parted and nobody is joined"]


def parting_json(partings: Sequence[Parting]) -> list[dict[str, Any]]:
    """Give what was shown of whoever was parted while they were one: no names, no contents."""
    return [
        {
            "from": parting.begins.isoformat(timespec="seconds"),
            "to": parting.ends.isoformat(timespec="seconds"),
            "looks": [
                {
                    "at": look.at.isoformat(timespec="seconds"),
                    "receipt": look.receipt_number,
                    "institution": look.organisation,
                    "what": look.action,
                    "categories": sorted(category.name.lower() for category in look.categories),
                }
                for look in parting.shown
            ],
        }
        for parting in partings
    ]


def parting_lines(told: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what ``parting_json`` gives, each look once; and that everybody concerned is told."""
    looks = {look["receipt"]: look for parting in told for look in parting["looks"]}
    lines = [
        visible(f"  {look['at']}  {look['institution']}: {look['what']} {' '.join(look['categories'])}".rstrip())
        + f", receipt {look['receipt']}"
        for look in sorted(looks.values(), key=lambda look: look["at"])
    ]
    if not told:
        return ["Nobody was parted."]
    said = f"{len(looks)} looks were given of both while they were one:" if looks else "Nothing was shown meanwhile."
    return [said, *lines, f"{len(told)} persons are told, each in her own list of who looked."]


def short(version: str) -> str:
    """Shorten a model's version for a screen."""
    return version[:_SHORT]


def visible(text: str) -> str:
    """Write out what would work on a terminal: control and format characters."""
    return "".join(
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) in {"Cc", "Cf", "Cs"} else sign
        for sign in text
    )
