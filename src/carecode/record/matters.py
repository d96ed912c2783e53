"""Which resources of one deposit belong to the same matter: labels spread from a diagnosis to its claims and medicines.

Pure.  A resource gets the labels of what it points to as its reason, its visit, its order, its whole or its content,
again and again until nothing changes (ROUNDS_MAX at most): an HIV diagnosis labels the visit it was the reason of,
everything of that visit, the prescription, the claim for it and the insurer's answer.  A report, and an observation
that has members, hands its own labels down to its results as well; what it got from one result it does not hand to
the others.

Lists of resources (Provenance, List, DocumentManifest, Composition) get UNLABELLED too: they would otherwise show that
something is there that their reader may not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from carecode.kernel.vocabulary import SENSITIVE, Closed
from carecode.record.rows import Decoded

ROUNDS_MAX: Final = 8
"""The longest chain of references that labels follow."""
REFERENCES_MAX: Final = 20_000  # of one resource: a Provenance names everything of a transaction
DEPTH_MAX: Final = 12

SPREADING: Final = SENSITIVE & ~Closed.UNLABELLED
"""What spreads: that one paper has no code says nothing about the next."""
_SENSITIVE: Final = int(SENSITIVE)
_SPREADING: Final = int(SPREADING)

_POINTING: Final = frozenset(
    {
        # to the reason, the visit, the order, the whole and the content
        *("reasonReference", "diagnosis", "condition", "addresses", "problem", "indication", "evidence", "finding"),
        *("encounter", "context", "episodeOfCare", "appointment", "claim", "request", "originalPrescription"),
        *("prescription", "authorizingPrescription", "basedOn", "partOf", "replaces", "related", "relatesTo"),
        *("result", "hasMember", "derivedFrom", "imagingStudy", "media", "focus", "target", "item", "entry"),
        *("section", "event", "content", "procedure", "supportingInfo", "supportingInformation", "activity"),
        *("outcomeReference", "goal", "investigation", "implicated", "suspectEntity", "resultingCondition"),
        *("referenceMedication", "medicationReference", "priorRequest", "priorPrescription", "questionnaire"),
        *("specimen", "parent", "about", "reason", "component", "source", "reaction", "reasonCode", "itemReference"),
    }
)
_BARREN: Final = frozenset(
    {"coding", "adjudication", "productOrService", "locationCodeableConcept", "net", "attachment"}
)
"""Below these stands no reference, and they are many."""
_HANDED_DOWN: Final = {
    "DiagnosticReport": ("result", "imagingStudy", "media"),
    "Observation": ("hasMember",),
    "CarePlan": ("activity",),
    "RequestGroup": ("action",),
}
_LISTS: Final = frozenset({"Provenance", "List", "DocumentManifest", "Composition"})


class Linked(NamedTuple):
    """A stored resource as labels see it: what it is, what it has, where it points."""

    place: str  # its own ``Type/id``
    closed: Closed
    points: tuple[str, ...]  # along which it gets labels
    hands: tuple[str, ...]  # to which it hands its own down


def links_of(type_name: str, resource: Decoded, closed: Closed) -> Linked:
    """Read the links of a decoded resource with its final id and references; about 2 us."""
    handed = _below(resource, _HANDED_DOWN.get(type_name, ())) if closed & SPREADING else []
    return Linked(f"{type_name}/{resource.get('id')}", closed, tuple(pointing(resource)), tuple(handed))


def spread(resources: Sequence[Linked]) -> list[Closed]:
    """Return the labels of each resource of one deposit after they spread; same length, same order, only ever more.

    References to what is not among them are passed over.  Nothing to do costs 0.1 us a resource.
    """
    if not any(one.closed for one in resources):
        return [one.closed for one in resources]
    closed = [int(one.closed) for one in resources]  # plain integers: IntFlag is slow
    places = {one.place: place for place, one in enumerate(resources)}
    pointed: list[tuple[int, list[int]]] = []
    for place, one in enumerate(resources):
        targets = [at for text in one.points if (at := places.get(text)) is not None and at != place]
        if targets:
            pointed.append((place, targets))
        for text in one.hands:
            if (at := places.get(text)) is not None:
                closed[at] |= int(one.closed) & _SPREADING
    lists = [one.place.partition("/")[0] in _LISTS for one in resources]
    for _ in range(ROUNDS_MAX):
        if not _round(lists, pointed, closed):
            break
    return [one.closed if one.closed == bits else Closed(bits) for one, bits in zip(resources, closed, strict=True)]


def _round(lists: Sequence[bool], pointed: Sequence[tuple[int, list[int]]], closed: list[int]) -> bool:
    """Let labels flow along every reference once; tell whether anything changed."""
    changed = False
    for place, targets in pointed:
        got = 0
        for at in targets:
            got |= closed[at]
        got &= _SENSITIVE if lists[place] else _SPREADING
        if got & ~closed[place]:
            closed[place] |= got
            changed = True
    return changed


def pointing(resource: Decoded) -> list[str]:
    """Return the references of a resource along which it gets labels, as ``Type/id``; at most REFERENCES_MAX."""
    found: list[str] = []
    for key in _POINTING & resource.keys():
        _collect(resource[key], DEPTH_MAX, found)
    return found[:REFERENCES_MAX]


def _below(resource: Decoded, keys: Sequence[str]) -> list[str]:
    found: list[str] = []
    for key in keys:
        _collect(resource.get(key), DEPTH_MAX, found)
    return found


def _collect(node: Any, depth: int, found: list[str]) -> None:  # noqa: ANN401 - decoded JSON
    if type(node) is dict:
        text = node.get("reference")
        if type(text) is str:
            found.append(text.partition("/_history/")[0])
        elif depth:
            for key, value in node.items():
                if (type(value) is dict or type(value) is list) and key not in _BARREN:
                    _collect(value, depth - 1, found)
    elif type(node) is list:
        for one in node:
            _collect(one, depth, found)


def visit_of(type_name: str, resource: Decoded) -> UUID | None:
    """Return the id of the Encounter that a resource belongs to, its own for an Encounter; None when it names none.

    The first one named counts.  References are ``Encounter/<uuid>``, as the gate stores them.  About 0.3 us.
    """
    if type_name == "Encounter":
        return _uuid(f"Encounter/{resource.get('id')}")
    for key in ("encounter", "context"):
        named = resource.get(key)
        if named is None:
            continue
        for node in named if type(named) is list else (named,):
            found = _named(node) or _named(node.get("encounter") if type(node) is dict else None)
            if found is not None:
                return found
    items = resource.get("item") if type_name in _BILLS else None
    for item in items if type(items) is list else ():
        found = _named(item.get("encounter")) if type(item) is dict else None
        if found is not None:
            return found
    return None


_BILLS: Final = frozenset({"Claim", "ExplanationOfBenefit"})


def _named(node: Any) -> UUID | None:  # noqa: ANN401 - decoded JSON
    """Return the Encounter of a Reference or of the first of a list of them."""
    if type(node) is list:
        node = node[0] if node else None
    text = node.get("reference") if type(node) is dict else None
    return _uuid(text) if type(text) is str else None


@lru_cache(maxsize=4096)
def _uuid(reference: str) -> UUID | None:
    kind, _, ident = reference.partition("/_history/")[0].partition("/")
    if kind != "Encounter":
        return None
    try:
        return UUID(ident)
    except ValueError:
        return None


def resource_number(reference: str) -> UUID | None:
    """Return the id in a reference ``Type/id``; None when it is none of the record's own."""
    try:
        return UUID(reference.partition("/")[2])
    except ValueError:
        return None
