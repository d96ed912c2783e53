"""The labelled pairs: enough of each, every answer compatible with the truth, each case as its name says."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

import pytest

from bench.people.packs import PACKS, Pair, packs
from bench.people.rates import FOREIGN, STANDARD
from carecode.identity.identifiers import parse

COUNT = 2_000


@cache
def pairs(kind: str, *, west: bool = False) -> tuple[Pair, ...]:
    return tuple(packs(kind, COUNT, 8, FOREIGN if west else STANDARD))


def day(written: str) -> str:
    """Read YYYYMMDD out of any of the Chinese sources' spellings."""
    parts = re.findall(r"[0-9]+", written)
    return parts[0] if len(parts) == 1 else f"{parts[0]}{int(parts[1]):02d}{int(parts[2]):02d}"


def cases(kind: str, *names: str) -> list[Pair]:
    return [pair for pair in pairs(kind) if pair.case in names]


@pytest.mark.parametrize("west", [False, True])
@pytest.mark.parametrize("kind", PACKS)
def test_answers_agree_with_the_truth(kind: str, *, west: bool) -> None:
    found = pairs(kind, west=west)
    assert len(found) == COUNT
    for pair in found:
        same = pair.left.truth == pair.right.truth
        assert pair.kind == kind
        assert pair.answer == "person" or same == (pair.answer == "same"), pair
        assert (pair.left.source, pair.left.local_id) != (pair.right.source, pair.right.local_id)
    assert {pair.answer for pair in found} == {"same", "different", "person"}


@pytest.mark.parametrize("kind", PACKS)
def test_each_pair_has_people_of_its_own(kind: str) -> None:
    seen: dict[str, set[int]] = defaultdict(set)
    for at, pair in enumerate(pairs(kind)):
        seen[pair.left.truth].add(at)
        seen[pair.right.truth].add(at)
    assert all(len(of) == 1 for of in seen.values())


def test_a_seed_gives_the_same_pairs_and_an_unknown_kind_none() -> None:
    assert list(packs("twins", 50, 1)) == list(packs("twins", 50, 1))
    assert list(packs("twins", 50, 1)) != list(packs("twins", 50, 2))
    with pytest.raises(KeyError):
        list(packs("triplets", 1, 1))


def test_twins_have_numbers_that_follow_one_another() -> None:
    near = 0
    for pair in cases("twins", "numbers"):
        one, two = pair.left, pair.right
        assert one.phone.replace(" ", "")[-11:] == two.phone.replace(" ", "")[-11:]
        assert parse("citizen-id", one.id_number).warnings == () == parse("citizen-id", two.id_number).warnings
        assert one.id_number != two.id_number
        assert one.id_number[:14] == two.id_number[:14]
        near += 0 < int(two.id_number[14:17]) - int(one.id_number[14:17]) <= 2
    assert near == len(cases("twins", "numbers"))


def test_strangers_agree_in_name_and_birth_and_have_other_numbers() -> None:
    for pair in cases("same-name-birth-date", "numbers"):
        assert pair.left.name.replace(" ", "").replace("\u3000", "") == pair.right.name.replace(" ", "").replace(
            "\u3000", ""
        )
        assert pair.left.id_number[6:14] == pair.right.id_number[6:14]
        assert pair.left.id_number != pair.right.id_number


def test_a_stranger_without_number_and_one_who_moved_look_alike() -> None:
    """The rows allow no other answer: in one case they are one person, in the other two."""
    stranger, moved = cases("same-name-birth-date", "one-number"), cases("same-name-birth-date", "moved-bare")
    assert {pair.answer for pair in stranger + moved} == {"person"}
    assert not any(pair.left.truth == pair.right.truth for pair in stranger)
    assert all(pair.left.truth == pair.right.truth for pair in moved)
    for pair in stranger + moved:
        assert not pair.right.id_number
        assert not pair.right.insurance


def test_a_borrowed_card_shows_the_lenders_number_and_something_of_the_borrower() -> None:
    for pair in cases("borrowed-card", "own-both", "own-name", "own-birth-date", "a-friends-card"):
        assert pair.left.id_number.upper() == pair.right.id_number.upper()
        assert not pair.right.insurance
        plain = pair.left.name.replace(" ", "").replace("\u3000", "") != pair.right.name.replace(" ", "").replace(
            "\u3000", ""
        )
        assert plain or pair.left.birth_date != pair.right.birth_date


def test_newborns_have_no_number_but_the_certificate() -> None:
    for pair in pairs("newborn-siblings"):
        assert pair.left.id_kind in ("", "birth-certificate")
        assert pair.left.errors == "newborn"
    for pair in cases("newborn-siblings", "named-certificate", "twice-certificate"):
        assert pair.left.id_number == pair.right.id_number != ""
    for pair in cases("newborn-siblings", "alike"):
        assert pair.left.phone == pair.right.phone
        assert pair.left.name == pair.right.name


def test_father_and_son_bear_one_name_and_are_years_apart() -> None:
    for pair in cases("father-son", "numbers"):
        assert 15 < int(pair.right.id_number[6:10]) - int(pair.left.id_number[6:10]) < 60
        assert pair.left.name.replace(" ", "").replace("\u3000", "") == pair.right.name.replace(" ", "").replace(
            "\u3000", ""
        )


def test_a_number_given_twice_agrees_with_the_birth_date_it_holds() -> None:
    """What makes this hard: number and birth date agree by construction, only the name differs."""
    for pair in cases("reused-number", "given-twice"):
        assert pair.left.id_number.upper() == pair.right.id_number.upper()
        assert pair.left.name != pair.right.name
        assert day(pair.left.birth_date) == day(pair.right.birth_date) == pair.left.id_number[6:14]
