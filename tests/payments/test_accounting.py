"""The file for the accounting system: the town's own columns, separator, encoding and dates."""

import csv
import io
import re
from datetime import date, datetime
from uuid import UUID

import pytest

from buchbar.payments.accounting import EXAMPLE, EXAMPLE_POSTINGS, FIELDS, Movement, as_csv, lines, places
from buchbar.payments.models import Charge, ChargeItem, Payment
from buchbar.payments.rules import ExportColumn, ExportForm, Posting

CHARGE = Charge(
    id=UUID(int=1),
    kind="fees",
    reference="RF18ABC",
    kassenzeichen="5126000001",
    number="2026-0001",
    due_on=date(2026, 12, 7),
    debtor=("Anna Müller", "Rathausmarkt 1", "49356 Diepholz"),
    items=[
        ChargeItem(position=0, code="base", label="Eheschließung", cents=6000, vat="hoheitlich"),
        ChargeItem(position=1, code="room", label="Mühle", cents=15000, vat="19"),
    ],
)
PAYMENT = Payment(id=UUID(int=2), cents=21000, receipt="Q2026-000001")


def moved(kind="charge", cents=21000, **more):
    given = {"charge": CHARGE, "at": datetime.fromisoformat("2026-11-23T10:00"), "event_on": date(2027, 5, 15)} | more
    return Movement(id=UUID(int=3), kind=kind, cents=cents, booking_number="DH-1", **given)


def row(each, *fields, form=ExportForm()):  # noqa: B008
    return lines([ExportColumn(field, field) for field in fields], form, [each])[0]


def test_the_example_as_a_municipal_import_reads_it():
    file = as_csv(
        EXAMPLE, ExportForm(postings=EXAMPLE_POSTINGS), [moved(), moved("payment", payment=PAYMENT, way="cash")], {}
    )
    charge, payment = csv.DictReader(io.StringIO(file.decode("utf-8-sig")), delimiter=";")
    assert charge["Satzart"] == "SOLL"
    assert charge["Kassenzeichen"] == payment["Kassenzeichen"] == "5126000001"
    assert (charge["Debitor"], charge["Strasse"], charge["Ort"]) == ("Anna Müller", "Rathausmarkt 1", "49356 Diepholz")
    assert (charge["Betrag"], charge["Faelligkeit"], charge["Steuerschluessel"]) == (
        "210,00",
        "07.12.2026",
        "19+hoheitlich",
    )
    assert (charge["Produktkonto"], charge["Kostenstelle"], charge["Mahnsperre"]) == ("12.2.02.432100", "3200", "N")
    assert (payment["Satzart"], payment["Zahlweg"], payment["Faelligkeit"]) == ("ZAHLUNG", "Bar", "")


POSTINGS = (
    Posting((), "4000", "10"),
    Posting(("halls",), "5000", "20"),
    Posting(("19", "halls"), "5019", "20"),
    Posting(("room",), "4300"),
    Posting(("weddings", "room", "19"), "4319", "11"),
)


@pytest.mark.parametrize(
    ("journey", "account", "cost_centre"),
    [("weddings", "4000+4319", "10+11"), ("halls", "5000+5019", "20"), ("other", "4000+4300", "10")],
)
@pytest.mark.parametrize("kind", ["charge", "payment"])
def test_accounts_differ_by_journey_position_and_vat_and_one_row_names_them_all(kind, journey, account, cost_centre):
    each = moved(kind, journey=journey, payment=PAYMENT)
    assert row(each, "account", "cost_centre", form=ExportForm(postings=POSTINGS)) == [account, cost_centre]
    assert row(each, "account", "cost_centre") == ["", ""], "a town that has named none"


def test_each_rate_of_vat_has_its_amount():
    fields = ("cents_public", "cents_free", "cents_7", "cents_19")
    assert row(moved(), *fields) == ["60,00", "0,00", "0,00", "150,00"]


def test_what_went_out_is_below_zero_or_has_its_sign_apart():
    back = moved("refund", -6700, payment=PAYMENT, way="stripe")
    assert row(back, "kind", "cents", "cents_unsigned", "sign") == ["ERSTATTUNG", "-67,00", "67,00", "-"]


def test_separator_encoding_decimal_sign_and_dates_are_the_town_s():
    form = ExportForm(separator="\t", encoding="cp1252", decimal=".", dates="%Y%m%d", headings=False)
    columns = [ExportColumn("A", "debtor"), ExportColumn("B", "cents"), ExportColumn("C", "date")]
    assert as_csv(columns, form, [moved()], {}) == "Anna Müller\t210.00\t20261123\r\n".encode("cp1252")


def test_a_letter_that_the_encoding_does_not_have_stops_nothing():
    named = Charge(id=UUID(int=1), reference="RF1", debtor=("Ben Yıldız",), items=[])
    file = as_csv(
        [ExportColumn("A", "debtor")], ExportForm(encoding="cp1252", headings=False), [moved(charge=named)], {}
    )
    assert file == b"Ben Y?ld?z\r\n"


@pytest.mark.parametrize(
    ("lines_of_address", "names", "street", "place"),
    [
        (("Anna Müller",), "Anna Müller", "", ""),
        (("Anna Müller", "Ben Yıldız"), "Anna Müller, Ben Yıldız", "", ""),
        (("TuS", "Sportweg 1", "49356 Diepholz"), "TuS", "Sportweg 1", "49356 Diepholz"),
        (("Anna Müller", "Ben Yıldız", "Musterweg 67", "75001 Paris"), "Anna Müller, Ben Yıldız", "Musterweg 67",
         "75001 Paris"),
    ],
)  # fmt: skip
def test_street_and_place_are_the_last_lines_of_an_address(lines_of_address, names, street, place):
    owed = Charge(id=UUID(int=1), reference="RF1", debtor=lines_of_address, items=[])
    assert row(moved(charge=owed), "debtor", "debtor_street", "debtor_city") == [names, street, place]


def test_a_credit_note_is_booked_under_the_sign_of_what_it_corrects():
    note = Charge(id=UUID(int=4), reference="RF2", items=[])
    assert row(moved("credit", -100, charge=note, corrected=CHARGE), "kassenzeichen", "charge_id") == [
        CHARGE.kassenzeichen,
        str(note.id),
    ]


def test_a_way_is_said_in_german_or_by_its_sign():
    assert row(moved("payment", way="terminal"), "way", "way_sign") == ["Karte am Schalter", "terminal"]


def test_a_separator_within_a_name_is_quoted_and_a_formula_is_none():
    named = Charge(id=UUID(int=1), reference="RF1", debtor=("=Müller; Söhne",), items=[])
    file = as_csv([ExportColumn("A", "debtor")], ExportForm(headings=False), [moved(charge=named)], {})
    assert file.decode("utf-8-sig") == '"\'=Müller; Söhne"\r\n'


@pytest.mark.parametrize(("until", "said"), [(None, "N"), (date(2026, 11, 22), "N"), (date(2026, 11, 23), "J")])
def test_a_stop_of_dunning_holds_to_its_day(until, said):
    stopped = Charge(id=UUID(int=1), reference="RF1", stopped_until=until, items=[])
    assert row(moved(charge=stopped), "stop") == [said]


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_can_be_read_of_every_movement(field):
    for kind in ("charge", "credit", "payment", "refund", "reversal"):
        for charge in (CHARGE, None) if kind not in ("charge", "credit") else (CHARGE,):
            assert isinstance(row(moved(kind, charge=charge, payment=PAYMENT), field)[0], str)


# The first columns of a batch of postings in DATEV's format, version 13. The expressions for columns 1, 2, 3, 7 and 8
# were read at https://developer.datev.de/datev/platform/de/dtvf/formate/buchungsstapel; the others are ours, and nobody
# has compared them with DATEV's. Headings, marks, line ends and the line before them are as in the sample file in
# https://developer.datev.de/datev/platform/de/dtvf/einstieg.
DATEV = (
    (ExportColumn("Umsatz (ohne Soll/Haben-Kz)", "cents_unsigned"), r"\d{1,10}[,]\d{2}"),
    (ExportColumn("Soll/Haben-Kennzeichen", "side", quoted=True), r'"(S|H)"'),
    (ExportColumn("WKZ Umsatz", fixed="EUR", quoted=True), r'"([A-Z]{3})"'),
    (ExportColumn("Kurs"), ""),
    (ExportColumn("Basis-Umsatz"), ""),
    (ExportColumn("WKZ Basis-Umsatz", quoted=True), '""'),
    (ExportColumn("Konto", fixed="10000"), r"(\d{1,9})"),
    (ExportColumn("Gegenkonto (ohne BU-Schlüssel)", "account"), r"(\d{1,9})"),
    (ExportColumn("BU-Schlüssel", quoted=True), '""'),
    (ExportColumn("Belegdatum", "date"), r"\d{4}"),
    (ExportColumn("Belegfeld 1", "number", quoted=True), r'"[\w$%\-/]{0,36}"'),
    (ExportColumn("Belegfeld 2", quoted=True), '""'),
    (ExportColumn("Skonto"), ""),
    (ExportColumn("Buchungstext", "text", quoted=True), r'".{0,60}"'),
)
HEAD = (
    '"EXTF";700;21;"Buchungsstapel";13;{now}000;;"RE";"";"";29098;55003;{year}0101;4;{first};{last};"Buchungsstapel";'
    '"WD";1;0;0;"EUR";;"";;;"03";;;"";""'
)


def test_the_columns_can_be_those_that_datev_has_published():
    form = ExportForm(encoding="cp1252", dates="%d%m", head=HEAD, postings=(Posting((), "4400"),))
    period = places(date(2026, 11, 1), date(2026, 11, 30), datetime.fromisoformat("2026-12-01T14:04:40"))
    rows = [moved(), moved("refund", -6700, payment=PAYMENT)]
    file = as_csv([column for column, _expression in DATEV], form, rows, period).decode("cp1252")
    head, headings, *postings, end = file.split("\r\n")
    assert head.split(";")[5] == "20261201140440000" and head.split(";")[12:16] == [
        *("20260101", "4", "20261101", "20261130")
    ]
    assert headings == ";".join(column.heading for column, _expression in DATEV)
    assert postings[0] == ('210,00;"S";"EUR";;;"";10000;4400;"";2311;"2026-0001";"";;"Eheschließung; Mühle"')
    assert postings[1].startswith('67,00;"H";"EUR";') and end == ""
    for posting in postings:
        cells = posting.split(";", len(DATEV) - 1)
        for cell, (column, expression) in zip(cells, DATEV, strict=True):
            assert re.fullmatch(expression, cell), column.heading
