"""How weddings are called in calendars."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from buchbar.base.texts import N_, _, ngettext
from buchbar.booking.journeys import InCalendars
from buchbar.booking.weddings.models import Wedding


def summaries(session: Session, which: Select[tuple[UUID]], with_names: bool) -> dict[UUID, str]:
    """ "Trauung, 12 Gäste" or "Trauung Anna Müller & Ben Yıldız, 12 Gäste" of these bookings, by their ids."""
    rows = session.execute(
        select(Wedding.booking_id, Wedding.partner_one, Wedding.partner_two, Wedding.guests).where(
            Wedding.booking_id.in_(which)
        )
    )
    title = _("Trauung")
    return {
        booking_id: f"{title} {one} & {two}, {_guests(guests)}" if with_names else f"{title}, {_guests(guests)}"
        for booking_id, one, two, guests in rows
    }


def _guests(count: int) -> str:
    return ngettext("%(num)d Gast", "%(num)d Gäste", count) % {"num": count}


IN_CALENDARS = InCalendars(
    title=N_("Trauung"),
    note=N_("Dies ist eine Reservierung. Sie ist noch keine Anmeldung der Eheschließung."),
    summaries=summaries,
)
