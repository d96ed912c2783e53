"""FHIR Consents read as decisions: CareCode's own exactly, others' where CareCode has the same rule.  Pure.

A file is taken whole or not at all.  What it says and CareCode cannot do (data of a period, only what one doctor wrote,
a purpose outside the closed list) is refused in words; nothing is made stricter or looser to make it fit, with one
exception: ``HOPERAT`` and ``HPAYMT`` beside treatment add nothing, for no rule here opens a record for them.
How each form is decided stands in docs/consent.md.

Source: FHIR R4 6.2 (Consent: a provision holds, each provision inside it is an exception), IHE ITI PCF 1.1 3:5.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from carecode.disclosure.choices import LABELS, SUMMARY, Kind, Wish, checked
from carecode.disclosure.fhir_consent import ACT_REASON, ORGANISATION, POLICY, provision_of
from carecode.disclosure.fhir_consent_parts import (
    CONSENTS_MAX,
    Json,
    Reading,
    cannot,
    categories_of,
    code_of,
    entry_of,
    known,
    labels_of,
    listed,
    mapping,
    reference_of,
    refused,
    tags_of,
    times_of,
    value_of,
    whom_of,
    word,
)

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.disclosure.decisions import Decision

_KNOWN: Final = frozenset({"TREAT", "HPAYMT", "HOPERAT", "BTG", "ETREAT"})
_EMERGENCY: Final = frozenset({"BTG", "ETREAT"})
_ALL_LABELS: Final = tuple(LABELS)
_RULES: Final = frozenset({"type", "period", "actor", "purpose", "securityLabel", "class", "data", "provision"})
_ALREADY: Final = frozenset({"draft", "proposed", "rejected", "inactive", "entered-in-error"})


def wishes_of(sent: object, reading: Reading) -> list[Wish]:
    """Return what a Bundle of Consents, or one Consent, wishes for; each is checked.

    A decision whose days are over is no wish.  InvalidInputError says what cannot be taken; then nothing is.
    """
    found: list[Wish] = []
    for consent in _consents(sent, reading):
        for wish in _wishes(consent, reading):
            begun = wish.from_at is not None and wish.from_at <= reading.now
            if wish.until_at is not None and wish.until_at <= reading.now:
                continue
            found.append(replace(wish, from_at=None) if begun else wish)
            checked(found[-1], reading.now)
    _contradiction(found)
    return list(dict.fromkeys(found))


def missing(wishes: Sequence[Wish], standing: Sequence[Decision], now: datetime) -> list[Wish]:
    """Return the wishes that do not stand already: taking the same file twice changes nothing."""
    known = {_shape(one.wish, now) for one in standing}
    return [wish for wish in wishes if _shape(wish, now) not in known]


def _shape(wish: Wish, now: datetime) -> Wish:
    begun = wish.from_at is None or wish.from_at <= now
    return replace(wish, from_at=None) if begun else wish


def _contradiction(wishes: Sequence[Wish]) -> None:
    """Refuse a file that says two things about one."""
    said: dict[tuple[Kind, str, str], Wish] = {}
    for wish in wishes:
        other = said.setdefault((wish.kind, wish.whom, wish.about), wish)
        if other.choice != wish.choice and other.from_at == wish.from_at and other.until_at == wish.until_at:
            raise refused("contradicts", "The file says two different things about one matter. Take one of them out.")


def _consents(sent: object, reading: Reading) -> list[Json]:
    if not isinstance(sent, Mapping):
        raise refused("form", "This is not a file of FHIR Consents.")
    resources: list[Any] = [sent]
    if sent.get("resourceType") == "Bundle":
        entries = sent.get("entry", [])
        if isinstance(entries, list) and len(entries) > CONSENTS_MAX:
            raise refused("many", f"A file has at most {CONSENTS_MAX} consents. Send fewer.")
        resources = [one.get("resource") if isinstance(one, Mapping) else None for one in listed(entries)]
    patients = set()
    for one in resources:
        if not isinstance(one, Mapping) or one.get("resourceType") != "Consent":
            raise refused("form", "There is something else than Consents in the file. Take it out.")
        patients.add(reference_of(one.get("patient")))
    if len(patients) > 1:
        raise refused("patients", "The file is about more than one person. Take one person's consents only.")
    if patients - {f"Patient/{reading.patient}"}:
        raise refused("patient", "The file is not about you: its patient is not your number here.")
    return [one for one in resources if word(one.get("status")) not in _ALREADY]


def _wishes(consent: Json, reading: Reading) -> list[Wish]:
    if consent.get("status") != "active":
        raise refused("form", "A consent has no status that FHIR knows.")
    if code_of(consent.get("scope")) not in {"patient-privacy", None}:
        raise refused("scope", "A consent of the file is not about privacy. Take it out.")
    provision = consent.get("provision")
    if not isinstance(provision, Mapping):
        raise refused("form", "A consent has no provision: it says nothing that could be done.")
    start, end = times_of(provision.get("period"))
    policies = [one.get("uri") for one in listed(consent.get("policy")) if isinstance(one, Mapping)]
    own = next((uri for uri in policies if isinstance(uri, str) and uri.startswith(POLICY)), None)
    if own is None:
        return [replace(one, from_at=start, until_at=end) for one in _general(provision, reading)]
    if own.startswith(f"{POLICY}acting/"):
        if word(consent.get("id")) in reading.acting:
            return []
        raise refused("acting", "Who acts for you cannot be taken from a file. Ask the person again, under Family.")
    return [replace(_own(own.removeprefix(POLICY), provision, reading), from_at=start, until_at=end)]


# CareCode's own


def _own(policy: str, provision: Json, reading: Reading) -> Wish:
    """Read one rule of CareCode's; its policy and its provision must say the same."""
    kind_text, _, choice = policy.partition("/")
    try:
        kind = Kind(kind_text)
    except ValueError:
        raise refused("policy", "The file names a rule that CareCode does not have.") from None
    whom, about = "", ""
    for actor in listed(provision.get("actor")):
        whom = whom_of(actor, reading)[1]
    for one in listed(provision.get("data")):
        if kind is Kind.KEEP:
            whom = known(value_of(mapping(one).get("reference"), ORGANISATION), reading.organisations)
        else:
            about = entry_of(mapping(one).get("reference"))
    if kind in {Kind.LABEL, Kind.EMERGENCY_LABEL}:
        about = str(int(labels_of(provision)[0]))
    if kind is Kind.CATEGORY:
        about = str(int(next(iter(categories_of(provision)))))
    wish = Wish(kind, choice, whom, about)
    checked(wish, reading.now)
    said = {key: value for key, value in provision.items() if key != "period"}
    if said != provision_of(wish):
        raise refused("policy-differs", "A consent says one thing in its policy and another in its provision.")
    return wish


# Others'


@dataclass(frozen=True, slots=True)
class _Part:
    """One provision with what it inherits."""

    permits: bool
    treats: bool
    emergencies: bool
    actors: tuple[tuple[Kind, str], ...]  # INSTITUTION or PERSON, and whom
    raw: Json = field(repr=False)

    def has(self, *names: str) -> bool:
        """Tell whether it is limited by one of these."""
        return any(self.raw.get(name) for name in names)


def _general(provision: Json, reading: Reading) -> Iterator[Wish]:
    """Read a consent of somebody else by PCF's rules."""
    base = _part(provision, reading, None)
    exceptions = [_part(mapping(one), reading, base) for one in listed(provision.get("provision"))]
    if not (base.treats or base.emergencies):
        raise refused("purpose", "CareCode has no rule for the purposes that a consent names.")
    asked_first = not base.permits and not base.actors and _admits(exceptions)
    if asked_first:
        yield Wish(Kind.NEWCOMERS, "ask")
        for handle in sorted(reading.allowed - {whom for one in exceptions for _, whom in one.actors}):
            yield Wish(Kind.INSTITUTION, "refuse", handle)
        if base.has("securityLabel", "class", "data"):
            raise cannot("limits what is denied and makes exceptions from it")
        if base.emergencies:
            yield Wish(Kind.EMERGENCY, "no")
    else:
        yield from _base(base)
    for one in exceptions:
        yield from _exception(base, one)


def _admits(exceptions: Sequence[_Part]) -> bool:
    return any(one.permits and (one.actors or not one.treats) for one in exceptions)


def _base(base: _Part) -> Iterator[Wish]:
    if base.has("data", "class", "securityLabel"):
        if base.permits:
            yield from _only(base)
            return
        yield from _closed(base)
        return
    if base.actors:
        for kind, whom in base.actors:
            if kind is Kind.PERSON and base.permits:
                raise cannot("lets one person in alone")
            if not base.treats:
                raise cannot("names who may look in an emergency")
            yield Wish(kind, "allow" if base.permits else "refuse", whom)
        return
    if base.treats:
        yield Wish(Kind.EXCHANGE, "in" if base.permits else "out")
    if base.emergencies:
        yield Wish(Kind.EMERGENCY, "yes" if base.permits else "no")


def _only(base: _Part) -> Iterator[Wish]:
    """Read a permit for some data only."""
    if base.has("data"):
        raise cannot("permits only some entries")
    if base.has("class"):
        if categories_of(base.raw) != SUMMARY or not base.actors or base.has("securityLabel"):
            raise cannot("permits only some kinds of information")
        for kind, whom in base.actors:
            if kind is Kind.PERSON:
                raise cannot("lets one person in alone")
            yield Wish(Kind.INSTITUTION, "summary", whom)
        return
    tags = tags_of(base.raw)
    if tags not in ({"N"}, {"N", "R"}):
        raise cannot("permits only sensitive information")
    choice = "open" if "R" in tags else "close"
    for whom in _institutions(base):
        yield Wish(Kind.INSTITUTION, "allow", whom) if whom else Wish(Kind.EXCHANGE, "in")
        for label in _ALL_LABELS:
            yield Wish(Kind.LABEL, choice, whom, str(int(label)))


def _exception(base: _Part, one: _Part) -> Iterator[Wish]:
    """Read one exception: it says the opposite of the base, or opens what the base kept closed."""
    if one.has("data", "class", "securityLabel"):
        if one.permits and not one.has("data", "class"):
            yield from _opened(one)
        elif one.permits:
            raise cannot("permits some entries as an exception")
        else:
            yield from _closed(one)
        return
    if one.permits == base.permits:
        raise cannot("makes an exception that is none")
    if one.emergencies and not one.treats and not one.actors:
        yield Wish(Kind.EMERGENCY, "yes" if one.permits else "no")
        return
    if not one.actors or not one.treats:
        raise cannot("makes an exception for nobody")
    for kind, whom in one.actors:
        if kind is Kind.PERSON and one.permits:
            raise cannot("lets one person in alone")
        yield Wish(kind, "allow" if one.permits else "refuse", whom)


def _opened(one: _Part) -> Iterator[Wish]:
    """Read a permit of sensitive information."""
    kind = Kind.LABEL if one.treats else Kind.EMERGENCY_LABEL
    labels = _ALL_LABELS if "R" in tags_of(one.raw) else tuple(labels_of(one.raw))
    for whom in _institutions(one):
        if whom and kind is Kind.EMERGENCY_LABEL:
            raise cannot("names who may look in an emergency")
        for label in labels:
            yield Wish(kind, "open", whom, str(int(label)))


def _closed(one: _Part) -> Iterator[Wish]:
    """Read a denial of entries, visits, categories or labels."""
    if len([name for name in ("data", "class", "securityLabel") if one.has(name)]) > 1:
        raise cannot("joins several limits in one rule")
    for part in listed(one.raw.get("data")):
        if one.actors or not one.treats:
            raise cannot("hides an entry from some and not from others")
        yield _hidden(mapping(part), emergencies=one.emergencies)
    if one.has("data"):
        return
    if not one.treats:
        raise cannot("closes a kind of information in emergencies only")
    whoms = _institutions(one)
    if one.has("class"):
        yield from (
            Wish(Kind.CATEGORY, "close", whom, str(int(category)))
            for whom in whoms
            for category in sorted(categories_of(one.raw))
        )
        return
    tags = tags_of(one.raw)
    if "N" in tags:
        raise cannot("closes what is not sensitive by its label")
    labels = _ALL_LABELS if "R" in tags else tuple(labels_of(one.raw))
    yield from (Wish(Kind.LABEL, "close", whom, str(int(label))) for whom in whoms for label in labels)


def _hidden(data: Json, *, emergencies: bool) -> Wish:
    meaning = word(data.get("meaning"))
    if meaning not in {"instance", "related"}:
        raise cannot("goes by who wrote something")
    kind = Kind.VISIT if meaning == "related" else Kind.ENTRY
    reference = str(reference_of(data.get("reference")) or "")
    if kind is Kind.VISIT and reference and not reference.startswith("Encounter/"):
        raise cannot("goes by a plan or an episode of care")
    return Wish(kind, "hide" if emergencies else "hide-open", "", entry_of(data.get("reference")))


def _institutions(one: _Part) -> tuple[str, ...]:
    """Return for whom a rule about labels or categories holds; an empty text: for all."""
    if any(kind is Kind.PERSON for kind, _ in one.actors):
        raise cannot("opens or closes something for one person only")
    return tuple(whom for _, whom in one.actors) or ("",)


def _part(raw: Json, reading: Reading, base: _Part | None) -> _Part:
    if word(raw.get("type")) not in {"permit", "deny"}:
        raise refused("form", "A provision says neither permit nor deny.")
    if raw.get("dataPeriod"):
        raise cannot("goes by when something was written")
    unknown = {name for name, value in raw.items() if value and not name.startswith("_")} - _RULES
    if unknown or (base is not None and (raw.get("provision") or raw.get("period"))):
        raise cannot("has parts that CareCode does not know")
    purposes = set()
    for one in listed(raw.get("purpose")):
        coding = mapping(one)
        code = word(coding.get("code"))
        if coding.get("system") != ACT_REASON or code not in _KNOWN:
            raise refused("purpose", "A consent names a purpose that CareCode does not have. Nothing is opened for it.")
        purposes.add(code)
    if not purposes and base is None:
        raise refused("purpose-none", "A consent names no purpose. CareCode needs to know for what it holds.")
    actors = tuple(whom_of(one, reading) for one in listed(raw.get("actor")))
    treats, emergencies = "TREAT" in purposes, bool(purposes & _EMERGENCY)
    if base is not None:
        actors = actors or base.actors
        if not purposes:
            treats, emergencies = base.treats, base.emergencies
    return _Part(raw["type"] == "permit", treats, emergencies, actors, raw)
