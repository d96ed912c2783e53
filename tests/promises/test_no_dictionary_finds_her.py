"""A stolen copy of the database and a list of every ID number there is find nobody.

Numbers are looked up by keyed hashes whose key is not in the database.  Whoever hashes all possible numbers, as plain
as they are or with any guessed key, finds no row; with the right key, which is the control, he finds hers.

Answers: M5
Proved in detail by: tests/identity/test_index.py, tests/crypto/test_pseudonyms.py,
tests/promises/test_a_stolen_copy_shows_nobody.py
Not answered: a thief who has the key ring too.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator

from carecode.identity.identifiers import parse
from carecode.identity.vault import Vault
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.quarter import NUMBERS, Quarter, rows

NUMBER = "XA000001"
PLAIN = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")
GUESSED = (b"", b"carecode", b"secret", bytes(16), bytes(32))


def guesses(number: str) -> Iterator[bytes]:
    """Yield what a thief would compute of one number."""
    for text in (number, f"{NUMBERS}|{number}", f"{NUMBERS}{number}", f"{number}|{NUMBERS}", number.lower()):
        for name in PLAIN:
            yield hashlib.new(name, text.encode()).digest()
            for key in GUESSED:
                yield hmac.new(key, text.encode(), name).digest()


async def test_hashing_every_number_finds_no_row(quarter: Quarter, target: Target) -> None:
    await demand_superuser(target)
    her = await quarter.resident(NUMBER)
    await quarter.deposit("county-2", NUMBER)
    await quarter.phone(her)
    await quarter.treat("county-2/doctor", her)
    everything = "\n".join(line for lines in (await rows(target)).values() for line in lines)
    for digest in guesses(NUMBER):
        for cut in {8, 16, len(digest)}:
            assert digest[:cut].hex() not in everything
        assert b64encode(digest).decode() not in everything


async def test_with_the_right_key_it_would_find_her(quarter: Quarter, target: Target) -> None:
    """The control: what stands there is a hash of her number, and the key is all that hides it."""
    await demand_superuser(target)
    await quarter.resident(NUMBER)
    vault = Vault(quarter.house.ring, bytes)
    hashed = vault.number_hash(parse(NUMBERS, NUMBER))
    everything = "\n".join(line for lines in (await rows(target)).values() for line in lines)
    assert hashed.hex() in everything


async def test_her_number_at_a_hospital_says_nothing_of_her_numbers(quarter: Quarter) -> None:
    her = await quarter.resident(NUMBER)
    number = quarter.house.gate.patient_id(quarter.staff["county-2/doctor"], her)
    inside = {digest[:16].hex() for digest in guesses(NUMBER)}
    assert number not in inside
    assert all(her.keys[0].hex not in text for text in (number, *inside))
