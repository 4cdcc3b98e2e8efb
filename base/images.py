"""Uploaded pictures: decoded here and made anew by who asked, so that only pixels get through.

Decoding takes a second and hundreds of megabytes for what is a small file, so there are limits, and only one picture
is decoded at a time.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import ExifTags, Image

from buchbar.base.texts import _

_one_at_a_time = threading.Lock()
# What can be made smaller as it is; of palettes, bits and transparent colours the neighbours would be mixed wrongly.
_EVEN = ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr")

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def sized(content: bytes, most_megabytes: int) -> None:
    """Raises ValueError with a sentence for a file that is empty or too big."""
    if not content:
        raise ValueError(_("Die Datei ist leer."))
    if len(content) > most_megabytes * 1_000_000:
        raise ValueError(_("Die Datei ist zu groß. Bitte höchstens %d MB.") % most_megabytes)


@contextmanager
def bare(
    content: bytes, formats: tuple[str, ...], most_megapixels: int, otherwise: str, longest: int | None = None
) -> Iterator[Image.Image]:
    """The picture in a file: upright, RGB or (where something is transparent) RGBA, with nothing of the file but the
    pixels, and with its longer side at most ``longest`` pixels.

    Save it within the block: until then no other picture is decoded. Raises ValueError with a sentence: ``otherwise``
    for what is no picture of these formats.
    """
    with _one_at_a_time:
        picture = _open(content, formats, most_megapixels, otherwise)
        if picture.width * picture.height > most_megapixels * 1_000_000:
            raise _too_many(most_megapixels)
        try:
            picture.verify()
            made = _made(Image.open(io.BytesIO(content), formats=formats), longest)
        except Exception:  # decoders raise whatever they like for what is broken
            raise ValueError(_("Das Bild ist beschädigt und lässt sich nicht lesen.")) from None
        del picture
        yield made


def _open(content: bytes, formats: tuple[str, ...], most_megapixels: int, otherwise: str) -> Image.Image:
    """The picture with its size known, and nothing decoded yet."""
    try:
        return Image.open(io.BytesIO(content), formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many(most_megapixels) from None
    except Exception:
        raise ValueError(otherwise) from None


def _made(picture: Image.Image, longest: int | None) -> Image.Image:
    if picture.mode not in _EVEN or "transparency" in picture.info:
        picture = picture.convert(_plain_mode(picture))
    if longest:  # first of all: turning and converting need as much memory again
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    # Photos lie on their side and say so in data that isn't kept. (ImageOps.exif_transpose writes that data anew and so
    # stumbles over what is broken in it.)
    turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    if turn is not None:
        picture = picture.transpose(turn)
    made = picture.convert(_plain_mode(picture))
    made.info.clear()
    return made


def _plain_mode(picture: Image.Image) -> str:
    return "RGBA" if picture.has_transparency_data else "RGB"


def _too_many(most_megapixels: int) -> ValueError:
    return ValueError(_("Das Bild hat zu viele Bildpunkte. Bitte höchstens %d Megapixel.") % most_megapixels)
