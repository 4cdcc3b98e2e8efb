"""A bank's statement file becomes entries: camt.053 (statement) and camt.054 (notification), any version (ISO 20022).

Nothing is looked up here. What banks do differently ends here: one detail per entry, many, or none; amounts of their
own or not; the reference in its field, or in pieces inside free text. An entry that can't be read is a fault with a
sentence, and the next one is read.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element

import msgspec

from buchbar.base.texts import _
from buchbar.payments import camt_fields as fields

_LONGEST_TEXT = 4000  # a batch that is read as one names all its references in it
_KINDS = {"BkToCstmrStmt": ("camt.053", "Stmt"), "BkToCstmrDbtCdtNtfctn": ("camt.054", "Ntfctn")}
# Sub-families of the bank transaction code that are returns (ISO 20022 external code set), and the German
# Geschaeftsvorfallcodes of returned debits and returned transfers (DK, Anlage 3, chapter 8).
_RETURNS = {"RRTN", "UPDD", "PRDD", "RCDD"}
_RETURN_CODES = {"108", "109", "159"}
_LONGEST_NAME = 70  # signs of a key: a reference has at most 35, and an index can't hold any length


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One movement, or one transaction of a batch. ``cents`` below zero went out.

    ``key`` is the same for the same movement in another file (and see ``batch_of``). It has the day in it, for some
    banks begin their references anew in each statement. ``original`` are the cents of the payment that is returned,
    where the bank's fee is in ``cents`` too; 0 if it isn't said. ``name`` and ``iban`` are the other side's.
    """

    key: str
    cents: int
    booked_on: date
    value_on: date | None = None
    is_return: bool = False
    name: str = ""
    iban: str = ""
    text: str = ""
    references: tuple[str, ...] = ()
    end_to_end: str = ""
    return_reason: str = ""
    original: int = 0


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A file's entries. ``accounts`` are the IBANs it speaks of, ``pending`` counts what isn't booked yet and is left
    out: it comes again when it is."""

    kind: str
    accounts: tuple[str, ...]
    entries: tuple[Entry, ...]
    faults: tuple[str, ...]
    pending: int


def read(content: bytes) -> Statement:
    """Read a file. Raises fields.NoStatement."""
    document = fields.parsed(content)
    kind, part = next((each for tag, each in _KINDS.items() if document.find(tag) is not None), ("", ""))
    if not kind:
        raise fields.NoStatement(
            _("Das ist kein Kontoauszug: Gebraucht wird eine Datei camt.053 oder camt.054 Ihrer Bank.")
        )
    entries: list[Entry] = []
    faults: list[str] = []
    seen: dict[str, Counter[str]] = {}
    place = pending = 0
    statements = document.findall(f"*/{part}")
    for statement in statements:
        account = _account(statement.find("Acct"))
        for element in statement.findall("Ntry"):
            place += 1
            if _status(element) != "BOOK":
                pending += 1
                continue
            try:
                found, complaint = _entries(element, account)
            except ValueError as fault:
                faults.append(_("Eintrag %(place)d: %(fault)s") % {"place": place, "fault": fault})
                continue
            if complaint:
                faults.append(_("Eintrag %(place)d: %(fault)s") % {"place": place, "fault": complaint})
            entries += _distinct(found, seen)
    accounts = dict.fromkeys(_account(each.find("Acct")) for each in statements)
    return Statement(
        kind=kind,
        accounts=tuple(filter(None, accounts)),
        entries=tuple(entries),
        faults=tuple(faults),
        pending=pending,
    )


def _entries(element: Element, account: str) -> tuple[list[Entry], str]:
    """The entries of one Ntry, and what is strange about it. Raises ValueError with a sentence."""
    cents = _signed(element)
    if not cents:  # some banks announce a closing of accounts like that
        return [], ""
    details = element.findall("NtryDtls/TxDtls")
    whole = _entry(element, details, cents, account)
    if len(details) < 2:
        return [whole], ""
    try:
        amounts = [_own_amount(each, cents) for each in details]
    except ValueError as fault:
        return [whole], _("%s Er wurde als eine Zahlung gelesen.") % fault
    if None in amounts:  # who paid what isn't said: it stays one movement that names several things
        return [whole], ""
    if sum(filter(None, amounts)) != cents:
        return [whole], _("Die Einzelbeträge ergeben nicht die Summe. Er wurde als eine Zahlung gelesen.")
    pairs = zip(details, amounts, strict=True)
    return [_entry(element, [each], amount, account, batch=whole.key) for each, amount in pairs if amount], ""


def _entry(element: Element, details: list[Element], cents: int, account: str, *, batch: str = "") -> Entry:
    """One movement, of which ``details`` say who and what for; as a part of a ``batch`` only these do."""
    text = " ".join(_texts(element, details, part=bool(batch)))[:_LONGEST_TEXT]
    references = tuple(
        dict.fromkeys(word for each in details for word in fields.words(each, "RmtInf/Strd/CdtrRefInf/Ref"))
    )
    one = details[0] if len(details) == 1 else None
    name, iban = _other_side(one, cents)
    end_to_end = fields.reference(one, "Refs/EndToEndId")
    booked_on = fields.day(element, "BookgDt") or fields.day(element, "ValDt")
    if booked_on is None:
        raise ValueError(_("Das Buchungsdatum fehlt."))
    said = f"{booked_on}|{cents}|{name}|{iban}|{end_to_end}|{references}|{''.join(text.split())}"
    return Entry(
        key=_part_key(one, batch, cents, said)
        if batch
        else f"{_plain(account[-6:])}|{booked_on}|{_key(element, one, cents, said)}",
        cents=cents,
        booked_on=booked_on,
        value_on=fields.day(element, "ValDt"),
        is_return=_is_return(element, one),
        name=name[:140],
        iban=iban[:34],
        text=text,
        references=(*references, *dict.fromkeys(_files(element, details))),
        end_to_end=end_to_end[:35],
        return_reason=fields.word(one, "RtrInf/Rsn/Cd") or fields.word(one, "RtrInf/Rsn/Prtry"),
        original=_original(one),
    )


def _key(element: Element, detail: Element | None, cents: int, said: str) -> str:
    """What a movement is known by: the bank's own reference, and the amount, for a reversal may bear the same one.
    Where the bank gives none, a digest of what it says."""
    named = fields.reference(element, "AcctSvcrRef") or fields.reference(detail, "Refs/AcctSvcrRef")
    return f"{_plain(named or fields.reference(detail, 'Refs/TxId')) or _digest(said)}|{cents}"


def _part_key(detail: Element | None, batch: str, cents: int, said: str) -> str:
    """What a part of a batch is known by; it begins with the batch's key, for the batch may come without its parts."""
    given = (fields.reference(detail, f"Refs/{name}") for name in ("AcctSvcrRef", "TxId"))
    named = "".join(
        each for each in given if _plain(each) not in batch.split("|")
    )  # some repeat the batch's in each part
    return f"{batch}|{_plain(named) or _digest(said)}|{cents}"


def batch_of(key: str) -> str:
    """The key of the batch of which an entry is a part, for some files have it without its parts; empty for one that
    is whole."""
    parts = key.split("|")
    return "|".join(parts[:4]) if len(parts) == 6 else ""


def _plain(name: str) -> str:
    """A bank's name without the signs of which keys are made; one that is too long by its digest."""
    if len(name) > _LONGEST_NAME:
        return hashlib.sha256(name.encode()).hexdigest()
    return name.translate(str.maketrans("|#~", "///"))


def _digest(said: str) -> str:
    return f"~{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def _distinct(found: list[Entry], seen: dict[str, Counter[str]]) -> Iterator[Entry]:
    """A file's entries, each once, with a number for those that have a key in common.

    Under one name of the bank's, the same twice is a doubled entry, and what differs are several. Where the key is a
    digest of ours, the same twice is somebody who paid twice.
    """
    for entry in found:
        said = f"{entry.name}|{entry.iban}|{entry.end_to_end}|{entry.references}|{entry.text}"
        before = seen.setdefault(entry.key, Counter())
        if said in before and "~" not in entry.key:
            continue
        before[said] += 1
        number = before.total()
        yield entry if number == 1 else msgspec.structs.replace(entry, key=f"{entry.key}#{number}")


def _signed(element: Element) -> int:
    cents = fields.cents(element.find("Amt"))
    direction = fields.word(element, "CdtDbtInd")
    if direction not in ("CRDT", "DBIT"):
        raise ValueError(_("Es fehlt, ob es Eingang oder Abgang ist."))
    return cents if direction == "CRDT" else -cents


def _files(element: Element, details: list[Element]) -> Iterator[str]:
    """The names of the file with which a movement was ordered: of a collection that is credited at once, nothing else
    says what it is."""
    places = ((element, "NtryDtls/Btch"), *((each, "Refs") for each in details))
    for place, path in places:
        for name in ("MsgId", "PmtInfId"):
            yield from fields.words(place, f"{path}/{name}")


def _own_amount(detail: Element, whole: int) -> int | None:
    """A detail's own amount, with the sign of its entry unless it says otherwise; None if it has none."""
    paths = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
    amount = next((found for path in paths if (found := detail.find(path)) is not None), None)
    if amount is None:
        return None
    direction = fields.word(detail, "CdtDbtInd") or ("CRDT" if whole > 0 else "DBIT")
    return fields.cents(amount) if direction == "CRDT" else -fields.cents(amount)


def _original(detail: Element | None) -> int:
    """The cents of what is returned, without fees."""
    amount = None if detail is None else detail.find("AmtDtls/InstdAmt/Amt")
    try:
        return 0 if amount is None else fields.cents(amount)
    except ValueError:  # the original may be of another currency; the movement itself isn't
        return 0


def _texts(element: Element, details: list[Element], *, part: bool) -> Iterator[str]:
    """All free text: the reference may stand in any of it."""
    for each in details:
        yield from fields.words(each, "RmtInf/Ustrd")
        yield from fields.words(each, "RmtInf/Strd/AddtlRmtInf")
        yield from fields.words(each, "AddtlTxInf")
    if not part:
        yield from fields.words(element, "AddtlNtryInf")


def _other_side(detail: Element | None, cents: int) -> tuple[str, str]:
    """Name and IBAN of who paid, or of who was paid; empty where the bank says neither."""
    if detail is None:
        return "", ""
    side = "Dbtr" if cents > 0 else "Cdtr"
    # Up to version 07 the name stands in the party, from 08 on one level deeper.
    name = fields.word(detail, f"RltdPties/{side}/Nm") or fields.word(detail, f"RltdPties/{side}/Pty/Nm")
    return name, "".join(fields.word(detail, f"RltdPties/{side}Acct/Id/IBAN").split()).upper()


def _is_return(element: Element, detail: Element | None) -> bool:
    if fields.word(element, "RvslInd") in ("true", "1") or (detail is not None and detail.find("RtrInf") is not None):
        return True
    codes = [*element.findall("BkTxCd"), *(() if detail is None else detail.findall("BkTxCd"))]
    families = {fields.word(code, "Domn/Fmly/SubFmlyCd") for code in codes}
    german = {piece for code in codes for piece in re.split(r"\W+", fields.word(code, "Prtry/Cd"))}
    return bool(families & _RETURNS or german & _RETURN_CODES)


def _account(element: Element | None) -> str:
    return "".join((fields.word(element, "Id/IBAN") or fields.word(element, "Id/Othr/Id")).split()).upper()


def _status(element: Element) -> str:
    """BOOK, PDNG or INFO; from version 08 on in a code of its own."""
    return fields.word(element, "Sts/Cd") or fields.word(element, "Sts")
