"""Several bookings paid on one page: settled together, and each is refunded, disputed and cancelled for itself."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from buchbar.booking import at_counter, failures, lifecycle, links, together
from buchbar.booking.models import Booking
from buchbar.payments import paying
from buchbar.payments.models import Payment, Refund, Reversal
from buchbar.payments.rules import own_rules
from tests.cast import CLERK, SATURDAY

FEES = 17000


def path_of(house, booking):
    with house.database.read() as session:
        return links.path(session, session.get_one(Booking, booking))


def number_of(house, booking):
    with house.database.read() as session:
        return session.get_one(Booking, booking).number


def press(house, booking):
    """The citizen presses "all together"; the address of the pay page."""
    with httpx.Client(base_url=house.settings.base_url) as browser:
        browser.get(path_of(house, booking))
        form = {"_csrf_token": browser.cookies.get("csrftoken", "")}
        return browser.post(path_of(house, booking) + "/zahlung/zusammen", data=form)


@pytest.fixture
def two(house):
    return [house.book(hour=9), house.book(hour=9, day=SATURDAY + timedelta(days=7), email="Anna@Example.org")]


@pytest.fixture
def page(house, two):
    return press(house, two[0]).headers["location"]


@pytest.fixture
def paid(house, stripe, two, page):
    stripe.choose(page, "zahlen")
    house.work()
    return two


def accounts(house, bookings):
    return [house.account(booking) for booking in bookings]


def test_the_page_offers_the_citizens_other_open_bookings_by_number_and_amount_only(house, two):
    html = httpx.get(house.settings.base_url + path_of(house, two[0])).text
    assert f"Buchung {number_of(house, two[1])}: 170,00" in html
    assert "Alles zusammen bezahlen: 340,00" in html
    assert path_of(house, two[1]) not in html


def test_nothing_of_strangers_or_unproven_addresses_is_offered(house, two):
    stranger = house.book(hour=9, day=SATURDAY + timedelta(days=14), email="carla@example.org")
    with house.database.write() as session:
        assert together.offered(session, session.get_one(Booking, stranger), house.clock.now) == []
        session.get_one(Booking, two[1]).email_proven_at = None
    with house.database.read() as session:
        assert together.offered(session, session.get_one(Booking, two[0]), house.clock.now) == []
        assert together.offered(session, session.get_one(Booking, two[1]), house.clock.now) == []


def test_the_page_shows_each_booking_and_the_sum(house, stripe, two, page):
    html = stripe.http.get(page).text
    assert all(f"Buchung {number_of(house, each)}" in html for each in two) and "340,00" in html


def test_one_payment_confirms_both_and_each_has_its_own_row(house, stripe, paid):
    assert [house.state(each) for each in paid] == ["confirmed", "confirmed"]
    assert accounts(house, paid) == [(FEES, FEES, 0)] * 2
    assert len(stripe.books()["charges"]) == 1 and stripe.books()["charges"][0]["amount"] == 2 * FEES
    assert [house.verbs(each).count("pay") for each in paid] == [1, 1]
    assert len({each.together_id or each.id for each in house.rows(Payment)}) == 1


def test_a_town_that_takes_no_money_online_opens_no_page_for_several_either(house, two):
    with house.database.write() as session:
        own_rules(session, session.get_one(Booking, two[0]).municipality_id).ways = ("transfer",)
    assert "Online bezahlen können Sie hier nicht" in press(house, two[0]).text
    assert house.rows(Payment) == []


def test_what_is_paid_already_is_not_counted_on_the_page(house, stripe, two):
    with house.database.write() as session:
        at_counter.take(session, session.get_one(Booking, two[1]), uuid4(), FEES, "cash", house.clock.now, CLERK)
    html = stripe.http.get(press(house, two[0]).headers["location"]).text
    assert number_of(house, two[0]) in html and "weitere" not in html and number_of(house, two[1]) not in html


def test_pressing_twice_leads_to_the_same_page(house, stripe, two, page):
    assert press(house, two[1]).headers["location"] == page
    assert len(house.rows(Payment)) == 2 and len(stripe.books()["sessions"]) == 1


def test_doubled_and_swapped_messages_and_asking_in_between_book_it_once(house, stripe, two, page):
    stripe.behave(doubled=True, swapped=True, slow=True)
    stripe.choose(page, "zahlen")
    stripe.bank(house.rows(Payment)[0].checkout_id or house.rows(Payment)[1].checkout_id, succeeded=True)
    house.clock.now += paying.PATIENCE
    house.poll()
    house.work()
    assert accounts(house, two) == [(FEES, FEES, 0)] * 2


def test_a_lost_message_is_found_by_asking_once_for_both(house, stripe, two, page):
    stripe.behave(lost=True)
    stripe.choose(page, "zahlen")
    house.clock.now += paying.PATIENCE
    assert house.poll() == 1
    assert [house.state(each) for each in two] == ["confirmed", "confirmed"]


def test_cancelling_one_gives_back_only_its_own_money(house, stripe, paid):
    house.change(paid[1], lifecycle.cancel, CLERK)
    house.work()
    house.work()
    assert accounts(house, paid) == [(FEES, FEES, 0), (0, FEES, FEES)]
    assert [refund["amount"] for refund in stripe.books()["refunds"]] == [FEES]
    house.change(paid[0], lifecycle.cancel, CLERK)
    house.work()
    house.work()
    assert accounts(house, paid) == [(0, FEES, FEES)] * 2
    assert stripe.books()["charges"][0]["amount_refunded"] == 2 * FEES
    assert [refund.state for refund in house.rows(Refund)] == ["done", "done"]


def test_a_refund_in_the_dashboard_is_shared_out_and_never_counted_twice(house, stripe, paid):
    house.change(paid[0], lifecycle.cancel, CLERK)
    house.work()
    lead = lead_of(house)
    stripe.refund_by_hand(lead, 5000)
    house.work()
    assert accounts(house, paid) == [(0, FEES, FEES), (FEES, FEES, 5000)]
    stripe.refund_by_hand(lead, FEES - 5000)
    house.work()
    assert accounts(house, paid) == [(0, FEES, FEES), (FEES, FEES, FEES)]


def test_a_dispute_takes_it_from_both_and_winning_gives_it_to_both(house, stripe, paid):
    stripe.behave(doubled=True)
    name = stripe.dispute(house.rows(Payment)[0])
    house.work()
    assert [house.open(each) for each in paid] == [FEES, FEES]
    assert [house.verbs(each).count("lose") for each in paid] == [1, 1]
    stripe.decide(name, won=True)
    house.work()
    assert [house.open(each) for each in paid] == [0, 0]
    assert sorted(each.cents for each in house.rows(Reversal)) == [-FEES, -FEES, FEES, FEES]


def lead_of(house):
    return next(each for each in house.rows(Payment) if each.together_id is None)


@pytest.mark.parametrize("which", [0, 1])
def test_a_dispute_takes_what_was_to_go_back_of_one_and_then_it_does_not_go(house, stripe, paid, which):
    house.change(paid[which], lifecycle.cancel, CLERK)
    stripe.dispute(lead_of(house))
    for _round in range(2):
        house.work()
    assert house.rows(Refund) == [] and sorted(each.cents for each in house.rows(Reversal)) == [FEES, FEES]
    assert (house.open(paid[which]), house.open(paid[1 - which])) == (0, FEES)


@pytest.mark.parametrize(("taken", "of_the_other"), [(2 * FEES, FEES), (FEES, 0)])
def test_a_dispute_takes_what_has_gone_back_of_one_last(house, stripe, paid, taken, of_the_other):
    house.change(paid[0], lifecycle.cancel, CLERK)
    for _round in range(2):
        house.work()
    stripe.dispute(lead_of(house), amount=taken)
    for _round in range(2):
        house.work()
    assert [house.open(each) for each in paid] == [of_the_other, FEES]


def test_what_went_in_the_dashboard_is_first_what_stripe_refused_us_for_it(house, stripe, paid):
    house.change(paid[1], lifecycle.cancel, CLERK)
    stripe.refund_by_hand(lead_of(house), FEES + 3000)
    for _round in range(4):
        house.work()
        house.clock.now += timedelta(minutes=3)
    assert accounts(house, paid) == [(FEES, FEES, 3000), (0, FEES, FEES)]


def test_a_bounced_refund_is_shown_with_the_booking_that_it_belongs_to(house, stripe, paid):
    house.change(paid[1], lifecycle.cancel, CLERK)
    house.work()
    refund = house.rows(Refund)[0]
    stripe.bounce(refund.refund_id)
    house.work()
    with house.database.read() as session:
        (failure,) = failures.failures(session, session.get_one(Booking, paid[0]).municipality)
        assert failure.booking.id == paid[1] and failure.verbs == ("repay",)


def test_cancelling_one_closes_the_page_and_the_other_is_paid_alone(house, stripe, two, page):
    house.change(two[0], lifecycle.cancel, CLERK)
    house.work()
    assert "abgelaufen" in stripe.http.get(page).text
    house.work()
    assert {each.state for each in house.rows(Payment)} == {"expired"}
    stripe.choose(house.pay_button(two[1]), "zahlen")
    house.work()
    assert house.state(two[1]) == "confirmed"


def test_paid_together_and_alone_at_once_the_surplus_goes_back(house, stripe, two, page):
    alone = house.pay_button(two[1])
    assert alone != page
    stripe.choose(page, "zahlen")
    stripe.choose(alone, "zahlen")
    house.work()
    house.work()
    assert accounts(house, two) == [(FEES, FEES, 0), (FEES, 2 * FEES, FEES)]
    assert [refund["amount"] for refund in stripe.books()["refunds"]] == [FEES]


def test_when_the_bank_has_it_neither_is_paid_again(house, stripe, two, page):
    stripe.choose(page, "lastschrift")
    house.work()
    for booking in two:
        with pytest.raises(paying.UnderWay):
            house.pay_button(booking)
    stripe.bank(next(each.checkout_id for each in house.rows(Payment) if each.checkout_id), succeeded=False)
    house.work()
    assert {each.state for each in house.rows(Payment)} == {"failed"}
    assert [house.verbs(each).count("unpaid") for each in two] == [1, 1]


def test_one_of_them_paid_too_late_when_its_place_is_taken_goes_back_alone(house, stripe, two):
    with house.database.read() as session:
        house.clock.now = session.get_one(Booking, two[0]).deadline_at - timedelta(minutes=5)
    page = press(house, two[1]).headers["location"]
    house.release(two[0])
    house.book(email="carla@example.org")  # takes the place
    house.clock.now += timedelta(minutes=1)
    stripe.http.post(page, data={"choice": "zahlen"})
    house.work()
    house.work()
    assert [house.state(each) for each in two] == ["released", "confirmed"]
    assert accounts(house, two) == [(0, FEES, FEES), (FEES, FEES, 0)]
    assert {"paid", "refunded"} <= set(house.letters(two[0])), "both are told"
