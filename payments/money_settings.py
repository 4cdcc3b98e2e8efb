"""A town's rules for money as clerks edit them: what each is called, and how it is said in words."""

from buchbar.accounts.models import Municipality
from buchbar.accounts.revisions import Field, Subject, put_in
from buchbar.base.money import decimal
from buchbar.base.texts import N_, _
from buchbar.payments import iban
from buchbar.payments.kassenzeichen import CHECK_WORDS
from buchbar.payments.rules import DunningLevel, MoneyRules

WAYS = {
    "stripe": N_("Online: Karte oder SEPA-Lastschrift"),
    "transfer": N_("Überweisung, mit Kassenzeichen und GiroCode"),
    "debit": N_("Lastschrift mit Mandat, für wiederkehrende Forderungen"),
    "counter": N_("Am Schalter, bar oder mit Karte"),
}
DOCUMENTS = {
    "notice": N_("Gebührenbescheid, mit Rechtsbehelfsbelehrung"),
    "invoice": N_("Rechnung (privatrechtlich), mit Umsatzsteuer"),
    "receipt": N_("Beleg, ohne beides"),
}
# States in which no objection comes before the lawsuit, or need not (Section 68 (1) VwGO and the states' own law).
_AT_COURT = frozenset({"BY", "NI", "NW"})


def _ways_in_words(ways: tuple[str, ...]) -> str:
    return "; ".join(_(WAYS[each]) for each in ways)


def _dunning_in_words(levels: tuple[DunningLevel, ...]) -> str:
    written = _("Stufe %(level)d: nach %(days)d Tagen, %(fee)s €, zu zahlen in %(pay_days)d Tagen. %(words)s")
    return " ".join(
        (
            written
            % {
                "level": number,
                "days": level.days,
                "fee": decimal(level.cents),
                "pay_days": level.pay_days,
                "words": level.words,
            }
        ).strip()
        for number, level in enumerate(levels, 1)
    )


# In the order of the form.
MONEY = put_in(
    Subject(
        "money",
        MoneyRules,
        lambda rules: _("Kasse und Zahlungswege"),
        {
            "ways": Field(N_("Wie kann bezahlt werden?"), tuple[str, ...], _ways_in_words),
            "payee": Field(N_("Kontoinhaber")),
            "iban": Field(N_("IBAN"), str, iban.readable),
            "bic": Field(N_("BIC")),
            "creditor_id": Field(N_("Gläubiger-Identifikationsnummer"), str, iban.readable),
            "counter_hours": Field(N_("Wo und wann am Schalter bezahlt werden kann")),
            "document": Field(N_("Was bekommt, wer zu bezahlen hat?"), str, lambda document: _(DOCUMENTS[document])),
            "instructions": Field(N_("Rechtsbehelfsbelehrung")),
            "due_days": Field(N_("Fällig nach so vielen Tagen"), int),
            "number_pattern": Field(N_("Nummern der Bescheide und Rechnungen")),
            "sign_pattern": Field(N_("Kassenzeichen")),
            "sign_check": Field(N_("Prüfziffer des Kassenzeichens"), str, lambda check: _(CHECK_WORDS[check])),
            "dunning": Field(N_("Mahnstufen"), tuple[DunningLevel, ...], _dunning_in_words),
            "books_years": Field(N_("Belege aufbewahren, in Jahren"), int),
        },
    )
)


def proposed_instructions(town: Municipality) -> str:
    """Legal instructions (Section 58 VwGO) to begin with; the town fills in what only it knows, and has it checked.

    That one has to pay all the same is added where something is charged (booking/charge_papers.py).
    """
    return (
        _(
            "Gegen diesen Bescheid kann innerhalb eines Monats nach seiner Bekanntgabe Klage beim Verwaltungsgericht "
            "[…] erhoben werden."
        )
        if town.land in _AT_COURT
        else _(
            "Gegen diesen Bescheid kann innerhalb eines Monats nach seiner Bekanntgabe Widerspruch bei [Amt und "
            "Anschrift: …] erhoben werden, schriftlich, in elektronischer Form nach § 3a Absatz 2 VwVfG oder zur "
            "Niederschrift."
        )
    )
