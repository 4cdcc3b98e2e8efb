"""What a mandate says, and how it is read from a form: the same in the net, at the desk and on paper."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import forms, texts
from buchbar.base.texts import N_, _
from buchbar.booking import links
from buchbar.booking.models import Booking
from buchbar.notices import letters
from buchbar.payments import iban, sepa
from buchbar.payments.mandates import Given, Mandate
from buchbar.payments.rules import MoneyRules, rules_of

LABELS = {
    "inhaber": N_("Kontoinhaberin oder Kontoinhaber"),
    "strasse": N_("Straße und Hausnummer"),
    "ort": N_("Postleitzahl und Ort"),
    "iban": N_("IBAN"),
}
SUBJECTS = {
    "mandate": N_("Ihr SEPA-Lastschriftmandat %s"),
    "mandate_revoked": N_("Widerrufen: SEPA-Lastschriftmandat %s"),
}


def read(form: Mapping[str, str]) -> Given:
    """The account that somebody typed. Raises Invalid."""
    typed = forms.read(
        form, inhaber=account_holder, strasse=forms.text(sepa.NAME), ort=forms.text(sepa.TOWN), iban=iban.iban
    )
    return Given(typed.inhaber, typed.strasse, typed.ort, typed.iban)


def offered(rules: MoneyRules) -> bool:
    """Whether a town collects by direct debit, and has all that it takes."""
    return "debit" in rules.ways and bool(rules.payee and rules.iban and rules.creditor_id)


def paragraphs(payee: str) -> list[str]:
    """The text of a mandate for recurring direct debits (SEPA Core), as the German banks have agreed on it."""
    first = _(
        "Ich ermächtige %(payee)s, Zahlungen von meinem Konto mittels Lastschrift einzuziehen. Zugleich weise ich mein "
        "Kreditinstitut an, die von %(payee)s auf mein Konto gezogenen Lastschriften einzulösen."
    )
    second = _(
        "Hinweis: Ich kann innerhalb von acht Wochen, beginnend mit dem Belastungsdatum, die Erstattung des belasteten "
        "Betrages verlangen. Es gelten dabei die mit meinem Kreditinstitut vereinbarten Bedingungen."
    )
    return [first % {"payee": payee}, second]


def facts(mandate: Mandate, rules: MoneyRules, number: str) -> list[tuple[str, str]]:
    """What a mandate names, as pairs of a label and a value; ``number`` is the account, in full or masked."""
    return [
        (_("Zahlungsempfänger"), rules.payee),
        (_("Gläubiger-Identifikationsnummer"), iban.readable(rules.creditor_id)),
        (_("Mandatsreferenz"), mandate.reference),
        (_("Art der Zahlung"), _("wiederkehrend") if mandate.recurring else _("einmalig")),
        (_(LABELS["inhaber"]), mandate.holder),
        (_("Anschrift"), f"{mandate.street}, {mandate.city}"),
        (_("IBAN"), number),
    ]


def write(
    session: Session, town: Municipality, kind: str, mandate: Mandate, at: datetime, booking: Booking | None = None
) -> None:
    """Write to whom a mandate belongs that it holds ("mandate") or has ended ("mandate_revoked"). Who signed on paper
    has it in hand, and their address was never proven."""
    if mandate.on_paper:
        return
    rules = rules_of(session, town.id)
    with texts.speaking(booking.language if booking else "de"):
        subject = _(SUBJECTS[kind]) % mandate.reference
        text, html = letters.rendered(
            kind,
            town=town,
            subject=subject,
            greeting=_("Guten Tag %(name)s,") % {"name": mandate.holder},
            mandate=mandate,
            paragraphs=paragraphs(rules.payee),
            facts_of=facts(mandate, rules, iban.masked(mandate.iban_end)),
            link_to_booking=links.url(session, booking) if booking else "",
        )
        letters.write(
            session,
            municipality=town,
            booking_id=booking.id if booking else None,
            kind=kind,
            to=mandate.email,
            subject=subject,
            text=text,
            html=html,
            at=at,
        )


def account_holder(typed: str) -> str:
    """Whose account it is: something that is left when it is spelled in the banks' signs."""
    name = str(forms.text(sepa.NAME)(typed))
    if not any(sign.isalnum() for sign in sepa.plain(name, sepa.NAME)):
        raise ValueError(_("Bitte den Namen in lateinischen Buchstaben, wie die Bank ihn kennt."))
    return name
