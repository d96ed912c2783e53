"""search-type: GET [base]/[type]?parameters and POST [base]/[type]/_search.

Nobody searches across residents: a resident's types are searched within one patient, Patient by an
exact identifier or number, the directory freely.  Who registers people asks as ``pdqm.py`` says.
Source: FHIR R4 3.1.1, 3.1.1.5.2 (POST), 3.1.1.5.5 (_sort).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.api import pdqm
from carecode.api.call import Answer, parameters_of
from carecode.api.held import held, patient, receipt_header
from carecode.api.parameters import Asked, asked
from carecode.api.registering import is_registrar
from carecode.api.searchset import address, next_of, searchset
from carecode.disclosure.answers import Query
from carecode.kernel.errors import InvalidInputError
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecode.api.call import Call
    from carecode.disclosure.answers import Body
    from carecode.kernel.vocabulary import Resident

SORTED_MAX: Final = 2_000
"""Resources that are put in the order of their ids for one answer."""
LISTED_MAX: Final = 1_000
"""Directory resources that are counted for a total."""

_Part = tuple["Sequence[Body]", int | None]


async def answer(call: Call) -> Answer:
    """Answer with a searchset Bundle."""
    type_name = call.path[0]
    parameters = call.parameters
    if len(call.path) > 1:
        parameters = (*parameters, *parameters_of((await call.body()).strip()))
    if type_name == "Patient" and is_registrar(call):
        return await pdqm.answer(call, parameters)
    lenient = "handling=lenient" in call.header(b"prefer")
    search = asked(type_name, parameters, lenient=lenient)
    if type_name == "Patient":
        bodies, total = await _patients(call, search)
    elif search.ids:
        bodies, total = await _by_ids(call, type_name, search)
    elif TYPES[type_name].directory:
        bodies, total = await _listed(call, type_name, search)
    else:
        bodies, total = await _of_one(call, type_name, search)
    place = f"{call.base}/{type_name}"
    following = next_of(
        place, parameters, search.page, search.page.offset + search.page.count + 1 if total is None else total
    )
    bundle = searchset(call.base, address(place, parameters), bodies, total, following)
    return Answer(200, bundle, receipt_header(bodies))


async def _patients(call: Call, search: Asked) -> _Part:
    """Find Patients by exact identifier, by the requester's number, or the one the token is bound to."""
    residents: list[Resident | None] = []
    if search.identifiers:
        for text in search.identifiers:
            system, bar, value = text.partition("|")
            if not bar or not system or not value:
                raise InvalidInputError("identifier", "identifier reads system|value.")
            residents.append(await call.app.index.resolve(system, value))
    elif search.ids:
        residents += [await call.subject(ident) for ident in search.ids]
    elif call.bound is not None:
        residents.append(call.bound)
    else:
        raise InvalidInputError("patient-search", "Search Patient by identifier or _id.")
    once = {resident.id: resident for resident in residents if resident is not None}
    found = [body for resident in once.values() if (body := await patient(call, resident)) is not None]
    if search.identifiers and search.ids:
        found = [body for body in found if body.id in search.ids]
    return _cut(found, search), len(found)


async def _by_ids(call: Call, type_name: str, search: Asked) -> _Part:
    """Read resources named by _id."""
    if search.criteria:
        raise InvalidInputError("id-alone", "_id is not combined with other parameters than patient.")
    found = [body for ident in dict.fromkeys(search.ids) if (body := await held(call, type_name, ident)) is not None]
    if search.patients:
        own = [f'"Patient/{ident}"'.encode() for ident in search.patients]
        found = [body for body in found if any(reference in body.json for reference in own)]
    return _cut(found, search), len(found)


async def _listed(call: Call, type_name: str, search: Asked) -> _Part:
    """Search the directory; the total is left out where it would take too long to count."""
    page = search.page
    query = Query(type=type_name, criteria=search.criteria, count=page.count + 1, offset=page.offset)
    found = await call.app.gate.directory.search(query)
    if len(found) <= page.count and (found or not page.offset):
        return found, page.offset + len(found)
    counted = await call.app.gate.directory.search(Query(type=type_name, criteria=search.criteria, count=LISTED_MAX))
    return found[: page.count], len(counted) if len(counted) < LISTED_MAX else None


async def _of_one(call: Call, type_name: str, search: Asked) -> _Part:
    """Search within one record."""
    resident = await _subject(call, search)
    if resident is None:
        return [], 0
    page = search.page
    if search.sort.endswith("_id"):
        found = await call.app.gate.fetch(
            call.requester, resident, Query(type=type_name, criteria=search.criteria, count=SORTED_MAX)
        )
        if found.total > SORTED_MAX:
            raise InvalidInputError("sort-too-many", f"Sorting by _id is for at most {SORTED_MAX} resources.")
        ordered = sorted(found.bodies, key=lambda body: body.id, reverse=search.sort.startswith("-"))
        return _cut(ordered, search), found.total
    query = Query(
        type=type_name,
        criteria=search.criteria,
        newest_first=search.sort == "-date",
        count=page.count,
        offset=page.offset,
    )
    found = await call.app.gate.fetch(call.requester, resident, query)
    return found.bodies, found.total


async def _subject(call: Call, search: Asked) -> Resident | None:
    """Return in whose record is searched: the one named, or the one the token is bound to."""
    if not search.patients:
        if call.bound is None:
            raise InvalidInputError("patient-missing", "Search within one patient: give patient.")
        return call.bound
    if len(set(search.patients)) > 1:
        raise InvalidInputError("patient-one", "Search within one patient at a time.")
    return await call.subject(search.patients[0])


def _cut(bodies: Sequence[Body], search: Asked) -> Sequence[Body]:
    return bodies[search.page.offset : search.page.offset + search.page.count]
