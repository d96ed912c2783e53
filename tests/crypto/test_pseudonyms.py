"""Every institution knows her under another number."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.crypto import pseudonyms as module
from carecode.crypto.pseudonyms import Pseudonyms
from carecode.kernel.errors import InvalidInputError

organisations = st.text(max_size=12)


@given(number=st.uuids(), organisation=organisations, sector=organisations)
def test_an_institution_s_number_comes_back(number: UUID, organisation: str, sector: str) -> None:
    text = Pseudonyms(bytes(32)).of(number, organisation, sector)
    assert len(text) == 32
    assert text == text.lower()
    assert text != number.hex
    assert Pseudonyms(bytes(32)).resolve(text, organisation, sector) == number


@given(number=st.uuids(), one=st.tuples(organisations, organisations), two=st.tuples(organisations, organisations))
def test_two_institutions_or_sectors_never_share_a_number(
    number: UUID, one: tuple[str, str], two: tuple[str, str]
) -> None:
    kept = Pseudonyms(bytes(32))
    assert (kept.of(number, *one) == kept.of(number, *two)) == (one == two)
    assert kept.of(number, *one) != Pseudonyms(b"\1" * 32).of(number, *one)
    if one != two:
        assert kept.resolve(kept.of(number, *one), *two) != number


def test_names_that_join_alike_are_not_alike() -> None:
    kept = Pseudonyms(bytes(32))
    assert kept.of(UUID(int=1), "city", "1clinical") != kept.of(UUID(int=1), "city1", "clinical")


@pytest.mark.parametrize("text", ["", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "0" * 32 + "\n", "\uff10" * 32])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        Pseudonyms(bytes(32)).resolve(text, "county-2")


def test_the_kept_contexts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHED_KEYS", 3)
    kept = Pseudonyms(bytes(32))
    before = [kept.of(UUID(int=1), f"clinic-{n}") for n in range(10)]
    assert len(kept._blocks) <= 3
    assert before == [kept.of(UUID(int=1), f"clinic-{n}") for n in range(10)]
