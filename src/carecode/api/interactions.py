"""Which interaction a method and address mean.  To add one: its file, and its line here.

Source: FHIR R4 3.1.0.1.1 (service base URL and interactions).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carecode.api import (
    create,
    everything,
    match,
    metadata,
    pix_feed,
    pixm,
    pmir,
    read,
    search,
    subscribing,
    transaction,
    update,
    vread,
)
from carecode.api.faults import MethodError
from carecode.kernel.errors import NotFoundError
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from carecode.api.call import Answer, Call


@dataclass(frozen=True, slots=True)
class Interaction:
    """One thing that the API does."""

    name: str
    answer: Callable[[Call], Awaitable[Answer]]
    needs_token: bool = True
    takes_form: bool = False


_SYSTEM: Final = {"POST": Interaction("transaction", transaction.answer)}
_METADATA: Final = {"GET": Interaction("metadata", metadata.answer, needs_token=False)}
_TYPE: Final = {"GET": Interaction("search", search.answer), "POST": Interaction("create", create.answer)}
_SEARCH: Final = {"POST": Interaction("search", search.answer, takes_form=True)}
_INSTANCE: Final = {"GET": Interaction("read", read.answer), "PUT": Interaction("update", update.answer)}
_VERSION: Final = {"GET": Interaction("vread", vread.answer)}
_EVERYTHING: Final = {"GET": Interaction("everything", everything.answer)}
_PATIENT: Final = {**_TYPE, "PUT": Interaction("feed", pix_feed.answer)}
_MATCH: Final = {"POST": Interaction("match", match.answer)}
_PIX: Final = {"GET": Interaction("ihe-pix", pixm.answer), "POST": Interaction("ihe-pix", pixm.answer)}
_MESSAGE: Final = {"POST": Interaction("process-message", pmir.answer)}
_SUBSCRIBE: Final = {"POST": Interaction("subscribe", subscribing.create)}
_SUBSCRIPTION: Final = {
    "GET": Interaction("subscription", subscribing.read),
    "PUT": Interaction("subscription", subscribing.update),
}
_BY_ADDRESS: Final[dict[tuple[str, ...], dict[str, Interaction]]] = {
    (): _SYSTEM,
    ("metadata",): _METADATA,
    ("Patient",): _PATIENT,
    ("Patient", "$match"): _MATCH,
    ("Patient", "$ihe-pix"): _PIX,
    ("$process-message",): _MESSAGE,
    ("Subscription",): _SUBSCRIBE,
}


def interaction_of(method: str, path: tuple[str, ...]) -> Interaction:
    """Find the interaction.

    NotFoundError for an address or type that there is not, MethodError for another method.
    """
    methods = _methods(path)
    if methods is None:
        raise NotFoundError("no-such-address", "There is nothing at this address; see metadata.")
    found = methods.get("GET" if method == "HEAD" else method)
    if found is None:
        raise MethodError(", ".join(methods))
    return found


def _methods(path: tuple[str, ...]) -> dict[str, Interaction] | None:
    if path in _BY_ADDRESS:
        return _BY_ADDRESS[path]
    if path[0] == "Subscription" and len(path) == 2:  # noqa: PLR2004 - the type and an id
        return _SUBSCRIPTION
    return _of_type(path) if path and path[0] in TYPES else None


def _of_type(path: tuple[str, ...]) -> dict[str, Interaction] | None:
    match path:
        case (_,):
            return _TYPE
        case (_, "_search"):
            return _SEARCH
        case (_, _):
            return _INSTANCE
        case ("Patient", _, "$everything"):
            return _EVERYTHING
        case (_, _, "_history", _):
            return _VERSION
    return None
