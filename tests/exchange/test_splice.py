from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.crypto import canonical
from carecode.exchange import splice
from carecode.exchange.refusals import SentRefusedError
from carecode.exchange.wellformed import check_once, clean

META = splice.server_meta(1, "2026-11-23T08:00:00.000Z")
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
leaves = texts | st.integers() | st.booleans()
inner = st.dictionaries(st.sampled_from(["id", "meta", "lastUpdated", "text"]) | texts, leaves, min_size=1, max_size=3)
metas = st.dictionaries(
    st.sampled_from(["versionId", "lastUpdated", "profile", "tag", "source"]), leaves | inner, min_size=1, max_size=4
)


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a resource whose properties stand in any order, inner ones named like outer ones."""
    members: list[tuple[str, Any]] = [("resourceType", "Observation")]
    if draw(st.booleans()):
        members.append(("id", draw(st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True))))
    if draw(st.booleans()):
        members.append(("meta", draw(metas)))
    other = draw(
        st.dictionaries(
            texts.filter(lambda name: name not in {"id", "meta", "resourceType"}), leaves | inner, max_size=4
        )
    )
    members += list(other.items())
    return dict(draw(st.permutations(members)) if draw(st.booleans()) else members)


@given(resources())
def test_the_head_is_set_and_the_rest_is_kept(sent: dict[str, Any]) -> None:
    raw = clean(json.dumps(sent, ensure_ascii=False).encode())
    assert splice.head(raw) == ("Observation", sent.get("id"))
    stored = splice.with_head(raw, "Observation", "new", META)
    found = json.loads(stored)
    assert list(found)[:3] == ["resourceType", "id", "meta"]
    assert found["id"] == "new"
    kept = {name: value for name, value in sent.get("meta", {}).items() if name not in {"versionId", "lastUpdated"}}
    assert found["meta"] == {"versionId": "1", "lastUpdated": "2026-11-23T08:00:00.000Z"} | kept
    rest = {name: value for name, value in sent.items() if name not in {"resourceType", "id", "meta"}}
    assert {name: value for name, value in found.items() if name not in {"resourceType", "id", "meta"}} == rest
    check_once(stored, canonical.decode(stored))


@pytest.mark.parametrize(
    ("raw", "code", "place"),
    [
        (b"[]", "resource-type", ""),
        (b'{"id":"a"}', "resource-type", "resourceType"),
        (b'{"resourceType":7}', "resource-type", "resourceType"),
        (b'{"resourceType":"patient"}', "resource-type", "resourceType"),
        (b'{"resourceType":"Patient","id":7}', "id", "id"),
        (b'{"resourceType":"Patient","id":"a b"}', "id", "id"),
        (b'{"resourceType":"Patient","id":"' + b"a" * 65 + b'"}', "id", "id"),
        (b'{"active":true,"resourceType":"Patient","active":false}', "duplicate-property", ""),
    ],
)
def test_what_has_no_proper_head_is_refused(raw: bytes, code: str, place: str) -> None:
    with pytest.raises(SentRefusedError) as refusal:
        splice.head(raw)
    assert (refusal.value.code, refusal.value.expression) == (code, place)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"resourceType":"Patient","id":"a","meta":{}}', "empty-value"),
        (b'{"resourceType":"Patient","id":"a","meta":"x"}', "meta"),
        (b'{"resourceType":"Patient","meta":[1],"id":"a"}', "meta"),
        (b'{"resourceType":"Patient","id":"a","meta":{"tag":1,"versionId":"2","tag":2}}', "duplicate-property"),
    ],
)
def test_a_meta_that_is_none_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(SentRefusedError) as refusal:
        splice.with_head(raw, "Patient", "new", META)
    assert refusal.value.code == code


def test_a_second_id_further_down_is_seen_when_the_body_is_checked() -> None:
    stored = splice.with_head(b'{"resourceType":"Patient","id":"a","active":true,"id":"b"}', "Patient", "new", META)
    with pytest.raises(SentRefusedError, match="twice"):
        check_once(stored, canonical.decode(stored))
