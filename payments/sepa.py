"""Files for the bank: direct debits (pain.008.001.08) and transfers (pain.001.001.09), written from plain data.

After the German banks' rules for these messages (DFÜ agreement, Annex 3, since November 2023) and the EPC's for SEPA
(EPC130-08, EPC132-08): names up to 70 signs, words for the other side up to 140, ids up to 35.

A direct debit's sequence is RCUR for a mandate that holds for more than one, the first as well (FRST isn't asked for
any more since November 2016), and OOFF for one that is used once. An address is only needed where the other side's bank
is outside the EEA; it is structured, for free lines alone are refused from November 2026 on.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

DEBITS = "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"
TRANSFERS = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
NAME, WORDS, TOWN, POSTCODE = 70, 140, 35, 16
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
_LIKE = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ß": "ss",
        "ẞ": "SS",
        "&": "+",
        "æ": "ae",
        "Æ": "Ae",
        "ø": "oe",
        "Ø": "Oe",
        "œ": "oe",
        "Œ": "Oe",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
        "þ": "th",
        "Þ": "Th",
        "ð": "d",
        "’": "'",
        "–": "-",
        "—": "-",
        "\u00a0": " ",
    }
)


@dataclass(frozen=True, slots=True)
class Party:
    """Who holds an account; ``bic`` may be empty (it isn't asked for inside SEPA). The address is left out without a
    ``country`` (two letters)."""

    name: str
    iban: str
    bic: str = ""
    street: str = ""
    postcode: str = ""
    town: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What makes a file this file: the bank refuses a second one with the same ``message_id``."""

    message_id: str
    made_at: datetime
    execute_on: date


@dataclass(frozen=True, slots=True)
class Debit:
    """One direct debit. ``end_to_end`` comes back with everything that the banks say of it."""

    end_to_end: str
    cents: int
    payer: Party
    mandate: str
    signed_on: date
    words: str
    recurring: bool = True


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer."""

    end_to_end: str
    cents: int
    payee: Party
    words: str


def debits(order: Order, creditor: Party, creditor_id: str, those: Sequence[Debit]) -> bytes:
    """A file of direct debits (SEPA Core). ValueError for none at all."""
    root, body = _begun(DEBITS, "CstmrDrctDbtInitn", order, creditor, those)
    ordered = sorted(those, key=lambda each: (not each.recurring, each.end_to_end))
    for number, (recurring, group) in enumerate(groupby(ordered, key=lambda each: each.recurring), start=1):
        _debits(body, order, creditor, creditor_id, "RCUR" if recurring else "OOFF", number, list(group))
    return _written(root)


def transfers(order: Order, debtor: Party, those: Sequence[Transfer]) -> bytes:
    """A file of transfers. ValueError for none at all."""
    root, body = _begun(TRANSFERS, "CstmrCdtTrfInitn", order, debtor, those)
    info = _info(body, order, 1, "TRF", those)
    _put(_put(info, "PmtTpInf"), "SvcLvl/Cd", "SEPA")
    _put(info, "ReqdExctnDt/Dt", order.execute_on.isoformat())
    _party(info, "Dbtr", debtor)
    _put(info, "DbtrAcct/Id/IBAN", debtor.iban)
    _bank(info, "DbtrAgt", debtor)
    _put(info, "ChrgBr", "SLEV")
    for each in sorted(those, key=lambda one: one.end_to_end):
        entry = _put(info, "CdtTrfTxInf")
        _put(entry, "PmtId/EndToEndId", each.end_to_end)
        _put(entry, "Amt/InstdAmt", euros(each.cents)).set("Ccy", "EUR")
        if each.payee.bic:
            _bank(entry, "CdtrAgt", each.payee)
        _party(entry, "Cdtr", each.payee)
        _put(entry, "CdtrAcct/Id/IBAN", each.payee.iban)
        _put(entry, "RmtInf/Ustrd", plain(each.words, WORDS))
    return _written(root)


def plain(text: str, longest: int) -> str:
    """Words in the signs that all banks in SEPA take (EPC217-08): umlauts in two letters, accents left out, anything
    else as a full stop. No slash at either end and no two in a row."""
    spelled = unicodedata.normalize("NFC", text).translate(_LIKE)
    bare = (sign for sign in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(sign))
    shown = "".join(sign if sign in _PLAIN else "." for sign in bare)
    while "//" in shown:
        shown = shown.replace("//", "/")
    return " ".join(shown.split())[:longest].strip(" /")


def euros(cents: int) -> str:
    """An amount as these files have it: "12.50"."""
    return f"{cents // 100}.{cents % 100:02d}"


def _debits(
    body: Element,
    order: Order,
    creditor: Party,
    creditor_id: str,
    sequence: str,
    number: int,
    those: Sequence[Debit],
) -> None:
    info = _info(body, order, number, "DD", those)
    kind = _put(info, "PmtTpInf")
    _put(kind, "SvcLvl/Cd", "SEPA")
    _put(kind, "LclInstrm/Cd", "CORE")
    _put(kind, "SeqTp", sequence)
    _put(info, "ReqdColltnDt", order.execute_on.isoformat())
    _party(info, "Cdtr", creditor)
    _put(info, "CdtrAcct/Id/IBAN", creditor.iban)
    _bank(info, "CdtrAgt", creditor)
    _put(info, "ChrgBr", "SLEV")
    scheme = _put(info, "CdtrSchmeId/Id/PrvtId/Othr")
    _put(scheme, "Id", creditor_id)
    _put(scheme, "SchmeNm/Prtry", "SEPA")
    for each in those:
        _debit(_put(info, "DrctDbtTxInf"), each)


def _debit(entry: Element, debit: Debit) -> None:
    _put(entry, "PmtId/EndToEndId", debit.end_to_end)
    _put(entry, "InstdAmt", euros(debit.cents)).set("Ccy", "EUR")
    mandate = _put(entry, "DrctDbtTx/MndtRltdInf")
    _put(mandate, "MndtId", debit.mandate)
    _put(mandate, "DtOfSgntr", debit.signed_on.isoformat())
    _bank(entry, "DbtrAgt", debit.payer)
    _party(entry, "Dbtr", debit.payer)
    _put(entry, "DbtrAcct/Id/IBAN", debit.payer.iban)
    _put(entry, "RmtInf/Ustrd", plain(debit.words, WORDS))


def _begun(
    namespace: str, kind: str, order: Order, ours: Party, those: Sequence[Debit] | Sequence[Transfer]
) -> tuple[Element, Element]:
    """The document with its head, and where the rest of it goes."""
    if not those:
        raise ValueError("a file for the bank needs at least one payment")
    root = Element("Document", {"xmlns": namespace})
    body = SubElement(root, kind)
    head = _put(body, "GrpHdr")
    _put(head, "MsgId", order.message_id)
    _put(head, "CreDtTm", f"{order.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    _sums(head, those)
    _put(head, "InitgPty/Nm", plain(ours.name, NAME))
    return root, body


def _info(
    body: Element, order: Order, number: int, method: str, those: Sequence[Debit] | Sequence[Transfer]
) -> Element:
    """The head of a group of payments with the same date and account."""
    info = _put(body, "PmtInf")
    _put(info, "PmtInfId", f"{order.message_id}-{number}")
    _put(info, "PmtMtd", method)
    _sums(info, those)
    return info


def _sums(parent: Element, those: Sequence[Debit] | Sequence[Transfer]) -> None:
    _put(parent, "NbOfTxs", str(len(those)))
    _put(parent, "CtrlSum", euros(sum(each.cents for each in those)))


def _party(parent: Element, role: str, party: Party) -> None:
    made = _put(parent, role)
    _put(made, "Nm", plain(party.name, NAME))
    if party.country and party.town:
        address = _put(made, "PstlAdr")
        parts = (("StrtNm", party.street, NAME), ("PstCd", party.postcode, POSTCODE), ("TwnNm", party.town, TOWN))
        for name, text, longest in parts:
            if text:
                _put(address, name, plain(text, longest))
        _put(address, "Ctry", party.country)


def _bank(parent: Element, role: str, party: Party) -> None:
    """Somebody's bank. Inside SEPA the IBAN names it; then the file says that there is no BIC."""
    if party.bic:
        _put(parent, f"{role}/FinInstnId/BICFI", party.bic)
    else:
        _put(parent, f"{role}/FinInstnId/Othr/Id", "NOTPROVIDED")


def _put(parent: Element, path: str, text: str = "") -> Element:
    """A new element below the parent, one inside the other along the path; the last one holds the text."""
    made = parent
    for name in path.split("/"):
        made = SubElement(made, name)
    made.text = text or None
    return made


def _written(root: Element) -> bytes:
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"
