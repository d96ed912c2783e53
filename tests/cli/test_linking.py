"""``carecode link``: why two are one, joining and parting them, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from random import Random
from uuid import UUID

import pytest
from typer.testing import CliRunner

from carecode.app import App
from carecode.cli import link_words, linking
from carecode.cli.linking import OPERATOR
from carecode.identity.identifiers import parse
from carecode.identity.ledger import By
from carecode.identity.linking.deciding import Candidate, Decision, Outcome, decide
from carecode.identity.linking.events import Kind, Mark
from carecode.identity.linking.telling import signed, waterfall
from carecode.identity.person import Person
from carecode.kernel.vocabulary import Purpose, Requester, Role
from tests.cli.typed import Command, commands, error, told
from tests.identity.linking.test_deciding import MODEL, nothing_common
from tests.identity.linking.test_levels import LIN, change

A, B, C = ("insurance|DEMO0000000A", "insurance|DEMO0000000B", "insurance|DEMO0000000C")
WHY = "one and the same card was shown"
DOCTOR = Requester("doctor", Role.CLINICIAN, "county-2", "Dr Zhao", "internal medicine")


async def enrol(house: App, number: str, person: Person) -> None:
    system, _, value = number.partition("|")
    await house.index.enrol([parse(system, value)], person, source=f"source-of-{value}", now=house.clock())


@pytest.fixture
async def alike(house: App) -> App:
    """Two entries that a model asks about or links, and one like neither."""
    await enrol(house, A, Person("林梅", "", date(1985, 3, 14), "female", "13900001234"))
    await enrol(house, B, Person("林梅", "", date(1985, 3, 14), "female", "13900001235"))
    await enrol(house, C, Person("陈兰竹", "", date(1950, 7, 2), "male", "13800005678"))
    return house


async def leaders(house: App, *numbers: str) -> list[UUID]:
    found: list[UUID] = []
    for number in numbers:
        system, _, value = number.partition("|")
        entry = await house.index.entry_of(system, value)
        assert entry is not None
        found.append((await house.ledger.person(entry))[0])
    return found


async def looks(house: App, number: str) -> list[tuple[str, str]]:
    system, _, value = number.partition("|")
    resident = await house.index.resolve(system, value)
    assert resident is not None
    return [(entry.action, entry.basis) for entry in await house.log.entries(resident)]


async def test_status_counts_and_names_nobody(alike: App, command: Command) -> None:
    found = told(await command("link", "status", "--json"))
    assert (found["entries"], found["unsettled"]) == (3, 0)
    assert found["linked"] + found["persons"] == 3
    assert found["model"] == alike.index.matcher.model.version
    text = (await command("link", "status")).stdout
    assert "3  entries" in text
    assert "林" not in text


async def test_explain_shows_the_stored_decision_to_the_bit(alike: App, command: Command) -> None:
    found = told(await command("link", "explain", B, A, "--json"))
    [one] = found["decisions"]
    system, _, value = B.partition("|")
    entry = await alike.index.entry_of(system, value)
    assert entry is not None
    [stored] = await alike.index.decisions(entry)
    assert stored.decision.best is not None
    assert one["model"] == stored.decision.model
    assert one["total"] == stored.decision.best.total
    assert {step["field"]: step["bits"] for step in one["steps"][1:]} == stored.decision.best.bits
    assert {step["field"]: step["level"] for step in one["steps"][1:]} == stored.decision.best.levels
    assert (await command("link", "explain", A, B, "--json")).stdout == (
        await command("link", "explain", B, A, "--json")
    ).stdout
    text = (await command("link", "explain", B)).stdout
    for step in waterfall(stored.decision):
        assert signed(step.bits) in text
        assert step.words in text
    assert "林" not in text
    assert ("identify", "steward compared") in await looks(alike, A)
    assert ("identify", "steward compared") in await looks(alike, B)


@pytest.mark.usefixtures("alike")
async def test_two_whom_nothing_brought_together_have_nothing_to_explain(command: Command) -> None:
    found = told(await command("link", "explain", A, C, "--json"))
    assert found == {"decisions": [], "one_person": False}
    assert "No model decided anything here." in (await command("link", "explain", A, C)).stdout


def random_decisions(count: int) -> list[Decision]:
    random = Random(7)
    choices = {
        "number": ["", LIN.number, "990105198503140021"],
        "name": [LIN.name, "林小梅", "王芳", ""],
        "born": [LIN.born, "19850315", ""],
        "phone": [LIN.phone, "13800000001", ""],
        "sex": ["female", "male", ""],
        "door": [LIN.door, ""],
    }
    found: list[Decision] = []
    while len(found) < count:
        record, *others = [
            change(**{field: random.choice(values) for field, values in choices.items()})
            for _ in range(random.randint(2, 4))
        ]
        decision = decide(
            record, [Candidate(str(n % 2), str(n), other) for n, other in enumerate(others)], MODEL, nothing_common
        )
        if decision.best is not None:
            found.append(decision)
    return found


def test_a_thousand_decisions_are_told_in_the_numbers_of_the_waterfall() -> None:
    """The pair page draws from the same function: so both show one thing."""
    outcomes = set()
    for decision in random_decisions(1_000):
        assert decision.best is not None
        outcomes.add(decision.outcome)
        one = link_words.decision_json(decision, decision.best, datetime(2026, 11, 24, tzinfo=UTC))
        lines = "\n".join(link_words.decision_lines(one))
        steps = waterfall(decision)
        assert [step["bits"] for step in one["steps"]] == [step.bits for step in steps]
        for step, line in zip(steps, lines.splitlines()[-1 - len(steps) :], strict=False):
            assert line.endswith(f"{signed(step.bits):>8}  {signed(step.running_total):>8}")
        assert f"Bits in all {signed(decision.best.total)};" in lines
        assert steps[-1].running_total == decision.best.total
    assert outcomes == set(Outcome)


async def test_linking_asks_first_and_unlinking_tells_both_what_was_shown(alike: App, command: Command) -> None:
    one, other = await leaders(alike, A, C)
    refused = await command("link", "link", C, A, "--reason", WHY, typing="n\n")
    assert refused.exit_code == 1
    assert "Go on?" in refused.stderr
    assert "This entry joins a person of" in refused.stderr
    assert await leaders(alike, A, C) == [one, other]
    done = await command("link", "link", C, A, "--reason", WHY, typing="y\n")
    assert done.exit_code == 0, done.output
    assert await leaders(alike, C) == [one]
    assert ("decide", "steward linked") in await looks(alike, C)
    both = await alike.index.resolve(*A.split("|"))
    assert both is not None
    await alike.log.append(both, DOCTOR, "identify", Purpose.IDENTIFY, "code")
    parted = told(await command("link", "unlink", C, "--reason", WHY, "--yes", "--json"))["parted"]
    assert len(parted) == 2
    for each in parted:
        assert "county-2" in {look["institution"] for look in each["looks"]}
    assert await leaders(alike, A, C) == [one, other]
    for number in (A, C):
        assert any(basis.startswith("parted ") for _action, basis in await looks(alike, number))


async def test_a_merge_is_taken_back_with_its_preview(alike: App, command: Command) -> None:
    one, other = await leaders(alike, A, C)
    assert (await command("link", "merge", C, A, "--reason", WHY, "--yes")).exit_code == 0
    assert await leaders(alike, C) == [one]
    refused = await command("link", "unmerge", C, "--reason", WHY, typing="\n")
    assert refused.exit_code == 1
    assert "are parted; they were one" in refused.stderr
    done = await command("link", "unmerge", C, "--reason", WHY, "--yes")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Taken back.")
    assert "persons are told" in done.stdout
    assert await leaders(alike, A, C) == [one, other]
    assert error(await command("link", "unmerge", C, "--reason", WHY, "--yes", "--json")) == "link-event-gone"


async def test_who_came_after_a_merge_without_evidence_becomes_a_case(alike: App, command: Command) -> None:
    await enrol(alike, "insurance|DEMO0000000D", Person("赵安邦", "", date(1961, 1, 5), "male", "13700001111"))
    before = told(await command("link", "status", "--json"))["cases"]
    assert (await command("link", "merge", C, A, "--reason", WHY, "--yes")).exit_code == 0
    assert (await command("link", "link", "insurance|DEMO0000000D", A, "--reason", WHY, "--yes")).exit_code == 0
    found = told(await command("link", "unmerge", C, "--reason", WHY, "--yes", "--json"))
    assert len(found["cases"]) == 1
    assert told(await command("link", "status", "--json"))["cases"] == before + 1


async def test_history_is_newest_first_and_names_no_entry_by_its_id(alike: App, command: Command) -> None:
    await command("link", "merge", C, A, "--reason", WHY, "--yes")
    await command("link", "pin", A, C, "--must", "--reason", WHY, "--yes")
    found = told(await command("link", "history", C, "--json"))
    assert [event["kind"] for event in found["events"]][:2] == ["pin", "merge"]
    assert found["events"][0]["by"] == OPERATOR.id
    text = (await command("link", "history", C)).stdout
    assert f"the whole person of this entry joined the person of entry 2, by operator: {WHY}" in text.splitlines()[1]
    for entry in await leaders(alike, A, B, C):
        assert str(entry) not in text
        assert str(entry) not in (await command("link", "history", C, "--json")).stdout
    assert (await command("link", "history", A, "--limit", "1")).exit_code == 0


@pytest.mark.usefixtures("alike")
async def test_a_pin_holds_until_it_is_taken_back(command: Command) -> None:
    pinned = told(await command("link", "pin", A, C, "--cannot", "--reason", WHY, "--yes", "--json"))
    assert pinned["mark"] == Mark.CANNOT.value
    assert error(await command("link", "merge", C, A, "--reason", WHY, "--yes", "--json")) == "pinned-apart"
    undone = await command("link", "unmerge", C, "--event", pinned["event"], "--reason", WHY, "--yes")
    assert undone.exit_code == 0, undone.output
    assert (await command("link", "merge", C, A, "--reason", WHY, "--yes")).exit_code == 0


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (["explain", "nobody"], "resident-form"),
        (["explain", "insurance|NOBODY1"], "resident-none"),
        (["explain", "@nobody"], "resident-none"),
        (["explain", "no kind|1"], "identifier-kind-unknown"),
        (["link", A, C, "--reason", "x", "--yes"], "words-short"),
        (["link", A, C, "--reason", WHY], "not-confirmed"),
        (["merge", A, A, "--reason", WHY, "--yes"], ""),
        (["unlink", C, "--reason", WHY, "--yes"], ""),
        (["pin", A, C, "--reason", WHY, "--yes"], "pin-mark"),
        (["pin", A, C, "--must", "--cannot", "--reason", WHY, "--yes"], "pin-mark"),
        (["unmerge", C, "--reason", WHY, "--yes"], "link-event-gone"),
        (["unmerge", C, "--event", str(UUID(int=1)), "--reason", WHY, "--yes"], "link-event-gone"),
    ],
)
async def test_what_cannot_be_done_says_so_with_a_code(
    alike: App, command: Command, typed: Sequence[str], code: str
) -> None:
    before = await leaders(alike, A, B, C)
    found = error(await command("link", *typed, "--json"))
    assert found == code or not code
    assert await leaders(alike, A, B, C) == before


def test_every_command_has_its_help_and_json_and_data() -> None:
    for name in ("status", "explain", "history", "link", "unlink", "merge", "unmerge", "pin", "retrain", "evaluate"):
        found = CliRunner().invoke(commands(), ["link", name, "--help"], env={"COLUMNS": "200"})
        assert found.exit_code == 0
        for word in ("--json", "--data", "--help"):
            assert word in found.stdout


def test_every_kind_of_event_has_its_words() -> None:
    for kind in Kind:
        one = {
            "seq": 1, "at": "now", "event": "e", "kind": kind.value, "by": "model:" + "f" * 64, "human": False,
            "entries": ["this entry"], "beside": "entry 2", "mark": "must", "case": "c", "undoes": "u", "moved": 0,
            "bits": 3.0, "reason": "\x1b[2J",
        }  # fmt: skip
        line = link_words.event_line(one)
        assert "by model:ffffffffffff, nobody asked, +3.00 bits: \\x1b[2J  [e]" in line


async def test_what_changed_while_it_was_looked_at_is_not_taken_back(
    alike: App, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    await command("link", "merge", C, A, "--reason", WHY, "--yes")

    async def meanwhile(*_preview: object, **_more: bool) -> None:
        entry = await alike.index.entry_of(*C.split("|"))
        assert entry is not None
        await alike.ledger.unlink(entry, By("steward-1", human=True, reason=WHY), alike.clock())

    monkeypatch.setattr(linking, "agreed", meanwhile)
    found = await command("link", "unmerge", C, "--reason", WHY, "--json")
    assert error(found) in {"link-stale", "undone-already"}
