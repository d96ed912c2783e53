"""A bounded memory of what was used last."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps at most ``limit`` values, the longest unused going first.

    >>> seen = Recent[str, int](2)
    >>> seen.put("a", 1), seen.put("b", 2), seen.get("a"), seen.put("c", 3)
    (None, None, 1, None)
    >>> seen.get("a"), seen.get("b")
    (1, None)
    """

    __slots__ = ("_kept", "_limit")

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self._limit = limit
        self._kept: dict[K, V] = {}  # a dict keeps insertion order: re-inserted is youngest

    def __repr__(self) -> str:
        """Hide what is kept: keys of residents, some of it."""
        return "Recent(...)"

    def get(self, key: K) -> V | None:
        """Return a value and make it the youngest; None when it is not kept."""
        found = self._kept.pop(key, None)
        if found is not None:
            self._kept[key] = found
        return found

    def put(self, key: K, value: V) -> None:
        """Keep a value, as the youngest."""
        if self._kept.pop(key, None) is None and len(self._kept) >= self._limit:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = value

    def drop(self, key: K) -> V | None:
        """Forget a value; return it if it was kept."""
        return self._kept.pop(key, None)
