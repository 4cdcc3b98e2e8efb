"""How weddings are called in calendars."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from buchbar.base.texts import N_, _, ngettext
from buchbar.booking.journeys import InCalendars
from buchbar.booking.weddings.models import Wedding


def summaries(session: Session, which: Select[UUID], with_names: bool) -> dict[UUID, str]:
    """ "Trauung, 12 Gäste" or "Trauung Anna Müller & Ben Yıldız, 12 Gäste" of these bookings, by their ids."""
    columns = (Wedding.booking_id, Wedding.guests, Wedding.partner_one, Wedding.partner_two)
    rows = session.execute(select(*columns).where(Wedding.booking_id.in_(which))).all()
    title = _("Trauung")
    guests = {count: ngettext("%(num)d Gast", "%(num)d Gäste", count) % {"num": count} for _id, count, *_names in rows}
    if not with_names:
        return {booking_id: f"{title}, {guests[count]}" for booking_id, count, *_names in rows}
    return {booking_id: f"{title} {one} & {two}, {guests[count]}" for booking_id, count, one, two in rows}


IN_CALENDARS = InCalendars(
    title=N_("Trauung"),
    note=N_("Dies ist eine Reservierung. Sie ist noch keine Anmeldung der Eheschließung."),
    summaries=summaries,
)
