"""Patient search for who registers people: GET [base]/Patient?parameters and POST [base]/Patient/_search.

Asked under the purpose REGISTER; under any other, ``search.py`` answers from the record.  The minimum is that of
ITI-119: a number, or the name with the whole date of birth and a telephone or address.  One person or nobody.

Source: IHE PDQm 3.2, 2:3.78.4.1.2 (parameters), 2:3.78.4.2 (response).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from carecode.api import registering
from carecode.api.call import Answer
from carecode.api.parameters import page_of, refuse_unknown, values_of
from carecode.api.registering import Wanted
from carecode.api.searchset import address, searchset
from carecode.identity.identifiers import parse
from carecode.identity.linking.contacts import Address
from carecode.identity.linking.names import Name
from carecode.identity.linking.standardise import IDENTIFIERS_MAX, Record
from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from carecode.api.call import Call
    from carecode.identity.identifiers import Identifier

PARAMETERS: Final = {
    "identifier": "token",
    "name": "string",
    "family": "string",
    "given": "string",
    "birthdate": "date",
    "gender": "token",
    "phone": "token",
    "telecom": "token",
    "address": "string",
    "address-city": "string",
    "address-state": "string",
    "address-postalcode": "string",
    "active": "token",
}
"""Parameter -> kind, as FHIR R4 has them; ``_id`` besides."""

_CONTROLS: Final = frozenset({"_id", "_count", "_offset", "_format", "_pretty", "_total"})
_DAY: Final = re.compile(r"(?:eq)?(\d{4}-\d{2}-\d{2})\Z")
_PHONE: Final = re.compile(r"(?:(?:phone|sms)\|)?([^|]+)\Z")
_COUNT: Final = 50


async def answer(call: Call, parameters: tuple[tuple[str, str], ...]) -> Answer:
    """Answer with a searchset Bundle of one Patient or none."""
    requester = registering.require_registrar(call)
    refuse_unknown(parameters, _CONTROLS | set(PARAMETERS))
    page = page_of(parameters, default=_COUNT, most=_COUNT)
    wanted = _wanted(parameters, requester.organisation, call.app.clock().date().isoformat())
    if not wanted.patient_id:
        registering.require_enough(wanted.record)
    shown = await registering.find(call, wanted)
    bodies = [] if shown is None else [registering.body(call, shown)]
    place = address(f"{call.base}/Patient", parameters)
    part = bodies[page.offset : page.offset + page.count]
    return Answer(200, searchset(call.base, place, part, len(bodies), None))


def _wanted(parameters: tuple[tuple[str, str], ...], organisation: str, on: str) -> Wanted:
    """Read whom a search means: all its parameters together, so that alternatives find nobody."""
    said: dict[str, list[str]] = {}
    for name, text in parameters:
        if name == "_id" or name in PARAMETERS:
            said.setdefault(name, []).extend(values_of(text))
    if "_id" in said:
        if len(said) > 1 or len(said["_id"]) > 1:
            raise InvalidInputError("id-alone", "Give one _id, and no other parameter with it.")
        return Wanted(Record(source=organisation), said["_id"][0])
    for name, values in said.items():
        if len(values) > 1 and name not in {"identifier", "given"}:
            raise InvalidInputError(
                "parameter-once", "Give each parameter once, with one value; identifiers may be more."
            )
    one = {name: values[0] for name, values in said.items()}
    if one.get("active", "true") != "true":
        raise InvalidInputError("active", "active is true: whoever was replaced is found under the number she has now.")
    return Wanted(_record(one, said, organisation, on))


def _record(one: dict[str, str], said: dict[str, list[str]], organisation: str, on: str) -> Record:
    name = Name(one.get("name", ""), one.get("family", ""), " ".join(said.get("given", [])))
    place = Address(
        text=one.get("address", ""),
        city=one.get("address-city", ""),
        state=one.get("address-state", ""),
        postcode=one.get("address-postalcode", ""),
    )
    return Record(
        source=organisation,
        identifiers=tuple(_number(text) for text in said.get("identifier", [])[:IDENTIFIERS_MAX]),
        names=(name,) if name != Name() else (),
        birth_date=_day(one["birthdate"]) if "birthdate" in one else "",
        sex=one.get("gender", "").rpartition("|")[2],
        phones=tuple(_phone(one[kind]) for kind in ("phone", "telecom") if kind in one),
        addresses=(place,) if place != Address() else (),
        as_of=on,
    )


def _number(text: str) -> Identifier:
    system, bar, value = text.partition("|")
    if not bar or not system or not value:
        raise InvalidInputError("identifier", "identifier reads system|value.")
    return parse(system, value)


def _day(text: str) -> str:
    """Read a whole day; FHIR's prefixes ask for many people and are refused."""
    match = _DAY.match(text)
    if match is None:
        raise InvalidInputError("birthdate", "birthdate is one day: 1985-03-04.")
    return match[1]


def _phone(text: str) -> str:
    match = _PHONE.match(text)
    if match is None:
        raise InvalidInputError("telecom", "telecom is a telephone number, or phone| and the number.")
    return match[1]
