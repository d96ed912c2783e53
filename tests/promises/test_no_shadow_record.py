"""There is no second copy of her record anywhere: not of what failed, not of what was sent twice, not in memory.

A bundle that was refused leaves no word of itself in any table or log.  One that was loaded leaves a hash.  What is
kept is sealed, and the keys that open it do not outlive the receipt for which they were given.

Answers: M24
Proved in detail by: tests/record/test_keys.py, tests/exchange/test_load.py,
tests/promises/test_a_stolen_copy_shows_nobody.py
Not answered: what a hospital's own systems keep of what they sent.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carecode.disclosure.answers import Release
from carecode.kernel.errors import CareCodeError
from carecode.kernel.vocabulary import Purpose
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.quarter import Quarter, bundle, condition, rows

CANARY = "canary-illness-4471"


async def holds(target: Target, word: str) -> list[str]:
    forms = (word, word.encode().hex())
    return [
        table for table, lines in (await rows(target)).items() if any(form in line for line in lines for form in forms)
    ]


async def test_what_was_refused_is_nowhere(quarter: Quarter, target: Target, capfd: pytest.CaptureFixture[str]) -> None:
    await demand_superuser(target)
    await quarter.resident("XA000001")
    machine = quarter.staff["county-2/machine"]
    good = bundle("XA000001", condition("38341003", CANARY))
    other = json.loads(good)
    other["entry"][0]["resource"]["birthDate"] = "1931-01-01"
    other["entry"][0]["resource"] |= {"name": [{"text": "赵大山"}], "gender": "male"}
    dangling = json.loads(good)
    dangling["entry"][1]["resource"]["subject"] = {"reference": "urn:uuid:nobody"}
    for sent in (good[:-30], json.dumps(other).encode(), json.dumps(dangling).encode(), CANARY.encode()):
        with pytest.raises(CareCodeError) as refused:
            await quarter.house.bundles.process(machine, sent)
        assert CANARY not in str(refused.value)
        answer = await quarter.http.post(
            "/fhir",
            content=sent,
            headers={**await quarter.bearer("county-2/machine"), "content-type": "application/fhir+json"},
        )
        assert answer.status_code >= 400
        assert CANARY not in answer.text
    assert await holds(target, CANARY) == []
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err


async def test_what_was_loaded_leaves_a_hash_of_its_file(quarter: Quarter, target: Target, tmp_path: Path) -> None:
    await demand_superuser(target)
    path = tmp_path / "one.json"
    path.write_bytes(bundle("XA000001", condition("38341003", CANARY)))
    report = await quarter.house.loader.load([path], quarter.staff["county-2/machine"])
    assert report.to_json()["refused"] == []
    assert await holds(target, CANARY) == []
    assert await holds(target, "one.json") == []
    assert len((await rows(target))["exchange.loaded"]) == 1, "the control: it was loaded"


async def test_nothing_is_served_from_memory_once_the_receipt_is_gone(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", condition("38341003", CANARY))
    await quarter.treat("county-2/doctor", her)
    answer = await quarter.house.gate.open(quarter.staff["county-2/doctor"], Purpose.TREAT, resident=her)
    assert isinstance(answer, Release)
    assert CANARY.encode() in b"".join(body.json for body in answer.bodies)
    await quarter.house.log.void(her)
    assert await quarter.house.record.read(answer.receipt) == []
