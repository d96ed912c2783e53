"""A resident's record on one screen: from FHIR resources to what a page shows.

Pure; the clinic's summary, the resident's front page and the page of one result share it.  Every line keeps
its source.  Bounds: :data:`VISITS_MAX` visits, :data:`SERIES_MAX` values of one test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from carecode.web.reading import (
    Json,
    codes,
    concept,
    day,
    first_moment,
    items,
    number,
    part,
    reference_id,
    words,
)

VISITS_MAX: Final = 200
ITEMS_OF_VISIT_MAX: Final = 40
SERIES_MAX: Final = 60
DAILY: Final = "d"
_VOID: Final = frozenset({"entered-in-error", "cancelled", "not-done"})
_HIGH: Final = frozenset({"H", "HH", "HU", ">"})
_LOW: Final = frozenset({"L", "LL", "LU", "<"})
_ODD: Final = frozenset({"A", "AA"})
_SEVERITIES: Final = ("severe", "high", "moderate", "mild")
_EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource and the name of the institution that deposited it."""

    resource: Json
    source: str


@dataclass(frozen=True, slots=True)
class Allergy:
    """What she must not be given, and what happened."""

    name: str
    reactions: tuple[str, ...]
    severity: str  # "mild", "moderate", "severe", or the criticality "high", or ""
    on: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A condition; ``active`` unless resolved or remitted."""

    name: str
    active: bool
    social: bool  # SNOMED "finding" or "situation": employment, stress; shown after illnesses
    since: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine as last written; ``times`` a day where the timing says so and no text does."""

    name: str
    active: bool
    dose: str
    times: int | None
    when_needed: bool
    on: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value of a test."""

    text: str  # as written, without unit
    amount: Decimal | None
    on: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Result:
    """One test: its newest value in front, all values oldest first."""

    key: str  # system|code, or the name where no code was given
    name: str
    unit: str
    low: Decimal | None
    high: Decimal | None
    usual: str  # the laboratory's own words, where it gave no numbers
    direction: str  # "high", "low", "abnormal" or ""
    vital: bool
    series: tuple[Value, ...]

    @property
    def last(self) -> Value:
        """The newest value."""
        return self.series[-1]


@dataclass(frozen=True, slots=True)
class Line:
    """A vaccine, a letter or another dated line."""

    name: str
    on: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Item:
    """What came of a visit."""

    kind: str  # "result", "medicine", "vaccine", "problem", "letter"
    name: str
    value: str
    key: str  # of the result's own page, or ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One encounter and what came of it."""

    id: str
    title: str
    setting: str  # FHIR class code: AMB, EMER, IMP, VR, HH
    who: str
    on: datetime
    source: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """All of it, each list in the order in which it is read."""

    allergies: tuple[Allergy, ...] = ()
    problems: tuple[Problem, ...] = ()
    medicines: tuple[Medicine, ...] = ()
    results: tuple[Result, ...] = ()
    vitals: tuple[Result, ...] = ()
    vaccines: tuple[Line, ...] = ()
    letters: tuple[Line, ...] = ()
    visits: tuple[Visit, ...] = ()


def summarise(entries: Iterable[Entry]) -> Summary:
    """Build the summary; resources entered in error are left out.  O(n log n) in resources."""
    by_type: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if words(part(entry.resource, "status")) not in _VOID and not (
            codes(part(entry.resource, "verificationStatus")) & _VOID
        ):
            by_type[words(part(entry.resource, "resourceType"))].append(entry)
    tests = _results(by_type["Observation"])
    return Summary(
        allergies=tuple(sorted((_allergy(x) for x in by_type["AllergyIntolerance"] if _active(x)), key=_gravest_first)),
        problems=_problems(by_type["Condition"]),
        medicines=_medicines(by_type["MedicationRequest"] + by_type["MedicationStatement"]),
        results=tuple(x for x in tests if not x.vital),
        vitals=tuple(x for x in tests if x.vital),
        vaccines=_lines(by_type["Immunization"], "vaccineCode", "occurrenceDateTime"),
        letters=_lines(by_type["DocumentReference"], "type", "date", "context.period.start"),
        visits=_visits(by_type),
    )


def _active(entry: Entry) -> bool:
    status = codes(part(entry.resource, "clinicalStatus"))
    return not status & {"inactive", "resolved", "remission"}


def _newest_first(line: Problem | Medicine | Line) -> int:
    on = line.since if isinstance(line, Problem) else line.on
    return -(on or date.min).toordinal()


def _allergy(entry: Entry) -> Allergy:
    resource = entry.resource
    reactions = items(resource, "reaction")
    severity = next((words(part(x, "severity")) for x in reactions if part(x, "severity")), "")
    return Allergy(
        name=concept(part(resource, "code")),
        reactions=tuple(
            name for reaction in reactions for x in items(reaction, "manifestation") if (name := concept(x))
        ),
        severity=severity or ("high" if part(resource, "criticality") == "high" else ""),
        on=day(first_moment(resource, "onsetDateTime", "recordedDate")),
        source=entry.source,
    )


def _gravest_first(allergy: Allergy) -> int:
    return _SEVERITIES.index(allergy.severity) if allergy.severity in _SEVERITIES else len(_SEVERITIES)


def _problems(entries: Sequence[Entry]) -> tuple[Problem, ...]:
    """One line per name: active before past, illnesses before circumstances, newest first."""
    seen: dict[str, Problem] = {}
    for entry in entries:
        display = words(part(entry.resource, "code", "coding", 0, "display")) or words(
            part(entry.resource, "code", "text")
        )
        made = Problem(
            name=concept(part(entry.resource, "code")),
            active=_active(entry),
            social=display.endswith(("(finding)", "(situation)")),
            since=day(first_moment(entry.resource, "onsetDateTime", "onsetPeriod.start", "recordedDate")),
            source=entry.source,
        )
        before = seen.get(made.name)
        # an active one stands for a past one; among equals the oldest tells since when
        if before is None or (made.active, -_since(made)) > (before.active, -_since(before)):
            seen[made.name] = made
    return tuple(sorted(seen.values(), key=lambda x: (not x.active, x.social, _newest_first(x))))


def _since(problem: Problem) -> int:
    return (problem.since or date.max).toordinal()


def _medicines(entries: Sequence[Entry]) -> tuple[Medicine, ...]:
    """One line per medicine, as last written: those taken now before those stopped."""
    newest: dict[str, Medicine] = {}
    for entry in entries:
        made = _medicine(entry)
        before = newest.get(made.name)
        if made.name and (before is None or (made.on or date.min) >= (before.on or date.min)):
            newest[made.name] = made
    return tuple(sorted(newest.values(), key=lambda x: (not x.active, _newest_first(x))))


def _medicine(entry: Entry) -> Medicine:
    resource = entry.resource
    dosage = part(resource, "dosageInstruction", 0) or part(resource, "dosage", 0)
    repeat = part(dosage, "timing", "repeat")
    times = part(repeat, "frequency")
    daily = part(repeat, "period") == 1 and part(repeat, "periodUnit") == DAILY
    return Medicine(
        name=concept(part(resource, "medicationCodeableConcept"))
        or words(part(resource, "medicationReference", "display"))
        or concept(part(resource, "contained", 0, "code")),
        active=words(part(resource, "status")) in {"active", "on-hold", "intended"},
        dose=words(part(dosage, "text")),
        times=times if daily and isinstance(times, int) else None,
        when_needed=part(dosage, "asNeededBoolean") is True,
        on=day(first_moment(resource, "authoredOn", "effectivePeriod.start", "dateAsserted")),
        source=entry.source,
    )


def _results(entries: Sequence[Entry]) -> tuple[Result, ...]:
    """Group values by test; abnormal first, then newest first."""
    single: dict[str, list[Result]] = defaultdict(list)
    for entry in entries:
        for made in _measured(entry):
            single[made.key].append(made)
    grouped = []
    for same in single.values():
        same.sort(key=lambda x: x.last.on)
        series = tuple(x.last for x in same)[-SERIES_MAX:]
        grouped.append(replace(same[-1], series=series))
    return tuple(sorted(grouped, key=lambda x: (x.direction == "", -x.last.on.timestamp(), x.name)))


def _measured(entry: Entry) -> Iterable[Result]:
    """Give the results of one Observation; blood pressure becomes one line, panels one line each."""
    resource = entry.resource
    on = first_moment(resource, "effectiveDateTime", "effectivePeriod.start", "issued")
    kinds = frozenset(code for x in items(resource, "category") for code in codes(x))
    if on is None or not kinds & {"laboratory", "vital-signs"}:
        return
    vital = "vital-signs" in kinds
    whole = _one(resource, on, entry.source, vital=vital)
    if whole:
        yield whole
        return
    parts = [x for one in items(resource, "component") if (x := _one(one, on, entry.source, vital=vital))]
    if vital and len(parts) == 2 and all(x.last.amount is not None for x in parts):  # noqa: PLR2004  # 120 / 80
        upper, lower = sorted(parts, key=lambda x: x.last.amount or 0, reverse=True)
        text = f"{upper.last.text} / {lower.last.text}"
        yield replace(
            upper,
            key=_key(part(resource, "code")),
            name=concept(part(resource, "code")),
            series=(replace(upper.last, text=text),),
        )
        return
    yield from parts


def _key(code: object) -> str:
    first = part(code, "coding", 0)
    return f"{words(part(first, 'system'))}|{words(part(first, 'code'))}" if first else concept(code)


def _one(resource: Json, on: datetime, source: str, *, vital: bool) -> Result | None:
    quantity = part(resource, "valueQuantity")
    amount = number(part(quantity, "value"))
    text = str(amount) if amount is not None else words(part(resource, "valueString"))
    text = text or concept(part(resource, "valueCodeableConcept"))
    if not text:
        return None
    low = number(part(resource, "referenceRange", 0, "low", "value"))
    high = number(part(resource, "referenceRange", 0, "high", "value"))
    return Result(
        key=_key(part(resource, "code")),
        name=concept(part(resource, "code")),
        unit=words(part(quantity, "unit")) or words(part(quantity, "code")),
        low=low,
        high=high,
        usual=words(part(resource, "referenceRange", 0, "text")),
        direction=_direction(items(resource, "interpretation"), amount, low, high),
        vital=vital,
        series=(Value(text=text, amount=amount, on=on, source=source),),
    )


def _direction(
    interpretation: Sequence[object], amount: Decimal | None, low: Decimal | None, high: Decimal | None
) -> str:
    """Say how a value lies: the laboratory's own word first, then its range."""
    said = frozenset(code for x in interpretation for code in codes(x))
    for name, some in (("high", _HIGH), ("low", _LOW), ("abnormal", _ODD)):
        if said & some:
            return name
    if said or amount is None:
        return ""
    if high is not None and amount > high:
        return "high"
    return "low" if low is not None and amount < low else ""


def _lines(entries: Sequence[Entry], name: str, *dates: str) -> tuple[Line, ...]:
    made = [Line(concept(part(x.resource, name)), day(first_moment(x.resource, *dates)), x.source) for x in entries]
    return tuple(sorted(made, key=_newest_first))


def _visits(by_type: Mapping[str, Sequence[Entry]]) -> tuple[Visit, ...]:
    """Order visits newest first, each with what points to it."""
    came: dict[str, list[Item]] = defaultdict(list)
    for type_name, kind, name in _ITEM_KINDS:
        for entry in by_type.get(type_name, ()):
            encounter = reference_id(part(entry.resource, "encounter")) or reference_id(
                part(entry.resource, "context", "encounter", 0)
            )
            if encounter:
                came[encounter].extend(_items(entry, kind, name))
    visits = [_visit(entry, came) for entry in by_type.get("Encounter", ())]
    return tuple(sorted(visits, key=lambda x: x.on, reverse=True)[:VISITS_MAX])


_ITEM_KINDS: Final = (
    ("Observation", "result", "code"),
    ("Condition", "problem", "code"),
    ("MedicationRequest", "medicine", "medicationCodeableConcept"),
    ("Immunization", "vaccine", "vaccineCode"),
    ("DocumentReference", "letter", "type"),
)
_ITEM_ORDER: Final = tuple(kind for _, kind, _ in _ITEM_KINDS)


def _items(entry: Entry, kind: str, name: str) -> Iterable[Item]:
    if kind != "result":
        label = concept(part(entry.resource, name))
        yield from [Item(kind, label, "", "")] if label else []
        return
    for test in _measured(entry):
        if not test.vital:
            yield Item(kind, test.name, f"{test.last.text} {test.unit}".strip(), test.key)


def _visit(entry: Entry, came: Mapping[str, Sequence[Item]]) -> Visit:
    resource = entry.resource
    number_here = words(part(resource, "id"))
    people = (words(part(x, "individual", "display")) for x in items(resource, "participant"))
    # the same thing written twice in one visit is one line
    unique = sorted(dict.fromkeys(came.get(number_here, ())), key=lambda x: (_ITEM_ORDER.index(x.kind), x.name))
    return Visit(
        id=number_here,
        title=concept(part(resource, "reasonCode", 0)) or concept(part(resource, "type", 0)),
        setting=words(part(resource, "class", "code")),
        who=next((x for x in people if x), ""),
        on=first_moment(resource, "period.start", "period.end") or _EARLIEST,
        source=words(part(resource, "serviceProvider", "display")) or entry.source,
        items=tuple(unique[:ITEMS_OF_VISIT_MAX]),
    )
