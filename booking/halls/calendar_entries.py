"""How halls' bookings are called in calendars."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from buchbar.base.texts import N_, _
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import parts_in_words
from buchbar.booking.journeys import InCalendars


def summaries(session: Session, which: Select[UUID], with_names: bool) -> dict[UUID, str]:
    """ "Teil 1+2, TuS Diepholz, Handball" or "Teil 1+2, belegt" of these bookings, by their ids."""
    columns = (HallUse.booking_id, HallUse.parts, HallUse.organiser, HallUse.title)
    said: dict[UUID, str] = {}
    for booking_id, parts, organiser, title in session.execute(select(*columns).where(HallUse.booking_id.in_(which))):
        who = ", ".join(word for word in (organiser, title) if word) if with_names else ""
        said[booking_id] = _("Teil %(parts)s, %(who)s") % {"parts": parts_in_words(parts), "who": who or _("belegt")}
    return said


IN_CALENDARS = InCalendars(
    title=N_("Hallenzeit"),
    note=N_("Auf Ihrer Buchungsseite können Sie den Termin verlegen oder freigeben."),
    summaries=summaries,
)
