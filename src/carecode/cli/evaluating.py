"""``evaluate`` and ``link retrain``: how good the linking is, and another model, tried before it decides.

Both print counts and never a person.  ``evaluate --records`` needs no database.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from carecode.app import Settings, environment
from carecode.cli import link_words as words
from carecode.cli.charting import bars, rows_of, svg, written
from carecode.cli.linking import agreed, link
from carecode.cli.opening import run
from carecode.cli.output import EXIT_FAILED, DataOption, JsonOption, emit, fail
from carecode.exchange.people_files import Refused, people
from carecode.exchange.truth_files import Fact, truth
from carecode.identity.identifiers import KINDS, hospital_system
from carecode.identity.linking.evaluation import Evaluation, Judged, evaluate
from carecode.identity.linking.events import Mark
from carecode.identity.linking.frequencies import Frequencies
from carecode.identity.linking.gathering import RECORDS_MAX, Change, Gathered, Records, changes
from carecode.identity.linking.model import MODEL_BYTES_MAX, Model, load, shipped
from carecode.identity.linking.standardise import standardise
from carecode.identity.linking.training import train
from carecode.identity.rereading import Again, Marked, Rereading
from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.identity.linking.evaluation import Measure
    from carecode.identity.linking.features import Features

SHOWN_MAX: Final = 20
AT_ONCE: Final = 8
TRAINED_ON_MIN: Final = 1_000
CASES_MAX: Final = 1_000
MODELS: Final = "models"
_MEASURES: Final = ("precision", "recall", "f1")
Step = Callable[[int, int], None]


def evaluate_command(
    truth_file: Annotated[
        Path, typer.Option("--truth", metavar="FILE", help="CSV or Parquet: record (SYSTEM|VALUE), entity, class.")
    ],
    records: Annotated[
        Path | None, typer.Option("--records", metavar="FILE", help="Link this file of people, not the index.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="FILE", help="With --records: by this model, not the shipped one.")
    ] = None,
    without_asking: Annotated[
        bool, typer.Option("--without-asking", help="With --records: bits answer what people would be asked.")
    ] = False,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="SVG", help="Draw the shares into this file.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare persons with a truth: precision, recall and F1 with intervals of 95 %, in all and per error class.

    By pairs of records, by whole persons, and B-cubed.  Exit code 0, or 1 when a line of a file was refused.
    """
    try:
        stated = truth(truth_file)
        facts = stated.records
        if records is not None:
            by = shipped() if model is None else _model(model)
            found, more = _of_file(records, facts, by, asking=not without_asking, as_json=as_json)
        else:
            if model is not None or without_asking:
                raise InvalidInputError("evaluate-model", "--model and --without-asking go with --records.")
            found, more = run(data, lambda app: _of_index(app, facts, as_json=as_json), as_json=as_json)
        refused = [*stated.refused, *more.pop("refused", [])]
        told = {**_json(found), **more, "refused": len(refused), "refused_lines": _refused(refused)}
        if chart is not None:
            chart.write_text(svg("Persons against the truth", rows_of(found)), encoding="utf-8")
            told["chart"] = str(chart)
    except CareCodeError as error:
        raise fail(error, as_json) from None
    except OSError as error:
        refusal = InvalidInputError("chart-unwritable", f"The chart cannot be written: {error.strerror}.")
        raise fail(refusal, as_json) from None
    emit(as_json, told, "\n".join(_lines(found, told)))
    if refused:
        raise typer.Exit(EXIT_FAILED)


link.command("evaluate")(evaluate_command)


@link.command()
def retrain(
    adopt: Annotated[bool, typer.Option("--adopt", help="Let the new model decide from now on.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model on the index without labels and print what it would change.  Changes nothing without --adopt.

    The model is kept as DATA/models/VERSION.json.  Counts of joinings and partings, and numbers of open cases that
    it would decide; pins of people hold against it.  Adopting it changes no link that stands.
    """
    folder = Settings.of(data, environment()).data / MODELS

    async def work(app: App) -> dict[str, Any]:
        await app.index.matcher.refresh()
        with _progress("reading", as_json=as_json) as step:
            read, marks = await _read(app, step)
        old = app.index.matcher.model
        with _progress("comparing", as_json=as_json) as step:
            tried = await asyncio.to_thread(_try, read, marks, old, app.clock().date().isoformat(), step)
        new, change, then = tried
        told = {
            "records": len(read),
            "model": new.version,
            "model_before": old.version,
            "would_link": len(change.link),
            "would_split": len(change.split),
            "would_ask": len(change.ask),
            "cases_decided": await _cases(app, read, then),
            "file": str(_kept(new, folder)),
            "adopted": False,
        }
        if adopt:
            await agreed(_retrained(told), yes=yes, as_json=as_json)
            features = [one.features for one in read]
            counted = await asyncio.to_thread(Frequencies.count, features, app.index.matcher.token)
            await app.index.matcher.adopt(new, counted, app.clock())
            told["adopted"] = True
        return told

    found = run(data, work, as_json=as_json)
    end = "It decides from now on." if found["adopted"] else "Nothing was changed. --adopt lets it decide."
    emit(as_json, found, "\n".join([*_retrained(found), end]))


# Evaluating


def _of_file(
    path: Path, facts: dict[str, Fact], model: Model, *, asking: bool, as_json: bool
) -> tuple[Evaluation, dict[str, Any]]:
    """Link the people of a file in memory and compare."""
    features: list[Features] = []
    judged: list[Fact | None] = []
    refused: list[Refused] = []
    met: set[str] = set()
    with _progress("reading", as_json=as_json) as step:
        for number, row in enumerate(people(path), 1):
            if isinstance(row, Refused):
                refused.append(row)
                continue
            if len(features) == RECORDS_MAX:
                raise InvalidInputError("records-many", f"At most {RECORDS_MAX:,} records are linked in memory.")
            name = f"{row.record.source}|{row.record.local_id}"
            features.append(standardise(row.record))
            judged.append(None if name in met else facts.get(name))
            met.add(name)
            if not number % 1_000:
                step(number, 0)
    with _progress("comparing", as_json=as_json) as step:
        gathered = Records(features, step).gather(model, asking=asking, progress=step)
    places = {place: number for number, place in enumerate(p for p, fact in enumerate(judged) if fact is not None)}
    rows = [
        Judged(fact.entity, str(person), fact.classes)
        for fact, person in zip(judged, gathered.persons, strict=True)
        if fact is not None
    ]
    asked = [(places[a], places[b]) for a, b in gathered.asked if a in places and b in places]
    missing = len(facts.keys() - met)
    return evaluate(rows, asked), {"missing": missing, "model": model.version, "refused": refused}


async def _of_index(app: App, facts: dict[str, Fact], *, as_json: bool) -> tuple[Evaluation, dict[str, Any]]:
    """Look every record of the truth up in the index and compare."""
    await app.index.matcher.refresh()
    rows: list[Judged] = []
    missing = 0
    names = list(facts)
    with _progress("looking up", as_json=as_json) as step:
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            persons = await asyncio.gather(*(_person(app, name) for name in some))
            for name, person in zip(some, persons, strict=True):
                if person is None:
                    missing += 1
                else:
                    rows.append(Judged(facts[name].entity, str(person), facts[name].classes))
            step(start + len(some), len(names))
    return evaluate(rows), {"missing": missing, "model": app.index.matcher.model.version}


async def _person(app: App, name: str) -> ResidentId | None:
    """Find the person a record belongs to: by a number of hers, or by an institution's own number of her."""
    system, _, value = name.partition("|")
    if system not in KINDS and ":" not in system and "/" not in system:
        system = hospital_system(system) if system.strip() else system
    try:
        found = await app.index.resolve(system, value)
    except InvalidInputError:
        return None
    return None if found is None else found.id


def _model(path: Path) -> Model:
    """Read a model's file, refused where it cannot score."""
    try:
        with path.open("rb") as file:
            return load(file.read(MODEL_BYTES_MAX + 1))
    except OSError as error:
        raise NotFoundError("model-unreadable", f"The model cannot be read: {error.strerror}.") from None


def _json(found: Evaluation) -> dict[str, Any]:
    """Give an evaluation for a program."""
    return {
        "records": found.records,
        "entities": found.entities,
        "persons": found.persons,
        "pairs": _measure(found.pairs),
        "whole_persons": _measure(found.whole),
        "b_cubed": _measure(found.bcubed),
        "classes": {name: _measure(measure) for name, measure in found.classes.items()},
        "questions": found.questions._asdict(),
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return {name: share._asdict() for name, share in zip(_MEASURES, measure, strict=True)}


def _lines(found: Evaluation, told: dict[str, Any]) -> Iterator[str]:
    """Say an evaluation to a person: bars on a terminal, plain lines elsewhere."""
    yield f"{found.records:,} records of {found.entities:,} entities in {found.persons:,} persons"
    yield f"model {words.short(told['model'])}"
    if told["missing"]:
        yield f"{told['missing']:,} records of the truth are not there and count nowhere"
    if found.questions.asked:
        asked = found.questions
        yield f"{asked.asked:,} questions to people about {asked.records:,} records; {asked.same:,} are one person"
    rows = rows_of(found)
    if sys.stdout.isatty():
        yield from bars(rows)
    else:
        for row in rows:
            for name, share in zip(_MEASURES, row.measure, strict=True):
                yield f"{words.visible(row.label)}: {name} {written(share)}"
    for line in told["refused_lines"]:
        yield f"refused line {line['line']}: {line['reason']}"
    if told["refused"] > SHOWN_MAX:
        yield f"… and {told['refused'] - SHOWN_MAX:,} more"
    if "chart" in told:
        yield f"chart in {told['chart']}"


def _refused(refused: Sequence[Refused]) -> list[dict[str, Any]]:
    return [{"line": one.line, "code": one.code, "reason": one.message} for one in refused[:SHOWN_MAX]]


# Training


async def _read(app: App, step: Step) -> tuple[list[Again], list[Marked]]:
    """Read every record and what people decided; RefusedError ``retrain-few`` below TRAINED_ON_MIN records."""
    rereading = Rereading(Room(app.database, "identity"), app.index.matcher)
    read: list[Again] = []
    async for batch in rereading.records():
        read += batch
        if len(read) > RECORDS_MAX:
            raise RefusedError("retrain-many", f"More than {RECORDS_MAX:,} records are trained on in bulk.")
        step(len(read), 0)
    if len(read) < TRAINED_ON_MIN:
        raise RefusedError(
            "retrain-few", f"There are {len(read):,} records. A model is learnt from at least {TRAINED_ON_MIN:,}."
        )
    return read, await rereading.marks()


def _try(
    read: Sequence[Again], marks: Sequence[Marked], old: Model, on: str, step: Step
) -> tuple[Model, Change, Gathered]:
    """Train a model, bring everybody together by it, and say what would change."""
    records = Records([one.features for one in read], step)
    new = train(records.evidence(), f"trained {on}", old.thresholds)
    first: dict[ResidentId, int] = {}
    must: list[tuple[int, int]] = []
    for place, one in enumerate(read):
        if first.setdefault(one.entry, place) != place:
            must.append((first[one.entry], place))  # an entry is one person, whatever her sources say
    cannot: list[tuple[int, int]] = []
    for entry, other, mark in marks:
        if entry in first and other in first:
            (must if mark is Mark.MUST else cannot).append((first[entry], first[other]))
    then = records.gather(new, must=must, cannot=cannot, progress=step)
    return new, changes([one.person.int for one in read], then), then


async def _cases(app: App, read: Sequence[Again], then: Gathered) -> list[str]:
    """Name the open cases that the new model would decide: all their entries would be one person."""
    persons = {one.entry: person for one, person in zip(read, then.persons, strict=True)}
    found = []
    for case, _at in await app.ledger.reviews(CASES_MAX):
        _state, entries = await app.ledger.review(case)
        if len(entries) > 1 and len({persons.get(entry) for entry in entries}) == 1 and entries[0] in persons:
            found.append(str(case))
    return found


def _kept(model: Model, folder: Path) -> Path:
    """Write a model's file under its version, whole or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{model.version}.json"
    part = path.with_suffix(".part")
    part.write_bytes(model.canonical())
    part.replace(path)
    return path


def _retrained(told: dict[str, Any]) -> list[str]:
    """Say to a person what a new model would change."""
    lines = [
        f"model {words.short(told['model'])}, trained on {told['records']:,} records",
        f"now decides {words.short(told['model_before'])}; by the new one a re-run",
        f"  would link  {told['would_link']:>10,}  persons to another",
        f"  would split {told['would_split']:>10,}  persons from another",
        f"  would ask   {told['would_ask']:>10,}  times about two persons",
    ]
    lines += [f"  would decide case {case}" for case in told["cases_decided"][:SHOWN_MAX]]
    if len(told["cases_decided"]) > SHOWN_MAX:
        lines.append(f"  … and {len(told['cases_decided']) - SHOWN_MAX} more cases; --json lists all")
    return [*lines, f"  kept in {told['file']}"]


@contextlib.contextmanager
def _progress(what: str, *, as_json: bool) -> Iterator[Step]:
    """Show progress on a terminal."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    hidden = as_json or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of or None)
