"""What the rules of house.py let pass, each with its reason."""

from __future__ import annotations

from typing import Final

# file below src/carecode -> why it may ask the clock or draw a random number
CLOCK_AND_CHANCE: Final[dict[str, str]] = {
    "app.py": "the one place that hands the real clock and the real randomness to everything else",
    "demo/chance.py": "seeded: the same seed makes the same town",
    "crypto/keyring.py": "new keys are drawn where they are kept",
    "cli/keeping.py": "the key broker is a process of its own: it is handed its clock and its randomness here",
}

# file or folder (with its /) below src/carecode -> why it holds SQL in a string
SQL_IN_PYTHON: Final[dict[str, str]] = {
    "identity/linking/batch/": "for DuckDB and Spark, made of one description: no database server runs it",
}

# folder below src/carecode -> why its SQL files are no migrations and no named queries
SQL_ELSEWHERE: Final[dict[str, str]] = {
    "identity/linking/batch/sql": "one file for each statement of the batch path, for DuckDB and Spark alike",
}

# (file pattern below src/carecode, word, why the word may stand there)
WORDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("api/*.py", "location", "FHIR's resource Location: a hospital's ward, never a person's whereabouts"),
    ("api/*.py", "score", "FHIR's Bundle.entry.search.score: how well an entry answers a search"),
)
