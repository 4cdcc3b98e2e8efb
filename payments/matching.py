"""Which bookings an entry of a bank's statement pays, or which payment it returns. Pure: it looks nothing up.

Reference *and* amount together settle an entry by themselves. One of them alone is a suggestion, with its reason, and a
cashier decides. References are found in their field and in free text, in pieces, with blanks or hyphens, in any case.
"""

import re
from collections.abc import Iterable, Iterator
from copy import copy
from datetime import date, timedelta
from itertools import product
from uuid import UUID

import msgspec
from msgspec.structs import replace

from buchbar.base import texts
from buchbar.base.texts import _
from buchbar.payments.camt import Entry
from buchbar.payments.reference import bare
from buchbar.payments.signs import Signs

_FEW = 5  # as many bookings with the right amount are worth showing
# So long after its day the bank may credit a collection: bank holidays, and a weekend behind them.
_CREDITED = timedelta(days=5)


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
        self._owed: dict[UUID, Owed] = {}
        self._by_amount: dict[int, list[Owed]] = {}
        for one in owed:
            self._put(one)
        self._came = {one.payment_id: one for one in came}
        self._went = {(one.end_to_end.lower(), one.cents): one for one in went}
        self._collections = tuple(collections)
        # What follows tells who is named, and stays as it is whatever is paid.
        self._owing = Signs((sign, one.booking_id) for one in self._owed.values() for sign in _signs(one))
        self._payers = Signs((sign, one.payment_id) for one in self._came.values() for sign in one.signs)
        self._collected = Signs((sign, each) for each in self._collections for sign in each.signs)
        self._ordered: dict[str, list[UUID]] = {}
        for each in self._came.values():
            self._ordered.setdefault(each.end_to_end.upper(), []).append(each.payment_id)

    def match(self, entry: Entry) -> Match:
        """What an entry is."""
        if entry.cents < 0:
            return self._returned(entry) if entry.is_return else Match(state="set_aside", why=_("Abgang vom Konto"))
        if entry.is_return:
            return self._bounced(entry)
        if ours := self._credited(entry):
            why = _("Gutschrift Ihres Lastschrifteinzugs vom %s") % texts.day(ours.day, "short")
            return Match(state="set_aside", why=why)
        return self._named(entry) or self._by_amount_alone(entry)

    def without(self, shares: Iterable[Share], returned: UUID | None = None) -> "Books":
        """The books after this much was paid, or a payment was returned, so that the next entry doesn't do it again."""
        left = copy(self)
        left._owed, left._by_amount, left._came = dict(self._owed), dict(self._by_amount), dict(self._came)
        for share in shares:
            left._put(_less(self._owed[share.booking_id], share.cents))
        if returned:
            left._came[returned] = replace(self._came[returned], cents=0)
        return left

    def _put(self, one: Owed) -> None:
        """Take in a booking, or what is left of it."""
        before = self._owed.get(one.booking_id)
        for cents in _amounts(before) if before else ():
            self._by_amount[cents] = [each for each in self._by_amount[cents] if each is not before]
        for cents in _amounts(one):
            self._by_amount[cents] = [*self._by_amount.get(cents, ()), one]
        self._owed[one.booking_id] = one

    def _credited(self, entry: Entry) -> Collection | None:
        """Our own collection of which an entry is money: it is booked on its day without a statement. By the sum alone
        only if nobody is said to have paid it, for a person who pays has a name."""
        for ours, _sign, _sure in self._collected.found(_said(entry)):
            return ours
        some = self._collections if not entry.name else ()
        return next((each for each in some if _credits(entry, each)), None)

    def _named(self, entry: Entry) -> Match | None:
        """By what is named beyond doubt; if that doesn't settle it, by all that could be meant, for a cashier."""
        found = list(self._owing.found(_said(entry)))
        named = self._open((owner, sign) for owner, sign, _sure in found)
        beyond_doubt = self._open((owner, sign) for owner, sign, sure in found if sure)
        first = _by_reference(entry, beyond_doubt) if beyond_doubt else None
        if not named or first and first.state == "matched":
            return first
        match = _by_reference(entry, named)
        if match.state != "matched":
            return first or match
        why = _("Betrag und Verwendungszweck passen, die Nummer steht aber in einem Wort oder in einer anderen Zahl.")
        return replace(match, state="suggested", why=why)

    def _open(self, named: Iterable[tuple[UUID, str]]) -> dict[UUID, tuple[Owed, int]]:
        """The bookings that are named, each with what is open of its charges that are named."""
        found: dict[UUID, set[str]] = {}
        for owner, sign in named:
            found.setdefault(owner, set()).add(sign)
        return {
            owner: (one, sum(due.cents for due in one.charges if signs & {*map(bare, due.signs)}))
            for owner, signs in found.items()
            for one in (self._owed[owner],)
        }

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
        one = self._went.get((entry.end_to_end.lower(), entry.cents))
        if one is None:
            return Match(state="open", why=_("Eine Überweisung von uns kam zurück."))
        why = _("Eine Erstattung kam zurück. Sie wartet bei den Rücküberweisungen auf ein anderes Konto.")
        return Match(state="matched", bounced=one, why=why)

    def _returned(self, entry: Entry) -> Match:
        """The payment that the bank takes back; with its own fee on top, or without."""
        taken = {-entry.cents, entry.original} - {0}
        name = entry.end_to_end.upper()
        by_name = [self._came[each] for each in (self._ordered.get(name, ()) if name else ())]
        sure = True
        if not by_name:
            found = list(self._payers.found(_said(entry)))
            sure = any(each for _payment, _sign, each in found)
            payments = dict.fromkeys(payment_id for payment_id, _sign, each in found if each == sure)
            by_name = [one for one in map(self._came.__getitem__, payments) if one.cents]
        elif not any(one.cents for one in by_name):
            return Match(state="open", why=_("Rückgabe der Bank; diese Zahlung ist schon zurückgegeben."))
        exact = [one for one in by_name if one.cents in taken]
        if len(exact) == 1:
            state = "matched" if sure else "suggested"
            return Match(state=state, returned=exact[0].payment_id, why=_("Rückgabe der Bank"))
        if len(by_name) == 1:
            why = _("Rückgabe der Bank, der Betrag weicht ab (vielleicht um die Gebühr der Bank).")
            return Match(state="suggested", returned=by_name[0].payment_id, why=why)
        return Match(state="open", why=_("Rückgabe der Bank; die Zahlung dazu wurde nicht gefunden."))


def _signs(one: Owed) -> Iterator[str]:
    yield one.number
    for due in one.charges:
        yield from due.signs


def _amounts(one: Owed) -> set[int]:
    """The cents by which a booking is recognised."""
    return {one.cents, *(due.cents for due in one.charges)} - {0}


def _credits(entry: Entry, ours: Collection) -> bool:
    return entry.cents == ours.cents and ours.day <= entry.booked_on <= ours.day + _CREDITED


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
    if not one.cents and 0 < one.late < cents:
        return (
            _(
                "Für die Buchung %s ist die Frist verstrichen, und es kam zu viel. Ist der Termin noch frei, gilt die "
                "Buchung wieder, und nur was zu viel ist, ginge zurück; sonst alles."
            )
            % one.number
        )
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
    """All in which a reference may stand. No reference is spread over several of it."""
    return " | ".join((*entry.references, entry.text, entry.end_to_end))


def _same_people(names: str, said: str) -> bool:
    """Whether one of the names is in a text; short words are in every text."""
    words = {word for word in re.split(r"\W+", said.casefold()) if len(word) > 2}
    return any(word in words for word in re.split(r"\W+", names.casefold()) if len(word) > 2)
