"""Statements in the shapes of three banks, and files that are none: what can be read is read, the rest is told."""

import random
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.payments import camt, camt_fields
from buchbar.payments.camt_fields import NoStatement

FILES = Path(__file__).parent / "camt"


def file(name: str) -> bytes:
    return (FILES / f"{name}.xml").read_bytes()


def one(*fields: str, kind: str = "053") -> bytes:
    """A statement with an entry of these fields."""
    outer, inner = ("BkToCstmrStmt", "Stmt") if kind == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    return f"<Document><{outer}><{inner}><Ntry>{''.join(fields)}</Ntry></{inner}></{outer}></Document>".encode()


AMOUNT = '<Amt Ccy="EUR">60.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
DAY = "<BookgDt><Dt>2026-11-23</Dt></BookgDt>"


def test_a_bank_with_one_detail_per_entry():
    statement = camt.read(file("sparkasse"))
    assert (statement.kind, statement.accounts, statement.pending) == ("camt.053", ("DE89370400440532013000",), 1)
    assert statement.faults == ("Eintrag 4: Der Betrag „sechzig“ ist nicht lesbar.",)
    anna, kaya, back, rent = statement.entries
    assert (anna.cents, anna.name, anna.iban) == (14000, "Anna Müller", "DE02120300000000202051")
    assert (anna.booked_on, anna.value_on) == (date(2026, 11, 23), date(2026, 11, 23))
    assert (anna.references, anna.end_to_end) == (("RF36HZ7K3M9QXB01",), "")
    assert kaya.text == "Gebuehr Standesamt RF60 HZ4D 8P2W TC01 Kaya" and kaya.end_to_end == "Trauung"
    assert (back.cents, back.original, back.is_return) == (-6350, 6000, True)
    assert (back.return_reason, back.end_to_end) == ("AC04", "BUCHBAR-4711")
    assert (rent.cents, rent.is_return) == (-125000, False)


def test_a_bank_with_batches():
    statement = camt.read(file("volksbank"))
    amounts = [entry.cents for entry in statement.entries]
    assert amounts == [14000, 6000, 6000, 20000, 10000]
    assert len({entry.key for entry in statement.entries}) == 5, "who pays twice in one batch has paid twice"
    assert [entry.name for entry in statement.entries[:2]] == ["Anna Müller", "Deniz Kaya"]
    assert statement.entries[3].text == "HZ-7K3M-9QXB HZ-4D8P-2WTC", "without amounts it stays one that names both"
    assert statement.faults == (
        "Eintrag 3: Die Einzelbeträge ergeben nicht die Summe. Er wurde als eine Zahlung gelesen.",
    )


def test_a_bank_without_details_and_without_names_of_its_own():
    first, *same = camt.read(file("without_details")).entries
    assert (first.cents, first.booked_on) == (14000, date(2026, 11, 23))
    assert "RF36 HZ7K 3M9Q XB 01" in first.text
    assert len(same) == 2 and same[0].key != same[1].key, "the same words twice are two payments"


@pytest.mark.parametrize("name", ["sparkasse", "volksbank", "without_details", "notification"])
def test_the_same_file_again_has_the_same_keys(name):
    once, again = camt.read(file(name)), camt.read(file(name))
    assert once == again


def test_the_parts_of_a_batch_know_the_whole_of_another_file():
    whole = next(entry for entry in camt.read(file("volksbank")).entries if entry.cents == 20000)
    parts = camt.read(file("notification")).entries
    assert sum(part.cents for part in parts) == whole.cents
    assert [camt.batch_of(part.key) for part in parts] == [whole.key] * 2 and not camt.batch_of(whole.key)
    assert camt.read(file("notification")).kind == "camt.054"


def test_what_a_bank_writes_twice_under_one_name_is_one():
    named = AMOUNT + DAY + "<AcctSvcrRef>A1</AcctSvcrRef>"
    text = "<AddtlNtryInf>%s</AddtlNtryInf>"
    twice = one(named, text % "x", "</Ntry><Ntry>", named, text % "x")
    assert len(camt.read(twice).entries) == 1
    differ = one(named, text % "x", "</Ntry><Ntry>", named, text % "y")
    assert len({entry.key for entry in camt.read(differ).entries}) == 2


def test_a_reference_that_a_bank_uses_again_on_another_day_is_another_movement():
    def key(day: str) -> str:
        return (
            camt.read(one(AMOUNT, f"<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>0000001</AcctSvcrRef>"))
            .entries[0]
            .key
        )

    assert key("2026-11-23") == key("2026-11-23") != key("2026-11-24")


def test_a_name_of_any_length_makes_a_key_that_an_index_can_hold():
    """PostgreSQL's indexes take about 2700 bytes, and the whole file would fail."""
    names = ["".join(random.Random(seed).choices("ABCDEF0123456789", k=9000)) for seed in (1, 2)]
    parts = "".join(
        f"<TxDtls><Refs><AcctSvcrRef>{name}</AcctSvcrRef><TxId>{name}</TxId></Refs>{amount}</TxDtls>"
        for name, amount in zip(names, ["<Amt>20</Amt>", "<Amt>40</Amt>"], strict=True)
    )
    whole = AMOUNT + DAY + f"<AcctSvcrRef>{names[0]}</AcctSvcrRef>"
    entries = camt.read(one(whole, f"<NtryDtls>{parts}</NtryDtls></Ntry><Ntry>", whole)).entries
    assert len(entries) == 3 == len({entry.key for entry in entries})
    assert max(len(entry.key) for entry in entries) < 300
    assert [camt.batch_of(entry.key) for entry in entries] == [entries[2].key] * 2 + [""]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        (AMOUNT, "Das Buchungsdatum fehlt."),
        (AMOUNT + "<BookgDt><Dt>23.11.26</Dt></BookgDt>", "Das Datum „23.11.26“ ist nicht lesbar."),
        (AMOUNT + "<BookgDt><Dt>0001-01-01</Dt></BookgDt>", "Das Datum „0001-01-01“ ist nicht lesbar."),
        (AMOUNT + DAY + "<ValDt><Dt>9999-12-31</Dt></ValDt>", "Das Datum „9999-12-31“ ist nicht lesbar."),
        (AMOUNT.replace("60.00", "") + DAY, "Der Betrag „“ ist nicht lesbar."),
        (AMOUNT.replace("60.00", "60,00") + DAY, "Der Betrag „60,00“ ist nicht lesbar."),
        (AMOUNT.replace("60.00", "-60.00") + DAY, "Der Betrag „-60.00“ ist nicht lesbar."),
        (AMOUNT.replace("60.00", "60.005") + DAY, "Der Betrag „60.005“ ist nicht lesbar."),
        (AMOUNT.replace("60.00", "60000000.00") + DAY, "Ein so hoher Betrag wird hier nicht verbucht."),
        (AMOUNT.replace("EUR", "CHF") + DAY, "Der Betrag ist nicht in Euro."),
        (AMOUNT.replace("CRDT", "") + DAY, "Es fehlt, ob es Eingang oder Abgang ist."),
    ],
)
def test_a_bad_entry_is_a_sentence_and_the_next_one_is_read(fields, fault):
    statement = camt.read(one(fields, "</Ntry><Ntry>", AMOUNT, DAY))
    assert statement.faults == (f"Eintrag 1: {fault}",) and [entry.cents for entry in statement.entries] == [6000]


def test_a_part_with_a_bad_amount_leaves_the_batch_whole():
    parts = "<NtryDtls><TxDtls><Amt>x</Amt></TxDtls><TxDtls><Amt>30</Amt></TxDtls></NtryDtls>"
    statement = camt.read(one(AMOUNT, DAY, parts))
    assert [entry.cents for entry in statement.entries] == [6000] and len(statement.faults) == 1


def test_a_reversal_and_a_return_by_its_code_are_returns():
    reversal = AMOUNT + DAY + "<RvslInd>true</RvslInd>"
    code = "<BkTxCd><Prtry><Cd>NRTI+109+00931</Cd></Prtry></BkTxCd>"
    other = "<BkTxCd><Prtry><Cd>NTRF+166+10900</Cd></Prtry></BkTxCd>"
    entries = [camt.read(one(fields)).entries[0] for fields in (reversal, AMOUNT + DAY + code, AMOUNT + DAY + other)]
    assert [entry.is_return for entry in entries] == [True, True, False]


def test_a_movement_of_nothing_is_none():
    assert not camt.read(one(AMOUNT.replace("60.00", "0.00"), DAY)).entries


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "XML"),
        (b"<Document>", "XML"),
        (b"%PDF-1.7", "XML"),
        (b'<?xml version="1.0" encoding="klingon"?><Document/>', "XML"),
        (b"<Document/>", "camt.053"),
        (b"<Document><BkToCstmrAcctRpt/></Document>", "camt.053"),
        (BOMB, "DOCTYPE"),
        (BOMB.decode().encode("utf-16"), "DOCTYPE"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Document/>', "DOCTYPE"),
        (b"<Document>" + b" " * camt_fields.LARGEST_FILE, "10 MB"),
    ],
)
def test_what_is_no_statement_is_refused_with_a_sentence(content, word):
    with pytest.raises(NoStatement, match=word):
        camt.read(content)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(content):
    with pytest.raises(NoStatement):
        camt.read(content)


@given(st.data())
def test_a_statement_that_is_damaged_is_read_or_refused(data):
    content = bytearray(file("volksbank"))
    for _hit in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        camt.read(bytes(content))
    except NoStatement as refusal:
        assert str(refusal)
