"""Reference and amount settle an entry, one alone is a suggestion; references are found however they are typed."""

import sys
from collections.abc import Callable
from datetime import date
from types import FrameType
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.payments import camt
from buchbar.payments.camt import Entry
from buchbar.payments.matching import Books, Came, Collection, Due, Owed, Share, Went
from buchbar.payments.reference import reference
from tests.payments.test_camt import file

ANNA = Owed(
    booking_id=uuid4(),
    number="HZ-7K3M-9QXB",
    cents=14000,
    charges=(Due(("RF36HZ7K3M9QXB01", "520260001234"), 14000),),
    names="Anna Müller Ben Yıldız",
)
KAYA = Owed(
    booking_id=uuid4(),
    number="HZ-4D8P-2WTC",
    cents=6000,
    charges=(Due(("RF60HZ4D8P2WTC01",), 6000),),
    names="Deniz Kaya Tom Weber",
)
TWICE = Owed(
    booking_id=uuid4(),
    number="HZ-6F5J-8RNV",
    cents=9000,
    charges=(Due(("RF68HZ6F5J8RNV01",), 6000), Due((reference("HZ-6F5J-8RNV", 2),), 3000)),
    names="Ada Berg",
)
BOOKS = Books([ANNA, KAYA, TWICE])


def came(cents: int, text: str = "", *references: str, **more: object) -> Entry:
    return Entry(key="k", cents=cents, booked_on=date(2026, 11, 23), text=text, references=references, **more)


@pytest.mark.parametrize(
    "text",
    [
        "RF36HZ7K3M9QXB01",
        "rf36 hz7k 3m9q xb01",
        "Gebühr RF36 HZ7K3M9 QXB 01, danke",
        "HZ-7K3M-9QXB",
        "hz 7k3m 9qxb",
        "Nr.HZ7K3M9QXB Hochzeit",
        "Kassenzeichen 520260001234, danke",
        "EREF+1SVWZ+RF36HZ7K3M9QXB01KREF+NONREF",
        "RF36HZ7K3M9QXB01 520260001234 HZ-7K3M-9QXB",
        "SVWZ+520260 001234 ABWA+Stadt",
    ],
)
def test_a_reference_in_free_text_and_the_right_amount_settle(text):
    match = BOOKS.match(came(14000, text))
    assert (match.state, match.shares) == ("matched", (Share(ANNA.booking_id, 14000),))


def test_a_reference_in_its_field_or_as_end_to_end_id_counts_too():
    for entry in (came(14000, "", "RF36HZ7K3M9QXB01"), came(14000, end_to_end="RF36HZ7K3M9QXB01")):
        assert BOOKS.match(entry).state == "matched"


def test_several_in_one_payment_with_the_right_sum():
    match = BOOKS.match(came(20000, "HZ-7K3M-9QXB und RF60HZ4D8P2WTC01"))
    assert match.state == "matched"
    assert set(match.shares) == {Share(ANNA.booking_id, 14000), Share(KAYA.booking_id, 6000)}


def test_one_charge_of_several_or_all_at_once():
    one = BOOKS.match(came(3000, reference("HZ-6F5J-8RNV", 2)))
    both = BOOKS.match(came(9000, f"RF68HZ6F5J8RNV01 {reference('HZ-6F5J-8RNV', 2)}"))
    whole = BOOKS.match(came(9000, "RF68HZ6F5J8RNV01"))
    assert [each.state for each in (one, both, whole)] == ["matched"] * 3
    assert one.shares == (Share(TWICE.booking_id, 3000),)


@pytest.mark.parametrize(("cents", "word"), [(15000, "10,00\xa0€ zu viel"), (13000, "fehlen noch"), (1, "fehlen noch")])
def test_the_reference_with_another_amount_is_a_suggestion(cents, word):
    match = BOOKS.match(came(cents, "HZ-7K3M-9QXB"))
    assert match.state == "suggested" and match.shares == (Share(ANNA.booking_id, cents),)
    assert word.split()[-1] in match.why


def test_what_is_paid_already_is_a_suggestion_that_says_so():
    paid = Owed(booking_id=uuid4(), number="HZ-9A3E-5KMT", cents=0, charges=(Due(("RF27HZ9A3E5KMT02",), 0),))
    match = Books([paid]).match(came(6000, "RF27HZ9A3E5KMT02"))
    assert match.state == "suggested" and "nichts offen" in match.why


@pytest.mark.parametrize(("cents", "said"), [(6001, "gilt die Buchung wieder"), (1, "Das Geld ginge zurück")])
def test_of_what_comes_too_late_it_says_whether_the_date_is_taken_again(cents, said):
    due = Due(("RF27HZ9A3E5KMT02",), 0)
    released = Owed(booking_id=uuid4(), number="HZ-9A3E-5KMT", cents=0, charges=(due,), late=6000)
    assert said in Books([released]).match(came(cents, "HZ-9A3E-5KMT")).why


def test_several_with_a_wrong_sum_are_spread_as_far_as_it_reaches():
    short = BOOKS.match(came(15000, "HZ-7K3M-9QXB HZ-4D8P-2WTC"))
    assert short.state == "suggested"
    assert [share.cents for share in short.shares] == [14000, 1000]
    long = BOOKS.match(came(30000, "HZ-7K3M-9QXB HZ-4D8P-2WTC"))
    assert [share.cents for share in long.shares] == [14000, 16000]


def test_the_amount_alone_is_a_suggestion_of_few():
    assert BOOKS.match(came(14000, "Danke")).shares == (Share(ANNA.booking_id, 14000),)
    two = BOOKS.match(came(6000, "Danke"))
    assert two.state == "suggested" and set(two.candidates) == {KAYA.booking_id, TWICE.booking_id} and not two.shares
    named = BOOKS.match(came(6000, "Danke", name="KAYA, DENIZ"))
    assert named.shares == (Share(KAYA.booking_id, 6000),) and named.state == "suggested"
    many = Books([Owed(booking_id=uuid4(), number=f"HZ-{n}", cents=6000) for n in range(9)])
    assert many.match(came(6000)).state == "open"


def test_nothing_at_all_stays_open():
    assert BOOKS.match(came(777, "Spende")).state == "open"


@pytest.mark.parametrize("text", ["5202600012345", "1520260001234", "RF37HZ7K3M9QXC01", "HZ-7K3M-9QX", "HZ-7K3M-9QXC"])
def test_a_piece_of_a_longer_number_and_a_typing_error_name_nothing(text):
    assert BOOKS.match(came(777, text)).state == "open"


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        ("202612", "Miete 2026-12"),
        ("202612", "Miete 2026 12"),
        ("202612", "Miete 2026 12 34"),
        ("202612", "Aktenzeichen 12345/2026/12"),
        ("20261123", "Gebuehr 2026-11-23"),
        ("20261123", "Gebuehr 23 2026 11 23"),
        ("202600123", "RE 4711 202600123"),
        ("202600123", "202600123 - 4711"),
        ("202600123", "RE202600123"),
        ("520260001234", "Kassenzeichen 5202.6000-1234"),
        ("05320130", "IBAN DE89 3704 0044 0532 0130 00"),
        ("HZ-ABCD-2345", "xHZABCD2345y"),
        ("HZ-ABCD-2345", "AktenzeichenHZABCD2345"),
        ("HZ-ABCD-2345", "AktenzeichenHZABCD23456"),
        ("HZ-ABCD-2345", "SVWZ+GebuehrHZ-ABCD-2345ABWA+Stadt"),
        ("BU-HZ7K3M9QXB-012", "ABU-HZ7K3M9QXB-012"),
    ],
)
def test_what_may_be_a_date_or_a_piece_of_a_word_is_only_suggested(sign, text):
    books = Books([Owed(booking_id=uuid4(), number=sign, cents=777, charges=(Due((sign,), 777),))])
    assert books.match(came(777, text)).state == "suggested"
    assert books.match(came(777, f"Kennzeichen {sign} vom Amt")).state == "matched"


def test_what_may_be_another_number_hides_nothing_that_is_named_beyond_doubt():
    books = Books([ANNA, Owed(booking_id=uuid4(), number="05320130", cents=14000)])
    match = books.match(came(14000, "HZ-7K3M-9QXB DE89 3704 0044 0532 0130 00"))
    assert (match.state, match.shares) == ("matched", (Share(ANNA.booking_id, 14000),))


def test_a_return_that_names_its_payment_within_a_word_is_only_suggested():
    payment = Came(payment_id=uuid4(), booking_id=ANNA.booking_id, cents=6000, signs=("520260001234",))
    match = Books([], [payment]).match(came(-6000, "RE 4711 520260001234", is_return=True))
    assert (match.state, match.returned) == ("suggested", payment.payment_id)


def test_a_large_town_looks_as_long_for_an_entry_as_a_small_one():
    """Counted in lines of code that are run."""

    def steps(bookings: int) -> int:
        owed = [
            Owed(booking_id=uuid4(), number=f"HZ-{n:08}A", cents=100 + n, charges=(Due((f"RF99HZ{n:08}",), 100 + n),))
            for n in range(bookings)
        ]
        payments = [
            Came(payment_id=uuid4(), booking_id=one.booking_id, cents=6000, end_to_end=f"E{n}", signs=(one.number,))
            for n, one in enumerate(owed)
        ]
        went = [Went(uuid4(), one.booking_id, 700, f"R{n}") for n, one in enumerate(owed)]
        signs = tuple(f"DEBIT{n:08}" for n in range(bookings))
        books = Books(owed, payments, went, [Collection(day=date(2026, 11, 23), signs=signs, cents=1)])
        return _lines_run(lambda: _all_ways(books))

    def _all_ways(books: Books) -> None:
        paid = books.match(came(102, "Gebuehr HZ-00000002A"))
        assert paid.state == "matched" and books.match(came(103)).state == "suggested"
        assert books.match(came(5, "DEBIT00000003")).state == "set_aside"
        assert books.match(came(700, end_to_end="R1", is_return=True)).bounced
        assert books.match(came(-6000, end_to_end="E1", is_return=True)).returned
        back = books.match(came(-6000, "HZ-00000004A", is_return=True)).returned
        after = books.without(paid.shares, back)
        assert after.match(came(102, "Gebuehr HZ-00000002A")).state == "suggested"

    steps(10)  # what is worked out once for all, such as patterns
    assert steps(10) == steps(1000)


def _lines_run(act: Callable[[], None]) -> int:
    count, before = 0, sys.gettrace()

    def trace(_frame: FrameType, event: str, _what: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def test_a_short_sign_counts_only_in_long_company():
    short = Books([Owed(booking_id=uuid4(), number="HZ-1", cents=777, charges=(Due(("1234",), 777),))])
    assert short.match(came(777, "Kunde 1234")).state == "suggested", "by its amount alone"


def test_money_that_went_out_is_none_of_ours_unless_it_is_a_return():
    assert BOOKS.match(came(-14000, "HZ-7K3M-9QXB")).state == "set_aside"
    assert BOOKS.match(came(14000, "HZ-7K3M-9QXB", is_return=True)).state == "open"


def test_a_return_finds_its_payment():
    first = Came(payment_id=uuid4(), booking_id=ANNA.booking_id, cents=6000, end_to_end="BUCHBAR-4711")
    other = Came(payment_id=uuid4(), booking_id=KAYA.booking_id, cents=6000, signs=("RF60HZ4D8P2WTC01",))
    books = Books([], [first, other])
    with_fee = came(-6350, end_to_end="BUCHBAR-4711", is_return=True, original=6000)
    assert (books.match(with_fee).state, books.match(with_fee).returned) == ("matched", first.payment_id)
    odd = came(-6350, end_to_end="BUCHBAR-4711", is_return=True)
    assert (books.match(odd).state, books.match(odd).returned) == ("suggested", first.payment_id)
    by_text = came(-6000, "RETOURE RF60 HZ4D8P2WTC01", is_return=True)
    assert books.match(by_text).returned == other.payment_id
    assert books.match(came(-6000, is_return=True)).state == "open"


def test_a_return_that_the_bank_tells_twice_takes_no_other_payment():
    first = Came(
        payment_id=uuid4(), booking_id=KAYA.booking_id, cents=6000, end_to_end="B-1", signs=("RF60HZ4D8P2WTC01",)
    )
    other = Came(payment_id=uuid4(), booking_id=KAYA.booking_id, cents=6000, signs=("RF60HZ4D8P2WTC01",))
    back = came(-6000, "RF60HZ4D8P2WTC01", end_to_end="B-1", is_return=True)
    books = Books([], [first, other])
    assert books.match(back).returned == first.payment_id
    again = books.without([], first.payment_id).match(back)
    assert (again.state, again.returned) == ("open", None) and "schon zurückgegeben" in again.why
    by_text = books.without([], other.payment_id).match(came(-6000, "RF60HZ4D8P2WTC01", is_return=True))
    assert by_text.returned == first.payment_id


def test_a_refund_that_comes_back_is_found_by_name_and_amount():
    went = Went(uuid4(), ANNA.booking_id, 700, "ab" * 16)
    books = Books([ANNA], [], [went]).without([])
    assert books.match(came(700, end_to_end="AB" * 16, is_return=True)).bounced == went
    for other in (came(701, end_to_end="ab" * 16, is_return=True), came(700, is_return=True)):
        assert (books.match(other).state, books.match(other).bounced) == ("open", None)


def test_the_files_of_three_banks():
    states = {
        name: [BOOKS.match(entry).state for entry in camt.read(file(name)).entries]
        for name in ("sparkasse", "volksbank", "without_details", "notification")
    }
    assert states == {
        "sparkasse": ["matched", "matched", "open", "set_aside"],
        "volksbank": ["matched", "matched", "matched", "matched", "open"],
        "without_details": ["matched", "matched", "matched"],
        "notification": ["matched", "matched"],
    }


@given(st.integers(1, 10**6), st.text(max_size=80), st.sampled_from(["", *ANNA.charges[0].signs]))
def test_what_is_settled_is_never_more_than_what_came(cents, text, sign):
    match = BOOKS.match(came(cents, f"{text} {sign}"))
    assert sum(share.cents for share in match.shares) in (0, cents)
    assert match.state != "matched" or match.shares


def test_what_was_paid_is_not_paid_again_by_the_next_entry():
    after = BOOKS.without([Share(KAYA.booking_id, 6000)])
    assert after.match(came(6000, "RF60HZ4D8P2WTC01")).state == "suggested"
    assert after.match(came(14000, "RF36HZ7K3M9QXB01")).state == "matched"
