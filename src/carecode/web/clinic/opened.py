"""Which record a clinic's browser has open: a short-lived cookie, so that no number of hers is in an address.

It opens nothing by itself: the gate decides anew, under the window that her
code opened, or the emergency that runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

COOKIE: Final = "carecode_patient"
PATH: Final = "/clinic"
SECONDS_MAX: Final = 4 * 3600  # as long as a code lets read
_WRITTEN: Final = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})\.([0-9]{1,10})(\.e)?")


@dataclass(frozen=True, slots=True)
class Opened:
    """The record that was opened last in this browser."""

    patient: str  # the institution's own number for her
    code: str  # hash of the used code: the same form sent again is told from another's used code
    until: datetime
    emergency: bool = False  # opened by break-glass


def opened_in(request: Request) -> Opened | None:
    """Read which record is open here; anything else than our own form is none."""
    found = _WRITTEN.fullmatch(request.cookies.get(COOKIE, ""))
    if found is None:
        return None
    return Opened(found[1], found[2], datetime.fromtimestamp(int(found[3]), UTC), found[4] is not None)


def keep(
    response: Response, request: Request, patient: str, code: str, until: datetime, *, emergency: bool = False
) -> None:
    """Remember the record that ``code`` opened, or the declaration of this number in an emergency."""
    response.set_cookie(
        COOKIE,
        f"{patient}.{hash_of(code)}.{round(until.timestamp())}{'.e' if emergency else ''}",
        max_age=SECONDS_MAX,
        path=PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def close(response: Response) -> None:
    """Forget which record was open."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")


def hash_of(code: str) -> str:
    """Hash a used code."""
    return sha256(code.encode()).hexdigest()
