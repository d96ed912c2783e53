"""Who acts for whom: by a code typed on her own phone, by registration, within an age, and until she ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.app import App
from carecode.disclosure.ages import GUARDIAN_AGES, ages_of, at_age
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.delegationbook import Scope
from carecode.disclosure.people import Staff, herself
from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError, RefusedError, UnavailableError
from carecode.kernel.vocabulary import ALL_CATEGORIES, SENSITIVE, Category, Closed, Requester, Role
from tests.disclosure.family import DECIDES, MEDICINES, Family, family_of

DAY = timedelta(days=1)
TODAY = date(2026, 11, 23)


@pytest.fixture
async def family(house: App) -> Family:
    return await family_of(house)


# Ages


@given(st.dates(date(1980, 1, 1), TODAY))
def test_a_guardian_sees_all_until_twelve_nothing_sensitive_until_sixteen_then_nothing(born: date) -> None:
    years = TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))
    age = at_age(GUARDIAN_AGES, born, TODAY)
    seen = None if age is None else age.labels
    assert seen == (SENSITIVE if years < 12 else Closed(0) if years < 16 else None)


def test_of_nobody_whose_age_is_unknown_a_guardian_sees_anything() -> None:
    assert at_age(GUARDIAN_AGES, None, TODAY) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '[{"until_years": 16, "sensitive": true}, {"until_years": 12, "sensitive": false}]',
        '[{"until_years": 12, "sensitive": true}, {"until_years": 12, "sensitive": false}]',
        '[{"until_years": 99, "sensitive": true}]',
        '[{"until_years": 0, "sensitive": true}]',
        '[{"until_years": 12, "sensitive": true, "categories": ["salary"]}]',
        '[{"until_years": 12, "sensitive": true, "labels": 3}]',
    ],
)
def test_ages_that_say_nothing_clear_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        ages_of(text)


async def test_a_guardians_view_follows_the_childs_age_and_ends_by_itself(family: Family) -> None:
    """In what the gate reads too, not only in what pages ask."""
    house, child, parent = family.house, family.child, family.helper
    await house.delegations.register_guardian(child, parent, None, family.now)
    await house.delegations.register_guardian(child, parent, None, family.now)  # once
    seen = []
    for years in (3, 12, 15):
        now = family.now.replace(year=2023 + years, month=12, day=2)
        acting = await house.delegations.acting(parent.id, child, now)
        assert acting is not None
        state = await house.decisions.state(child, acting.requester, now)
        assert (state.delegated, state.guardian, state.herself) == (True, True, False)
        assert acting.scope.labels == state.open_labels
        seen.append((years, state.open_labels, state.closed_categories, acting.sees_all))
    assert seen == [
        (3, SENSITIVE, frozenset(), True),
        (12, Closed(0), frozenset(), False),
        (15, Closed(0), frozenset(), False),
    ]
    later = family.now.replace(year=2039, month=6, day=1)
    assert await house.delegations.acting(parent.id, child, later) is None
    assert acting is not None
    assert not (await house.decisions.state(child, acting.requester, later)).delegated
    assert await house.delegations.for_whom(parent.id, later) == []


async def test_the_operator_sets_the_ages(family: Family) -> None:
    house, child, parent = family.house, family.child, family.helper
    await house.delegations.register_guardian(child, parent, None, family.now)
    with pytest.raises(InvalidInputError):
        await house.delegations.guardians.set_ages("[]")
    await house.delegations.guardians.set_ages('[{"until_years": 14, "sensitive": false, "categories": ["allergies"]}]')
    acting = await house.delegations.acting(parent.id, child, family.now)
    assert acting is not None
    assert (acting.scope.categories, acting.scope.labels) == (frozenset({Category.ALLERGIES}), Closed(0))


async def test_a_guardianship_ends_by_its_day_and_by_registration_and_by_nobodys_wish(family: Family) -> None:
    house, child, parent = family.house, family.child, family.helper
    with pytest.raises(RefusedError):
        await house.delegations.register_guardian(child, child, None, family.now)
    await house.delegations.register_guardian(child, parent, family.now + DAY, family.now)
    assert await house.delegations.acting(parent.id, child, family.now + 2 * DAY) is None
    [one] = await house.delegations.for_whom(parent.id, family.now)
    for work in (
        house.delegations.end(herself(child.id), one.id, family.now),
        house.delegations.stop(parent.id, one.id, family.now),
    ):
        with pytest.raises(RefusedError):
            await work
    await house.delegations.guardians.end(child, parent, family.now)
    assert await house.delegations.acting(parent.id, child, family.now) is None


# Delegates


async def test_nobody_acts_before_both_said_yes(family: Family) -> None:
    await family.ask()
    assert await family.acting() is None
    [asked] = await family.house.delegations.for_whom(family.helper.id, family.now)
    with pytest.raises(NotFoundError):  # somebody else accepts
        await family.house.delegations.accept(family.third.id, asked.id, family.now)
    assert await family.acting() is None
    await family.house.delegations.accept(family.helper.id, asked.id, family.now)
    assert await family.acting() is not None
    with pytest.raises(NotFoundError):
        await family.house.delegations.accept(family.helper.id, asked.id, family.now)


async def test_a_delegate_sees_the_scope_and_no_more_and_the_log_names_both(family: Family) -> None:
    acting = await family.settle()
    state = await family.house.decisions.state(family.her, acting.requester, family.now)
    assert (state.delegated, state.guardian, state.herself) == (True, False, False)
    assert ALL_CATEGORIES - state.closed_categories == MEDICINES.categories
    assert state.open_labels == Closed.PSY
    assert acting.requester.name == "王静"
    assert acting.requester.title == "who acts for you"
    assert acting.requester.id.startswith("delegate:")
    assert str(family.helper.id) not in acting.requester.id
    assert await family.log() == [("王静", "delegate accepted"), ("herself", "delegate asked")]


async def test_what_she_opens_to_institutions_is_not_opened_to_delegates(family: Family) -> None:
    acting = await family.settle(Scope())
    await family.house.privacy.decide(family.me, Wish(Kind.LABEL, "open", about="1"))
    state = await family.house.decisions.state(family.her, acting.requester, family.now)
    assert state.open_labels == Closed(0)


async def test_the_log_names_a_delegate_differently_for_each_resident(family: Family) -> None:
    acting = await family.settle()
    await family.house.delegations.register_guardian(family.child, family.helper, None, family.now)
    other = await family.house.delegations.acting(family.helper.id, family.child, family.now)
    assert other is not None
    assert other.requester.id != acting.requester.id
    forged = replace(acting.requester, resident=family.child.id)
    assert not (await family.house.decisions.state(family.child, forged, family.now)).delegated
    assert await family.house.delegations.acting_as(forged, family.now) is None


@pytest.mark.parametrize("by", ["herself", "the delegate"])
async def test_an_ended_delegation_ends_at_once(family: Family, by: str) -> None:
    acting = await family.settle(DECIDES)
    state = await family.house.decisions.state(family.her, acting.requester, family.now)
    [one] = await family.house.delegations.by_whom(family.me, family.now)
    if by == "herself":
        await family.house.delegations.end(family.me, one.id, family.now)
    else:
        await family.house.delegations.stop(family.helper.id, one.id, family.now)
    after = await family.house.decisions.state(family.her, acting.requester, family.now)
    assert (after.delegated, after.herself, after.closed_categories) == (False, False, ALL_CATEGORIES)
    assert await family.acting() is None
    assert await family.house.delegations.acting_as(acting.requester, family.now) is None
    with pytest.raises(RefusedError):
        await family.house.privacy.decide(acting.requester, Wish(Kind.EMERGENCY, "no"))
    purpose = acting.requester.purpose
    assert purpose is not None
    with pytest.raises(CareCodeError, match="changed a decision"):  # what was decided before seals nothing now
        await family.house.log.seal(family.her, acting.requester, purpose, [], "x", decided_at=state.decided_at)
    with pytest.raises(NotFoundError):
        await family.house.delegations.end(family.me, one.id, family.now)


async def test_a_new_scope_takes_the_place_of_the_old(family: Family) -> None:
    await family.settle()
    await family.ask(DECIDES)
    [asked] = await family.house.delegations.for_whom(family.helper.id, family.now)
    assert await family.acting() is None
    await family.house.delegations.accept(family.helper.id, asked.id, family.now)
    acting = await family.acting()
    assert acting is not None
    assert acting.may_decide


async def test_a_delegate_of_a_delegate_is_refused_in_words(family: Family) -> None:
    acting = await family.settle(DECIDES)
    code = await family.house.delegations.codes.offer(family.third.id, family.now)
    for work in (
        family.house.delegations.grant(acting.requester, code, Scope(), family.now),
        family.house.delegations.by_whom(acting.requester, family.now),
    ):
        with pytest.raises(RefusedError) as error:
            await work
        assert error.value.code == "delegate-of-delegate"
        assert "herself" in error.value.message
    assert await family.house.delegations.for_whom(family.third.id, family.now) == []


# Codes


async def test_a_code_is_good_once_and_for_ten_minutes(family: Family) -> None:
    delegations = family.house.delegations
    code = await delegations.codes.offer(family.helper.id, family.now)
    spoken = f" {code[:4]}-{code[4:]} "
    assert (await delegations.offered(family.me, spoken, family.now)).id == family.helper.id
    with pytest.raises(RefusedError):
        await delegations.offered(family.me, code, family.now + timedelta(minutes=10))
    await delegations.grant(family.me, spoken, MEDICINES, family.now)
    with pytest.raises(RefusedError):
        await delegations.grant(family.me, code, MEDICINES, family.now)
    first = await delegations.codes.offer(family.helper.id, family.now)
    await delegations.codes.offer(family.helper.id, family.now)
    with pytest.raises(RefusedError):
        await delegations.offered(family.me, first, family.now)  # a new one ends the old one
    own = await delegations.codes.offer(family.her.id, family.now)
    with pytest.raises(RefusedError) as error:
        await delegations.grant(family.me, own, MEDICINES, family.now)
    assert error.value.code == "family-code-own"


async def test_wrong_codes_are_counted(family: Family) -> None:
    for text in ("", "1234567", "123456789", "١٢٣٤٥٦٧٨"):
        with pytest.raises(InvalidInputError):
            await family.house.delegations.offered(family.me, text, family.now)
    for number in range(10):
        with pytest.raises(RefusedError):
            await family.house.delegations.offered(family.me, f"{number:08d}", family.now, "here")
    with pytest.raises(UnavailableError):
        await family.house.delegations.offered(family.me, "00000011", family.now, "here")


async def test_contradictions_are_refused_and_use_no_code_up(family: Family) -> None:
    code = await family.house.delegations.codes.offer(family.helper.id, family.now)
    for scope, until in ((MEDICINES, family.now - DAY), (Scope(frozenset()), None)):
        with pytest.raises(InvalidInputError):
            await family.house.delegations.grant(family.me, code, scope, family.now, until=until)
    await family.house.delegations.grant(family.me, code, MEDICINES, family.now, until=family.now + DAY)


# What a delegate decides


async def test_only_who_may_decide_decides_and_her_own_word_stands_above(family: Family) -> None:
    privacy = family.house.privacy
    acting = await family.settle(MEDICINES)
    with pytest.raises(RefusedError):
        await privacy.decide(acting.requester, Wish(Kind.INSTITUTION, "refuse", "county-2"))
    acting = await family.settle(DECIDES)
    doctor = Requester("doctor", Role.CLINICIAN, "county-2", "Dr Zhao", "")
    await privacy.decide(acting.requester, Wish(Kind.INSTITUTION, "refuse", "county-2"))
    assert (await family.house.decisions.state(family.her, doctor, family.house.clock())).refused
    await privacy.decide(family.me, Wish(Kind.INSTITUTION, "summary", "county-2"))
    await privacy.decide(acting.requester, Wish(Kind.INSTITUTION, "allow", "county-2"))
    state = await family.house.decisions.state(family.her, doctor, family.house.clock())
    assert state.closed_categories  # the delegate's later word, and no error that would tell of hers
    assert [x.made_by for x in await privacy.history(family.me)] == [acting.requester.id, "self", acting.requester.id]


@pytest.mark.parametrize(
    "wish",
    [
        Wish(Kind.EVERYTHING, "out"),
        Wish(Kind.EXCHANGE, "out"),
        Wish(Kind.STATISTICS, "out"),
        Wish(Kind.EMERGENCY, "no"),
        Wish(Kind.LABEL, "open", about="4"),
        Wish(Kind.EMERGENCY_LABEL, "open", about="4"),
        Wish(Kind.KEEP, "keep", "county-2"),
        Wish(Kind.ENTRY, "hide", about="00000000-0000-0000-0000-000000000001"),
        Wish(Kind.VISIT, "hide", about="00000000-0000-0000-0000-000000000001"),
    ],
    ids=lambda x: x.kind.value,
)
async def test_what_is_hers_alone_no_delegate_decides(family: Family, wish: Wish) -> None:
    acting = await family.settle(DECIDES)
    for work in (family.house.privacy.decide, family.house.privacy.preview):
        with pytest.raises(RefusedError) as error:
            await work(acting.requester, wish)
        assert error.value.code == "decision-hers"
    assert await family.house.privacy.history(family.me) == []


async def test_which_hospital_sees_what_a_delegate_decides_and_a_guardian_decides_all(family: Family) -> None:
    privacy = family.house.privacy
    acting = await family.settle(DECIDES)
    for wish in (
        Wish(Kind.INSTITUTION, "refuse", "county-2"),
        Wish(Kind.NEWCOMERS, "ask"),
        Wish(Kind.CATEGORY, "close", about="6"),
        Wish(Kind.WINDOW, "7"),
    ):
        assert await privacy.decide(acting.requester, wish) is not None
    await family.house.delegations.register_guardian(family.child, family.helper, None, family.now)
    guardian = await family.house.delegations.acting(family.helper.id, family.child, family.now)
    assert guardian is not None
    assert await privacy.decide(guardian.requester, Wish(Kind.EMERGENCY, "no")) is not None


async def test_nobody_unknown_is_blocked_and_who_left_is_let_in_again(family: Family) -> None:
    privacy, people = family.house.privacy, family.house.people
    for whom in ("nobody", "@doctor", "county-2"):
        with pytest.raises(NotFoundError) as error:
            await privacy.decide(family.me, Wish(Kind.PERSON, "refuse", whom))
        assert error.value.code == "person-unknown"
    assert await privacy.history(family.me) == []
    await people.put_staff(Staff("doctor", "county-2", Role.CLINICIAN, "Dr Zhao", "", "", ""))
    assert await privacy.decide(family.me, Wish(Kind.PERSON, "refuse", "doctor")) is not None
    left = Wish(Kind.PERSON, "refuse", "gone")
    await family.house.decisions.decide(family.her, left, "self", family.house.clock())
    assert await privacy.decide(family.me, Wish(Kind.PERSON, "allow", "gone")) is not None


async def test_nobody_acts_until_a_day_too_far_away(family: Family) -> None:
    code = await family.house.delegations.codes.offer(family.helper.id, family.now)
    with pytest.raises(InvalidInputError) as error:
        await family.house.delegations.grant(
            family.me, code, MEDICINES, family.now, until=family.now.replace(year=9999)
        )
    assert error.value.code == "dates-far"


async def test_a_delegate_is_told_nothing_of_what_she_hid(family: Family) -> None:
    privacy = family.house.privacy
    acting = await family.settle(DECIDES)
    await privacy.decide(family.me, Wish(Kind.LABEL, "open", about="4"))
    await privacy.decide(family.me, Wish(Kind.INSTITUTION, "refuse", "county-2"))
    assert await privacy.history(acting.requester) == []
    assert await privacy.standing(acting.requester) == []
    assert {x.choice for x in await privacy.institutions(acting.requester)} == {"allow"}
    with pytest.raises(RefusedError):  # the log names psychiatrists: only for who sees everything
        await privacy.who_looked(acting.requester)
    [hers, _] = await privacy.history(family.me)
    with pytest.raises(NotFoundError):
        await privacy.undo(acting.requester, hers.id)


async def test_who_sees_everything_sees_who_looked_but_not_what_was_decided(family: Family) -> None:
    whole = await family.settle(Scope(labels=SENSITIVE, may_decide=True))
    await family.house.privacy.decide(family.me, Wish(Kind.LABEL, "open", about="4"))
    doctor = Requester("doctor", Role.CLINICIAN, "county-2", "Dr Zhao", "")
    purpose = whole.requester.purpose
    assert purpose is not None
    await family.house.log.append(family.her, doctor, "refuse", purpose, "no-code")
    assert [x.entry.basis for x in await family.house.privacy.who_looked(whole.requester)] == [
        "no-code",
        "delegate accepted",
    ]
