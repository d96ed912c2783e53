from __future__ import annotations

from itertools import product

import msgspec
import pytest
from hypothesis import given

from carecode.identity.linking.features import Features, Placeholder, Precision
from carecode.identity.linking.guards import RULES, Verdict, guard, without
from carecode.identity.linking.levels import FIELDS, Contact, Levels, compare
from tests.identity.linking.test_levels import LIN, any_features, change

TWIN = {"name": "林晓红", "given": "晓红", "pinyin": "linxiaohong", "given_pinyin": "xiaohong"}
BROTHER = {"name": "林国强", "given": "国强", "pinyin": "linguoqiang", "given_pinyin": "guoqiang"}
OTHER_NUMBER = {"number": "990106197001010015", "other_number": ""}
NO_NUMBER = {"number": "", "number_kind": "", "number_holds": False, "other_number": ""}
OTHER_HOME = {"phone": "13900000009", "door": "长江路1号", "locality": "990106"}


def found(**values: object) -> tuple[str, Verdict]:
    other = change(**values)
    rule = guard(LIN, other, compare(LIN, other))
    return rule.rule, rule.verdict


@pytest.mark.parametrize(
    ("values", "rule", "verdict"),
    [
        # two numbers that hold
        ({**OTHER_NUMBER, **BROTHER}, "two-numbers", Verdict.NEVER),
        ({**OTHER_NUMBER, "sex": "male"}, "two-numbers", Verdict.NEVER),
        ({**OTHER_NUMBER, **OTHER_HOME}, "two-numbers-one-name", Verdict.ASK),
        (OTHER_NUMBER, "two-numbers-one-home", Verdict.REVIEW),
        ({"number": "990105198503120042", **TWIN}, "two-numbers", Verdict.NEVER),  # twins, one number after the other
        # a borrowed card: name, birth or both are the borrower's own
        ({**BROTHER, "born": "19700101", "sex": "male"}, "borrowed-number", Verdict.ASK),
        (BROTHER, "borrowed-number", Verdict.ASK),
        (TWIN, "borrowed-number", Verdict.ASK),
        ({"born": "19700615"}, "borrowed-number", Verdict.ASK),
        ({"born": "19850313", "phone": "", "other_number": ""}, "borrowed-number", Verdict.ASK),
        ({"born": "19850313", "sex": "male"}, "borrowed-number", Verdict.ASK),
        ({"born": "19850327"}, "borrowed-number", Verdict.ASK),
        (
            {"name": "王晓梅", "surname": "王", "pinyin": "wangxiaomei", "born": "19700615"},
            "borrowed-number",
            Verdict.ASK,
        ),
        ({"name": "林梅", "given": "梅", "pinyin": "linmei", "other_number": ""}, "borrowed-number", Verdict.ASK),
        ({"name": "林梅", "given": "梅", "pinyin": "linmei", "sex": "male"}, "borrowed-number", Verdict.ASK),
        ({"born": "19860312", "other_number": ""}, "", Verdict.FREE),  # a slip of one digit, and her phone
        ({"born": "19960327"}, "borrowed-number", Verdict.ASK),
        ({"name": "王晓梅", "surname": "王", "pinyin": "wangxiaomei", **OTHER_HOME}, "", Verdict.FREE),  # two numbers
        (
            {"name": "王晓梅", "surname": "王", "pinyin": "wangxiaomei", **OTHER_HOME, "other_number": ""},
            "borrowed-number",
            Verdict.ASK,
        ),
        ({"number": "", "name": "", "pinyin": "", "born": "19870909"}, "too-little", Verdict.ASK),  # and no name on it
        ({"number": "", **BROTHER}, "borrowed-other-number", Verdict.ASK),  # the insurance card
        # twins, brothers and sisters
        ({**NO_NUMBER, **TWIN}, "twins", Verdict.ASK),
        ({**NO_NUMBER, **TWIN, "sex": "male"}, "twins", Verdict.NEVER),
        ({**NO_NUMBER, **BROTHER}, "twins", Verdict.NEVER),
        ({**NO_NUMBER, **TWIN, **OTHER_HOME}, "other-name", Verdict.ASK),
        ({**NO_NUMBER, **TWIN, "born": "19870909"}, "other-name", Verdict.ASK),
        ({**NO_NUMBER, "born": "19600909"}, "one-name-at-home", Verdict.ASK),  # father and son
        ({**NO_NUMBER, "born": "19600312"}, "one-name-at-home", Verdict.ASK),
        ({**NO_NUMBER, "born": "19850313"}, "", Verdict.FREE),
        ({**NO_NUMBER, "name": "王晓梅", "surname": "王", "pinyin": "wangxiaomei"}, "other-name", Verdict.ASK),
        ({**NO_NUMBER, "name": "林小妹", "given": "小妹"}, "twins", Verdict.ASK),  # called almost the same
        ({**NO_NUMBER, "name": "lin xiaomei", "surname": "lin", "given": "xiaomei"}, "", Verdict.FREE),  # in letters
        ({**NO_NUMBER, "name": "lin xiaomei", "given": "xiaomei", "sex": "male"}, "twins", Verdict.ASK),
        # one name and one birth date
        ({**NO_NUMBER, **OTHER_HOME}, "namesakes", Verdict.ASK),
        ({**NO_NUMBER, "phone": "", "door": "", "locality": ""}, "namesakes", Verdict.ASK),
        # too little
        ({**NO_NUMBER, "name": "", "pinyin": "", "given_pinyin": ""}, "too-little", Verdict.ASK),
        ({**NO_NUMBER, "born": "", "born_precision": Precision.NONE}, "too-little", Verdict.ASK),
        ({**NO_NUMBER, "placeholder": Placeholder.UNKNOWN, "name": ""}, "unknown-person", Verdict.ASK),
        # nothing speaks against it
        ({}, "", Verdict.FREE),
        (NO_NUMBER, "", Verdict.FREE),
        ({**OTHER_HOME, "other_number": ""}, "", Verdict.FREE),
        ({"born": "19850313"}, "", Verdict.FREE),  # a slip, and her phone
        ({"name": "王晓梅", "surname": "王", "pinyin": "wangxiaomei"}, "", Verdict.FREE),  # a married name
        ({"name": "林梅", "given": "梅", "pinyin": "linmei"}, "", Verdict.FREE),  # a lost character, and her phone
        ({"born": "19851203", "phone": "", "door": ""}, "", Verdict.FREE),  # day and month
    ],
)
def test_rules(values: dict[str, object], rule: str, verdict: Verdict) -> None:
    assert found(**values) == (rule, verdict)


def test_a_namesake_of_one_day_in_one_street_is_asked_about() -> None:
    one = change(**{**NO_NUMBER, "phone": "", "door": "", "street": "和平街"})
    assert compare(one, one).contact is Contact.PLACE
    assert guard(one, one, compare(one, one)).verdict is Verdict.ASK


def newborn(**values: object) -> Features:
    plain: dict[str, object] = {
        "placeholder": Placeholder.NEWBORN,
        "name": "林晓梅之女",
        "mother": "林晓梅",
        "born": "20260601",
        "born_precision": Precision.DAY,
        "sex": "female",
        "phone": LIN.phone,
        "door": LIN.door,
    }
    return Features(**{**plain, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        (newborn(), Verdict.ASK),
        (newborn(sex="male"), Verdict.NEVER),
        (newborn(mother="王芳"), Verdict.NEVER),
        (newborn(born="20240229"), Verdict.NEVER),
        (newborn(birth_order="2"), Verdict.NEVER),
        (newborn(placeholder=Placeholder.NOT, mother="", name="林小雨"), Verdict.ASK),
        (newborn(phone="", door=""), Verdict.ASK),
        (LIN, Verdict.NEVER),  # her mother
    ],
)
def test_a_newborn_without_a_name_is_never_linked_silently(other: Features, verdict: Verdict) -> None:
    one = newborn(birth_order="1")
    assert guard(one, other, compare(one, other)).verdict is verdict


def test_a_newborn_with_a_number_is_nobody_else() -> None:
    one = newborn(number=LIN.number, number_kind="citizen-id", number_holds=True)
    assert guard(one, one, compare(one, one)).verdict is Verdict.FREE


@given(any_features(), any_features())
def test_guards_are_symmetrical(left: Features, right: Features) -> None:
    assert guard(left, right, compare(left, right)) == guard(right, left, compare(right, left))


EVERY_PATTERN = [Levels._make(levels) for levels in product(*FIELDS.values())]


def test_no_pattern_is_free_without_two_proofs() -> None:
    """Every pattern there is: free means a number with a name or birth, or a name with a home and a birth."""
    assert len(EVERY_PATTERN) > 60_000
    for levels in EVERY_PATTERN:
        if guard(LIN, LIN, levels).verdict is Verdict.FREE:
            number = levels.number.name in {"EXACT", "NEAR"} or levels.other.name in {"EXACT", "NEAR"}
            whole = levels.name.name in {"EXACT", "SOUND", "TURNED", "UNREADABLE", "TYPO"}
            part = levels.name.name in {"GIVEN", "DROPPED", "SHARED", "SURNAME", "DIFFERENT"}
            born = levels.born.name in {"EXACT", "SWAPPED", "LUNAR", "COARSE"}
            slip = born or levels.born.name in {"DIGIT", "MONTH"}
            home = levels.contact.name in {"BOTH", "PHONE", "DOOR", "DOOR_NEAR"}
            assert (number and (whole or born)) or (whole and home and slip), levels
            assert not part or levels.number.name == "EXACT" or levels.other.name == "EXACT", levels


def test_two_numbers_that_hold_are_never_free() -> None:
    for levels in EVERY_PATTERN:
        if levels.number.name in {"NEIGHBOUR", "DIFFERENT"}:
            assert guard(LIN, LIN, levels).verdict >= Verdict.ASK, levels


def test_every_rule_has_a_sentence_and_speaks() -> None:
    rules = {guard(LIN, LIN, levels) for levels in EVERY_PATTERN}
    assert all((rule.rule == "") == (rule.verdict is Verdict.FREE) for rule in rules)
    spoken = {rule.rule for rule in rules} - {""}
    assert spoken == set(RULES) - {"newborn", "newborn-unnamed", "unknown-person"}


def test_values_that_stand_for_many_are_blanked() -> None:
    assert without(LIN, frozenset()) is LIN
    assert without(LIN, frozenset({"phone", "number"})) == msgspec.structs.replace(LIN, phone="", number="")
