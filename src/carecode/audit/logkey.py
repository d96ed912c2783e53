"""The public half of the key with which the log signs, for everybody to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.audit.notes import ED25519, Checkpoint, NoteKey, public_key, split
from carecode.audit.sequencer import ORIGIN_DEFAULT, ORIGIN_SETTING, SIGNING_KEY
from carecode.store.queries import queries

if TYPE_CHECKING:
    from carecode.audit.witnesses import PublishedLog
    from carecode.crypto.keyring import KeyRing
    from carecode.store.database import Database


async def log_key(log: PublishedLog, ring: KeyRing) -> NoteKey:
    """Return the log's key; its name is the origin in the log's own checkpoints.

    UnavailableError while the log has no checkpoint: the sequencer makes the first one when it starts.
    """
    text, _signatures = split(await log.checkpoint())
    return public_key(Checkpoint.parse(text).origin, ED25519, ring.key(SIGNING_KEY))


async def log_key_of(database: Database, ring: KeyRing) -> NoteKey:
    """Return the same key before there is any checkpoint, for whoever starts a witness; fixes the origin."""
    async with database.connection("audit") as connection:
        origin = await connection.fetchval(queries("audit")["log_setting"], ORIGIN_SETTING, ORIGIN_DEFAULT)
    return public_key(str(origin), ED25519, ring.key(SIGNING_KEY))
