"""The links of the demo town: none is dead on the front page, and each leads to pages."""

from __future__ import annotations

from carecode.disclosure.people import Staff
from carecode.kernel.vocabulary import Purpose, Requester, Resident, Role
from tests.signin.conftest import Town

DESK = Requester("desk", Role.DESK, "county-2", "Xu Ning", "desk 12")


async def link_of(town: Town, handle: str) -> str:
    links = await town.app.demo_links.current(town.now)
    assert links is not None
    return links[handle]


async def test_signing_out_elsewhere_leaves_her_link_alone(town: Town, her: Resident) -> None:
    await town.app.people.mark_demo()
    await town.app.people.put_cast_member("@resident", her.id)
    link = await link_of(town, "@resident")
    here, there = [await town.app.sessions.sign_in(town.now, resident=her.id) for _ in range(2)]
    bearer = await town.app.sessions.issue_bearer(town.now, resident=her.id, purpose=Purpose.PATRQT)
    await town.submit("/my/devices/others", "my", here)
    assert await town.app.sessions.session(here, town.now) is not None
    assert await town.app.sessions.session(there, town.now) is None
    assert await town.app.sessions.bearer(bearer, town.now) is None
    assert await link_of(town, "@resident") == link
    assert (await town.get(link)).status_code == 303


async def test_a_dead_link_is_replaced_at_once_and_the_others_stay(town: Town, her: Resident) -> None:
    await town.app.people.mark_demo()
    await town.app.people.put_cast_member("@resident", her.id)
    await town.app.people.put_staff(Staff("@doctor", "county-2", Role.CLINICIAN, "Dr Zhao Wei", "赵伟", "", ""))
    link, doctor = await link_of(town, "@resident"), await link_of(town, "@doctor")
    await town.app.sign_in.devices.cancel_all(DESK, her, town.now)
    assert (await town.get(link)).status_code == 403
    fresh = await link_of(town, "@resident")
    assert fresh != link
    assert f'href="{fresh}"' in (await town.get("/")).text
    assert (await town.get(fresh)).headers["location"] == "/my/phone"
    assert await link_of(town, "@doctor") == doctor
    town.clock.move(minutes=61)
    assert await link_of(town, "@doctor") != doctor


async def test_a_role_without_pages_has_no_link_and_is_told_so(town: Town) -> None:
    await town.app.people.mark_demo()
    for handle, role in (("@integrator", Role.INTEGRATOR), ("@operator", Role.OPERATOR)):
        await town.app.people.put_staff(Staff(handle, "county-2", role, "Shen Yu", "沈宇", "", ""))
        made = await town.app.sessions.link(town.now, staff=handle)
        answer = await town.get(f"/signin/{made}")
        assert (answer.status_code, "set-cookie" in answer.headers) == (404, False)
        assert "There is no page for this work here yet." in answer.text
        assert "这项工作在这里还没有页面。" in (await town.get(f"/signin/{made}", language="zh")).text
    assert await town.app.demo_links.current(town.now) == {}
