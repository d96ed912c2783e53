"""Her own copies on the real pages: a table, AuditEvents, Consents, and decisions taken back from a file."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest

from carecode.app import App
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import Purpose, Requester, Resident, Role
from carecode.web.my.export import FILE_BYTES_MAX

DOCTOR = Requester("doctor", Role.CLINICIAN, "county-2", "=Zhao Wei", "internal medicine")


@dataclass
class Scene:
    app: App
    http: httpx.AsyncClient
    her: Resident
    token: str

    @property
    def number(self) -> str:
        return self.app.gate.patient_id(herself(self.her.id), self.her)

    async def get(self, path: str, language: str = "en") -> httpx.Response:
        return await self.http.get(path, headers={"cookie": f"carecode_my={self.token}; lang={language}"})

    async def post(self, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
        headers = {"cookie": f"carecode_my={self.token}", "sec-fetch-site": "same-origin"}
        return await self.http.post(path, headers=headers, **more)

    async def look_at(self, content: bytes) -> httpx.Response:
        return await self.post("/my/privacy/files", files={"file": ("privacy.json", content, "application/json")})

    async def keep(self, content: bytes) -> httpx.Response:
        return await self.post("/my/privacy/files/keep", data={"file": content.decode()})

    async def standing(self) -> list[Wish]:
        return [one.wish for one in await self.app.decisions.standing(self.her, self.app.clock())]


@pytest.fixture
async def scene(house: App, http: httpx.AsyncClient) -> Scene:
    await house.people.mark_demo()  # a link of demo data counts as a fresh proof
    for handle in ("county-2", "city-1"):
        await house.people.put_organisation(Organisation(handle, f"Hospital {handle}", f"医院{handle}", "hospital"))
    await house.people.put_staff(
        Staff("doctor", "county-2", Role.CLINICIAN, "=Zhao Wei", "赵伟", "internal medicine", "内科")
    )
    person = Person("李明", "Li Ming", date(1970, 1, 1), "female", "")
    done = await house.index.enrol([parse("passport", "E12345678")], person, source="x", now=house.clock())
    token = await house.sessions.sign_in(house.clock(), resident=done.resident.id)
    await house.log.append(done.resident, DOCTOR, "refuse", Purpose.TREAT, "no-code")
    return Scene(house, http, done.resident, token)


async def test_who_looked_is_a_table_in_her_language(scene: Scene) -> None:
    answer = await scene.get("/my/who-looked.csv")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="who-looked.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:2] == ["When", "What happened"]
    assert "wanted to open your record. Nothing was opened." in rows[1][1]
    assert rows[1][3] == "'=Zhao Wei"
    assert rows[1][4] == "Hospital county-2"
    chinese = (await scene.get("/my/who-looked.csv", "zh")).content.decode("utf-8-sig")
    assert "医院county-2" in chinese
    assert "What happened" not in chinese


async def test_who_looked_is_a_bundle_of_audit_events_about_her(scene: Scene) -> None:
    answer = await scene.get("/my/who-looked.json")
    assert answer.headers["content-type"].startswith("application/fhir+json")
    bundle = answer.json()
    assert bundle["type"] == "collection"
    [refused] = [one["resource"] for one in bundle["entry"] if one["resource"]["action"] == "E"]
    assert refused["type"]["code"] == "110113"
    assert refused["entity"][0]["what"] == {"reference": f"Patient/{scene.number}"}
    for key in scene.her.keys:
        assert str(key) not in answer.text


async def test_decisions_go_out_and_come_back_once(scene: Scene) -> None:
    me = herself(scene.her.id)
    wishes = [Wish(Kind.INSTITUTION, "refuse", "city-1"), Wish(Kind.LABEL, "open", "county-2", "4"),
              Wish(Kind.STATISTICS, "out")]  # fmt: skip
    for wish in wishes:
        await scene.app.privacy.decide(me, wish)
    out = await scene.get("/my/privacy.json")
    assert [one["resource"]["resourceType"] for one in out.json()["entry"]] == ["Consent"] * 3
    assert "All that the file names holds already." in (await scene.look_at(out.content)).text
    for decision in await scene.app.privacy.standing(me):
        await scene.app.privacy.undo(me, decision.id)
    assert await scene.standing() == []
    shown = await scene.look_at(out.content)
    assert shown.status_code == 200
    assert "Hospital city-1" in shown.text
    assert await scene.standing() == []  # looking changes nothing
    kept = await scene.keep(out.content)
    assert (kept.status_code, kept.headers["location"]) == (303, "/my/privacy/changes")
    taken = {(one.kind, one.choice, one.whom, one.about) for one in await scene.standing()}
    assert taken == {(one.kind, one.choice, one.whom, one.about) for one in wishes}
    before = await scene.standing()
    assert (await scene.keep(out.content)).headers["location"] == "/my/privacy/files"
    assert await scene.standing() == before


async def test_who_acts_for_her_stands_in_the_file_and_comes_back_as_nothing_new(scene: Scene) -> None:
    person = Person("李梅", "Li Mei", date(1990, 1, 1), "female", "")
    done = await scene.app.index.enrol([parse("passport", "E87654321")], person, source="x", now=scene.app.clock())
    await scene.app.delegations.register_guardian(scene.her, done.resident, None, scene.app.clock())
    out = await scene.get("/my/privacy.json")
    [acting] = [one["resource"] for one in out.json()["entry"]]
    assert acting["policy"][0]["uri"] == "urn:carecode:policy:acting/guardian/decides/shows-code"
    assert str(done.resident.id) not in out.text
    assert "All that the file names holds already." in (await scene.look_at(out.content)).text
    await scene.app.delegations.end_guardian(scene.her, done.resident, scene.app.clock())
    assert "Who acts for you cannot be taken from a file." in (await scene.look_at(out.content)).text


def consent(number: str, **provision: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a provision
    purpose = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}]
    return {
        "resourceType": "Consent",
        "status": "active",
        "patient": {"reference": f"Patient/{number}"},
        "provision": {"type": "deny", "purpose": purpose, **provision},
    }


async def test_a_file_with_one_bad_rule_changes_nothing_and_says_why(scene: Scene) -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": consent(scene.number)},
            {"resource": consent(scene.number, dataPeriod={"start": "2022"})},
        ],
    }
    for answer in (await scene.look_at(json.dumps(bundle).encode()), await scene.keep(json.dumps(bundle).encode())):
        assert answer.status_code == 400
        assert "CareCode has no such rule" in answer.text
        assert "Nothing was changed." in answer.text
    assert await scene.standing() == []


async def test_an_entry_that_is_not_hers_takes_the_whole_file_back(scene: Scene) -> None:
    entry = "0190a3c4-0000-7000-8000-00000000000e"
    data = [{"meaning": "instance", "reference": {"reference": f"Observation/{entry}"}}]
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": consent(scene.number)}, {"resource": consent(scene.number, data=data)}],
    }
    assert (await scene.keep(json.dumps(bundle).encode())).status_code == 404
    assert await scene.standing() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"x" * (FILE_BYTES_MAX + 1)])
async def test_what_is_no_such_file_is_refused_in_words(scene: Scene, content: bytes) -> None:
    answer = await scene.look_at(content)
    assert answer.status_code == 400
    assert "Nothing was changed." in answer.text
    answer = await scene.http.post(
        "/my/privacy/files",
        files={"file": ("x", content)},
        headers={"cookie": f"carecode_my={scene.token}; lang=zh", "sec-fetch-site": "same-origin"},
    )
    assert "没有改变任何内容。" in answer.text


async def test_a_file_that_is_good_but_too_large_is_not_read(scene: Scene) -> None:
    good = json.dumps(consent(scene.number)).encode()
    answer = await scene.look_at(good + b" " * FILE_BYTES_MAX)
    assert answer.status_code == 400
    assert "The file is too large." in answer.text
    assert (await scene.look_at(good)).status_code == 200


async def test_nobody_else_reads_her_files(scene: Scene) -> None:
    for path in ("/my/who-looked.csv", "/my/who-looked.json", "/my/privacy.json", "/my/privacy/files"):
        assert (await scene.http.get(path)).status_code == 403
