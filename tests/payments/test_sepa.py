"""Files for the bank, checked against the order of elements that their schemas (ISO 20022) ask for."""

from datetime import UTC, date, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.payments import sepa
from buchbar.payments.sepa import Debit, Order, Party, Transfer

# What may stand in an element, in this order; "!" marks what must be there, "*" what may come more than once.
PARTY = ["Nm", "PstlAdr", "Id", "CtryOfRes", "CtctDtls"]
TYPE = ["InstrPrty", "SvcLvl", "LclInstrm", "SeqTp", "CtgyPurp"]
HEAD = ["MsgId!", "CreDtTm!", "Authstn", "NbOfTxs!", "CtrlSum", "InitgPty!", "FwdgAgt"]
SHARED = {
    "GrpHdr": HEAD,
    "PmtTpInf": TYPE,
    "InitgPty": PARTY,
    "Cdtr": PARTY,
    "Dbtr": PARTY,
    "CdtrSchmeId": PARTY,
    "FinInstnId": ["BICFI", "ClrSysMmbId", "LEI", "Nm", "PstlAdr", "Othr"],
    "PstlAdr": [
        *("AdrTp", "Dept", "SubDept", "StrtNm", "BldgNb", "BldgNm", "Flr", "PstBx", "Room", "PstCd", "TwnNm"),
        *("TwnLctnNm", "DstrctNm", "CtrySubDvsn", "Ctry", "AdrLine"),
    ],
    "PmtId": ["InstrId", "EndToEndId!", "UETR"],
    "Othr": ["Id!", "SchmeNm", "Issr"],
    "MndtRltdInf": ["MndtId", "DtOfSgntr", "AmdmntInd", "AmdmntInfDtls"],
    "RmtInf": ["Ustrd", "Strd"],
}
DEBITS = SHARED | {
    "Document": ["CstmrDrctDbtInitn!"],
    "CstmrDrctDbtInitn": ["GrpHdr!", "PmtInf!*"],
    "PmtInf": [
        *("PmtInfId!", "PmtMtd!", "BtchBookg", "NbOfTxs", "CtrlSum", "PmtTpInf", "ReqdColltnDt!", "Cdtr!"),
        *("CdtrAcct!", "CdtrAgt!", "CdtrAgtAcct", "UltmtCdtr", "ChrgBr", "ChrgsAcct", "ChrgsAcctAgt", "CdtrSchmeId"),
        "DrctDbtTxInf!*",
    ],
    "DrctDbtTxInf": [
        *("PmtId!", "PmtTpInf", "InstdAmt!", "ChrgBr", "DrctDbtTx", "UltmtCdtr", "DbtrAgt!", "DbtrAgtAcct", "Dbtr!"),
        *("DbtrAcct!", "UltmtDbtr", "InstrForCdtrAgt", "Purp", "RgltryRptg", "Tax", "RltdRmtInf", "RmtInf"),
    ],
}
TRANSFERS = SHARED | {
    "Document": ["CstmrCdtTrfInitn!"],
    "CstmrCdtTrfInitn": ["GrpHdr!", "PmtInf!*"],
    "PmtInf": [
        *("PmtInfId!", "PmtMtd!", "BtchBookg", "NbOfTxs", "CtrlSum", "PmtTpInf", "ReqdExctnDt!", "PoolgAdjstmntDt"),
        *("Dbtr!", "DbtrAcct!", "DbtrAgt!", "DbtrAgtAcct", "InstrForDbtrAgt", "UltmtDbtr", "ChrgBr", "ChrgsAcct"),
        *("ChrgsAcctAgt", "CdtTrfTxInf!*"),
    ],
    "CdtTrfTxInf": [
        *("PmtId!", "PmtTpInf", "Amt!", "XchgRateInf", "ChrgBr", "MndtRltdInf", "ChqInstr", "UltmtDbtr", "CdtrAgt"),
        *("CdtrAgtAcct", "Cdtr", "CdtrAcct", "UltmtCdtr", "InstrForCdtrAgt", "Purp", "RltdRmtInf", "RmtInf"),
    ],
}

ORDER = Order("BB-20261123-0001", datetime(2026, 11, 23, 9, 0, tzinfo=UTC), date(2026, 12, 7))
TOWN = Party("Stadt Diepholz", "DE89370400440532013000", "GENODEF1DIK")
CREDITOR_ID = "DE98ZZZ09999999999"
PAYER = Party("Jürgen Groß & Söhne", "DE02120300000000202051")
SWISS = Party("Anna Müller", "CH9300762011623852957", "", "Rue de l'Été 3", "1200", "Genève", "CH")


def debit(end_to_end: str = "a1", cents: int = 6000, *, recurring: bool = True, payer: Party = PAYER) -> Debit:
    return Debit(end_to_end, cents, payer, "M-7K3M9QXB", date(2026, 1, 5), "Buchung HZ7K-3M9Q", recurring)


def read(written: bytes) -> Element:
    return ElementTree.fromstring(written)


def faults(element: Element, schema: dict[str, list[str]]) -> list[str]:
    """Where an element's children aren't what the schema wants, all the way down."""
    name, found = bare(element), [bare(child) for child in element]
    allowed = schema.get(name)
    said = []
    if allowed is not None:
        order = [each.rstrip("!*") for each in allowed]
        many = {each.rstrip("!*") for each in allowed if each.endswith("*")}
        places = [order.index(child) if child in order else -1 for child in found]
        said += [f"{name}: {child} unknown" for child, place in zip(found, places, strict=True) if place < 0]
        said += [f"{name}: out of order: {found}"] if places != sorted(places) else []
        said += [f"{name}: {child} twice" for child in set(found) - many if found.count(child) > 1]
        said += [f"{name}: {each} missing" for each in allowed if "!" in each and each.rstrip("!*") not in found]
    if not len(element) and not (element.text or "").strip():
        said.append(f"{name}: empty")
    return said + [fault for child in element for fault in faults(child, schema)]


def bare(element: Element) -> str:
    return element.tag.partition("}")[2]


def texts(root: Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter() if bare(element) == name]


def test_direct_debits_stand_in_the_order_of_their_schema() -> None:
    written = sepa.debits(ORDER, TOWN, CREDITOR_ID, [debit(), debit("b2", 4550, recurring=False, payer=SWISS)])
    root = read(written)
    assert root.tag == "{urn:iso:std:iso:20022:tech:xsd:pain.008.001.08}Document"
    assert faults(root, DEBITS) == []


def test_transfers_stand_in_the_order_of_their_schema() -> None:
    written = sepa.transfers(ORDER, TOWN, [Transfer("r1", 1250, PAYER, "Erstattung"), Transfer("r2", 1, SWISS, "x")])
    root = read(written)
    assert root.tag == "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}Document"
    assert faults(root, TRANSFERS) == []
    assert texts(root, "CtrlSum") == ["12.51", "12.51"]
    assert texts(root, "Dt") == ["2026-12-07"]


def test_the_reader_of_schemas_sees_what_is_wrong() -> None:
    root = read(sepa.debits(ORDER, TOWN, CREDITOR_ID, [debit()]))
    entry = next(each for each in root.iter() if bare(each) == "DrctDbtTxInf")
    entry[:] = [*list(entry)[1:], entry[0]]
    assert faults(root, DEBITS)


def test_sums_and_numbers_are_those_of_what_is_inside() -> None:
    root = read(
        sepa.debits(ORDER, TOWN, CREDITOR_ID, [debit("a", 6000), debit("b", 5), debit("c", 1, recurring=False)])
    )
    assert texts(root, "NbOfTxs") == ["3", "2", "1"]
    assert texts(root, "CtrlSum") == ["60.06", "60.05", "0.01"]
    assert texts(root, "SeqTp") == ["RCUR", "OOFF"]
    assert texts(root, "EndToEndId") == ["a", "b", "c"]
    assert texts(root, "PmtInfId") == ["BB-20261123-0001-1", "BB-20261123-0001-2"]


def test_the_same_facts_make_the_same_bytes_in_whatever_order_they_come() -> None:
    some = [debit("a"), debit("b", recurring=False), debit("c")]
    assert sepa.debits(ORDER, TOWN, CREDITOR_ID, some) == sepa.debits(ORDER, TOWN, CREDITOR_ID, some[::-1])


def test_names_are_written_in_the_signs_of_all_banks() -> None:
    root = read(sepa.debits(ORDER, TOWN, CREDITOR_ID, [debit()]))
    assert "Juergen Gross + Soehne" in texts(root, "Nm")
    assert sepa.plain("Zoë Yıldız-Łukasz “x”", 70) == "Zoe Yildiz-Lukasz .x."
    assert sepa.plain("//a//b/", 70) == "a/b"
    assert sepa.plain("山田", 70) == ".."


@given(st.text(max_size=200), st.integers(1, 140))
def test_whatever_somebody_is_called_can_be_sent(name: str, longest: int) -> None:
    written = sepa.plain(name, longest)
    assert len(written) <= longest
    assert set(written) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
    assert "//" not in written
    assert written == written.strip(" /")


def test_an_address_is_structured_and_only_there_where_it_is_known() -> None:
    root = read(sepa.debits(ORDER, TOWN, CREDITOR_ID, [debit("a"), debit("b", payer=SWISS)]))
    assert texts(root, "TwnNm") == ["Geneve"]
    assert texts(root, "Ctry") == ["CH"]
    assert texts(root, "AdrLine") == []


def test_without_a_bic_the_file_says_so() -> None:
    root = read(sepa.debits(ORDER, TOWN, CREDITOR_ID, [debit()]))
    assert texts(root, "BICFI") == ["GENODEF1DIK"]
    assert "NOTPROVIDED" in texts(root, "Id")


def test_a_file_with_nothing_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sepa.debits(ORDER, TOWN, CREDITOR_ID, [])
