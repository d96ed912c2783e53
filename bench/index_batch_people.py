"""Make the columns that both linkers are given: people of ``bench.people``, standardised, as Parquet with truth beside.

``python -m bench.index_batch_people N OUT.parquet --seed S [--rates standard|harder|foreign]``
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path
from typing import Any

from bench.people.population import population
from bench.people.rates import NAMED
from bench.people.writing import Row
from carecode.identity.linking.batch.columns import Columns
from carecode.identity.linking.contacts import Address
from carecode.identity.linking.names import Name
from carecode.identity.linking.standardise import Record, parsed, standardise


def record_of(row: Row) -> Record:
    """Read one row as a loader of such files would."""
    names = tuple(Name(text) for text in (row.name, row.name_latin) if text)
    numbers = ((row.id_kind, row.id_number), ("insurance", row.insurance))
    return Record(
        source=row.source,
        local_id=row.local_id,
        identifiers=parsed(one for one in numbers if one[1]),
        names=names,
        birth_date=row.birth_date,
        sex=row.sex,
        phones=(row.phone,) if row.phone else (),
        addresses=(Address(row.address),) if row.address else (),
        as_of=row.recorded_on,
    )


def write(out: Path, size: int, seed: int, rates: str) -> float:
    """Write ``size`` standardised records with ``rid`` and ``truth``; give the microseconds that one took."""
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    columns, truth, spent = Columns(), [], 0.0
    for at, row in enumerate(population(size, seed, NAMED[rates])):
        started = time.perf_counter()
        columns.append(at, standardise(record_of(row)))
        spent += time.perf_counter() - started
        truth.append(row.truth)
    table = columns.table().append_column("truth", arrow.array(truth))
    parquet.write_table(table, out)
    return spent / size * 1e6


def main(arguments: list[str]) -> int:
    """Write the file that ``arguments`` ask for."""
    parser = argparse.ArgumentParser(prog="python -m bench.index_batch_people")
    parser.add_argument("size", type=int, metavar="N")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rates", choices=list(NAMED), default="standard")
    asked = parser.parse_args(arguments)
    print(f"{write(asked.out, asked.size, asked.seed, asked.rates):.1f} us a record")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
