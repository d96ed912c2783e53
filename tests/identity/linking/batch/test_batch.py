"""In statements, every pair comes to what it comes to one by one."""

from __future__ import annotations

from collections import Counter

import pytest

from carecode.identity.linking.batch.columns import table_of
from carecode.identity.linking.batch.engines import DuckEngine
from carecode.identity.linking.batch.keys import ALL, LETTERS
from carecode.identity.linking.batch.link import Linked, Shares, Training, link, weighed
from carecode.identity.linking.batch.patterns import levels_of
from carecode.identity.linking.deciding import Candidate, Outcome, decide
from carecode.identity.linking.features import Features, Precision
from carecode.identity.linking.frequencies import COLUMNS
from carecode.identity.linking.gathering import Records
from carecode.identity.linking.keys import LETTERS as LETTERS_THERE
from carecode.identity.linking.keys import plain_keys, plain_variants
from carecode.identity.linking.levels import FIELDS, compare
from carecode.identity.linking.model import Model
from carecode.identity.linking.training import SESSIONS, train
from carecode.kernel.errors import InvalidInputError

ENOUGH = 20_000


def test_each_record_has_the_keys_of_one_by_one(engine: DuckEngine, linked: Linked, one_by_one: Records) -> None:
    assert linked.records == len(one_by_one.records)
    stored: dict[int, set[str]] = {rid: set() for rid in range(linked.records)}
    asked: dict[int, set[str]] = {rid: set() for rid in range(linked.records)}
    written = 0
    for key in ALL:
        for rid, text in engine.rows(f"SELECT rid, {key.text()} FROM records WHERE {key.when}"):  # noqa: S608
            (stored if key.stored else asked)[rid].add(text)
            written += key.stored
    for rid, record in enumerate(one_by_one.records):
        assert stored[rid] == plain_keys(record)
        assert asked[rid] == plain_variants(record)
    assert written == sum(map(len, stored.values()))  # no key of a record is written twice


def test_the_letters_are_the_same() -> None:
    assert set(LETTERS) == set(LETTERS_THERE)


def test_levels_bits_guards_and_outcomes_are_those_of_one_by_one(
    engine: DuckEngine, linked: Linked, one_by_one: Records, model: Model
) -> None:
    rows = engine.rows(weighed(model, linked.known))
    assert len(rows) >= ENOUGH
    seen: Counter[tuple[str, int]] = Counter()
    for a, b, pattern, rule, verdict, certain, total, outcome, *bits in rows:
        decision = one_by_one.decide(a, b, model)
        best = decision.best
        assert best is not None
        levels = levels_of(pattern)
        assert {field: level.name.lower() for field, level in zip(FIELDS, levels, strict=True)} == best.levels, (a, b)
        assert (rule, certain) == (best.rule, best.certain), (a, b)
        assert outcome == ("never" if best.verdict == "never" else decision.outcome), (a, b)
        assert total == pytest.approx(best.total, abs=1e-9)
        assert bits == pytest.approx(list(best.bits.values()), abs=1e-9)
        assert best.verdict == ("free", "ask", "review", "never")[verdict]
        seen.update(zip(FIELDS, levels, strict=True))
    missing = [f"{field}.{level.name}" for field, kind in FIELDS.items() for level in kind if not seen[field, level]]
    assert not missing  # every level there is was met


def test_pairs_persons_and_questions_are_those_of_one_by_one(
    engine: DuckEngine, linked: Linked, one_by_one: Records, model: Model
) -> None:
    gathered = one_by_one.gather(model)
    assert (
        tuple(person for _, person in engine.rows("SELECT rid, person FROM persons ORDER BY rid")) == gathered.persons
    )
    assert tuple(engine.rows("SELECT a, b FROM questions ORDER BY a, b")) == gathered.asked
    assert linked.outcomes["link"] == gathered.links
    assert linked.persons == len(set(gathered.persons))
    assert linked.questions == len(gathered.asked)


def test_learning_in_statements_gives_the_same_model(
    records: list[Features], one_by_one: Records, model: Model
) -> None:
    evidence = one_by_one.evidence()
    sessions = {
        letter: Counter(compare(records_there[a], records_there[b]) for a, b in set(one_by_one._of_letter(letter)))
        for letter in SESSIONS
        for records_there in (one_by_one.records,)
    }  # each pair once, by however many keys of a letter it was found
    alone = train(evidence._replace(sessions=sessions), "t", model.thresholds)
    with DuckEngine() as engine:
        found = link(engine, table_of(enumerate(records)), Training("t", model.thresholds))
    assert found.model == alone


def test_without_anybody_to_ask_the_bits_decide(records: list[Features], one_by_one: Records, model: Model) -> None:
    with DuckEngine() as engine:
        found = link(engine, table_of(enumerate(records)), model, asking=False)
        rows = engine.rows("SELECT a, b, outcome FROM scored")
    assert found.questions <= found.contested
    for a, b, outcome in rows[::5]:
        candidate = Candidate("1", "1", one_by_one.records[b])
        decision = decide(one_by_one.records[a], [candidate], model, one_by_one._terms, asking=False)
        assert (outcome == "link") == (decision.outcome is Outcome.LINK)


def test_pins_are_kept(
    records: list[Features], engine: DuckEngine, linked: Linked, one_by_one: Records, model: Model
) -> None:
    apart = engine.rows("SELECT a, b FROM scored WHERE outcome = 'never' ORDER BY a, b LIMIT 5")
    together = engine.rows("SELECT a, b FROM links ORDER BY a, b LIMIT 5")
    with DuckEngine() as other:
        link(other, table_of(enumerate(records)), model, must=apart, cannot=together)
        persons: dict[int, int] = dict(other.rows("SELECT rid, person FROM persons"))
        gathered = one_by_one.gather(model, must=apart, cannot=together)
        assert [persons[rid] for rid in range(linked.records)] == list(gathered.persons)
        assert tuple(other.rows("SELECT a, b FROM questions ORDER BY a, b")) == gathered.asked
    assert all(persons[a] == persons[b] for a, b in apart)
    assert all(persons[a] != persons[b] for a, b in together)


def test_shares_of_a_whole_index_are_used(records: list[Features], one_by_one: Records, model: Model) -> None:
    counts = {column: Counter(filter(None, (getattr(one, column) for one in records))) for column in COLUMNS}
    shares = Shares({name: held.total() * 3 for name, held in counts.items()}, counts)
    with DuckEngine() as engine:
        link(engine, table_of(enumerate(records)), model, shares=shares)
        totals = {(a, b): total for a, b, total in engine.rows("SELECT a, b, total FROM scored")}
    differ = 0
    for (a, b), total in totals.items():
        best = one_by_one.decide(a, b, model).best
        assert best is not None
        differ += abs(total - best.total) > 0.5
    assert differ > len(totals) / 100


def test_one_number_on_five_hundred_people_links_nobody_and_is_counted(model: Model) -> None:
    many = [
        Features(number="990105198503120026", number_kind="citizen-id", number_holds=True, phone="13900000001")
    ] * 500
    with DuckEngine() as engine:
        found = link(engine, table_of(enumerate(many)), model)
    assert found.pairs == 0
    assert found.persons == 500
    assert {field: crowd.records for field, crowd in found.crowded.items()} == {"number": 500, "phone": 500}


def test_a_long_list_makes_no_pairs_and_is_counted(model: Model) -> None:
    many = [
        Features(name="李伟", pinyin="liwei", surname="李", given="伟", born="19900102", born_precision=Precision.DAY)
    ] * 300
    with DuckEngine() as engine:
        found = link(engine, table_of(enumerate(many)), model)
    assert found.pairs == 0
    assert found.long_lists["n"].records == 300
    assert found.long_lists["n"].largest == 300


def test_two_records_of_one_rid_are_refused(model: Model) -> None:
    with DuckEngine() as engine, pytest.raises(InvalidInputError) as refused:
        link(engine, table_of([(1, Features()), (1, Features())]), model)
    assert refused.value.code == "linking-rid-twice"


def test_nobody_at_all_is_no_error(model: Model) -> None:
    with DuckEngine() as engine:
        found = link(engine, table_of([(5, Features())]), model)
    assert (found.records, found.pairs, found.persons) == (1, 0, 1)
