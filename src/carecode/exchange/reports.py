"""What became of what was loaded, for a person and for a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from carecode.exchange.refusals import UNRESOLVED, SentRefusedError
from carecode.kernel.errors import CareCodeError

REFUSALS_PER_FILE_MAX: Final = 100
"""Refusals of one file that its report lists; the rest is counted."""


@dataclass(slots=True)
class FileReport:
    """What became of one file; filled while it is read."""

    name: str
    content: str = ""
    stored: Counter[str] = field(default_factory=Counter)
    refused: list[CareCodeError] = field(default_factory=list)
    refused_more: int = 0
    waiting: bool = False  # points to what is not there yet

    def begin(self) -> None:
        """Forget the refusals of an earlier reading; what was stored stays counted."""
        self.refused, self.refused_more, self.waiting = [], 0, False

    def refuse(self, error: CareCodeError) -> None:
        """Add a refusal to the list, or count it when the list is long."""
        self.waiting |= error.code == UNRESOLVED
        if len(self.refused) < REFUSALS_PER_FILE_MAX:
            self.refused.append(error)
        else:
            self.refused_more += 1

    def refusals(self) -> Iterator[dict[str, str]]:
        """Yield each refusal with its reason and place."""
        for error in self.refused:
            place = error.expression if isinstance(error, SentRefusedError) else ""
            reason = f"{place}: {error.message}" if place else error.message
            yield {"file": self.name, "reason": reason, "code": error.code}
        if self.refused_more:
            yield {"file": self.name, "reason": f"and {self.refused_more} more", "code": "more"}

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON's types."""
        return {
            "file": self.name,
            "content": self.content,
            "stored": dict(sorted(self.stored.items())),
            "refused": len(self.refused) + self.refused_more,
        }


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of every file."""

    files: Sequence[FileReport]

    @property
    def stored(self) -> Counter[str]:
        """New resources by type."""
        total: Counter[str] = Counter()
        for file in self.files:
            total.update(file.stored)
        return total

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON's types: totals, refusals with their reasons, then each file."""
        types = self.stored
        return {
            "stored": types.total(),
            "types": dict(sorted(types.items())),
            "files": len(self.files),
            "known": sum(not file.refused and not file.stored for file in self.files),
            "refused": [row for file in self.files for row in file.refusals()],
            "by_file": [file.to_json() for file in self.files],
        }
