"""How each field of a row is written: what is so, or what went wrong with it, by the odds of ``Rates``."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from bench.people import errors, western
from bench.people.characters import traditional
from bench.people.days import iso
from bench.people.households import YEAR, Person
from bench.people.names import DOTS, Name
from bench.people.numbers import DEFAULT_NUMBERS, DEFAULT_PHONES, old_number
from bench.people.places import ROADS, shortened, whole
from bench.people.rates import Rates
from bench.people.writing import Source, dated, latin

CHILD: Final = 7 * YEAR  # days; below this age numbers are often not shown
_LUNAR_USED: Final = 1986  # people born before give the lunar date four times as often
_DEFAULT_ADDRESSES: Final = ("无", "不详", "本市", "同上", "-", "无固定住址")
_PHONE_FORMS: Final = 0.05  # phones written with spaces or the country's code

Odds = tuple[tuple[str, float], ...]  # what may happen, and the sum of the rates up to it


def _odds(*rates: tuple[str, float]) -> Odds:
    """Add rates up; those of zero are left out."""
    found: list[tuple[str, float]] = []
    total = 0.0
    for word, rate in rates:
        if rate > 0:
            total += rate
            found.append((word, total))
    return tuple(found)


def _happened(odds: Odds, part: float) -> str:
    """Tell what ``part``, between 0 and 1 or above, falls into; "" for nothing."""
    if not odds or part >= odds[-1][1]:
        return ""
    for word, upto in odds:
        if part < upto:
            return word
    return ""


def all_odds(rates: Rates) -> dict[str, Odds]:
    """Add the rates of each field up."""
    odds: dict[str, Odds] = {}
    number = [
        *(("id-typo", rates.id_typo), ("id-borrowed", rates.id_borrowed)),
        *(("id-default", rates.id_default), ("id-15", rates.id_15)),
    ]
    odds["number"] = _odds(("id-missing", rates.id_missing), *number)
    odds["number of a child"] = _odds(("id-missing", rates.id_missing_child), *number)
    sounds = ("name-homophone", "name-lookalike", "name-traditional", "name-pinyin")
    sounds_west = ("name-spelling", "name-mistyped", "name-plain", "name-short")
    of_sounds = (rates.name_homophone, rates.name_lookalike, rates.name_traditional, rates.name_pinyin)
    slips = (
        *(("name-dropped", rates.name_dropped), ("name-added", rates.name_added)),
        *(("name-swapped", rates.name_swapped), ("name-default", rates.name_default)),
    )
    rare = (("name-rare", rates.name_rare), ("name-spaced", rates.name_spaced))
    odds["name"] = _odds(*zip(sounds, of_sounds, strict=True), *slips, *rare)
    odds["western name"] = _odds(*zip(sounds_west, of_sounds, strict=True), *slips)
    born = [
        *(("born-missing", rates.born_missing), ("born-swap", rates.born_swap), ("born-year", rates.born_year)),
        *(("born-year-only", rates.born_year_only), ("born-month-only", rates.born_month_only)),
        *(("born-day", rates.born_day), ("born-default", rates.born_default)),
    ]
    odds["birth date"] = _odds(*born, ("born-lunar", rates.born_lunar))
    odds["birth date of an elder"] = _odds(*born, ("born-lunar", rates.born_lunar * 4))
    odds["sex"] = _odds(("sex-wrong", rates.sex_wrong), ("sex-missing", rates.sex_missing))
    odds["phone"] = _odds(
        *(("phone-missing", rates.phone_missing), ("phone-family", rates.phone_family)),
        *(("phone-typo", rates.phone_typo), ("phone-default", rates.phone_default)),
    )
    odds["address"] = _odds(
        *(("address-missing", rates.address_missing), ("address-default", rates.address_default)),
        ("address-typo", rates.address_typo),
    )
    return odds


class Fields:
    """Writes the fields of rows.  ``scale`` is how prone to error this row is, ``wrong`` collects what happened."""

    def __init__(self, rates: Rates, random: Random) -> None:
        """Add the rates up once."""
        self.rates = rates
        self.random = random
        self._odds = all_odds(rates)

    def number(self, person: Person, day: int, scale: float, wrong: list[str]) -> tuple[str, str, Person | None]:
        """Write the document's kind and number, and whose it is if it was borrowed."""
        draw, child = self.random.random, day - person.born < CHILD
        kind, number = person.id_kind, person.id_number
        happened = _happened(self._odds["number of a child"] if child else self._odds["number"], draw() / scale)
        if not number:
            happened = "id-missing"
        elif happened == "id-15" and not (kind == "citizen-id" and number[6:8] == "19" and person.year < 1999):
            happened = ""
        lender = _lender(person, self.random) if happened == "id-borrowed" else None
        if happened == "id-missing":
            shown = child and bool(person.certificate) and draw() < 0.3
            kind, number = ("birth-certificate", person.certificate) if shown else ("", "")
        elif happened == "id-typo":
            mended = kind == "citizen-id" and draw() < 0.04
            number = (errors.remade_number if mended else errors.digit)(self.random, number)
        elif happened == "id-borrowed":
            if lender is None:
                return kind, number, None
            kind, number = lender.id_kind, lender.id_number
        elif happened == "id-default":
            number = DEFAULT_NUMBERS[int(draw() * len(DEFAULT_NUMBERS))]
        elif happened == "id-15":
            kind, number = "citizen-id-15", old_number(number)
        elif kind in ("hm-permit", "tw-permit") and draw() < 0.4:
            number += f"{1 + int(draw() * 5):02d}"  # the re-issue counter
        elif number[-1] == "X" and draw() < 0.1:
            number = number[:-1] + "x"
        if happened and number != person.id_number:
            wrong.append(happened)
        return kind, number, lender

    def name(self, person: Person, scale: float, source: Source, wrong: list[str]) -> tuple[str, str]:
        """Write the name and, where the source keeps it, the Latin one."""
        rates, random = self.rates, self.random
        name = person.name
        if person.people in western.LISTS:
            happened = _happened(self._odds["western name"], random.random() / scale)
            if happened == "name-default":
                wrong.append(happened)
                return errors.WESTERN_DEFAULT_NAMES[int(random.random() * len(errors.WESTERN_DEFAULT_NAMES))], ""
            surname, given = _western_error(random, happened, name, wrong) if happened else (name.surname, name.given)
            text = latin(source, surname, given, random)
            return text, text if not rates.western and random.random() < 0.6 else ""
        text = name.whole
        if name.dot and random.random() < 0.3:
            text = text.replace("·", DOTS[int(random.random() * len(DOTS))])
        shown = ""
        if name.latin and random.random() < rates.latin_shown:
            sound, _, given = name.latin.partition(" ")
            shown = latin(source, sound, given, random)
        happened = _happened(self._odds["name"], random.random() / scale)
        if happened:
            slip = _han_error(random, happened, text, name, source)
            if slip != text:
                wrong.append(happened)
            text = slip
        return text, shown

    def born(self, person: Person, scale: float, source: Source, wrong: list[str]) -> str:
        """Write the birth date in the source's spelling."""
        true = iso(person.born)
        odds = self._odds["birth date of an elder"] if person.year < _LUNAR_USED else self._odds["birth date"]
        happened = _happened(odds, self.random.random() / scale)
        if not happened:
            return dated(true, source.dates)
        slip = _BORN_ERRORS[happened](self.random, true, person.born)
        if slip != true:
            wrong.append(happened)
        if happened == "born-lunar" and self.random.random() < self.rates.born_lunar_marked:
            return f"农历{dated(slip, source.dates)}"
        return dated(slip, source.dates)

    def sex(self, person: Person, scale: float, source: Source, wrong: list[str]) -> str:
        """Write the sex in the source's spelling."""
        happened = _happened(self._odds["sex"], self.random.random() / scale)
        if not happened:
            return source.sexes[person.sex]
        wrong.append(happened)
        if happened == "sex-missing":
            return source.sexes[""]
        return source.sexes["female" if person.sex == "male" else "male"]

    def phone(self, person: Person, scale: float, wrong: list[str]) -> str:
        """Write the phone: hers, a family member's, none, or one that stands for none."""
        draw, phone = self.random.random, person.phone
        happened = _happened(self._odds["phone"], draw() / scale)
        if not phone and happened:
            happened = "phone-family" if happened == "phone-family" else ""
        if happened == "phone-missing":
            phone = ""
        elif happened == "phone-family":
            others = [other.phone for other in person.family if other.phone and other.phone != phone]
            if others:
                phone = others[int(draw() * len(others))]
        elif happened == "phone-typo":
            phone = errors.digit(self.random, phone)
        elif happened == "phone-default":
            phone = DEFAULT_PHONES[int(draw() * len(DEFAULT_PHONES))]
        if phone != person.phone:
            wrong.append(happened)
        part = draw()
        if part < _PHONE_FORMS and len(phone) == 11:
            return _phone_form(phone, part / _PHONE_FORMS, western_form=self.rates.western)
        return phone

    def address(self, person: Person, scale: float, wrong: list[str]) -> str:
        """Write the address of her home, or her second one."""
        rates, draw = self.rates, self.random.random
        home = person.home
        if person.second is not None and draw() < rates.second_address:
            home = person.second
            wrong.append("address-second")
        happened = _happened(self._odds["address"], draw() / scale)
        if happened:
            wrong.append(happened)
            if happened == "address-missing":
                return ""
            if happened == "address-default":
                return _DEFAULT_ADDRESSES[int(draw() * len(_DEFAULT_ADDRESSES))]
            if home.building and not home.latin:
                at_next_door = draw() < 0.5
                home = (
                    home._replace(room=home.room + 1)
                    if at_next_door
                    else home._replace(road=ROADS[int(draw() * len(ROADS))])
                )
                return whole(home)
            return errors.swapped(self.random, whole(home))
        return shortened(home, self.random) if draw() < rates.address_short else whole(home)


def _lender(person: Person, random: Random) -> Person | None:
    """Choose who of the family lends her card."""
    lenders = [other for other in person.family if other.id_number and other is not person]
    return lenders[int(random.random() * len(lenders))] if lenders else None


def _phone_form(phone: str, part: float, *, western_form: bool) -> str:
    """Write eleven digits with the country's code or with spaces."""
    if western_form:
        return f"+44{phone[1:]}" if part < 0.4 else f"{phone[:5]} {phone[5:]}"
    if part < 0.4:
        return f"+86{phone}" if part < 0.3 else f"86-{phone}"
    return f"{phone[:3]} {phone[3:7]} {phone[7:]}"


_BORN_ERRORS: Final[dict[str, Callable[[Random, str, int], str]]] = {
    "born-missing": lambda _random, _true, _day: "",
    "born-swap": lambda _random, true, _day: errors.day_and_month(true),
    "born-year": lambda random, true, _day: errors.year_off(random, true),
    "born-year-only": lambda _random, true, _day: true[:4],
    "born-month-only": lambda _random, true, _day: true[:7],
    "born-day": lambda random, true, _day: errors.another_day(random, true),
    "born-default": lambda random, _true, _day: errors.default_date(random),
    "born-lunar": lambda _random, _true, day: errors.lunar_date(day),
}
_HAN_ERRORS: Final[dict[str, Callable[[Random, str], str]]] = {
    "name-homophone": errors.homophone,
    "name-lookalike": errors.lookalike,
    "name-traditional": lambda _random, text: traditional(text),
    "name-dropped": errors.dropped,
    "name-added": errors.added,
    "name-swapped": errors.swapped,
    "name-rare": errors.unwritable,
    "name-spaced": lambda random, text: (" " if random.random() < 0.6 else "\u3000").join(text),
    "name-default": lambda random, _text: errors.DEFAULT_NAMES[int(random.random() * len(errors.DEFAULT_NAMES))],
}
_WESTERN_ERRORS: Final[dict[str, Callable[[Random, str], str]]] = {
    "name-spelling": errors.spelling,
    "name-mistyped": errors.mistyped,
    "name-dropped": errors.dropped,
    "name-added": errors.added,
}


def _han_error(random: Random, happened: str, text: str, name: Name, source: Source) -> str:
    """Get a name in characters wrong."""
    if happened != "name-pinyin":
        return _HAN_ERRORS[happened](random, text)
    sound, _, given = name.latin.partition(" ")
    return latin(source, sound, given, random) if name.latin else text


def _western_error(random: Random, happened: str, name: Name, wrong: list[str]) -> tuple[str, str]:
    """Get a Western name wrong; give surname and given name as written."""
    surname, given = name.surname, name.given
    if happened == "name-plain":
        surname, given = western.plain(surname), western.plain(given)
    elif happened == "name-short":
        given = errors.short_form(given)
    elif happened == "name-swapped":
        surname, given = given, surname
    elif random.random() < 0.5:
        surname = _WESTERN_ERRORS[happened](random, surname)
    else:
        given = _WESTERN_ERRORS[happened](random, given)
    if (surname, given) != (name.surname, name.given):
        wrong.append(happened)
    return surname, given
