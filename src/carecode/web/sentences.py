"""What a person reads when something cannot be done, by the error's code.

In English the room that refused says it best; in other languages these sentences, translated, stand for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.web.language import DEFAULT, mark, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecode.kernel.errors import CareCodeError

BY_CODE: Final[Mapping[str, str]] = {
    "code-malformed": mark("This is not a whole code. Scan again, or type it again."),
    "code-foreign": mark("This is a code of another service, not CareCode."),
    "code-wrong-purpose": mark("This code was shown for another purpose. Ask her to choose the right one."),
    "code-expired": mark("This code is too old. Ask her to refresh the screen."),
    "code-future": mark("The phone's clock is wrong. Ask her to set its time to automatic."),
    "code-unknown": mark("Not a CareCode, or a forged one. Ask for the ID card."),
    "code-bad-signature": mark("Not a CareCode, or a forged one. Ask for the ID card."),
    "code-revoked": mark("This phone was cancelled. Ask for the ID card."),
    "code-used": mark("This code was used already. Ask her to show a new one."),
    "code-desk-number": mark("This code was made for another desk. Ask her to type this desk's number."),
    "identifiers-of-two-people": mark("These numbers belong to two different people. Call the index steward."),
    "number-in-use": mark("This number belongs to someone else here. Compare with the card."),
    "other-site": mark("Another site sent this. Open the page here and do it again."),
    "enrolment-used": mark("This code was used or is too old. Ask the desk for a new one."),
    "enrolment-form": mark("The code has eight digits. Type it as the desk shows it."),
    "enrolment-busy": mark("Too many codes were tried just now. Wait a minute, then try again."),
    "link-expired": mark("This link was used or is too old. Open the first page for a new one."),
    "demo-only": mark("This works on demo data only. Here people sign in themselves."),
    "choice-unknown": mark("There is no such choice. Go back and choose again."),
    "choice-whom": mark("Say for whom this holds. Go back and choose again."),
    "choice-about": mark("Say what this is about. Go back and choose again."),
    "dates-past": mark("This day is over already. Choose today or a later day."),
    "dates-contradict": mark("The last day is before the first. Change one of the two."),
    "dates-far": mark("This day is too far away. Choose an earlier one, or none."),
    "decision-gone": mark("This was changed already. Look at the list again."),
    "delegation-gone": mark("This was ended already. Look at the list again."),
    "delegate-of-delegate": mark("You act for her here. Only she herself says who else may; show her this page."),
    "family-code-form": mark("The code has eight digits. Type it as the other phone shows it."),
    "family-code-used": mark("This code was used or is older than ten minutes. Ask for a new one."),
    "family-code-own": mark("This is your own code. Type the code of the other person's phone."),
    "delegates-many": mark("Twenty people act for you already. End one of them first."),
    "scope-empty": mark("Choose at least one kind of information, or leave it as it is."),
    "guardian-by-registration": mark("A guardian is registered. Ask at a counter to change it."),
    "words-alike": mark("The two words are the same. Choose two different ones."),
    "word-wrong": mark("This is not your word. Try again."),
    "herself-only": mark("Only she herself may see and change this."),
    "field-twice": mark("Something was sent twice. Go back and choose once."),
    "capped": mark("You opened as many records as one may within an hour. Your privacy officer can help."),
    "log-unwitnessed": mark(
        "Nobody outside has signed the access log for too long, so nothing is opened. Tell the operator."
    ),
    "log-behind": mark("The access log is behind, so nothing is opened. Try again in a minute."),
    "keys-away": mark("The key keeper does not answer, so nothing was opened. Try again in a moment."),
    "log-unseen": mark("The public log cannot be seen, so nothing is opened. Tell the operator."),
    "log-broken": mark("The public log does not hold together, so nothing is opened. Tell the operator."),
    "journal-behind": mark("The key keeper cannot write its journal, so nothing is opened. Tell the operator."),
    "record-erased": mark("This record was erased at her wish. Nothing can be read or stored."),
    "field-control": mark("There is a sign here that cannot be stored. Type it again."),
    "decision-hers": mark("Only she herself decides this. Show her this page."),
    "person-unknown": mark("Nobody of that name works at a hospital here. Choose from the list."),
    "device-key": mark("The phone sent a key that cannot be used. Start again on the phone."),
    "device-unknown": mark("This phone is not registered, or was cancelled."),
    "nothing-to-open": mark("There is nothing you may open. Ask her to show a code of the kind Open my record."),
    "purpose-closed": mark("Your work here does not include this."),
    "card-none": mark("This code belongs to nobody any more. Ask for her document."),
    "search-incomplete": mark("Give the name, the date of birth and the telephone number, all three."),
    "identifier-empty": mark("Give the number of the document."),
    "queue-full": mark("This queue has no numbers left today. Write one by hand."),
    "bill-paid": mark("This bill is paid already. Show its receipt and take no money."),
    "payment-differs": mark("This payment was made already, for another bill or with other money."),
    "cash-too-little": mark("The money given is less than the bill. Nothing was paid."),
    "amount": mark("Write the amount in yuan, like 185.48."),
    "field-missing": mark("Something is missing. Fill in every field that is asked for."),
    "birth-date": mark("The date of birth is in the future or before 1900. Compare it with the card."),
    "sex": mark("Choose the sex from the list."),
    "no-such-person": mark("Nobody with this number. Check it, or add someone new."),
    "emergency-reason": mark("Choose the reason from the list."),
    "words-short": mark("Say it in at least 15 characters."),
    "words-long": mark("Say it in at most 500 characters."),
    "emergency-role": mark("Only clinicians with a licence in force declare an emergency."),
    "emergency-caps": mark(
        "Too many emergencies are open or were declared today. The privacy officer was told now; call her."
        " Treat the patient: nothing here has to be opened for that."
    ),
    "emergency-over": mark("This emergency is over."),
    "no-such-emergency": mark("There is no such emergency, or you said this already."),
    "attested-already": mark("This was said already, or the emergency still runs."),
    "attested": mark("Choose one of the answers."),
    "verdict": mark("Choose one of the answers."),
    "report-said": mark("Choose one of the answers."),
    "own-case": mark("This is about you. Another officer has to decide it."),
    "item-decided": mark("Somebody decided this already."),
    "no-such-item": mark("There is no such work here."),
    "report-made": mark("You said this already. The answer stands here when it comes."),
    "no-such-look": mark("There is no such entry in your list."),
    "order-text": mark("Write body, legal basis and case, each in 200 characters."),
    "order-categories": mark("Choose at least one kind of entry."),
    "order-dates": mark("The last day is before the first day. Compare with the order."),
    "order-over": mark("The last day has passed. This order opens nothing any more."),
    "order-long": mark("An order is in force for at most 366 days."),
    "order-sealed": mark("A court keeps an order from her until a day within the next 180 days."),
    "order-bodies": mark("Two different bodies with a privacy officer have to approve. Choose another one."),
    "order-day": mark("Write the days as year-month-day."),
    "order-own": mark("You entered this order. Two others have to approve it."),
    "order-body": mark("Your institution approved this already. Another body has to."),
    "order-person": mark("You acted on this order before. Another person has to approve it."),
    "order-other": mark("Officers of that institution have to decide this."),
    "order-decided": mark("This order was decided already."),
    "no-such-order": mark("There is no such order here."),
    "order-not-ready": mark("This order opens nothing: two approvals and its public entry first."),
    "steward-stale": mark("This changed while you looked at it. Nothing was done. Look again."),
    "steward-said": mark("You gave your word on this already. Another steward decides."),
    "steward-claimed": mark("Another steward decides this at this moment. Look again."),
    "steward-answer": mark("Choose one of the answers."),
    "steward-chosen": mark("Choose at least two entries that are one person."),
    "identifier-of-household": mark(
        "That is not one person's number. Give the citizen number on her own page, or no number."
    ),
    "stewards-only": mark("This is for index stewards."),
    "review-closed": mark("This case was closed by somebody else. Look at the next one."),
    "review-gone": mark("There is no such case."),
    "link-event-gone": mark("There is no such event."),
    "undone-already": mark("This was taken back already. Look again."),
    "already-one": mark("These are one person already. Look again."),
    "link-busy": mark("Others are changing the same people at this moment. Try again."),
    "pinned-apart": mark(
        "Somebody decided that two of these are different people. Take that pin back before you join them."
    ),
    "pinned-together": mark(
        "Somebody decided that two of these are one person. Take that pin back before you part them."
    ),
    "reference-old": mark("This page is too old. Begin again."),
    "form-word": mark("This page is broken. Open it again."),
    "form-busy": mark("This form was sent a moment ago. Wait, then look whether she is there."),
    "not-unknown": mark("More is known of this person. Only an index steward joins two entries."),
    "newborn-old": mark("This child is older than two months. Add her under her own name."),
    "newborn-order": mark("Choose which child it is from the list."),
    "no-such-page": mark("There is no page at this address."),
}
BY_KIND: Final[Mapping[str, str]] = {
    "invalid": mark("This cannot be used. Check it and give it again."),
    "refused": mark("You may not do this here."),
    "not-found": mark("Nothing you may see."),
    "conflict": mark("This has changed in the meantime. Look again."),
    "unavailable": mark(
        "A part does not answer now. Try again; if you sent something, look first whether it is there."
    ),
    "corrupt": mark("Stored data does not verify. Stop, and call the operator."),
    "error": mark("Something went wrong. Nothing was changed. Try again."),
}


def sentence(error: CareCodeError, language: str) -> str:
    """Say in ``language`` what went wrong and what to do."""
    if language == DEFAULT and error.message:
        return error.message
    return translate(language, BY_CODE.get(error.code) or BY_KIND.get(error.kind, BY_KIND["error"]))
