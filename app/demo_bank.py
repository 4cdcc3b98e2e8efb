"""A bank's statement for the demonstration, in the shape in which banks deliver it (camt.053)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from xml.etree.ElementTree import Element, SubElement, tostring

_SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True, slots=True)
class Move:
    """Money on the town's account; ``cents`` below zero went out, ``name`` and ``iban`` are the other side's.
    ``returned`` is the bank's code for why it takes a payment back; empty for what is none."""

    cents: int
    text: str
    name: str = ""
    iban: str = ""
    returned: str = ""


def statement(iban: str, day: date, moves: Iterable[Move]) -> bytes:
    """The account's statement of a day."""
    document = Element("Document", xmlns=_SPACE)
    part = SubElement(SubElement(document, "BkToCstmrStmt"), "Stmt")
    _put(part, "Acct/Id/IBAN", iban)
    for number, move in enumerate(moves, 1):
        _entry(SubElement(part, "Ntry"), day, f"VORF{day:%Y%m%d}{number:04}", move)
    return tostring(document, encoding="utf-8", xml_declaration=True)


def _entry(entry: Element, day: date, name: str, move: Move) -> None:
    side = "Dbtr" if move.cents > 0 else "Cdtr"
    _put(entry, "Amt", f"{abs(move.cents) // 100}.{abs(move.cents) % 100:02}").set("Ccy", "EUR")
    _put(entry, "CdtDbtInd", "CRDT" if move.cents > 0 else "DBIT")
    _put(entry, "Sts/Cd", "BOOK")
    _put(entry, "BookgDt/Dt", day.isoformat())
    _put(entry, "ValDt/Dt", day.isoformat())
    _put(entry, "AcctSvcrRef", name)
    detail = SubElement(SubElement(entry, "NtryDtls"), "TxDtls")
    parties = SubElement(detail, "RltdPties")
    _put(parties, f"{side}/Pty/Nm", move.name)
    _put(parties, f"{side}Acct/Id/IBAN", move.iban)
    _put(detail, "RmtInf/Ustrd", move.text)
    if move.returned:
        _put(detail, "RtrInf/Rsn/Cd", move.returned)


def _put(above: Element, path: str, words: str) -> Element:
    """A field with all that it stands in."""
    for tag in path.split("/"):
        above = SubElement(above, tag)
    above.text = words
    return above
