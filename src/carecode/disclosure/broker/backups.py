"""A copy of the wrapped keys, kept apart from the database's own: without the broker's ring it opens nothing.

One line per key, ``resident key wrapped`` in hexadecimal, between a first line that says what this is
and a last one with the number of keys and the SHA-256 of all lines before it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from carecode.disclosure.broker.wire import NUMBER_BYTES, WrappedItem
from carecode.kernel.errors import ConflictError, CorruptError, NotFoundError

FIRST: Final = "carecode wrapped keys 1"
_FIELDS: Final = 3


async def write(path: Path, pages: AsyncIterable[list[WrappedItem]]) -> int:
    """Write a backup to a new file of mode 0600; return how many keys.  ConflictError when the file exists."""
    digest, count = sha256(), 0
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConflictError("backup-exists", "This file exists already. Name another.") from None
    with os.fdopen(handle, "wb") as file:
        first = f"{FIRST}\n".encode()
        digest.update(first)
        file.write(first)
        async for page in pages:
            lines = "".join(f"{owner.hex()} {name.hex()} {wrapped.hex()}\n" for owner, name, wrapped in page).encode()
            digest.update(lines)
            file.write(lines)
            count += len(page)
        file.write(f"{count} {digest.hexdigest()}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    return count


def read(path: Path, size: int) -> Iterator[list[WrappedItem]]:
    """Yield the keys of a backup, ``size`` at a time, once the whole file was checked.

    NotFoundError when there is no such file, CorruptError when it is not whole.
    """
    _check(path)
    page: list[WrappedItem] = []
    with path.open("rb") as file:
        file.readline()
        for line in file:
            fields = line.split()
            if len(fields) != _FIELDS:
                break
            try:
                owner, name, wrapped = (bytes.fromhex(field.decode("ascii")) for field in fields)
            except ValueError:
                raise _damaged() from None
            if len(owner) != NUMBER_BYTES or len(name) != NUMBER_BYTES:
                raise _damaged()
            page.append((owner, name, wrapped))
            if len(page) == size:
                yield page
                page = []
    if page:
        yield page


def _check(path: Path) -> None:
    digest, count = sha256(), -1
    last = b""
    try:
        with path.open("rb") as file:
            for line in file:
                if last:
                    digest.update(last)
                    count += 1
                elif line != f"{FIRST}\n".encode():
                    raise _damaged()
                last = line
    except OSError:
        raise NotFoundError("backup-missing", "There is no such file.") from None
    if last != f"{count} {digest.hexdigest()}\n".encode():
        raise _damaged()


def _damaged() -> CorruptError:
    return CorruptError("backup-damaged", "This backup of wrapped keys is damaged or not whole. Nothing was restored.")
