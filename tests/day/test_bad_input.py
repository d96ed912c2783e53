"""What people, phones and files get wrong: a clear sentence, the right status, nothing half-written."""

from __future__ import annotations

import bz2
import gzip
import json
import re
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from carecode.exchange.unpacking import UNPACKED_BYTES_MAX
from carecode.exchange.wellformed import BYTES_MAX as DOCUMENT_BYTES_MAX
from carecode.healthcode.base45 import ALPHABET
from carecode.identity.identifiers import CHECK_CHARACTER
from carecode.kernel.vocabulary import CodePurpose
from tests.day.people import Pocket, words_of
from tests.day.town import CARECODE, Ended, Town, run, surroundings

SCRIPT = Path(__file__).parents[2] / "carecode"
LOAD_BYTES_MAX = 1400 << 20  # memory of a load: seven times the largest file that it takes


def said(html: str) -> str:
    """Return the sentence of the error box."""
    assert html.count('role="alert"') == 1
    words = words_of("<div" + html.partition('role="alert"')[2].partition("</div></div>")[0])
    return words.removeprefix("This did not work ")


def traces(pocket: Pocket) -> tuple[str, int]:
    """Return what a look or a check-in would change: her list of looks, and the desk's queue."""
    looks = words_of(pocket.http.get("/my/who-looked").text.partition("<aside")[2])
    return looks, pocket.http.get("/desk").text.count("<tr>")


# Codes


def test_a_code_with_one_character_changed_opens_nothing_and_spoils_nothing(pocket: Pocket) -> None:
    before = traces(pocket)
    code = pocket.code(CodePurpose.REGISTER)
    for place, character in enumerate(code):
        changed = code[:place] + ALPHABET[(ALPHABET.index(character) + 1) % len(ALPHABET)] + code[place + 1 :]
        answer = pocket.http.post("/desk/scan", data={"code": changed})
        assert answer.status_code in {400, 403}, place
        assert re.fullmatch(r"(This|The clock) .+\.", said(answer.text)), place
        assert "Lin Mei" not in answer.text
    assert traces(pocket) == before
    assert "Lin Mei" in pocket.http.post("/desk/scan", data={"code": code}).text


NOW, LATER, EARLIER = timedelta(0), timedelta(minutes=5), timedelta(minutes=-5)
WRONG_CODES = (
    ("/desk/scan", CodePurpose.REGISTER, EARLIER, "This code is too old. Ask her to refresh the screen."),
    ("/desk/scan", CodePurpose.REGISTER, LATER, "The clock of this phone is wrong. Ask her to set its time"),
    ("/desk/scan", CodePurpose.PAY, NOW, "This is a pay code. Ask her for a check-in code."),
    ("/desk/scan", CodePurpose.OPEN_RECORD, NOW, "This is a code to open her record. Ask her for a check-in code."),
    ("/clinic/open", CodePurpose.REGISTER, NOW, "This is a check-in code. Ask her for a code to open her record."),
    ("/clinic/open", CodePurpose.OPEN_RECORD, EARLIER, "This code is too old. Ask her to refresh the screen."),
    ("/clinic/open", CodePurpose.OPEN_RECORD, NOW, "This code is not for this desk. Ask her to type this desk's"),
    ("/cashier/scan", CodePurpose.OPEN_RECORD, NOW, "This is a code to open her record. Ask her for a pay code."),
)  # fmt: skip


@pytest.mark.parametrize(("address", "purpose", "shift", "sentence"), WRONG_CODES)
def test_a_code_of_the_wrong_time_purpose_or_desk_is_refused_in_words(
    pocket: Pocket, address: str, purpose: CodePurpose, shift: timedelta, sentence: str
) -> None:
    before = traces(pocket)
    clinic = pocket.desk_number("clinic")
    elsewhere = f"{(int(clinic) + 1) % 10_000:04d}"
    code = pocket.code(purpose, elsewhere, datetime.now(UTC) + shift)
    answer = pocket.http.post(address, data={"code": code})
    assert answer.status_code == 403
    assert sentence in said(answer.text)
    assert traces(pocket) == before


def test_a_used_code_is_refused_even_at_another_counter(pocket: Pocket) -> None:
    code = pocket.code(CodePurpose.REGISTER)
    assert pocket.http.post("/desk/scan", data={"code": code}).status_code == 200
    before = traces(pocket)
    answer = pocket.http.post("/desk/scan", data={"code": code})
    assert (answer.status_code, "was used already" in said(answer.text)) == (403, True)
    assert traces(pocket) == before


@pytest.mark.parametrize(
    ("text", "status"),
    [("CC1", 400), ("hello", 400), ("C" * 2000, 400), ("shc:/5676", 403), ("https://a.example", 403), ("110101", 403)],
)
def test_what_is_no_code_of_ours_is_named(pocket: Pocket, text: str, status: int) -> None:
    answer = pocket.http.post("/desk/scan", data={"code": text})
    assert answer.status_code == status
    assert said(answer.text).startswith("This is ")


# Numbers


@pytest.mark.parametrize(("number", "warned"), [("110101198811113310", False), ("110101198811113328", True)])
def test_a_wrong_check_digit_warns_and_never_blocks(pocket: Pocket, number: str, warned: bool) -> None:  # noqa: FBT001
    form = {"kind": "citizen-id", "number": number, "name": "许强", "born": "1988-11-11", "sex": "male"}
    answer = pocket.http.post("/desk/enrol", data=form)
    assert answer.status_code == 200
    words = words_of(answer.text)
    assert "She is in the index" in words
    assert (CHECK_CHARACTER in words) is warned
    assert re.search(r"\b\d{4} \d{4}\b", words)
    assert "already" in words_of(pocket.http.post("/desk/enrol", data=form).text)  # and nobody is added twice


# Files


def bundle(number: str, *, subject: str = "urn:uuid:her", note: str = "a word") -> dict[str, Any]:
    """One patient with an observation that points to ``subject``."""
    patient = {"resourceType": "Patient", "identifier": [{"system": "urn:test:file", "value": number}]}
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "a test"},
        "subject": {"reference": subject},
        "valueString": note,
    }
    entries: list[tuple[str, dict[str, Any]]] = [("urn:uuid:her", patient), ("urn:uuid:it", observation)]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": url, "resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
            for url, one in entries
        ],
    }


def test_files_that_cannot_be_taken_are_named_and_leave_nothing(town: Town, tmp_path: Path) -> None:
    """One load of a damaged, a dangling, an oversized, an unknown and a good file: one exit code, five answers."""
    (tmp_path / "cut.json.bz2").write_bytes(bz2.compress(json.dumps(bundle("cut", note="x" * 9999)).encode())[:-20])
    (tmp_path / "dangling.json").write_text(json.dumps(bundle("dangling", subject="urn:uuid:nobody")))
    (tmp_path / "good.json").write_text(json.dumps(bundle("good")))
    (tmp_path / "unknown.txt").write_text("nothing that anybody knows")
    padded(tmp_path / "long.json.gz", DOCUMENT_BYTES_MAX)
    padded(tmp_path / "giant.json.gz", UNPACKED_BYTES_MAX)
    done, memory = measured(tmp_path, "load", str(tmp_path), "--json", "--data", str(town.data))
    assert (done.code, done.err) == (1, "")
    report = json.loads(done.out)
    reasons = {Path(one["file"]).name: one["reason"] for one in report["refused"]}
    assert reasons == {
        "cut.json.bz2": "The file ends too early or is damaged; nothing of it was stored. Copy it again.",
        "dangling.json": "Bundle.entry[1].resource.subject.reference: "
        "A reference points to an entry that is not in the bundle.",
        "long.json.gz": f"More than {DOCUMENT_BYTES_MAX >> 20} MB at once.",
        "giant.json.gz": f"It holds more than {UNPACKED_BYTES_MAX >> 20} MB; split it.",
        "unknown.txt": "This is not FHIR in JSON, HL7 v2 or CDA.",
    }
    assert (report["stored"], report["types"]) == (2, {"Observation": 1, "Patient": 1})
    assert memory < LOAD_BYTES_MAX
    assert run("code", "show", "urn:test:file|good", "--data", str(town.data)).code == 0
    for number in ("dangling", "cut"):
        assert run("code", "show", f"urn:test:file|{number}", "--data", str(town.data)).code == 1


def test_a_file_of_nearly_the_bound_is_taken_in_bounded_memory(town: Town, tmp_path: Path) -> None:
    patient, observation = (entry["resource"] for entry in bundle("lines")["entry"])
    lines = tmp_path / "lines.ndjson"
    with lines.open("w") as file:
        file.write(json.dumps(patient | {"id": "her"}) + "\n")
        for number in range(12):
            note = f"{number}" + " word" * (3 << 20)
            one = observation | {"id": f"o{number}", "subject": {"reference": "Patient/her"}, "valueString": note}
            file.write(json.dumps(one) + "\n")
    assert 0.85 * UNPACKED_BYTES_MAX < lines.stat().st_size < UNPACKED_BYTES_MAX
    done, memory = measured(tmp_path, "load", str(lines), "--json", "--data", str(town.data))
    assert (done.code, json.loads(done.out)["stored"]) == (0, 13)
    assert memory < LOAD_BYTES_MAX


def padded(path: Path, size: int) -> None:
    """Write a good bundle with so many blanks in it that it is just too long."""
    text = json.dumps(bundle(path.name)).encode()
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(text[:-1])
        for _ in range(size >> 20):
            file.write(b" " * (1 << 20))
        file.write(text[-1:])


def measured(folder: Path, *arguments: str) -> tuple[Ended, int]:
    """Run a command; return how it ended and the most memory it held, in bytes."""
    out, err = folder / ".out", folder / ".err"
    with out.open("wb") as printed, err.open("wb") as complained:
        process = subprocess.Popen([CARECODE, *arguments], stdout=printed, stderr=complained, env=surroundings())
        most = 0
        while process.poll() is None:
            # VmHWM: the most of this program itself; wait4 would count the parent before exec as well
            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
            most = max(most, int(found[1]) << 10 if found else 0)
            time.sleep(0.01)
    return Ended(process.returncode, out.read_text(), err.read_text()), most


# Exit codes


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "error"),
    [
        (["code", "show", "@resident"], 0, None, None),
        (["code", "show", "urn:test:file|nobody"], 1, "not-found", "resident-none"),
        (["scan", "CC1NOTACODE", "--as", "@desk", "--purpose", "REGISTER"], 2, "invalid", "code-malformed"),
        (["code", "show", "@resident", "--purpose", "PAY"], 1, "refused", "code-desk-number"),
    ],
)
def test_exit_codes_and_json_errors(
    town: Town, arguments: list[str], code: int, kind: str | None, error: str | None
) -> None:
    done = run(*arguments, "--json", "--data", str(town.data), program=SCRIPT)
    assert done.code == code
    told = json.loads(done.out)
    assert done.out.count("\n") == 1
    if error is not None:
        assert (told["error"]["kind"], told["error"]["code"]) == (kind, error)
        assert told["error"]["message"].endswith((".", "…"))
