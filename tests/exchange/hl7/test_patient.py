"""PID segments as hospitals write them, read as persons."""

from __future__ import annotations

from datetime import date

import pytest

from carecode.exchange.hl7 import er7, patient
from carecode.exchange.hl7.faults import MessageError
from carecode.exchange.hl7.patient import Patient
from carecode.identity.linking.features import Placeholder, Precision
from carecode.identity.linking.standardise import standardise
from tests.exchange.hl7.people import COUNTY, LAN, MEI, msh

TODAY = "20261124"


def read(**fields: str) -> Patient:
    """Read a PID with these fields, ``f5=...``; it has a number of the sender's own unless ``f3`` is given."""
    numbered = {3: "M1^^^COUNTY2^MR"} | {int(name[1:]): text for name, text in fields.items()}
    text = msh("A28", "1") + "\r" + er7.segment("PID", numbered)
    return patient.read(er7.read(text.encode()).one("PID"), COUNTY, TODAY)


@pytest.mark.parametrize(
    ("sent", "name", "latin"),
    [
        ("林^梅^^^^^L^I~Lin^Mei^^^^^L^A", "林梅", "Mei Lin"),
        ("Lin^Mei^^^^^L^A~林^梅^^^^^L^I", "林梅", "Mei Lin"),
        ("林梅", "林梅", ""),
        ("欧阳^娜^^^^^L^I~Ouyang^Na^^^^^L^P", "欧阳娜", "Na Ouyang"),
        ("王^兰^^^^^M~林^梅^^^^^L", "林梅", ""),
        ("小梅^^^^^^N~林^梅^^^^^D", "林梅", ""),
        ("^^^^^^S~林^梅", "林梅", ""),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提", ""),
        ("Smith&&^Ann^Mary^^^^L", "Ann Mary Smith", "Ann Mary Smith"),
        ("", "", ""),
    ],
)
def test_names(sent: str, name: str, latin: str) -> None:
    assert (read(f5=sent).person.name, read(f5=sent).person.name_latin) == (name, latin)


def test_a_name_sent_in_parts_is_compared_like_one_sent_whole() -> None:
    parts, whole = (standardise(read(f5=sent).record) for sent in ("林^梅^^^^^L^I~Lin^Mei^^^^^L^A", "林梅"))
    assert (
        (parts.name, parts.surname, parts.pinyin)
        == (whole.name, whole.surname, whole.pinyin)
        == ("林梅", "林", "linmei")
    )


@pytest.mark.parametrize(
    ("sent", "whole", "born", "precision"),
    [
        ("19850314", date(1985, 3, 14), "19850314", Precision.DAY),
        ("198503142359+0800", date(1985, 3, 14), "19850314", Precision.DAY),
        ("1985", None, "1985", Precision.YEAR),
        ("198503", None, "198503", Precision.MONTH),
        ("19850101^Y", None, "1985", Precision.YEAR),
        ("19850314^L", None, "198503", Precision.MONTH),
        ("1985-03-14", None, "19850314", Precision.DAY),
        ("19850231", None, "198502", Precision.MONTH),
        ("19000101", None, "", Precision.NONE),
        ("unknown", None, "", Precision.NONE),
    ],
)
def test_birth_dates_keep_their_precision(sent: str, whole: date | None, born: str, precision: Precision) -> None:
    sent_by = read(f5="林^梅", f7=sent)
    features = standardise(sent_by.record)
    assert (sent_by.person.birth_date, features.born, features.born_precision) == (whole, born, precision)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (f"M1^^^COUNTY2^MR~{MEI}^^^&2.16.156.10011.1.3&ISO^NI", {"M1", MEI}),
        (f"M1^^^COUNTY2^MR~{MEI}^^^GA^NI", {"M1", MEI}),
        (f"M1^^^&1.2.99&ISO^PI~{MEI}^^^^NNCHN", {"M1", MEI}),
        ("M1", {"M1"}),
        ("M1^^^COUNTY2^MR~C9^^^CITY1^MR~V1^^^COUNTY2^VN~A2^^^COUNTY2^AN", {"M1"}),
        ("M1^^^COUNTY2^MR~E12345678^^^^PPN", {"M1", "E12345678"}),
        ("M1^^^COUNTY2^MR~H12345678^^^^PPN^^^^HKG", {"M1", "H12345678"}),
        ("M1^^^COUNTY2^MR~E7654321^^^COUNTY2^MR^^^20200101", {"M1"}),
        ("M1^^^COUNTY2^MR~99^^^^U~HOUSE7^^^&urn:carecode:id:household-register&URI^U", {"M1"}),
        ("M1^^^COUNTY2^MR~M1^^^COUNTY2^MR", {"M1"}),
    ],
    ids=[
        "by OID",
        "by type",
        "by our OID",
        "no authority",
        "others",
        "passport",
        "permit",
        "expired",
        "household",
        "twice",
    ],
)
def test_numbers_that_count(sent: str, found: set[str]) -> None:
    assert {each.value for each in read(f3=sent).identifiers} == found


def test_kinds_of_documents() -> None:
    kinds = {
        each.kind for each in read(f3=f"M1~{MEI}^^^^NI~E12345678^^^^PPN^^^^FRA~H12345678^^^HKG^PPN~AB1234^^^^NH").others
    }
    assert kinds == {"citizen-id", "passport", "hm-permit", "insurance"}
    [french] = read(f3="M1~E12345678^^^^PPN^^^^FRA").others
    assert french.system.endswith("-FRA")


def test_the_citizen_number_in_pid_19_counts_if_it_keeps_its_rule() -> None:
    assert {each.value for each in read(f19=MEI).others} == {MEI}
    assert read(f19="123-45-6789").others == ()
    assert len(read(f3=f"M1~{MEI}^^^^NI", f19=MEI).others) == 1


@pytest.mark.parametrize("sent", ["", "C9^^^CITY1^MR", f"{MEI}^^^^NI", "^^^COUNTY2^MR"])
def test_without_a_number_of_the_senders_own_nobody_is_registered(sent: str) -> None:
    with pytest.raises(MessageError, match="no number of your own"):
        read(f3=sent)


@pytest.mark.parametrize(
    ("fields", "name", "mother", "order"),
    [
        ({"f6": "林^梅", "f21": "M1^^^COUNTY2^MR", "f8": "F"}, "林梅之女", "林梅", ""),
        ({"f6": "林^梅", "f21": "M1^^^COUNTY2^MR", "f8": "M", "f24": "Y", "f25": "2"}, "林梅之子2", "林梅", "2"),
        ({"f6": "林^梅", "f21": "M1^^^COUNTY2^MR"}, "林梅之婴", "林梅", ""),
        ({"f5": "林梅之女", "f24": "Y", "f25": "1"}, "林梅之女1", "林梅", "1"),
    ],
)
def test_newborns_are_named_by_their_mother(fields: dict[str, str], name: str, mother: str, order: str) -> None:
    found = read(f7="20261123", **fields)
    features = standardise(found.record)
    assert (found.person.name, features.placeholder, features.mother, features.birth_order) == (
        name, Placeholder.NEWBORN, mother, order,
    )  # fmt: skip
    assert [each.value for each in found.identifiers] == ["M1"]


def test_a_mothers_name_is_no_childs_name_without_her_number() -> None:
    assert read(f6="林^梅").person.name == ""


def test_somebody_unknown_has_no_name() -> None:
    assert read(f5="无名氏", f31="Y").record.names == ()
    assert standardise(read(f5="无名氏").record).placeholder is Placeholder.UNKNOWN


@pytest.mark.parametrize(
    ("sent", "phone"),
    [
        ("^PRN^CP^^86^^13900001234", "13900001234"),
        ("13900001234", "13900001234"),
        ("^PRN^PH^^^0731^88881234", "073188881234"),
        ("^PRN^PH^^^^^^^^^0731-88881234", "073188881234"),
        ("^WPN^PH^^^0731^88880000~^PRN^CP^^^^13900001234", "13900001234"),
        ("^NET^Internet^mei@example.org", ""),
        ("^PRN^FX^^^0731^88881234", ""),
    ],
)
def test_telephones(sent: str, phone: str) -> None:
    assert standardise(read(f13=sent).record).phone == phone


def test_addresses_are_compared_like_those_of_other_sources() -> None:
    apart = standardise(read(f11="中山路5号2单元301室^^长沙市^湖南省^410000^CHN^H^^芙蓉区").record)
    whole = standardise(read(f11="湖南省长沙市芙蓉区中山路5号2单元301室").record)
    assert apart.door == whole.door != ""
    assert standardise(read(f11="中山路5号^^长沙市^湖南省^^CHN^BDL").record).door == ""
    assert standardise(read(f11="中山路5号301^^长沙市^湖南省^^CHN^O").record).door == ""
    assert standardise(read(f11="&中山路&5号^^长沙市").record).door != ""


@pytest.mark.parametrize(
    ("sent", "sex"), [("F", "female"), ("2", "female"), ("M", "male"), ("U", ""), ("9", ""), ("", "")]
)
def test_sexes(sent: str, sex: str) -> None:
    assert standardise(read(f8=sent).record).sex == sex


def test_what_a_message_contradicts_in_itself_is_said_without_values() -> None:
    found = read(f3=f"M1~{LAN}^^^^NI", f5="林^梅", f7="19850314", f8="M")
    assert len(found.warnings) == 2
    assert not any(LAN in words for words in found.warnings)
