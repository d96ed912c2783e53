from __future__ import annotations
from hashlib import sha256
from carecode.audit.headmap import root_of, verify_head
from carecode.audit.merkle import leaf_hash, verify_inclusion, verify_consistency
from carecode.audit.notes import Checkpoint, split
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.audit.tiles import leaves_of
from tests.audit.conftest import Lists, somebody

async def test_smoke(lists: Lists, sequencer: Sequencer, public: PublicLog) -> None:
    assert await sequencer.step() is None
    print((await public.checkpoint()).decode())
    a, b = somebody(), somebody(2)
    await lists.add(a, 3)
    await lists.add(b, 2)
    batch = await sequencer.step()
    print(batch)
    assert batch is not None and batch.entries == 5
    n = await public.publish({"kind": "count", "orders": 0})
    assert await public.leaf_of_statement(n) is None
    print(await public.status())
    await lists.add(a, 300)
    print(await public.status())
    batch = await sequencer.step()
    assert batch.size == 306
    print(await public.status())
    assert await public.leaf_of_statement(n) == 305
    bundle = await public.bundle(b)
    print(len(bundle.json()), bundle.heads[0].head, bundle.heads[1].head)
    tile = await public.tile(0, 0)
    assert len(await public.tile(1, 0, 1)) == 32
    leaves = leaves_of(await public.entries(0)) + leaves_of(await public.entries(1, 50))
    cp = Checkpoint.parse(split(await public.checkpoint())[0])
    for i in (0, 5, 255, 256, 305):
        assert verify_inclusion(leaf_hash(leaves[i]), i, 306, await public.inclusion(i, 306), cp.root)
