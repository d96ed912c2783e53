from __future__ import annotations

import asyncio
import bz2
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from carecode.app import App
from carecode.exchange import unpacking
from carecode.exchange.units import digest_of
from carecode.kernel.vocabulary import Requester
from tests.exchange.conftest import Held, Rows
from tests.exchange.samples import STAFF_SYSTEM, bundle, entry, observation, patient, practitioner, visit

Packed = Callable[[bytes], bytes]


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def one_member(data: bytes) -> bytes:
    return zipped(**{"folder/visit.json": data})


def lines(*resources: object) -> bytes:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in resources]
    return "\n".join(texts).encode() + b"\n"


@pytest.mark.parametrize("packed", [bytes, bz2.compress, gzip.compress, one_member])
async def test_a_bundle_is_read_however_it_is_packed(
    packed: Packed, house: App, machine: Requester, tmp_path: Path, rows: Rows
) -> None:
    file = tmp_path / "no-telling-name"
    file.write_bytes(packed(visit(2)))
    report = (await house.loader.load([file], machine)).to_json()
    assert report["stored"] == 4
    assert report["types"] == {"Encounter": 1, "Observation": 2, "Patient": 1}
    assert not report["refused"]
    before = await rows()
    again = (await house.loader.load([tmp_path], machine)).to_json()
    assert (again["stored"], again["known"], again["refused"]) == (0, 1, [])
    assert await rows() == before


async def test_what_was_loaded_is_known_in_any_packing(
    house: App, machine: Requester, other_machine: Requester, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_bytes(visit(1))
    (tmp_path / "b.zip").write_bytes(zipped(one=visit(1), two=bz2.compress(visit(1))))
    assert (await house.loader.load([tmp_path], machine)).to_json()["stored"] == 3
    # Another institution's copy is its own deposit.
    assert (await house.loader.load([tmp_path], other_machine)).to_json()["stored"] == 3


async def test_files_wait_for_what_they_point_to(house: App, machine: Requester, tmp_path: Path) -> None:
    pointed = observation("urn:uuid:1", performer=[{"reference": f"Practitioner?identifier={STAFF_SYSTEM}|S-1"}])
    (tmp_path / "a.json").write_bytes(bundle(entry(patient(), "urn:uuid:1"), entry(pointed)))
    condition = f"identifier={STAFF_SYSTEM}|S-1"
    (tmp_path / "b.json").write_bytes(bundle(entry(practitioner(), ifNoneExist=condition), kind="batch"))
    seen: list[tuple[int, int]] = []
    report = (await house.loader.load([tmp_path], machine, lambda done, total: seen.append((done, total)))).to_json()
    assert (report["stored"], report["refused"]) == (3, [])
    assert seen == [(1, 2), (2, 2)]


async def test_what_never_arrives_is_refused_with_its_place(
    house: App, machine: Requester, tmp_path: Path, rows: Rows
) -> None:
    pointed = observation("urn:uuid:1", performer=[{"reference": f"Practitioner?identifier={STAFF_SYSTEM}|S-1"}])
    (tmp_path / "a.json").write_bytes(bundle(entry(patient(), "urn:uuid:1"), entry(pointed)))
    report = (await house.loader.load([tmp_path], machine)).to_json()
    (refusal,) = report["refused"]
    assert refusal["code"] == "reference-unresolved"
    assert refusal["reason"].startswith("Bundle.entry[1].resource.performer[0].reference: ")
    assert not any((await rows()).values())


async def test_a_batch_with_one_bad_entry_is_loaded_after_it_was_mended(
    house: App, machine: Requester, tmp_path: Path, rows: Rows
) -> None:
    file = tmp_path / "directory.json"
    file.write_bytes(bundle(entry(practitioner()), entry({"resourceType": "Group"}), kind="batch"))
    assert (await house.loader.load([file], machine)).to_json()["stored"] == 0
    file.write_bytes(bundle(entry(practitioner()), kind="batch"))
    assert (await house.loader.load([file], machine)).to_json()["stored"] == 1
    assert (await rows())["record.directory"] == 1


async def test_lines_are_cut_by_patient(house: App, machine: Requester, tmp_path: Path, held: Held, rows: Rows) -> None:
    file = tmp_path / "all.ndjson"
    encounter = {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}}
    place = {"resourceType": "Location", "id": "ward", "name": "Ward"}
    file.write_bytes(
        lines(
            observation("Patient/a", encounter={"reference": "Encounter/e1"}),
            {
                **encounter,
                "subject": {"reference": "Patient/a"},
                "location": [{"location": {"reference": "Location/ward"}}],
            },
            patient("P-1", id="a"),
            observation("https://hospital.example/fhir/Patient/b"),
            patient("P-2", id="b"),
            "",
            observation("Patient/nobody"),
            {"resourceType": "Basic", "id": "loose"},
            "{broken",
            place,
        )
    )
    report = (await house.loader.load([file], machine)).to_json()
    assert report["types"] == {"Encounter": 1, "Location": 1, "Observation": 1, "Patient": 2}
    assert {row["code"] for row in report["refused"]} == {
        "reference-foreign",
        "reference-unresolved",
        "no-patient",
        "json-malformed",
    }
    (visit_of_a,) = await held("P-1", type="Encounter")
    (result_of_a,) = await held("P-1", type="Observation")
    assert result_of_a["encounter"]["reference"] == f"Encounter/{visit_of_a['id']}"
    before = await rows()
    assert (await house.loader.load([file], machine)).to_json()["stored"] == 0
    assert await rows() == before


async def test_lines_of_several_files_belong_together(
    house: App, machine: Requester, tmp_path: Path, held: Held, rows: Rows
) -> None:
    """A bulk export has one file per type; the second run knows the names of the first."""
    encounter = {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}}
    (tmp_path / "Patient.ndjson").write_bytes(lines(patient("P-1", id="a"), patient("P-2", id="b")))
    (tmp_path / "Encounter.ndjson").write_bytes(
        lines(
            {**encounter, "subject": {"reference": "Patient/a"}},
            {**encounter, "id": "e2", "subject": {"reference": "Patient/b"}},
        )
    )
    assert (await house.loader.load([tmp_path], machine)).to_json()["stored"] == 4
    (tmp_path / "Observation.ndjson").write_bytes(
        lines(
            observation("Patient/a", encounter={"reference": "Encounter/e1"}),
            observation("Patient/b", encounter={"reference": "Encounter/e1"}),
        )
    )
    report = (await house.loader.load([tmp_path], machine)).to_json()
    assert report["types"] == {"Observation": 1}, report["refused"]
    assert [row["code"] for row in report["refused"]] == ["reference-unresolved"]  # a visit of somebody else
    (found,) = await held("P-1", type="Observation")
    (visit_of_a,) = await held("P-1", type="Encounter")
    assert found["encounter"]["reference"] == f"Encounter/{visit_of_a['id']}"
    assert (await rows())["record.resource"] == 5


async def test_a_collection_is_stored_like_lines(house: App, machine: Requester, tmp_path: Path) -> None:
    texts = (json.dumps(patient("P-1", id="a")), observation("Patient/a"))
    entries = ",".join(f'{{"fullUrl":"http://h/fhir/{index}","resource":{text}}}' for index, text in enumerate(texts))
    (tmp_path / "c.json").write_text(f'{{"resourceType":"Bundle","type":"searchset","total":2,"entry":[{entries}]}}')
    report = (await house.loader.load([tmp_path], machine)).to_json()
    assert report["refused"][0]["code"] == "reference-unresolved"  # its fullUrls name it otherwise
    entries = ",".join(f'{{"resource":{text}}}' for text in texts)
    (tmp_path / "c.json").write_text(f'{{"resourceType":"Bundle","type":"collection","entry":[{entries}]}}')
    assert (await house.loader.load([tmp_path], machine)).to_json()["stored"] == 2


async def test_a_load_that_was_killed_stores_nothing_twice(
    house: App, machine: Requester, tmp_path: Path, rows: Rows
) -> None:
    """The deposit was committed, then the process died before the ledger was finished."""
    (tmp_path / "a.json").write_bytes(visit(3))
    await house.loader.load([tmp_path], machine)
    before = await rows()
    digest = digest_of(machine.organisation, visit(3))
    async with house.database.connection("exchange") as connection:
        await connection.execute("UPDATE exchange.loaded SET resources = NULL WHERE digest = $1", digest)
    report = (await house.loader.load([tmp_path], machine)).to_json()
    assert (report["stored"], report["refused"]) == (0, [])
    assert await rows() == before
    assert (await house.loader.load([tmp_path], machine)).to_json()["known"] == 1


async def test_two_loads_at_once_store_once(house: App, machine: Requester, tmp_path: Path, rows: Rows) -> None:
    (tmp_path / "a.json").write_bytes(visit(3))
    reports = await asyncio.gather(*(house.loader.load([tmp_path], machine) for _ in range(3)))
    assert sum(report.to_json()["stored"] for report in reports) == 5
    assert (await rows())["record.resource"] == 5


BOMB = zipped(zeros=bytes(64 * 1024 * 1024))


UNREADABLE = [
    (bz2.compress(visit(200))[:-20], "archive-broken"),
    (gzip.compress(visit(200))[:-20], "archive-broken"),
    (one_member(visit(200))[:-40], "archive-broken"),
    (one_member(visit(200)).replace(b"visit.json", b"visit.jsno", 1), "archive-broken"),
    (bz2.compress(b"x")[:10], "archive-broken"),
    (zipped(inner=one_member(b"{}")), "archive-in-archive"),
    (b"", "file-empty"),
    (b" \n\t", "file-empty"),
    (b"MSH|^~\\&|LAB|COUNTY|||20260304||ORU^R01|1|P|2.5\r", "hl7v2-not-read"),
    (b"\x0bMSH|^~\\&|LAB\r\x1c\r", "hl7v2-not-read"),
    (b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">', "cda-not-read"),
    (b'<Patient xmlns="http://hl7.org/fhir"><id value="1"/></Patient>', "fhir-xml-not-read"),
    (b"<html>", "file-unknown"),
    (b"name,born\nx,1985\n", "file-unknown"),
    (b'[{"resourceType":"Patient"}]', "file-unknown"),
    (b"{", "json-malformed"),
    (b'{"a":1}', "resource-type"),
    (b'{"resourceType":"Bundle","type":"message","entry":[]}', "bundle-type"),
]


async def test_what_cannot_be_read_is_refused_with_its_reason(
    house: App, machine: Requester, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    file = tmp_path / "file"
    for number, (data, code) in enumerate(UNREADABLE):
        file.write_bytes(data)
        with subtests.test(f"{number} {code}"):
            report = (await house.loader.load([tmp_path], machine)).to_json()
            assert [row["code"] for row in report["refused"]] == [code]
            assert report["stored"] == 0


async def test_a_small_file_that_unpacks_to_much_is_refused(
    house: App, machine: Requester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "UNPACKED_BYTES_MAX", 32 * 1024 * 1024)
    (tmp_path / "bomb.zip").write_bytes(BOMB)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(64 * 1024 * 1024)))
    (tmp_path / "good.json").write_bytes(visit(1))
    report = (await house.loader.load([tmp_path], machine)).to_json()
    assert [row["code"] for row in report["refused"]] == ["file-too-large"] * 2
    assert report["stored"] == 3


async def test_a_file_that_is_not_there_is_refused(house: App, machine: Requester, tmp_path: Path) -> None:
    report = (await house.loader.load([tmp_path / "none"], machine)).to_json()
    assert [row["code"] for row in report["refused"]] == ["file-unreadable"]


async def test_real_messages_and_documents_are_recognised(house: App, machine: Requester, shared_data: Path) -> None:
    report = (await house.loader.load([shared_data / "hl7v2", shared_data / "ccda"], machine)).to_json()
    codes = [row["code"] for row in report["refused"]]
    assert len(codes) == report["files"]
    assert set(codes) == {"hl7v2-not-read", "cda-not-read"}


async def test_real_bundles_are_loaded_whole_and_once(
    house: App, machine: Requester, shared_data: Path, tmp_path: Path
) -> None:
    files = sorted((shared_data / "synthea").glob("*.bz2"))
    small = sorted(files[2:], key=lambda file: file.stat().st_size)[:3]
    cut = tmp_path / "cut.json.bz2"
    cut.write_bytes(files[5].read_bytes()[:-100])
    report = (await house.loader.load([*small, cut, *files[:2]], machine)).to_json()
    assert [row["code"] for row in report["refused"]] == ["archive-broken"]
    again = (await house.loader.load([*files[:2], *small], machine)).to_json()
    assert (again["stored"], again["known"]) == (0, 5)
    resources = [
        row["resource"]
        for file in [*files[:2], *small]
        for row in json.loads(bz2.decompress(file.read_bytes()))["entry"]
    ]
    assert report["stored"] == len(resources)
