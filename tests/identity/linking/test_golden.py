"""The golden record: each facet from one source, chosen by rule, in whatever order the sources come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.held import Assurance
from carecode.identity.linking.features import Features, Placeholder, Precision
from carecode.identity.linking.golden import FACETS, SURVIVORSHIP, Claim, Rule, golden

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def claim(number: int, features: Features, *, days: int = 0, **more: object) -> Claim:
    fields: dict[str, object] = {"source": f"county-{number}", "recorded_at": NOW + timedelta(days=days), **more}
    return Claim(rid=UUID(int=number), features=features, **fields)  # type: ignore[arg-type]


FEATURES = st.builds(
    Features,
    name=st.sampled_from(["", "林梅", "林眉"]),
    surname=st.sampled_from(["", "林"]),
    placeholder=st.sampled_from(Placeholder),
    born=st.sampled_from(["", "19850314"]),
    born_precision=st.sampled_from(Precision),
    sex=st.sampled_from(["", "male", "female"]),
    phone=st.sampled_from(["", "1", "2"]),
    door=st.sampled_from(["", "d"]),
    locality=st.sampled_from(["", "990101"]),
    number=st.sampled_from(["", "n1", "n2"]),
    number_holds=st.booleans(),
)


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    return [
        claim(
            number,
            draw(FEATURES),
            days=draw(st.integers(0, 2)),
            rank=draw(st.integers(0, 1)),
            assurance=draw(st.sampled_from(Assurance)),
            source=draw(st.sampled_from(["a", "b"])),
            superseded_by=draw(st.sampled_from([None, None, UUID(int=99)])),
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]


@given(claims(), st.randoms(use_true_random=False))
def test_every_facet_is_what_one_record_said_whatever_the_order(said: list[Claim], chance: object) -> None:
    shuffled = list(said)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    view = golden(said)
    assert view == golden(shuffled)
    by_rid = {each.rid: each for each in said}
    for facet, survivor in view.items():
        source = by_rid[survivor.rid]
        assert source.superseded_by is None
        assert dict(survivor.values) == {field: getattr(source.features, field) for field in FACETS[facet]}
        assert survivor.source == source.source
        assert 1 <= survivor.agreeing <= len(said)
        assert survivor.rid not in survivor.others


def test_every_field_but_none_twice_survives_with_some_facet() -> None:
    fields = [field for each in FACETS.values() for field in each]
    assert sorted(fields) == sorted(Features.__struct_fields__)
    assert SURVIVORSHIP.keys() == FACETS.keys()


def test_assurance_comes_before_rank_before_agreement_before_recency() -> None:
    man, woman = Features(sex="male"), Features(sex="female")
    verified = claim(1, woman, assurance=Assurance.VERIFIED)
    ranked = claim(2, man, rank=5, days=3)
    assert golden([verified, ranked])["sex"].rid == verified.rid
    assert golden([claim(1, woman), ranked])["sex"].rid == ranked.rid
    assert golden([claim(1, woman), claim(2, woman), claim(3, man, days=9)])["sex"].values == {"sex": "female"}
    assert golden([claim(1, woman), claim(3, man, days=9)])["sex"].values == {"sex": "male"}


def test_two_records_of_one_source_are_one_voice() -> None:
    one, other = Features(sex="male"), Features(sex="female")
    same = [claim(1, one, source="a"), claim(2, one, source="a"), claim(3, other, source="b", days=1)]
    assert golden(same)["sex"].values == {"sex": "female"}


def test_a_telephone_is_the_newest_and_a_name_is_not() -> None:
    old = claim(1, Features(name="林梅", phone="1"), assurance=Assurance.VERIFIED)
    new = claim(2, Features(name="林眉", phone="2"), days=1)
    view = golden([old, new])
    assert (view["name"].rid, view["phone"].rid) == (old.rid, new.rid)
    assert view["name"].others == (new.rid,)


def test_a_placeholder_and_a_bare_year_never_beat_the_whole() -> None:
    baby = Features(placeholder=Placeholder.NEWBORN, mother="林梅", born="2026", born_precision=Precision.YEAR)
    named = Features(name="林小雨", born="20261101", born_precision=Precision.DAY)
    view = golden([claim(1, baby, assurance=Assurance.VERIFIED, days=9), claim(2, named)])
    assert (view["name"].values["name"], view["born"].values["born"]) == ("林小雨", "20261101")
    assert golden([claim(1, baby)])["name"].values["mother"] == "林梅"


def test_nothing_known_is_nothing_shown() -> None:
    assert golden([]) == {}
    assert golden([claim(1, Features(), superseded_by=UUID(int=9))]) == {}
    assert golden([claim(1, Features(name="林梅"), superseded_by=UUID(int=9)), claim(9, Features())]) == {}


def test_a_house_may_have_rules_of_its_own() -> None:
    old, new = claim(1, Features(sex="male"), assurance=Assurance.VERIFIED), claim(2, Features(sex="female"), days=1)
    rules = dict.fromkeys(FACETS, (Rule.RECENT,))
    assert golden([old, new], rules)["sex"].rid == new.rid
