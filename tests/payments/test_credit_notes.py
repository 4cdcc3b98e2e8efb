"""How much of a position can still be taken off, and what stays off when prices change."""

from uuid import uuid4

from buchbar.payments import credit_notes
from buchbar.payments.ledger import CREDIT, Line
from buchbar.payments.models import Charge, ChargeItem


def charge(*lines, kind="fees", corrects=None):
    items = [ChargeItem(code=code, label=code.title(), cents=cents, vat=vat) for code, cents, vat in lines]
    return Charge(id=uuid4(), kind=kind, items=items, corrects_id=corrects.id if corrects else None)


def left(charges, of):
    found = credit_notes.left(charges, of)
    return [line.cents for line in found.lines], found.cents


def test_all_of_it_and_then_what_is_left():
    fees = charge(("base", 6000, "hoheitlich"), ("room", 15000, "19"))
    assert left([fees], fees) == ([6000, 15000], 21000)
    note = charge(("room", -5000, "19"), kind=CREDIT, corrects=fees)
    assert left([fees, note], fees) == ([6000, 10000], 16000)
    assert left([fees, note], note)[1] == 0, "a credit note isn't credited"


def test_of_two_like_charges_each_is_credited_once():
    first, second = charge(("dunning", 500, "hoheitlich")), charge(("dunning", 500, "hoheitlich"))
    note = charge(("dunning", -500, "hoheitlich"), kind=CREDIT, corrects=first)
    assert left([first, second, note], first)[1] == 0
    assert left([first, second, note], second)[1] == 500


def test_what_was_forgiven_or_went_by_a_move_cannot_be_credited_as_well():
    fees = charge(("base", 6000, "hoheitlich"), ("saturday", 11000, "hoheitlich"))
    moved = charge(("saturday", -11000, "hoheitlich"), ("room", 15000, "19"), kind="change")
    assert left([fees, moved], fees) == ([6000, 0], 6000)
    assert left([fees, moved], moved) == ([0, 15000], 15000)
    half = charge(("base", -3000, "hoheitlich"), ("room", -7500, "19"), kind="forgiven")
    assert left([fees, moved, half], fees)[1] == 3000
    assert left([fees, moved, half], moved)[1] == 7500


def test_what_was_restored_is_credited_at_the_charge_itself():
    fees, forgiven = charge(("base", 6000, "hoheitlich")), charge(("base", -6000, "hoheitlich"), kind="forgiven")
    restored = charge(("base", 6000, "hoheitlich"), kind="restored")
    every = [fees, forgiven, restored]
    assert (left(every, fees)[1], left(every, forgiven)[1], left(every, restored)[1]) == (6000, 0, 0)


def test_a_reduction_bounds_what_bears_its_vat():
    fees = charge(("price", 10000, "19"), ("reduction", -2000, "19"), ("copy", 500, "hoheitlich"))
    assert left([fees], fees) == ([8000, 0, 500], 8500)


def test_who_was_let_off_a_position_is_so_after_a_move_but_never_below_nothing():
    fees = charge(("base", 6000, "hoheitlich"), ("saturday", 11000, "hoheitlich"))
    note = charge(("saturday", -11000, "hoheitlich"), ("base", -1000, "hoheitlich"), kind=CREDIT, corrects=fees)
    base, saturday = (Line(code, code.title(), cents) for code, cents in (("base", 6000), ("saturday", 11000)))
    assert [line.cents for line in credit_notes.kept([fees, note], [base, saturday])] == [5000, 0]
    assert [line.cents for line in credit_notes.kept([fees, note], [base])] == [5000]
    cheap, off = Line("base", "Base", 6000), Line("reduction", "Reduction", -5500)
    assert [line.cents for line in credit_notes.kept([fees, note], [cheap, off])] == [5500, -5500]
