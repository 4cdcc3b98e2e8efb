"""A tariff's position in words: what it costs, and for whom and when it holds."""

from collections.abc import Mapping

from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.booking.tariff_areas import TariffArea
from buchbar.booking.tariff_items import KINDS, VAT
from buchbar.payments.models import TariffItem
from buchbar.resources.opening_words import in_words

_PER = {
    "booking": "",
    "hour": N_("je angefangene Stunde"),
    "half_hour": N_("je angefangene halbe Stunde"),
    "day": N_("je Tag"),
    "person": N_("je Person"),
}


def amount(item: TariffItem) -> str:
    """ "6,00 € je angefangene Stunde und Hallenteil"."""
    if item.percent:
        return _("%d %% der Preise davor") % item.percent
    said = texts.euros(item.cents)
    if item.kind in ("minimum", "maximum"):
        return said
    if _PER[item.unit]:
        said = f"{said} {_(_PER[item.unit])}"
    if not item.per_part:
        return said
    return _("%s und Hallenteil") % said if _PER[item.unit] else _("%s je Hallenteil") % said


def conditions(item: TariffItem, area: TariffArea) -> list[str]:
    """What a position is, where it is no price, and for whom and when it holds; nothing for one that always holds."""
    wanted, offers = item.conditions, area.offers
    said = [_(KINDS[item.kind])] if item.kind != "price" else []
    said += _named(wanted.user_classes, offers.user_classes) + _named(wanted.age_groups, offers.age_groups)
    said += _named(wanted.purposes, offers.purposes) + _named(wanted.traits, offers.traits)
    if wanted.parts:
        least, most = wanted.parts
        said.append(_("%(least)d bis %(most)d Hallenteile") % {"least": least, "most": most})
    said += [in_words(rule) for rule in wanted.hours]
    if wanted.holidays:
        said.append(_("auch an Feiertagen") if wanted.hours else _("nur an Feiertagen"))
    return said


def vat(item: TariffItem) -> list[str]:
    """The VAT, and what it will be from when."""
    if item.percent:
        return [_("wie die Preise davor")]
    later = [
        _("ab %(day)s: %(vat)s") % {"day": texts.day(change.valid_from, "short"), "vat": _(VAT[change.vat])}
        for change in item.vat_changes
    ]
    return [_(VAT[item.vat]), *later]


def _named(names: tuple[str, ...], words: Mapping[str, str]) -> list[str]:
    """The names in one phrase: any of them will do."""
    return [_(" oder ").join(_(words.get(name, name)) for name in names)] if names else []
