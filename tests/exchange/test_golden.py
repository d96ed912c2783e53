"""Golden pairs: a bundle as sent, and the bodies as stored, byte for byte.

To renew one after a wanted change, run with CARECODE_GOLDEN=write and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carecode.exchange import envelope, plan, splice
from carecode.exchange.answers import instant
from carecode.exchange.references import Conditional
from carecode.record.catalogue import PLACEHOLDER, extract

GOLDEN = Path(__file__).parent / "golden"
EXISTING = {
    Conditional("Practitioner", "http://hl7.org/fhir/sid/us-npi", "9999999989"): "01234567-89ab-7cde-8f01-23456789abcd",
    Conditional("Organization", "urn:example:org", "7"): "01234567-89ab-7cde-8f01-23456789abce",
}


def counting() -> Callable[[int], bytes]:
    return lambda count: bytes(index // 10 % 256 for index in range(count))


def stored(sent: bytes) -> bytes:
    """Rewrite a bundle with a fixed time and fixed ids: one stored body a line."""
    stamp = plan.Stamp(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), counting())
    taken = envelope.bundle(sent, kinds=frozenset({"transaction", "batch", "collection"}))
    links = plan.survey(taken)
    given = plan.assign(taken, EXISTING, stamp, "county-2")
    literals = {reference: reference for reference, one in links.literals.items() if one.type != "Patient"}
    new = plan.new_references(taken, links, given, EXISTING, literals)
    meta = splice.server_meta(1, instant(stamp.now))
    bodies = [
        plan.build(
            entry, one, new, meta, lambda name, decoded: extract(name, decoded, bytes(32)), suspicious=taken.suspicious
        )[0].body
        for entry, one in zip(taken.entries, given, strict=True)
        if not one.exists
    ]
    return b"\n".join(bodies) + b"\n"


@pytest.mark.parametrize("name", sorted(path.name.removesuffix(".sent.json") for path in GOLDEN.glob("*.sent.json")))
def test_what_is_stored_is_what_was_agreed(name: str) -> None:
    found = stored((GOLDEN / f"{name}.sent.json").read_bytes())
    agreed = GOLDEN / f"{name}.stored.ndjson"
    if os.environ.get("CARECODE_GOLDEN") == "write":
        agreed.write_bytes(found)
    assert found.decode() == agreed.read_text("utf-8")


def test_there_are_golden_pairs() -> None:
    assert len(list(GOLDEN.glob("*.stored.ndjson"))) == len(list(GOLDEN.glob("*.sent.json"))) >= 4


def test_every_body_of_real_bundles_is_rewritten_whole(shared_data: Path) -> None:
    import bz2  # noqa: PLC0415 - only where the real data is

    files = sorted((shared_data / "synthea").glob("*.bz2"))[2:8]
    for file in files:
        sent = bz2.decompress(file.read_bytes())
        taken = envelope.bundle(sent, kinds=frozenset({"transaction"}))
        links = plan.survey(taken)
        given = plan.assign(taken, {}, plan.Stamp(datetime(2026, 11, 23, tzinfo=UTC), counting()), "county-2")
        new = dict.fromkeys(links.conditionals, b"Practitioner/x")
        new |= {reference: given[index].reference for reference, index in links.entries.items()}
        new |= {reference: reference for reference in links.unchanged}
        assert not links.literals
        for entry, one in zip(taken.entries, given, strict=True):
            body = plan.build(
                entry, one, new, b'"versionId":"1"', lambda name, decoded: extract(name, decoded, bytes(32)),
                suspicious=True,
            )[0].body  # fmt: skip
            assert b'"reference":"urn:' not in body
            assert b"?identifier=" not in body
            assert (b'"Patient/' in body) == (b'"Patient/' + PLACEHOLDER.encode() + b'"' in body)
