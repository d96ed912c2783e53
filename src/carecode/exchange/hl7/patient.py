"""A PID segment read as a person of the index: her numbers, the facts of her card, and what is compared.

Pure.  Nothing needs to be there but a number of the sender's own, under which it will name her again.

Sources: HL7 v2.5.1 3.4.2 (PID), 2.A.88 (XPN), 2.A.86 (XAD), 2.A.89 (XTN), 2.A.77 (TS), tables 0001, 0190,
0200, 0201, 0202, 0465 (I ideographic, A alphabetic, P phonetic).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from carecode.exchange.hl7 import numbers
from carecode.exchange.hl7.faults import Condition, MessageError, missing
from carecode.identity.index import IDENTIFIERS_MAX
from carecode.identity.linking.chinese import HAN
from carecode.identity.linking.contacts import Address
from carecode.identity.linking.dates import DEFAULT_DATES
from carecode.identity.linking.features import Placeholder
from carecode.identity.linking.names import Name, fold_name
from carecode.identity.linking.standardise import Record
from carecode.identity.person import Person, against_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecode.exchange.hl7.correspondent import Correspondent
    from carecode.exchange.hl7.er7 import Components, Segment
    from carecode.identity.identifiers import Identifier

NAMES_MAX: Final = 8
_SEXES: Final = {"M": "male", "1": "male", "F": "female", "2": "female", "O": "other"}
_NAME_ORDER: Final = {"L": 0, "": 1, "D": 2, "U": 3, "B": 4, "C": 5, "I": 6, "A": 7}  # table 0200; others are not hers
_ADDRESS_TYPES: Final = frozenset({"", "H", "C", "L", "M", "P", "RH"})  # table 0190: where she lives or has her post
_NO_PHONES: Final = frozenset({"FX", "MD", "BP", "TDD", "TTY", "INTERNET", "X.400"})  # table 0202
_NO_USES: Final = frozenset({"WPN", "BPN", "NET"})  # table 0201: shared by many, or no telephone
_DAY: Final = re.compile(r"\d{8}(?:\d{2,6}(?:\.\d{1,4})?)?(?:[+-]\d{4})?", re.ASCII)
_PRECISION: Final = {"Y": 4, "L": 6}  # TS.2, table 0529: year, month
_AREA: Final = re.compile(r"\d{6,12}", re.ASCII)
_DIGITS_OF_DAY: Final = 8
_NUMBERS, _NAMES, _MOTHERS_NAME, _BORN, _SEX, _ADDRESSES, _PHONES = 3, 5, 6, 7, 8, 11, 13
_NATIONAL, _MOTHER, _MULTIPLE, _ORDER, _UNKNOWN, _TELECOM = 19, 21, 24, 25, 31, 40


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody as one message has her."""

    own: tuple[Identifier, ...] = field(repr=False)  # the sender's own numbers of her
    others: tuple[Identifier, ...] = field(repr=False)  # documents, insurance
    mother: tuple[Identifier, ...] = field(repr=False)  # a newborn's mother's: never hers
    person: Person = field(repr=False)
    record: Record = field(repr=False)

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """All numbers of hers."""
        return self.own + self.others

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say what the message contradicts in itself; nothing of what the index knows."""
        said = [warning for number in self.identifiers for warning in number.warnings]
        return tuple(dict.fromkeys([*said, *against_numbers(self.person, self.identifiers)]))


def read(pid: Segment, sender: Correspondent, said_on: str) -> Patient:
    """Read a PID; ``said_on`` is the day of the message, YYYYMMDD.

    MessageError when no number of the sender's own is there, or more than IDENTIFIERS_MAX are.
    """
    record = read_asked(pid, sender, said_on)
    found = record.identifiers
    own = tuple(each for each in found if each.system == sender.system)
    if not own:
        words = "PID-3 holds no number of your own. Send it with your assigning authority."
        raise missing("number-own", words, "PID^1^3")
    if len(found) > IDENTIFIERS_MAX:
        words = f"A person has at most {IDENTIFIERS_MAX} numbers."
        raise MessageError(Condition.TOO_LONG, "identifiers-too-many", words, "PID^1^3")
    birth_date, _text = _birth(pid)
    sex = _SEXES.get(record.sex.upper(), "unknown")
    return Patient(
        own,
        tuple(each for each in found if each.system != sender.system),
        tuple(numbers.read_all(pid, _MOTHER, sender, said_on)),
        _person(record.names, birth_date, sex, record.phones),
        msgspec.structs.replace(record, local_id=own[0].value),
    )


def read_asked(pid: Segment, sender: Correspondent, said_on: str) -> Record:
    """Read a PID as a record to be compared, whether or not a number is there."""
    found = numbers.read_all(pid, _NUMBERS, sender, said_on)
    national = numbers.citizen_number(pid.text(_NATIONAL))
    if national is not None and all(national.canonical != each.canonical for each in found):
        found.append(national)
    return Record(
        source=sender.organisation,
        identifiers=tuple(found),
        names=tuple(_names(pid)),
        birth_date=_birth(pid)[1],
        sex=pid.text(_SEX),
        phones=tuple(
            phone for number in (_PHONES, _TELECOM) for each in pid.repetitions(number) if (phone := _phone(pid, each))
        ),
        addresses=tuple(place for each in pid.repetitions(_ADDRESSES) if (place := _address(pid, each))),
        as_of=said_on,
    )


def _person(names: Sequence[Name], birth_date: date | None, sex: str, phones: Sequence[str]) -> Person:
    name = next((each.text for each in names if HAN.search(each.text)), "")
    latin = next((each.text for each in names if not HAN.search(each.text)), "")
    return Person(name or latin, latin, birth_date, sex, phones[0] if phones else "")


def _names(pid: Segment) -> list[Name]:
    """Read PID-5, her legal name first; a newborn without one is her mother's child (PID-6, 24, 25)."""
    if pid.text(_UNKNOWN).upper() == "Y":
        return []
    ranked: list[tuple[int, Name]] = []
    for components in pid.repetitions(_NAMES)[:NAMES_MAX]:
        rank = _NAME_ORDER.get(pid.part(components, 7).upper())
        name = read_name(pid, components)
        if rank is not None and name.text:
            ranked.append((rank, name))
    names = [name for _rank, name in sorted(ranked, key=lambda each: each[0])]
    return _newborn(pid, names) if not names or pid.text(_ORDER) else names


def read_name(segment: Segment, components: Components) -> Name:
    """Read one XPN; Chinese names are written together, others given name first."""
    family, given, further = (segment.part(components, number) for number in (1, 2, 3))
    if HAN.search(family + given):
        return Name(family + given + further, family if given else "", given + further if given else "")
    rest = " ".join(part for part in (given, further) if part)
    return Name(f"{rest} {family}".strip(), family if rest else "", rest)


def _newborn(pid: Segment, names: list[Name]) -> list[Name]:
    """Name a newborn by her mother and, of twins, by her place."""
    order = pid.text(_ORDER) if pid.text(_MULTIPLE).upper() in ("Y", "") else ""
    order = order if order in ("1", "2", "3", "4") else ""
    if not names:
        mothers = [read_name(pid, each).text for each in pid.repetitions(_MOTHERS_NAME)[:1] if pid.raw(_MOTHER)]
        return [Name(_child_of(mother, pid.text(_SEX), order)) for mother in mothers if mother]
    folded = fold_name(names[0])
    if order and folded.placeholder is Placeholder.NEWBORN and not folded.birth_order:
        return [Name(names[0].text + (order if HAN.search(names[0].text) else "")), *names[1:]]
    return names


def _child_of(mother: str, sex: str, order: str) -> str:
    if not HAN.search(mother):
        return " ".join(part for part in ("Baby", order, "of", mother) if part)
    return f"{mother}之{ {'male': '子', 'female': '女'}.get(_SEXES.get(sex.upper(), ''), '婴') }{order}"


def _birth(pid: Segment) -> tuple[date | None, str]:
    """Read PID-7: a whole date where it is one, and the text with no more than its precision."""
    text = pid.text(_BORN)
    length = _PRECISION.get(pid.text(_BORN, 2).upper())
    if length is not None:
        return None, text[:length]
    if not _DAY.fullmatch(text):
        return None, text  # a year, a month, or as somebody wrote it
    day = text[:_DIGITS_OF_DAY]
    try:
        whole = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        return None, day
    return (None if day in DEFAULT_DATES else whole), day


def _phone(pid: Segment, components: Components) -> str:
    """Read one XTN: its parts, or the text of older versions; nothing for what many share."""
    if pid.part(components, 2).upper() in _NO_USES or pid.part(components, 3).upper() in _NO_PHONES:
        return ""
    whole = pid.part(components, 12)
    local = pid.part(components, 7)
    if not whole and local:
        country = pid.part(components, 5).lstrip("+")
        whole = f"{'+' + country + ' ' if country else ''}{pid.part(components, 6)}{local}"
    return whole or pid.part(components, 1)


def _address(pid: Segment, components: Components) -> Address | None:
    """Read one XAD; None for another than a home, or an empty one."""
    if pid.part(components, 7).upper() not in _ADDRESS_TYPES:
        return None
    street, other, city, state, postcode = (pid.part(components, number) for number in (1, 2, 3, 4, 5))
    county = pid.part(components, 9)
    code = county if _AREA.fullmatch(county) else ""
    street = street or pid.part(components, 1, 2) + pid.part(components, 1, 3)  # name and number apart
    lines = tuple(line for line in (street, other) if line)
    if not (lines or city or state or postcode or county):
        return None
    if not (city or state or county):
        return Address(text=" ".join(lines), postcode=postcode)
    return Address(
        lines=lines, district="" if code else county, city=city, state=state, postcode=postcode, area_code=code[:6]
    )
