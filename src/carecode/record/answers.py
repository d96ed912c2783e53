"""What passes between this room and PostgreSQL: parallel arrays in, faults in plain words out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Final

import asyncpg

from carecode.kernel.errors import ConflictError, InvalidInputError, RefusedError, UnavailableError
from carecode.kernel.vocabulary import NewResource
from carecode.store.database import unavailable

TOKEN_GROUPS_MAX: Final = 2
_ERASED: Final = "CC002"  # record.keep_key


def flat_tokens(resources: Sequence[NewResource]) -> tuple[list[int], list[int]]:
    """Lay all tokens end to end, and say where each resource's last one stands (counted from 1).

    PostgreSQL knows no ragged arrays; the query slices these again.
    """
    flat = list(chain.from_iterable(resource.tokens for resource in resources))
    return flat, list(accumulate(len(resource.tokens) for resource in resources))


def groups_of(tokens: Sequence[Sequence[int]]) -> tuple[list[int] | None, list[int] | None]:
    """Return exactly two groups, None where nothing is asked.

    >>> groups_of([[7, 9]])
    ([7, 9], None)

    InvalidInputError for more than TOKEN_GROUPS_MAX.
    """
    if len(tokens) > TOKEN_GROUPS_MAX:
        raise InvalidInputError(
            "too-many-parameters", f"One search may combine at most {TOKEN_GROUPS_MAX} such parameters."
        )
    first, second = ([list(group) for group in tokens] + [None, None])[:2]
    return first, second


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """Turn PostgreSQL's faults into ours: what is taken, what is busy, what is away."""
    try:
        with unavailable():
            yield
    except asyncpg.UniqueViolationError as error:
        raise ConflictError("resource-exists", "A resource with this id is stored already.") from error
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError) as error:
        raise UnavailableError(
            "record-busy", "This record is in use right now. Nothing was changed; try again."
        ) from error
    except asyncpg.PostgresError as error:
        if error.sqlstate != _ERASED:
            raise
        raise RefusedError(
            "record-erased", "This record was erased. Nothing can be read or stored in it again."
        ) from error
