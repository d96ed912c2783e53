"""From rows that PostgreSQL let a receipt see to resources: their keys asked of the broker, their bodies unsealed."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Category, Receipt, Resource
from carecode.record.catalogue import BY_NUMBER
from carecode.record.codec import Codec
from carecode.record.keys import DataKeys


async def opened(keys: DataKeys, codec: Codec, receipt: Receipt, rows: Sequence[asyncpg.Record]) -> list[Resource]:
    """Unseal rows that were read under a receipt; none when it ended meanwhile, or her keys were erased."""
    if not rows:
        return []
    try:
        deks = await keys.to_read(receipt, ((row[0], row[8], row[9]) for row in rows))
    except RefusedError as error:
        if error.code in {"receipt-over", "record-erased"}:
            return []
        raise
    decode = codec.decode
    return [
        Resource(
            BY_NUMBER[number].name,
            str(resource_id),
            version,
            at,
            organisation,
            Category(category),
            decode(owner, deks[owner, key_id], resource_id, version, body),
        )
        for owner, number, resource_id, version, at, organisation, category, body, key_id, _wrapped in rows
    ]
