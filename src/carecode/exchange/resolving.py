"""What references and conditions in a bundle point to, asked of the gate and the index.

Source: FHIR R4 3.1.0.8.1 (conditional create), 3.1.0.11.2 (conditional references).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.disclosure.answers import Query
from carecode.exchange import plan
from carecode.exchange.envelope import Sent
from carecode.exchange.references import Conditional, Literal, unresolved
from carecode.exchange.refusals import SentRefusedError
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import ResidentId, Role
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from carecode.disclosure.gate import Gate
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import Requester, Resident

LITERALS_MAX: Final = 500
"""Different ``Type/id`` of one bundle that are looked up."""


@dataclass(frozen=True, slots=True)
class Met:
    """A resource that this load stored earlier under the sender's own ``Type/id``."""

    reference: str = field(repr=False)
    resident: ResidentId | None = field(repr=False)  # None: of the directory


Known = Mapping[str, Met]
NOTHING_KNOWN: Final[Known] = {}


class Resolving:
    """Answers for one requester; asks in as few round trips as there are resource types."""

    def __init__(self, gate: Gate, index: Index, requester: Requester, known: Known = NOTHING_KNOWN) -> None:
        """Ask as ``requester``; ``known`` is what this load stored before."""
        self._gate = gate
        self._index = index
        self._requester = requester
        self._known = known

    async def conditions(self, sent: Sent, links: plan.Links) -> dict[Conditional, str]:
        """Find the one directory resource that each condition names; absent when there is none.

        SentRefusedError ``reference-ambiguous`` or ``condition-ambiguous`` when there are more,
        ``condition-unsupported`` for ifNoneExist on a resident's resource other than Patient.
        """
        asked = {one: reference for reference, one in links.conditionals.items() if one.type != "Patient"}
        wanted: dict[Conditional, None] = dict.fromkeys(asked)
        for entry in sent.entries:
            if entry.condition is None or entry.type == "Patient":
                continue
            if not _is_directory(entry.type):
                raise SentRefusedError(
                    "condition-unsupported",
                    "ifNoneExist is kept for Patient and for directory types.",
                    f"{entry.place}.request.ifNoneExist",
                    "not-supported",
                )
            wanted[entry.condition] = None
        found = await self._directory(wanted)
        for condition, ids in found.items():
            if len(ids) > 1:
                raise _ambiguous(sent, links, condition, asked.get(condition))
        return {condition: ids[0] for condition, ids in found.items() if ids}

    async def _directory(self, wanted: Mapping[Conditional, None]) -> dict[Conditional, list[str]]:
        by_type: dict[str, list[Conditional]] = {}
        for condition in wanted:
            if _is_directory(condition.type):
                by_type.setdefault(condition.type, []).append(condition)
        found: dict[Conditional, list[str]] = {}
        for type_name, conditions in by_type.items():
            texts = [f"{condition.system}|{condition.value}" for condition in conditions]
            ids = await self._gate.directory.ids(type_name, "identifier", texts)
            found.update((condition, ids[text]) for condition, text in zip(conditions, texts, strict=True))
        return found

    async def resident(self, sent: Sent, links: plan.Links) -> Resident | None:
        """Find whom the references to patients outside the bundle name; None when there are none.

        SentRefusedError ``reference-unresolved`` or ``two-patients``, at the reference.
        """
        found: Resident | None = None
        for reference, target in links.patients().items():
            one = await self._named(target)
            entry = sent.entries[links.first_use[reference]]
            if one is None:
                raise plan.refused_at(entry, reference, unresolved("A reference names no patient you know here."))
            if found is not None and not found.has(one.id):
                raise plan.refused_at(entry, reference, two_patients())
            found = one
        return found

    async def _named(self, target: Literal | Conditional) -> Resident | None:
        if isinstance(target, Literal):
            met = self._known.get(f"Patient/{target.id}")
            if met is not None and met.resident is not None:
                return await self._index.by_id(met.resident)
            return await self._gate.subject(self._requester, target.id)
        if self._requester.role is Role.CLINICIAN:
            return None  # a person does not learn from a refusal who is in the index
        try:
            return await self._index.resolve(target.system, target.value)
        except InvalidInputError:
            return None

    async def literals(self, sent: Sent, links: plan.Links, resident: Resident | None) -> dict[bytes, bytes]:
        """Check that every ``Type/id`` is of the directory, or of this resident and open to the requester.

        SentRefusedError ``reference-unresolved`` at the first that is not.
        """
        wanted = {reference: one for reference, one in links.literals.items() if one.type != "Patient"}
        if len(wanted) > LITERALS_MAX:
            raise SentRefusedError("too-many-references", f"More than {LITERALS_MAX} references to what is stored.")
        found: dict[bytes, bytes] = {}
        for reference, one in wanted.items():
            name = await self._stored(one, resident)
            if name is None:
                entry = sent.entries[links.first_use[reference]]
                raise plan.refused_at(entry, reference, unresolved("A reference points to nothing stored here."))
            found[reference] = name.encode()
        return found

    async def _stored(self, one: Literal, resident: Resident | None) -> str | None:
        met = self._known.get(f"{one.type}/{one.id}")
        if met is not None and (met.resident is None or (resident is not None and resident.has(met.resident))):
            return met.reference
        ident = as_uuid(one.id)
        if ident is None or one.type not in TYPES:
            return None
        if TYPES[one.type].directory:
            return f"{one.type}/{ident}" if await self._gate.directory.get(one.type, ident) else None
        if resident is None:
            return None
        held = await self._gate.fetch(self._requester, resident, Query(type=one.type, id=ident))
        return f"{one.type}/{ident}" if held.bodies else None


def as_uuid(text: str) -> UUID | None:
    """Read an id of this server; None for any other spelling.

    >>> as_uuid("not-ours") is None
    True
    """
    try:
        ident = UUID(text)
    except ValueError:
        return None
    return ident if str(ident) == text else None


def two_patients() -> SentRefusedError:
    """Make the refusal of a bundle about two residents."""
    return SentRefusedError(
        "two-patients", "A transaction is about one patient; send one Bundle for each.", issue="business-rule"
    )


def _is_directory(type_name: str) -> bool:
    return type_name in TYPES and TYPES[type_name].directory


def _ambiguous(sent: Sent, links: plan.Links, condition: Conditional, reference: bytes | None) -> SentRefusedError:
    if reference is not None:
        error = SentRefusedError(
            "reference-ambiguous", "A conditional reference matches more than one resource.", issue="multiple-matches"
        )
        return plan.refused_at(sent.entries[links.first_use[reference]], reference, error)
    entry = next(entry for entry in sent.entries if entry.condition == condition)
    return SentRefusedError(
        "condition-ambiguous",
        "ifNoneExist matches more than one resource.",
        f"{entry.place}.request.ifNoneExist",
        "multiple-matches",
    )
