"""Credit notes: how much of each position of a charge can still be taken off, and what stays off when prices change."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from buchbar.payments.ledger import CREDIT, Line
from buchbar.payments.models import Charge

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Left:
    """What can still be credited of a charge, in cents: ``lines`` by position, ``by_vat`` of all positions that bear
    the same VAT key together. A reduction lowers what its VAT key bears, so that is the tighter bound there."""

    lines: list[Line]
    by_vat: dict[str, int]

    @property
    def cents(self) -> int:
        return sum(self.by_vat.values())


def left(charges: Sequence[Charge], charge: Charge) -> Left:
    """What can still be credited of one of a booking's ``charges``: less what its own credit notes took off, and no
    more than the booking still owes of the same. Nothing of what only restored what was forgiven."""
    own = [each for each in charges if each is charge or (each.kind == CREDIT and each.corrects_id == charge.id)]
    here, everywhere = _sums(own), _sums(charges)
    open_here, open_everywhere = _by_vat(here), _by_vat(everywhere)
    lines = []
    for (code, label, vat), cents in here.items() if charge.kind != "restored" else ():
        most = min(cents, everywhere[code, label, vat], open_here[vat], open_everywhere[vat])
        lines.append(Line(code, label, max(0, most), vat))
    by_vat = {
        vat: min(open_here[vat], open_everywhere[vat], sum(line.cents for line in lines if line.vat == vat))
        for vat in {line.vat for line in lines if line.cents}
    }
    return Left(lines, by_vat)


def kept(charges: Iterable[Charge], lines: Iterable[Line]) -> list[Line]:
    """New prices less what was credited of the same positions: who was let off a position is so on another day, too."""
    credited = _sums(each for each in charges if each.kind == CREDIT)
    prices = list(lines)
    room = _by_vat({(line.code, line.label, line.vat): line.cents for line in prices})
    found = []
    for line in prices:
        key = (line.code, line.label, line.vat)
        off = max(0, min(-credited[key], line.cents, room[line.vat]))
        credited[key] += off
        room[line.vat] -= off
        found.append(replace(line, cents=line.cents - off))
    return found


def _sums(charges: Iterable[Charge]) -> Counter[Key]:
    sums: Counter[Key] = Counter()
    for item in (item for each in charges for item in each.items):
        sums[item.code, item.label, item.vat] += item.cents
    return sums


def _by_vat(sums: dict[Key, int]) -> Counter[str]:
    by_vat: Counter[str] = Counter()
    for (_code, _label, vat), cents in sums.items():
        by_vat[vat] += cents
    return by_vat
