"""The processes that stand beside the house: a witness of its log, and the key broker."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from carecode.audit.notes import ED25519, public_key
from carecode.audit.sequencer import ORIGIN_DEFAULT, SIGNING_KEY
from carecode.audit.witnesses import Demand
from carecode.cli.brokering import broker_process
from carecode.cli.processes import witness_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from carecode.app import Settings
    from carecode.crypto.keyring import KeyRing
    from carecode.disclosure.broker.client import KeyClient
    from carecode.store.database import Target


class Processes:
    """Children of this process, ended with it; brokers and witnesses on other machines where they are named."""

    @contextlib.asynccontextmanager
    async def witness(self, settings: Settings, ring: KeyRing) -> AsyncIterator[Demand]:
        """Start a witness on this machine, unless CARECODE_WITNESSES names others; say who must sign."""
        if settings.environment.get("CARECODE_WITNESSES"):
            yield Demand.of(settings.environment)
            return
        log = public_key(ORIGIN_DEFAULT, ED25519, ring.key(SIGNING_KEY))
        async with witness_process(settings.data, [log]) as address:
            yield Demand.of(settings.environment, [address])

    def keys(
        self, settings: Settings, target: Target, ring: KeyRing, demand: Demand
    ) -> AbstractAsyncContextManager[KeyClient]:
        """Reach the key broker, starting one where none runs."""
        return broker_process(settings, target, ring, demand)
