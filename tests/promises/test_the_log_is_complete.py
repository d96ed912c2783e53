"""Everything that anybody does with her record stands in her list, and she can check that nothing was left out.

Reading, looking at her card, writing, refusing, deciding and breaking the glass: one deed, one line.  The public log
says how many lines her list has and which is the last, so that a list with a line less does not fit.

Answers: M11
Proved in detail by: tests/promises/test_nothing_is_read_unlogged.py, tests/promises/test_a_crash_loses_no_log.py,
tests/audit/test_headmap.py, tests/audit/test_sequencer.py
"""

from __future__ import annotations

from uuid import uuid4

from carecode.audit.headmap import root_of, verify_head
from carecode.audit.notes import Checkpoint
from carecode.crypto.keyring import KeyRing
from carecode.disclosure.people import herself
from carecode.kernel.vocabulary import CodePurpose, Purpose, Resident
from carecode.store.database import Target
from tests.promises.quarter import Quarter, observation
from tests.promises.wall import APPEND, CATEGORIES, DOCTOR, MARK, READ, as_administrator, build

WORDS = "Brought in unconscious after a fall."


async def a_day(quarter: Quarter) -> tuple[Resident, list[tuple[str, str]]]:
    """Let everything happen to her once; return her and what must stand in her list, oldest first."""
    her = await quarter.resident("XA000001")
    phone = await quarter.phone(her)
    desk, clinic, cashier = [await quarter.session(f"county-2/{who}") for who in ("desk", "doctor", "cashier")]
    done: list[tuple[str, str]] = []

    async def did(*expected: tuple[str, str]) -> None:
        done.extend(expected)
        entries = await quarter.house.log.entries(her, 100)
        assert [(entry.requester, entry.action) for entry in reversed(entries)] == done

    await quarter.deposit("county-2", "XA000001", observation(6.1))
    await did(("county-2/machine", "deposit"))
    await quarter.form("/desk/scan", desk, code=phone.code(CodePurpose.REGISTER, quarter.now))
    await did(("county-2/desk", "identify"))
    await quarter.form("/desk/find", desk, kind="urn:test:number", number="XA000001")
    await did(("county-2/desk", "identify"))
    number = await quarter.desk_number(clinic)
    opened = await quarter.form("/clinic/open", clinic, code=phone.code(CodePurpose.OPEN_RECORD, quarter.now, number))
    assert opened.status_code == 200
    await did(("county-2/doctor", "disclose"))
    number = await quarter.desk_number(cashier)
    await quarter.form("/cashier/scan", cashier, code=phone.code(CodePurpose.PAY, quarter.now, number))
    await did(("county-2/cashier", "identify"))
    await quarter.house.gate.open(quarter.staff["city-1/doctor"], Purpose.TREAT, resident=her)
    await did(("city-1/doctor", "refuse"))
    await quarter.house.privacy.refuse(herself(her.id), "city-1")
    await did(("resident", "decide"))
    doctor = quarter.staff["county-2/colleague"]
    await quarter.house.watch.emergencies.declare(doctor, her, "unconscious", WORDS, quarter.now)
    await quarter.house.gate.open(doctor, Purpose.ETREAT, resident=her)
    await did(("county-2/colleague", "decide"), ("county-2/colleague", "disclose"))
    await quarter.page("/my/record", await quarter.session(resident=her))
    await did(("resident", "disclose"))
    await quarter.http.get(
        f"/fhir/Observation?patient={quarter.house.gate.patient_id(quarter.staff['county-2/machine'], her)}",
        headers=await quarter.bearer("county-2/machine"),
    )
    await did(("county-2/machine", "disclose"))
    return her, done


async def test_every_deed_is_one_line(quarter: Quarter) -> None:
    her, done = await a_day(quarter)
    assert await quarter.house.privacy.first_broken(herself(her.id)) is None
    shown = await quarter.house.privacy.who_looked(herself(her.id), own=True)
    assert len(shown) == len(done)


async def test_the_public_log_knows_how_many_lines_there_are(quarter: Quarter, target: Target) -> None:
    her, done = await a_day(quarter)
    while await quarter.house.sequencer.step() is not None:
        pass
    bundle = await quarter.house.public_log.bundle(her)
    note = await quarter.house.public_log.checkpoint()
    root = root_of(Checkpoint.parse(note.decode().split("\n\n")[0] + "\n").extensions)
    [proof] = bundle.heads
    assert verify_head(proof, root)
    newest = (await quarter.house.log.entries(her, 1))[0]
    assert proof.head is not None
    assert (proof.head.seq, proof.head.hash) == (len(done), newest.hash)
    await as_administrator(target, "DELETE FROM audit.entry WHERE seq = $1", len(done))  # hide the last deed
    left = await quarter.house.log.entries(her, 100)
    assert len(left) == len(done) - 1
    assert left[0].hash != proof.head.hash, "the list that is left does not fit what was signed"


async def test_reading_and_rolling_back_shows_nothing_though_another_flushes(target: Target, ring: KeyRing) -> None:
    """Append, mark, read, roll back, while somebody else's commit flushes what is written: not a row."""
    wall = await build(target, ring)
    gate, other = await wall.gate(), await wall.gate()
    receipt = uuid4()
    transaction = gate.transaction()
    await transaction.start()
    await gate.fetchval(APPEND, [wall.resident], receipt, DOCTOR, CATEGORIES)
    await gate.fetchval(MARK, wall.resident, receipt)
    await other.execute("SELECT pg_logical_emit_message(true, 'any', '')")
    rows = await gate.fetch(READ, receipt, DOCTOR)
    await transaction.rollback()
    assert rows == []
    assert not await wall.logged(receipt)
    await gate.close()
    await other.close()
