"""A couple pays: on Stripe's page, once, and the message counts, not the way back."""

from datetime import timedelta

import httpx
import pytest

from buchbar.base.texts import language
from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking
from buchbar.payments import checkout, ledger, paying
from buchbar.payments.models import Payment
from tests.cast import CLERK, SATURDAY

FEES = 17000  # base and Saturday


def test_a_couple_pays_and_its_reservation_is_firm(house, stripe):
    booking = house.book()
    page = house.pay_button(booking)
    back = stripe.choose(page, "zahlen")
    assert back.status_code == 303 and back.headers["location"].startswith(house.settings.base_url + "/buchung/token")
    assert house.work() == 1
    assert house.state(booking) == "confirmed"
    assert house.account(booking) == (FEES, FEES, 0)
    assert house.verbs(booking).count("pay") == 1
    books = stripe.books()
    assert [message["type"] for message in books["sent"]] == ["charge.succeeded", "checkout.session.completed"]
    assert {message["status"] for message in books["sent"]} == {200}


def test_the_button_of_the_couples_page_leads_to_the_pay_page(house, stripe):
    booking = house.book()
    answer = house.press(booking)
    assert answer.status_code == 303
    back = stripe.choose(answer.headers["location"], "zahlen").headers["location"]
    house.work()
    assert "reserviert" in httpx.get(back).text
    assert house.press(booking).status_code == 409


def test_when_stripe_is_down_the_button_says_so(house, stripe):
    booking = house.book()
    stripe.behave(down=True)
    answer = house.press(booking)
    assert answer.status_code == 409
    assert "Die Zahlungsseite ist gerade nicht erreichbar. Es wurde nichts abgebucht." in answer.text


def test_the_pay_page_shows_what_is_paid_for(house, stripe):
    booking = house.book()
    page = stripe.http.get(house.pay_button(booking)).text
    with house.database.read() as session:
        number = session.get_one(lifecycle.Booking, booking).number
    for words in ("Nachbau von Stripe zum Ausprobieren", "Bezahlen", "Ablehnen", "Abbrechen", number, "170,00"):
        assert words in page
    assert "Anmeldung und Eheschließung" in page and "Trauung am Samstag" in page
    assert "anna@example.org" in page


def test_pressing_pay_twice_leads_to_the_same_page(house, stripe):
    booking = house.book()
    assert house.pay_button(booking) == house.pay_button(booking)
    assert len(house.rows(Payment)) == len(stripe.books()["sessions"]) == 1


def test_a_lost_answer_does_not_make_a_second_page(house, stripe):
    booking = house.book()
    stripe.behave(unheard=1)  # the SDK asks again, with the same key
    house.pay_button(booking)
    assert len(stripe.books()["sessions"]) == 1
    assert stripe.books()["asked"].count("POST /v1/checkout/sessions") == 2


def test_the_way_back_alone_proves_nothing(house, stripe):
    booking = house.book()
    stripe.behave(lost=True)
    assert stripe.choose(house.pay_button(booking), "zahlen").status_code == 303
    assert house.work() == 0
    assert house.state(booking) == "payable"
    assert house.account(booking) == (FEES, 0, 0)


def test_a_lost_message_is_found_by_asking(house, stripe):
    booking = house.book()
    stripe.behave(lost=True)
    stripe.choose(house.pay_button(booking), "zahlen")
    assert house.poll() == 0  # too early to ask
    house.clock.now += paying.PATIENCE
    assert house.poll() == 1
    assert house.state(booking) == "confirmed"
    assert house.account(booking) == (FEES, FEES, 0)
    assert house.poll() == 0


def test_who_was_asked_about_is_left_alone_for_a_while(house, stripe):
    house.pay_button(house.book())
    house.clock.now += paying.PATIENCE
    assert [house.poll(), house.poll()] == [0, 0]
    assert stripe.books()["asked"].count("GET /v1/checkout/sessions") == 1


def test_a_declined_card_may_try_again(house, stripe):
    booking = house.book()
    page = house.pay_button(booking)
    declined = stripe.choose(page, "ablehnen")
    assert declined.status_code == 200 and "Die Karte wurde abgelehnt" in declined.text
    assert house.work() == 0 and house.state(booking) == "payable"
    stripe.choose(page, "zahlen")
    house.work()
    assert house.state(booking) == "confirmed"


def test_an_abandoned_page_ends_and_holds_nothing(house, stripe):
    booking = house.book()
    page = house.pay_button(booking)
    assert stripe.choose(page, "abbrechen").status_code == 303
    house.clock.now += paying.LIVES
    assert house.poll() == 1
    assert house.rows(Payment)[0].state == "expired"
    assert "abgelaufen" in stripe.http.get(page).text
    house.work()  # the message says so as well
    assert house.account(booking) == (FEES, 0, 0)
    assert house.pay_button(booking) != page


def test_a_page_that_nobody_ever_saw_expires_without_asking(house, stripe):
    booking = house.book()
    stripe.behave(down=True)
    with pytest.raises(checkout.Unreachable, match="Zahlungsseite ist gerade nicht erreichbar"):
        house.pay_button(booking)
    house.clock.now += paying.LIVES
    assert house.poll() == 1
    assert house.rows(Payment)[0].state == "expired"


def test_when_stripe_is_down_the_couple_is_told_and_can_try_again(house, stripe):
    booking = house.book()
    stripe.behave(down=True)
    with pytest.raises(checkout.Unreachable):
        house.pay_button(booking)
    assert house.state(booking) == "payable"
    stripe.behave()
    assert stripe.choose(house.pay_button(booking), "zahlen").status_code == 303
    house.work()
    assert house.account(booking) == (FEES, FEES, 0)
    assert len(house.rows(Payment)) == 1


def test_after_half_an_hour_without_stripe_a_new_attempt_gets_its_page(house, stripe):
    """Stripe makes no page that lives less than half an hour, so the attempt that never had one can't be used."""
    booking = house.book()
    stripe.behave(down=True)
    with pytest.raises(checkout.Unreachable):
        house.pay_button(booking)
    stripe.behave()
    house.clock.now += timedelta(minutes=35)
    assert stripe.choose(house.pay_button(booking), "zahlen").status_code == 303
    house.work()
    assert house.state(booking) == "confirmed" and house.account(booking) == (FEES, FEES, 0)


def test_nobody_pays_what_is_paid(house, stripe):
    booking = house.book()
    stripe.choose(house.pay_button(booking), "zahlen")
    house.work()
    with pytest.raises(paying.NothingOpen, match="nichts mehr zu bezahlen"):
        house.pay_button(booking)


def test_paid_in_two_tabs_one_payment_goes_back(house, stripe):
    booking = house.book()
    first = house.pay_button(booking)
    house.clock.now += paying.LIVES - paying.ENOUGH  # the second tab gets a page of its own
    second = house.pay_button(booking)
    assert first != second
    stripe.choose(first, "zahlen")
    stripe.choose(second, "zahlen")
    house.work()
    assert house.state(booking) == "confirmed"
    assert house.account(booking) == (FEES, 2 * FEES, FEES)
    house.work()
    assert [refund["amount"] for refund in stripe.books()["refunds"]] == [FEES]
    house.work()  # Stripe's message about our own refund is no second one
    assert house.account(booking) == (FEES, 2 * FEES, FEES)


def test_a_new_price_closes_the_old_page(house, stripe):
    booking = house.book()
    old = house.pay_button(booking)
    with house.database.write() as session:
        row = session.get_one(Booking, booking)
        ledger.recharge(session, row, [ledger.Line("base", "Gebühr", 6000)], house.clock.now)
    new = house.pay_button(booking)
    assert house.work() >= 1
    assert "abgelaufen" in stripe.http.get(old).text and "60,00" in stripe.http.get(new).text
    assert sorted(payment.state for payment in house.rows(Payment)) == ["expired", "started"]


def test_what_is_left_to_pay_is_shown_as_one_amount(house, stripe):
    booking = house.book()
    stripe.choose(house.pay_button(booking), "zahlen")
    house.work()
    with house.database.write() as session:
        dearer = [*ledger.owed(session, booking), ledger.Line("room", "Raum", 15000)]
        ledger.recharge(session, session.get_one(Booking, booking), dearer, house.clock.now)
    page = stripe.http.get(house.pay_button(booking)).text
    assert "Offener Betrag" in page and "150,00" in page and "Trauung am Samstag" not in page


def test_the_page_of_a_cancelled_reservation_is_closed(house, stripe):
    booking = house.book()
    page = house.pay_button(booking)
    house.change(booking, lifecycle.cancel, CITIZEN)
    house.work()
    assert "abgelaufen" in stripe.http.get(page).text
    house.work()
    assert house.rows(Payment)[0].state == "expired"


def test_a_page_that_was_paid_before_it_could_be_closed_counts(house, stripe):
    booking = house.book()
    stripe.behave(lost=True)
    stripe.choose(house.pay_button(booking), "zahlen")
    house.change(booking, lifecycle.cancel, CITIZEN)
    house.work()
    assert house.account(booking) == (0, FEES, FEES)
    assert [refund["amount"] for refund in stripe.books()["refunds"]] == [FEES]


def test_paid_after_the_deadline_while_the_place_is_free_it_is_booked_again(house, stripe):
    booking = house.book()
    page = house.page_then_release(booking)
    stripe.choose(page, "zahlen")
    house.work()
    assert house.state(booking) == "confirmed"
    assert house.account(booking) == (FEES, FEES, 0)
    with house.database.read() as session:
        assert len(session.get_one(lifecycle.Booking, booking).claims) == 2


def test_paid_after_the_deadline_when_the_place_is_taken_it_goes_back(house, stripe):
    booking = house.book()
    page = house.page_then_release(booking)
    other = house.book(email="carla@example.org")
    stripe.choose(page, "zahlen")
    house.work()
    assert (house.state(booking), house.state(other)) == ("released", "payable")
    assert house.account(booking) == (0, FEES, FEES)
    assert [refund["amount"] for refund in stripe.books()["refunds"]] == [FEES]


def test_released_and_paid_late_twice_is_owed_once(house, stripe):
    booking = house.book()
    slow = house.pay_button(booking)
    stripe.behave(slow=True)
    stripe.choose(slow, "zahlen")
    stripe.behave()
    stripe.choose(house.page_then_release(booking), "zahlen")  # no message yet: the couple tries another way
    house.work()
    assert house.state(booking) == "confirmed"
    house.release(booking)
    assert house.account(booking) == (0, FEES, FEES)
    stripe.bank(house.rows(Payment)[0].checkout_id, succeeded=True)
    house.work()
    assert house.state(booking) == "confirmed"
    assert house.account(booking) == (FEES, 2 * FEES, FEES)


def test_a_bank_that_takes_its_days(house, stripe):
    booking = house.book()
    stripe.behave(slow=True)
    stripe.choose(house.pay_button(booking), "zahlen")
    house.work()
    assert house.state(booking) == "payable"
    with pytest.raises(paying.UnderWay, match="schon unterwegs"):
        house.pay_button(booking)
    house.clock.now += timedelta(days=3)
    assert house.poll() == 0
    stripe.bank(house.rows(Payment)[0].checkout_id, succeeded=True)
    house.work()
    assert house.state(booking) == "confirmed"
    assert house.account(booking) == (FEES, FEES, 0)


@pytest.mark.parametrize("lost", [False, True])
def test_a_bank_that_says_no(house, stripe, lost):
    booking = house.book()
    stripe.behave(slow=True)
    stripe.choose(house.pay_button(booking), "zahlen")
    house.work()
    stripe.behave(lost=lost)
    stripe.bank(house.rows(Payment)[0].checkout_id, succeeded=False)
    house.work()
    house.clock.now += paying.PATIENCE
    assert house.poll() == int(lost)
    assert house.rows(Payment)[0].state == "failed"
    assert house.account(booking) == (FEES, 0, 0)
    house.pay_button(booking)


def test_the_page_speaks_the_readers_language(house, stripe):
    booking = house.book()
    token = language.set("en")
    try:
        house.pay_button(booking)
    finally:
        language.reset(token)
    assert httpx.get(house.stripe.url + "/v1/checkout/sessions/x").status_code == 401
    assert stripe.books()["sessions"][0]["locale"] == "en"


def test_a_clerk_cancels_and_everything_goes_back(house, stripe):
    booking = house.book(day=SATURDAY)
    stripe.choose(house.pay_button(booking), "zahlen")
    house.work()
    house.change(booking, lifecycle.cancel, CLERK)
    house.work()
    assert house.account(booking) == (0, FEES, FEES)
    assert [refund["amount"] for refund in stripe.books()["refunds"]] == [FEES]
