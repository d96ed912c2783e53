"""One case: are these two the same person?  Opened after a log entry, decided once, told of without names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.disclosure.reviews import WORDS_MAX, WORDS_MIN
from carecode.disclosure.stewards_cases import Answer
from carecode.disclosure.stewards_rules import SAME, WORDS
from carecode.identity.linking.events import Case as State
from carecode.kernel.errors import CareCodeError, NotFoundError
from carecode.kernel.vocabulary import SELF
from carecode.web.language import mark
from carecode.web.rendering import written_date
from carecode.web.sentences import sentence
from carecode.web.steward import said
from carecode.web.steward.doors import doors
from carecode.web.steward.events import told
from carecode.web.steward.facts import LETTERS, rows
from carecode.web.steward.waterfall import odds, signed, strength, waterfall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from carecode.disclosure.stewards_cases import Open
    from carecode.disclosure.stewards_entries import Entry, Pair
    from carecode.identity.identifiers import Identifier
    from carecode.web.page import Page

_SEXES: Final = {"female": mark("Female"), "male": mark("Male"), "other": mark("Other")}


async def show(page: Page) -> Response:
    """Show a case that waits for this steward's word; else tell how it stands, without names."""
    number = number_of(page)
    stands = await doors(page).stewards.told(page.requester, number)
    if stands.state is not State.OPEN or stands.waits:
        return await _told(page, number)
    return await _case(page, number)


async def numbers(page: Page) -> Response:
    """Show every number in full; that is logged again."""
    number = number_of(page)
    return await _case(page, number, numbers=await doors(page).stewards.numbers(page.requester, number))


async def answer(page: Page) -> Response:
    """Keep her word; what was typed stays when it cannot be kept."""
    number, fields = number_of(page), await page.fields()
    chosen = tuple(place for place in range(len(LETTERS)) if fields.get(f"chosen-{place}") == "1")
    wish = Answer(
        word=fields.get("word", ""), reason=fields.get("reason", ""), seen=fields.get("seen", ""), chosen=chosen
    )
    try:
        await doors(page).stewards.answer(page.requester, number, wish, page.now)
    except NotFoundError:
        raise
    except CareCodeError as error:
        if error.code in {"review-closed", "steward-said"}:
            return await _told(page, number, error=error)
        return await _case(page, number, error=error, typed=fields)
    return page.go(f"/steward/cases/{number}")


def number_of(page: Page) -> UUID:
    """Read the case's number; NotFoundError for what is none."""
    try:
        return UUID(page.request.path_params["case"])
    except ValueError as error:
        raise NotFoundError("review-gone", "There is no such case.") from error


async def place_of(page: Page, source: str) -> str:
    """Name who said or saw something; a source that is no institution here keeps its own word."""
    if source == SELF:
        return page.say("Her own pages")
    try:
        return await page.place(source)
    except NotFoundError:
        return source


def dated(page: Page, entry: Entry) -> str:
    """Write an entry's birth date, nothing where it is not known."""
    born = entry.person.birth_date
    return written_date(born, "short", language=page.language) if born else ""


def sex_in_words(page: Page, entry: Entry) -> str:
    """Write an entry's sex, nothing where it is not known."""
    word = _SEXES.get(entry.person.sex)
    return page.say(word) if word else ""


async def _case(
    page: Page,
    number: UUID,
    *,
    error: CareCodeError | None = None,
    typed: Mapping[str, str] | None = None,
    numbers: Sequence[Sequence[Identifier]] | None = None,
) -> Response:
    case = await doors(page).stewards.look(page.requester, number)
    only = case.pairs[0] if len(case.pairs) == 1 else None
    evidence = None if only is None or only.evidence is None else only.evidence
    return page.render(
        "steward/case.html",
        error.http_status if error else 200,
        place=await page.place(),
        case=case,
        several=len(case.entries) > len(("one", "other")),
        letters=LETTERS,
        places=[await place_of(page, entry.source) for entry in case.entries],
        rows=rows(case.entries, dated=lambda entry: dated(page, entry), sexes=lambda entry: sex_in_words(page, entry)),
        numbers=numbers,
        weighed=None if evidence is None else evidence.weighed,
        levels=_levels(case, only),
        fall=None if evidence is None else waterfall(evidence.weighed),
        strength=strength,
        odds=odds,
        signed=signed,
        said=said,
        answers=WORDS,
        same=SAME,
        bounds=(WORDS_MIN, WORDS_MAX),
        typed=typed or {},
        words=sentence(error, page.language) if error else "",
    )


def _levels(case: Open, only: Pair | None) -> Mapping[str, tuple[str, float]]:
    """Give of each field the level in words and the bits, of a pair that was weighed and is not blind."""
    if only is None or only.evidence is None or case.blind:
        return {}
    weighed = only.evidence.weighed
    return {
        name: (said.LEVEL[name][level], weighed.bits.get(name, 0.0))
        for name, level in weighed.levels.items()
        if level in said.LEVEL.get(name, {})
    }


async def _told(page: Page, number: UUID, *, error: CareCodeError | None = None) -> Response:
    stewards = doors(page).stewards
    stands = await stewards.told(page.requester, number)
    pairs = await stewards.evidence(page.requester, number)
    only = pairs[0].evidence if len(pairs) == 1 else None
    return page.render(
        "steward/told.html",
        error.http_status if error else 200,
        place=await page.place(),
        stands=stands,
        open=stands.state is State.OPEN,
        weighed=None if only is None else only.weighed,
        fall=None if only is None else waterfall(only.weighed),
        strength=strength,
        odds=odds,
        events=await told(page, await stewards.history(page.requester, number), stands.entries),
        of=doors(page).refs.give(stands.entries[0], page.requester, page.now),
        said=said,
        words=sentence(error, page.language) if error else "",
    )
