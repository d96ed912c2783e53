"""Sign-in cookies: one per area, so that one browser can be resident, desk and doctor at once.

The cookie holds a random token; who it stands for is kept on the server (``app.people``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from carecode.disclosure.sessions import AREAS as ROLE_AREAS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from carecode.kernel.vocabulary import Role

AREAS: Final = ("my", "desk", "clinic", "cashier", "steward", "officer")
STAFF_AREAS: Final = tuple(area for area in AREAS if area != "my")
NEXT_CHARACTERS_MAX: Final = 300
_LOCAL: Final = re.compile(r"/[A-Za-z0-9_~-][A-Za-z0-9_.~/%-]*(\?[A-Za-z0-9_.~/%=&+:,|-]*)?")
RESIDENT_SECONDS_MAX: Final = 30 * 24 * 3600  # her own phone
STAFF_SECONDS_MAX: Final = 12 * 3600  # a shift; the server may end it earlier


def cookie_name(area: str) -> str:
    """Name the cookie of an area."""
    return f"carecode_{area}"


def token_of(request: Request, area: str) -> str | None:
    """Give the session token this browser holds for ``area``."""
    return request.cookies.get(cookie_name(area))


def remember(response: Response, request: Request, area: str, token: str) -> None:
    """Set the cookie of ``area``: sent to that area only, unseen by scripts and by other sites."""
    response.set_cookie(
        cookie_name(area),
        token,
        max_age=RESIDENT_SECONDS_MAX if area == "my" else STAFF_SECONDS_MAX,
        path=f"/{area}",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, area: str) -> None:
    """Remove the cookie of ``area`` from this browser."""
    response.delete_cookie(cookie_name(area), path=f"/{area}", httponly=True, samesite="lax")


def area_is(role: Role, area: str) -> bool:
    """Tell whether a role's pages are those of ``area``."""
    return ROLE_AREAS.get(role) == area


def local_path(given: str, area: str) -> str:
    """Give an address of ``area`` on this server: what was given when it is one, else the area's first page.

    >>> local_path("/clinic/emergency?of=1", "clinic"), local_path("//elsewhere", "clinic")
    ('/clinic/emergency?of=1', '/clinic')
    """
    inside = given == f"/{area}" or given.startswith((f"/{area}/", f"/{area}?"))
    plain = len(given) <= NEXT_CHARACTERS_MAX and _LOCAL.fullmatch(given) is not None
    return given if inside and plain and "//" not in given and ".." not in given else f"/{area}"
