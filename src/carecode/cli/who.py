"""Whom a command line names: RESIDENT is ``SYSTEM|VALUE`` or a handle of the cast, STAFF a handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from carecode.kernel.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.kernel.vocabulary import Requester, Resident

ResidentArgument = Annotated[
    str, typer.Argument(metavar="RESIDENT", help="SYSTEM|VALUE of any number she has, or @resident, @elder, @child …")
]
AsOption = Annotated[str, typer.Option("--as", metavar="STAFF", help="@desk, @doctor, @cashier … of the demo town.")]


async def resident_named(app: App, text: str) -> Resident:
    """Find a resident by a number of hers or a handle of the demo town.

    Raises InvalidInputError for another form, NotFoundError when there is nobody.
    """
    if text.startswith("@"):
        member = await app.people.cast_member(text)
        found = await app.index.by_id(member) if member else None
    elif "|" in text:
        system, _, value = text.partition("|")
        found = await app.index.resolve(system, value)
    else:
        raise InvalidInputError("resident-form", "Name a resident as SYSTEM|VALUE, or as @resident, @elder, @child.")
    if found is None:
        raise NotFoundError("resident-none", "Nobody here has that number or name.")
    return found


async def staff_named(app: App, handle: str) -> Requester:
    """Find a member of staff by the handle of the demo town.  Raises NotFoundError."""
    member = await app.people.staff(handle)
    if member is None:
        raise NotFoundError("staff-none", "There is no such member of staff. The demo has @desk, @doctor, @cashier …")
    return member
