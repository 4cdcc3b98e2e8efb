"""Photographs of venues: what somebody uploads is looked at, decoded, and made anew, so that only pixels get through.

Nothing of the file itself is kept: not its name, not its metadata (where it was taken, with which telephone), not what
may stand behind the picture. What comes out is a JPEG in two sizes.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from PIL import Image
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, undefer

from buchbar.base import images
from buchbar.base.errors import Refused
from buchbar.base.texts import _
from buchbar.resources.models import Picture, Venue

MOST_MEGABYTES = 8
MOST_BYTES = MOST_MEGABYTES * 1_000_000
MOST_MEGAPIXELS = 40
MOST_PICTURES = 12
LARGE, SMALL = 1600, 480  # the longer side, in pixels
FORMATS = ("JPEG", "PNG", "WEBP")
# So long a picture that was taken down can be put back.
REMOVED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Made:
    """A picture as it is kept: two JPEGs, and the size of the large one in pixels."""

    large: bytes
    small: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One of a venue's pictures, as its history knows it."""

    id: UUID
    alt: str


def make(name: str, content: bytes) -> Made:
    """Make an uploaded file into a picture. Raises ValueError with a sentence for what isn't one, or is too big.

    ``name`` is only looked at: nothing is ever written under it.
    """
    if any(sign in name for sign in ("/", "\\", "..")) or not name.isprintable():
        raise ValueError(_("Der Name der Datei enthält Zeichen, die in einen Namen nicht gehören. Bitte umbenennen."))
    images.sized(content, MOST_MEGABYTES)
    otherwise = _("Das ist kein Bild, das wir lesen können. Bitte JPEG, PNG oder WebP.")
    with images.bare(content, FORMATS, MOST_MEGAPIXELS, otherwise, LARGE) as upright:
        large = _on_white(upright)
        small = large.copy()
        small.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
        return Made(_jpeg(large), _jpeg(small), large.width, large.height)


def _on_white(picture: Image.Image) -> Image.Image:
    """What is transparent, on white: a JPEG knows no transparency."""
    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _jpeg(picture: Image.Image) -> bytes:
    into = io.BytesIO()
    picture.save(into, "JPEG", quality=82, optimize=True, progressive=True)
    return into.getvalue()


def add(session: Session, venue: Venue, made: Made, alt: str, at: datetime, by: str) -> Picture:
    """Keep a picture, not shown yet: ``show`` puts it among the others."""
    picture = Picture(
        venue_id=venue.id,
        alt=alt,
        width=made.width,
        height=made.height,
        large=made.large,
        small=made.small,
        added_by=by,
        added_at=at,
        removed_at=at,
    )
    session.add(picture)
    session.flush()
    return picture


def shown(session: Session, venue: Venue) -> list[Shown]:
    """The pictures that the venue's page shows, in their order."""
    pictures = session.execute(
        select(Picture.id, Picture.alt)
        .where(Picture.venue_id == venue.id, Picture.position.is_not(None))
        .order_by(Picture.position)
    )
    return [Shown(row.id, row.alt) for row in pictures]


def show(session: Session, venue: Venue, wanted: Sequence[Shown], at: datetime) -> None:
    """Show these pictures of the venue in this order, and take down all others. Raises Refused for one that is gone."""
    pictures = {one.id: one for one in session.scalars(select(Picture).where(Picture.venue_id == venue.id))}
    if any(one.id not in pictures for one in wanted):
        raise Refused(_("Eines der Bilder ist inzwischen endgültig gelöscht."))
    for picture in pictures.values():
        if picture.position is not None and picture.id not in {one.id for one in wanted}:
            picture.position, picture.removed_at = None, at
    for position, one in enumerate(wanted):
        picture = pictures[one.id]
        picture.position, picture.alt, picture.removed_at = position, one.alt, None
    session.flush()
    session.expire(venue, ["pictures"])


def image_of(session: Session, picture_id: UUID, size: str) -> bytes | None:
    """The JPEG of a picture that is shown, in the size "gross" or "klein"; None for others."""
    wanted = {"gross": Picture.large, "klein": Picture.small}.get(size)
    if wanted is None:
        return None
    found = select(Picture).where(Picture.id == picture_id, Picture.position.is_not(None)).options(undefer(wanted))
    picture = session.scalar(found)
    return None if picture is None else picture.large if size == "gross" else picture.small


def forget(session: Session, now: datetime) -> None:
    """Delete for good what was taken down long ago."""
    gone = Picture.position.is_(None), Picture.removed_at < now - REMOVED
    session.execute(delete(Picture).where(*gone))
