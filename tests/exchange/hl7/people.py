"""Invented people of these tests, and messages about them; no number here can be anybody's."""

from __future__ import annotations

from carecode.exchange.hl7.correspondent import Correspondent
from carecode.identity.citizen import check_character

COUNTY = Correspondent(
    "county-2", "county-2/system", frozenset({("HIS", "COUNTY2"), ("LIS", "COUNTY2")}), "COUNTY2", frozenset({"1.2.99"})
)
CITY = Correspondent("city-1", "city-1/system", frozenset({("EMR", "CITY1")}), "CITY1", takes_unlink=True)


def citizen(born: str, sequence: int) -> str:
    """A citizen number of area 990105, which no county has."""
    body = f"990105{born}{sequence:03d}"
    return body + check_character(body)


MEI = citizen("19850314", 902)
LAN = citizen("19791102", 904)


def msh(event: str, control_id: str, *, system: str = "HIS|COUNTY2", charset: str = "UNICODE UTF-8") -> str:
    kind = f"QBP^{event}^QBP_Q21" if event.startswith("Q") else f"ADT^{event}"
    return f"MSH|^~\\&|{system}|CARECODE|CARECODE|20261124090000+0800||{kind}|{control_id}|P|2.5||||||{charset}"


def person(number: str, name: str = "林^梅", born: str = "19850314", sex: str = "F", **more: str) -> str:
    """Write a PID; ``more``: national, phone, authority."""
    own = f"{number}^^^{more.get('authority', 'COUNTY2')}^MR"
    national = more.get("national", "")
    ids = f"{own}~{national}^^^&2.16.156.10011.1.3&ISO^NI" if national else own
    phone = more.get("phone", "")
    return f"PID|||{ids}||{name}^^^^^L^I||{born}|{sex}|||||{'^PRN^CP^^^^' + phone if phone else ''}"


def message(*lines: str) -> bytes:
    return ("\r".join(lines) + "\r").encode()


def add(control_id: str, pid: str, event: str = "A28", system: str = "HIS|COUNTY2") -> bytes:
    return message(msh(event, control_id, system=system), f"EVN|{event}|20261124090000", pid, "PV1|1|N")


def merge(control_id: str, stays: str, goes: str, system: str = "HIS|COUNTY2", authority: str = "COUNTY2") -> bytes:
    return message(
        msh("A40", control_id, system=system),
        "EVN|A40|20261124090000",
        f"PID|||{stays}^^^{authority}^MR||林^梅^^^^^L^I",
        f"MRG|{goes}^^^{authority}^MR",
    )


def numbers_of(control_id: str, number: str, wanted: str = "", authority: str = "COUNTY2", kind: str = "MR") -> bytes:
    system = "HIS|COUNTY2" if authority != "CITY1" else "EMR|CITY1"
    return message(
        msh("Q23", control_id, system=system),
        f"QPD|IHE PIX Query|T{control_id}|{number}^^^{authority}^{kind}|{wanted}",
        "RCP|I",
    )


def who_is(control_id: str, *parameters: str, system: str = "HIS|COUNTY2") -> bytes:
    asked = "~".join(f"@{each}" for each in parameters)
    return message(msh("Q22", control_id, system=system), f"QPD|IHE PDQ Query|T{control_id}|{asked}", "RCP|I")


def fields(answer: bytes, name: str) -> list[list[str]]:
    """Every segment of a name in an answer, split at its fields."""
    return [line.split("|") for line in answer.decode().split("\r") if line.startswith(name)]


def said(answer: bytes) -> str:
    """AA, AE or AR."""
    return fields(answer, "MSA")[0][1]


def own_numbers(answer: bytes) -> list[str]:
    """The numbers of PID-3 by the asker's own authority, none when nobody was found."""
    found = fields(answer, "PID")
    return [part.split("^")[0] for pid in found for part in pid[3].split("~") if "CARECODE" not in part]
