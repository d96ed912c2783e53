"""Two words for her pages: one opens them, the other opens them quietly, for when somebody stands behind her.

Quietly her record looks whole and normal: nothing sensitive, locked or hidden is in it, her privacy
page shows no decision of hers, what is decided there changes nothing, and a code for helpers seems old.

What it cannot do.  It helps nobody whose first word is known, or who is watched while she types.  It hides
no entry from an institution.  Who looked still names people and institutions, though not their titles.
Phones, passkeys and sessions that are cancelled quietly are cancelled.  Taking the words away quietly does
nothing, so the word is asked again.  Whoever knows what ought to be in her record sees that it is missing.
An unlocked page stays open for a quarter of an hour.

Source: NIST SP 800-63B 5.1.1.2 (slow salted hash of a memorised secret, here scrypt, RFC 7914).
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from carecode.crypto.keyed import keyed_hash
from carecode.disclosure.decisions import HERSELF, QUIETLY
from carecode.disclosure.misses import Misses
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.kernel.vocabulary import Requester, ResidentId
    from carecode.store.database import Database

UNLOCKED: Final = timedelta(minutes=15)
"""How long a word keeps her pages open; then it is asked again."""
WORD_MIN: Final = 4
WORD_MAX: Final = 100
_SALT_BYTES: Final = 16
_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "maxmem": 2**26, "dklen": 32}


class Quiet:
    """Her two words, and the sessions they opened."""

    def __init__(self, database: Database, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        """Use the role ``carecode_disclosure``; ``key`` hashes words and tokens."""
        self._room = Room(database, "disclosure")
        self._key = key
        self._random_bytes = random_bytes
        self._misses = Misses()

    async def is_set(self, resident: ResidentId) -> bool:
        """Tell whether she has two words."""
        return bool(await self._room.fetch("code_word", resident))

    async def seen(self, requester: Requester, token: str, now: datetime) -> Requester | None:
        """Return as whom her session asks: herself, herself quietly, or None while a word is due."""
        if requester.resident is None:
            return requester
        rows = await self._room.fetch("unlocked", requester.resident, self._token(token), now)
        if rows[0]["quiet"] is None:
            return requester if not rows[0]["worded"] else None
        return replace(requester, id=QUIETLY if rows[0]["quiet"] else HERSELF)

    async def set_words(self, requester: Requester, word: str, quiet: str) -> None:
        """Set both words.  InvalidInputError when one is too short or both are alike, RefusedError quietly."""
        resident = _really_herself(requester)
        if not (WORD_MIN <= len(word) <= WORD_MAX and WORD_MIN <= len(quiet) <= WORD_MAX):
            raise InvalidInputError("word-short", f"Each word has at least {WORD_MIN} letters or digits.")
        if _plain(word) == _plain(quiet):
            raise InvalidInputError("words-alike", "The two words are the same. Choose two different ones.")
        salt = self._random_bytes(_SALT_BYTES)
        await self._room.run(
            "put_code_word", resident, salt, await self._slow(salt, word), await self._slow(salt, quiet)
        )

    async def remove_words(self, requester: Requester) -> None:
        """Ask for no word any more."""
        await self._room.run("remove_code_word", _really_herself(requester))

    async def unlock(self, resident: ResidentId, token: str, word: str, now: datetime, peer: str = "") -> None:
        """Open her pages, by the second word quietly.

        RefusedError for any other word, UnavailableError after too many.  Both words take the same time.
        """
        self._misses.refuse_if_many(peer or str(resident), now)
        rows = await self._room.fetch("code_word", resident)
        if not rows:
            return
        told = await self._slow(rows[0]["salt"], word)
        if told not in {rows[0]["word_hash"], rows[0]["quiet_hash"]}:
            self._misses.add(peer or str(resident), now)
            raise RefusedError("word-wrong", "This is not your word. Try again.")
        quiet = told == rows[0]["quiet_hash"]
        await self._room.run("unlock_pages", self._token(token), resident, quiet, now + UNLOCKED, now)

    async def lock(self, token: str) -> None:
        """Close her pages at once; a word opens them again."""
        await self._room.run("lock_pages", self._token(token))

    async def _slow(self, salt: bytes, word: str) -> bytes:
        """Hash a word, in a thread: it takes some fifty milliseconds on purpose."""
        slow = await asyncio.to_thread(_scrypt, _plain(word).encode("utf-8", "replace"), salt)
        return keyed_hash(self._key, b"word", slow)

    def _token(self, token: str) -> bytes:
        return keyed_hash(self._key, b"token", token.encode("utf-8", "replace"))


def _scrypt(word: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(word, salt=salt, **_SCRYPT)


def _plain(word: str) -> str:
    """Make what is typed in a hurry the same word: spaces around and capitals do not matter."""
    return word.strip().casefold()


def _really_herself(requester: Requester) -> ResidentId:
    if requester.id != HERSELF or requester.resident is None:
        raise RefusedError("herself-only", "Only she herself may see and change this.")
    return requester.resident
