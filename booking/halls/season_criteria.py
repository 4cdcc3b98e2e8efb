"""By what a season's wishes are ordered: kinds of criteria, which a town puts into its own order.

Under each criterion a wish has a value; the smaller one comes first. What decides after all of them: lots between
clubs, and between one club's wishes its own ranks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from buchbar.base.texts import N_, _
from buchbar.booking.halls.models import Criterion

# Who uses the hall: what criteria of the kind "group" put into an order.
GROUPS = {
    "school": N_("Schulen"),
    "office": N_("die Verwaltung selbst"),
    "youth": N_("Kinder und Jugendliche in Vereinen und Gruppen aus dem Ort"),
    "club": N_("Erwachsene in Vereinen aus dem Ort"),
    "local": N_("andere Erwachsene aus dem Ort"),
    "outside": N_("Auswärtige"),
    "commercial": N_("Gewerbliche"),
}
# What decides when all criteria are equal.
LOT, RANK = "lot", "rank"


class Wishing(Protocol):
    """What criteria ask of a wish. ``kept``: its first choice is where its club was in the season before."""

    @property
    def user_class(self) -> str: ...
    @property
    def age_group(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def persons(self) -> int: ...
    @property
    def kept(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of criterion. ``says`` is the rule in a sentence, ``because`` why somebody else went first.

    ``value`` compares: of the criterion, a wish, and how many places its club has got already.
    """

    title: str
    says: Callable[[Criterion], str]
    because: Callable[[Criterion], str]
    value: Callable[[Criterion, Wishing, int], Any]


def group_of(wish: Wishing) -> str:
    """Which of the groups a wish belongs to."""
    if wish.user_class in ("club", "local") and wish.age_group == "youth":
        return "youth"
    return wish.user_class


def _in_order(criterion: Criterion, wish: Wishing, _got: int) -> int:
    """What a town's order leaves out comes last."""
    order = criterion.order or tuple(GROUPS)
    group = group_of(wish)
    return order.index(group) if group in order else len(order)


def _persons(criterion: Criterion, wish: Wishing, _got: int) -> int:
    return int(wish.persons < criterion.number) if criterion.number else -wish.persons


def _groups_in_words(criterion: Criterion) -> str:
    words = ", ".join(_(GROUPS[group]) for group in criterion.order or tuple(GROUPS) if group in GROUPS)
    return _("In dieser Reihenfolge: %s.") % words


def _persons_in_words(criterion: Criterion) -> str:
    if criterion.number:
        return _("Gruppen ab %d Personen kommen vor kleineren.") % criterion.number
    return _("Je mehr Personen kommen, desto eher ist der Wunsch an der Reihe.")


KINDS = {
    "group": Kind(
        N_("Wer die Halle nutzt"),
        _groups_in_words,
        lambda _criterion: _("in der Reihenfolge der Gruppen kommt er vorher"),
        _in_order,
    ),
    "share": Kind(
        N_("Gleichmäßig verteilen"),
        lambda _criterion: _(
            "Wer noch weniger Plätze hat, kommt vor dem, der schon mehr hat. Gezählt werden Plätze in der Woche, nicht "
            "Stunden."
        ),
        lambda _criterion: _("wer noch weniger Plätze hat, kommt zuerst"),
        lambda _criterion, _wish, got: got,
    ),
    "youth": Kind(
        N_("Kinder und Jugendliche zuerst"),
        lambda _criterion: _("Kinder und Jugendliche kommen vor Erwachsenen."),
        lambda _criterion: _("Kinder und Jugendliche kommen vor Erwachsenen"),
        lambda _criterion, wish, _got: int(wish.age_group != "youth"),
    ),
    "match": Kind(
        N_("Spiele vor Training"),
        lambda _criterion: _("Spiele und Turniere kommen vor Training."),
        lambda _criterion: _("Spiele und Turniere kommen vor Training"),
        lambda _criterion, wish, _got: int(wish.purpose != "match"),
    ),
    "kept": Kind(
        N_("Wer den Platz schon hatte"),
        lambda _criterion: _("Wer den Platz in der Saison davor hatte, kommt zuerst."),
        lambda _criterion: _("wer seinen Platz schon in der Saison davor hatte, kommt zuerst"),
        lambda _criterion, wish, _got: int(not wish.kept),
    ),
    "persons": Kind(
        N_("Größe der Gruppe"),
        _persons_in_words,
        lambda _criterion: _("größere Gruppen kommen zuerst"),
        _persons,
    ),
}
DEFAULT = (
    Criterion(kind="group", order=tuple(GROUPS)),
    Criterion(kind="share"),
    Criterion(kind="kept"),
    Criterion(kind="persons"),
)


def names(criteria: Sequence[Criterion]) -> tuple[str, ...]:
    """What the places of a wish's standing are called, in order."""
    return (*(criterion.kind for criterion in criteria), LOT, RANK, LOT)


def standing(criteria: Sequence[Criterion], wish: Wishing, got: int) -> tuple[Any, ...]:
    """What the criteria say of a wish whose club has got so many places already."""
    return tuple(KINDS[criterion.kind].value(criterion, wish, got) for criterion in criteria)


def in_words(criteria: Sequence[Criterion]) -> list[tuple[str, str]]:
    """Title and rule of each criterion."""
    return [(_(KINDS[each.kind].title), KINDS[each.kind].says(each)) for each in criteria]


def because(criteria: Sequence[Criterion], kind: str) -> str:
    """Why somebody else went first, as a part of a sentence."""
    if kind == LOT:
        return _("bei sonst gleichen Voraussetzungen hat das Los entschieden")
    if kind == RANK:
        return _("Sie haben ihn selbst als wichtiger angegeben")
    criterion = next(each for each in criteria if each.kind == kind)
    return KINDS[kind].because(criterion)
