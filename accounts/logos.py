"""A municipality's logo: what somebody uploads is decoded and made anew, so that only pixels get through.

PNG and JPEG; no SVG, which may hold scripts. Nothing of the file itself is kept: not its name, not its metadata.
"""

import io
from datetime import datetime, timedelta
from uuid import UUID

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Logo, Municipality, Revision
from buchbar.base import images
from buchbar.base.texts import _

MOST_MEGABYTES = 1
MOST_MEGAPIXELS = 16
BOX = (720, 240)  # width and height in pixels: three times what a page shows
FORMATS = ("PNG", "JPEG")
# A logo that was only looked at in a preview is deleted after this.
UNUSED = timedelta(days=1)


def made(content: bytes) -> bytes:
    """An uploaded file as the PNG that is shown. Raises ValueError with a sentence for what isn't a picture."""
    images.sized(content, MOST_MEGABYTES)
    otherwise = _("Das ist kein Bild, das wir nehmen können. Bitte PNG oder JPEG, kein SVG.")
    into = io.BytesIO()
    with images.bare(content, FORMATS, MOST_MEGAPIXELS, otherwise, max(BOX)) as picture:
        picture.thumbnail(BOX, Image.Resampling.LANCZOS)
        picture.save(into, "PNG", optimize=True)
    return into.getvalue()


def keep(session: Session, town: Municipality, content: bytes, at: datetime) -> Logo:
    """Keep a logo; it is shown once the town's settings name it. Those that were never used are deleted."""
    used = _used(session, town)
    ours = select(Logo).where(Logo.municipality_id == town.id, Logo.made_at < at - UNUSED)
    for old in session.scalars(ours).all():
        if old.id not in used:
            session.delete(old)
    logo = Logo(municipality_id=town.id, content=content, made_at=at)
    session.add(logo)
    session.flush()
    return logo


def of(session: Session, town: Municipality, logo_id: UUID | None) -> Logo | None:
    """A logo of this town's."""
    return session.scalar(select(Logo).where(Logo.id == logo_id, Logo.municipality_id == town.id)) if logo_id else None


def _used(session: Session, town: Municipality) -> set[UUID]:
    """The logos that the settings or their history refer to, so that an edit can be undone."""
    edits = session.scalars(select(Revision).where(Revision.subject_id == town.id, Revision.subject == "appearance"))
    kept = {side.get("logo_id") for edit in edits for side in (edit.values, edit.before)}
    return {UUID(each) for each in kept if each} | ({town.logo_id} if town.logo_id else set())
