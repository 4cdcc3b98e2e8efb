"""Which bookings an entry of a bank's statement pays, or which payment it returns. Pure: it looks nothing up.

Reference *and* amount together settle an entry by themselves. One of them alone is a suggestion, with its reason, and a
cashier decides. References are found in their field and in free text, in pieces, with blanks or hyphens, in any case.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import product
from uuid import UUID

import msgspec
from msgspec.structs import replace

from buchbar.base import texts
from buchbar.base.texts import _
from buchbar.payments.camt import Entry
from buchbar.payments.reference import bare

_SHORTEST = 6  # signs: what is shorter stands in free text by chance
_FEW = 5  # as many bookings with the right amount are worth showing
# So long after its day the bank may credit a collection: bank holidays, and a weekend behind them.
_CREDITED = timedelta(days=5)
_BETWEEN = r"[\s\-./]*"


class Due(msgspec.Struct, frozen=True):
    """A charge: its reference and its Kassenzeichen, and what is open of it."""

    signs: tuple[str, ...]
    cents: int


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A booking that may be paid, with its charges. ``cents`` are open in all; ``late`` are the cents that its passed
    deadline has forgiven, for paying them takes the place again if it is free; ``names`` are the people's."""

    booking_id: UUID
    number: str
    cents: int
    charges: tuple[Due, ...] = ()
    late: int = 0
    names: str = ""


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that may be returned. ``cents`` are what has not been taken from us again, 0 if all has;
    ``end_to_end`` is what the bank was told to call it, ``signs`` are the references of its booking."""

    payment_id: UUID
    booking_id: UUID
    cents: int
    end_to_end: str = ""
    signs: tuple[str, ...] = ()


class Went(msgspec.Struct, frozen=True):
    """A refund that was given to the bank, by the name that it had there."""

    refund_id: UUID
    booking_id: UUID
    cents: int
    end_to_end: str


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A file of our direct debits that the bank has, to be credited on its ``day``: one by one, or their sum of
    ``cents`` at once. ``signs`` are what the bank was told to call the file and each debit, bare."""

    day: date
    signs: tuple[str, ...]
    cents: int


class Share(msgspec.Struct, frozen=True):
    """What of an entry is for which booking."""

    booking_id: UUID
    cents: int


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is. ``state`` is as in BankEntry; ``why`` a sentence for the cashier.

    ``shares`` are what it pays, ``returned`` the payment that it takes back, ``bounced`` the refund that it brings
    back; ``candidates`` the bookings of which it may be one.
    """

    state: str
    why: str = ""
    shares: tuple[Share, ...] = ()
    returned: UUID | None = None
    bounced: Went | None = None
    candidates: tuple[UUID, ...] = ()


class Books:
    """What is owed and what came, ordered so that many entries are looked up quickly."""

    def __init__(
        self,
        owed: Iterable[Owed],
        came: Iterable[Came] = (),
        went: Iterable[Went] = (),
        collections: Iterable[Collection] = (),
    ) -> None:
        self.owed = tuple(owed)
        self.came = tuple(came)
        self.went = tuple(went)
        self.collections = tuple(collections)
        self._charges = [(tuple(map(bare, due.signs)), due.cents, one) for one in self.owed for due in one.charges]
        self._numbers = [(bare(one.number), one) for one in self.owed]
        self._by_amount: dict[int, list[Owed]] = {}
        for one in self.owed:
            for cents in {one.cents, *(due.cents for due in one.charges)} - {0}:
                self._by_amount.setdefault(cents, []).append(one)

    def match(self, entry: Entry) -> Match:
        """What an entry is."""
        if entry.cents < 0:
            return self._returned(entry) if entry.is_return else Match(state="set_aside", why=_("Abgang vom Konto"))
        if entry.is_return:
            return self._bounced(entry)
        said = bare(_said(entry))
        for ours in (each for each in self.collections if _credits(entry, said, each)):
            why = _("Gutschrift Ihres Lastschrifteinzugs vom %s") % texts.day(ours.day, "short")
            return Match(state="set_aside", why=why)
        named = self._named(_said(entry))
        return _by_reference(entry, named) if named else self._by_amount_alone(entry)

    def without(self, shares: Iterable[Share], returned: UUID | None = None) -> "Books":
        """The books after this much was paid, or a payment was returned, so that the next entry doesn't do it again."""
        paid = {share.booking_id: share.cents for share in shares}
        left = (_less(one, paid[one.booking_id]) if one.booking_id in paid else one for one in self.owed)
        came = (replace(one, cents=0) if one.payment_id == returned else one for one in self.came)
        return Books(left, came, self.went, self.collections)

    def _named(self, said: str) -> dict[UUID, tuple[Owed, int]]:
        """The bookings that are named, each with what is open of its charges that are named."""
        without = bare(said)
        found: dict[UUID, tuple[Owed, int]] = {}
        for number, one in self._numbers:
            if number and number in without:
                found[one.booking_id] = (one, 0)
        for signs, cents, one in self._charges:
            if _any_stands(signs, said, without):
                before = found.get(one.booking_id, (one, 0))[1]
                found[one.booking_id] = (one, before + cents)
        return found

    def _by_amount_alone(self, entry: Entry) -> Match:
        fitting = self._by_amount.get(entry.cents, [])
        known = [one for one in fitting if _same_people(one.names, f"{entry.name} {entry.text}")]
        if len(known) == 1:
            return _suggested(_("Betrag und Name passen, die Buchung ist nicht genannt."), known[0], entry.cents)
        if len(fitting) == 1:
            return _suggested(_("Nur der Betrag passt, die Buchung ist nicht genannt."), fitting[0], entry.cents)
        some = known or fitting
        if 1 < len(some) <= _FEW:
            why = _("Der Betrag passt zu mehreren Buchungen, keine ist genannt.")
            return Match(state="suggested", why=why, candidates=tuple(one.booking_id for one in some))
        return Match(state="open", why=_("Keine Buchung ist genannt, und der Betrag sagt nicht, welche es ist."))

    def _bounced(self, entry: Entry) -> Match:
        """The refund of ours that the bank brings back."""
        name = entry.end_to_end.lower()
        for one in self.went:
            if one.end_to_end.lower() == name and one.cents == entry.cents:
                why = _("Eine Erstattung kam zurück. Sie wartet bei den Rücküberweisungen auf ein anderes Konto.")
                return Match(state="matched", bounced=one, why=why)
        return Match(state="open", why=_("Eine Überweisung von uns kam zurück."))

    def _returned(self, entry: Entry) -> Match:
        """The payment that the bank takes back; with its own fee on top, or without."""
        taken = {-entry.cents, entry.original} - {0}
        name = entry.end_to_end.upper()
        by_name = [one for one in self.came if name and one.end_to_end.upper() == name]
        if not by_name:
            said = _said(entry)
            by_name = [one for one in self.came if one.cents and _any_stands(map(bare, one.signs), said, bare(said))]
        elif not any(one.cents for one in by_name):
            return Match(state="open", why=_("Rückgabe der Bank; diese Zahlung ist schon zurückgegeben."))
        exact = [one for one in by_name if one.cents in taken]
        if len(exact) == 1:
            return Match(state="matched", returned=exact[0].payment_id, why=_("Rückgabe der Bank"))
        if len(by_name) == 1:
            why = _("Rückgabe der Bank, der Betrag weicht ab (vielleicht um die Gebühr der Bank).")
            return Match(state="suggested", returned=by_name[0].payment_id, why=why)
        return Match(state="open", why=_("Rückgabe der Bank; die Zahlung dazu wurde nicht gefunden."))


def _credits(entry: Entry, said: str, ours: Collection) -> bool:
    """Whether an entry is money of our own collection, which is booked on its day without a statement. By the sum alone
    only if nobody is said to have paid it: a person who pays has a name."""
    if any(sign in said for sign in ours.signs):
        return True
    return entry.cents == ours.cents and not entry.name and ours.day <= entry.booked_on <= ours.day + _CREDITED


def _less(one: Owed, cents: int) -> Owed:
    left = max(0, one.cents - cents)
    charges = tuple(Due(due.signs, min(due.cents, left)) for due in one.charges)
    return replace(one, cents=left, charges=charges, late=0)


def _by_reference(entry: Entry, named: dict[UUID, tuple[Owed, int]]) -> Match:
    """Settled, if the bookings that are named owe together what came."""
    ways = [
        dict.fromkeys(cents for cents in (charges, one.cents, one.late) if cents) for one, charges in named.values()
    ]
    for amounts in product(*ways) if len(ways) <= 8 else ():
        if sum(amounts) == entry.cents:
            shares = tuple(map(Share, named, amounts))
            return Match(state="matched", why=_("Verwendungszweck und Betrag passen."), shares=shares)
    if len(named) == 1:
        ((one, _charges),) = named.values()
        return _suggested(_difference(one, entry.cents), one, entry.cents)
    why = _("Mehrere Buchungen sind genannt; was sie zusammen kosten, ist ein anderer Betrag.")
    return Match(state="suggested", why=why, shares=_spread([one for one, _charges in named.values()], entry.cents))


def _difference(one: Owed, cents: int) -> str:
    if not one.cents:
        return _("Die Buchung %s ist genannt, dort ist aber nichts offen. Das Geld ginge zurück.") % one.number
    said = {"number": one.number, "cents": texts.euros(abs(one.cents - cents)), "open": texts.euros(one.cents)}
    if cents > one.cents:
        return _("Überzahlung: Für %(number)s sind %(open)s offen, es kamen %(cents)s zu viel.") % said
    return _("Teilzahlung: Für %(number)s sind %(open)s offen, es fehlen noch %(cents)s.") % said


def _spread(several: list[Owed], cents: int) -> tuple[Share, ...]:
    """What came for several: each gets what it owes, in order, as far as it reaches; what is too much gets the last."""
    shares: list[Share] = []
    for one in several:
        part = cents if one is several[-1] else min(cents, one.cents)
        if part:
            shares.append(Share(one.booking_id, part))
        cents -= part
    return tuple(shares)


def _suggested(why: str, one: Owed, cents: int) -> Match:
    return Match(state="suggested", why=why, shares=(Share(one.booking_id, cents),), candidates=(one.booking_id,))


def _said(entry: Entry) -> str:
    return " ".join((*entry.references, entry.text, entry.end_to_end))


def _any_stands(signs: Iterable[str], said: str, without: str) -> bool:
    """Whether one of the references is in a text; ``without`` is the text without blanks, which is asked first."""
    return any(len(sign) >= _SHORTEST and sign in without and _stands(sign, said) for sign in signs)


def _stands(sign: str, said: str) -> bool:
    """Whether a reference stands in a text for itself, and isn't a piece of a longer number."""
    before = r"(?<!\d)" if sign[0].isdigit() else ""
    after = r"(?!\d)" if sign[-1].isdigit() else ""
    return re.search(before + _BETWEEN.join(sign) + after, said, re.IGNORECASE) is not None


def _same_people(names: str, said: str) -> bool:
    """Whether one of the names is in a text; short words are in every text."""
    words = {word for word in re.split(r"\W+", said.casefold()) if len(word) > 2}
    return any(word in words for word in re.split(r"\W+", names.casefold()) if len(word) > 2)
