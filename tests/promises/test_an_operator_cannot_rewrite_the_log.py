"""Who owns the database can change her list, and cannot do it unseen.

A changed line breaks her chain.  A chain computed anew from end to end fits itself, but not the head that the signed
and cosigned checkpoint names; a witness who knows the old checkpoint never signs a log that does not contain it.

Answers: M22
Proved in detail by: tests/audit/test_sequencer.py, tests/audit/test_witness.py, tests/audit/test_witness_process.py
Not answered: an operator who rules the house and every witness.
"""

from __future__ import annotations

from dataclasses import replace

from carecode.audit.headmap import Head, verify_head
from carecode.disclosure.answers import Query
from carecode.kernel.vocabulary import Resident
from carecode.store.database import Target
from tests.promises.quarter import Quarter, observation
from tests.promises.wall import as_administrator

REWRITE = """
DO $$
DECLARE
  e audit.entry;
  v_prev bytea;
BEGIN
  FOR e IN SELECT * FROM audit.entry WHERE resident_id = '{her}' ORDER BY seq LOOP
    v_prev := coalesce(v_prev, e.prev);
    e.prev := v_prev;
    IF e.seq = 2 THEN
      e.requester_name := 'Somebody harmless';
    END IF;
    v_prev := audit.entry_hash(e.prev, e);
    UPDATE audit.entry SET requester_name = e.requester_name, prev = e.prev, hash = v_prev
      WHERE resident_id = e.resident_id AND seq = e.seq;
  END LOOP;
  UPDATE audit.head SET hash = v_prev WHERE resident_id = '{her}';
END $$
"""


async def looked_at(quarter: Quarter) -> Resident:
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", observation(6.1))
    for who in ("county-2/doctor", "county-2/colleague"):
        await quarter.house.gate.fetch(quarter.staff[who], her, Query())
    while await quarter.house.sequencer.step() is not None:
        pass
    return her


async def test_a_changed_line_breaks_her_chain(quarter: Quarter, target: Target) -> None:
    her = await looked_at(quarter)
    assert await quarter.house.log.first_broken(her) is None
    await as_administrator(target, "UPDATE audit.entry SET requester_name = 'Somebody harmless' WHERE seq = 2")
    assert await quarter.house.log.first_broken(her) == 2


async def test_a_chain_computed_anew_does_not_fit_what_was_signed(quarter: Quarter, target: Target) -> None:
    her = await looked_at(quarter)
    signed = (await quarter.house.public_log.bundle(her)).heads[0]
    await as_administrator(target, REWRITE.format(her=her.keys[0]))
    assert await quarter.house.log.first_broken(her) is None, "the control: the forged chain fits itself"
    newest = (await quarter.house.log.entries(her, 1))[0]
    assert signed.head is not None
    assert newest.seq == signed.head.seq
    assert newest.hash != signed.head.hash
    root = signed.root()
    assert root is not None
    assert verify_head(signed, root), "the control"
    assert not verify_head(replace(signed, head=Head(newest.seq, newest.hash)), root)
