"""Uploaded pictures, decoded within limits: upright, plain, one at a time, and broken ones with a sentence."""

import io
import struct
from threading import Event, Thread

import pytest
from PIL import Image, ImageOps

from buchbar.accounts import logos
from buchbar.base.images import bare
from buchbar.booking import files
from buchbar.resources import pictures


def image(size=(60, 40), form="PNG", mode="RGB", colour="navy", **options):
    into = io.BytesIO()
    Image.new(mode, size, colour).save(into, form, **options)
    return into.getvalue()


def seen(content, longest=None):
    with bare(content, ("PNG", "JPEG"), 1, "Kein Bild.", longest) as picture:
        return picture.copy()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_way_in_which_a_photo_was_held_is_turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    half = Image.new("RGB", (40, 20), "white")
    half.paste("black", (0, 0, 20, 10))
    into = io.BytesIO()
    half.save(into, "PNG", exif=exif)
    assert seen(into.getvalue()).tobytes() == ImageOps.exif_transpose(Image.open(into)).tobytes()


def test_it_stands_upright_is_small_enough_and_nothing_comes_along():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by ninety degrees
    exif[0x010F] = "Geheimtelefon"
    picture = seen(image((400, 200), "JPEG", exif=exif.tobytes(), comment=b"Anna war hier", dpi=(72, 72)), 100)
    assert (picture.size, picture.mode, picture.info) == ((50, 100), "RGB", {})
    assert not picture.getexif()


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        (image(mode="P", colour=0, transparency=0), "RGBA"),
        (image(transparency=(0, 0, 128)), "RGBA"),
        (image(mode="LA", colour=(9, 0)), "RGBA"),
        (image(mode="P", colour=0), "RGB"),
        (image(mode="1", colour=1), "RGB"),
        (image(mode="I;16", colour=9), "RGB"),
        (image(mode="CMYK", form="JPEG", colour=None), "RGB"),
    ],
    ids=["palette", "colour key", "grey", "opaque palette", "bits", "deep grey", "print"],
)
@pytest.mark.parametrize("longest", [None, 30])
def test_all_kinds_of_colour_become_plain_and_what_is_transparent_stays_so(content, mode, longest):
    picture = seen(content, longest)
    assert (picture.mode, picture.size) == (mode, (30, 20) if longest else (60, 40))
    assert mode == "RGB" or picture.getpixel((5, 5))[3] == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"GIF89a", "Kein Bild."),
        (image((1001, 1000)), "höchstens 1 Megapixel"),
        (image((500, 500), "JPEG", quality=95)[:1500], "beschädigt"),
    ],
)
def test_what_cannot_be_taken_is_said(content, sentence):
    with pytest.raises(ValueError, match=sentence):
        seen(content)


def test_only_one_picture_is_decoded_at_a_time():
    done = Event()
    with bare(image(), ("PNG",), 1, ""):
        other = Thread(target=lambda: (seen(image()), done.set()))
        other.start()
        assert not done.wait(0.2), "ten at once would need ten times the memory"
    assert done.wait(10)
    other.join()


def test_a_telephones_photo_with_a_second_picture_in_it_is_a_photo():
    several = image(form="MPO", save_all=True, append_images=[Image.new("RGB", (25, 25))])
    media_type, kept = files.checked(several)
    assert media_type == "image/jpeg" and Image.open(io.BytesIO(kept)).format == "JPEG"
    assert pictures.make("a.jpg", several).width == 60 and logos.made(several)


@pytest.mark.parametrize("take", [files.checked, logos.made, lambda content: pictures.make("a.jpg", content)])
def test_a_photo_is_taken_though_what_it_says_of_itself_is_broken(take):
    # It is to be turned, and beside that says of its width, in a fraction of nothing, what can't be written again.
    turned, width = struct.pack("<HHII", 0x0112, 3, 1, 6), struct.pack("<HHII", 0x0100, 12, 5, 8)
    data = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + turned + width + bytes(40)
    assert take(image(form="JPEG", exif=data))
    assert seen(image((60, 40), "JPEG", exif=data)).size == (40, 60)
