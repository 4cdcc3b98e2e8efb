"""Uploaded pictures: only pixels get through. What else a file may hold is refused with a sentence, or left behind."""

import io
import struct
import zipfile
import zlib
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select

from buchbar.base.errors import Refused
from buchbar.resources import pictures
from buchbar.resources.models import Picture
from buchbar.resources.pictures import LARGE, SMALL, Shown, make
from tests.cast import NOW


def image(size=(800, 600), form="JPEG", mode="RGB", colour="red", **options):
    into = io.BytesIO()
    Image.new(mode, size, colour).save(into, form, **options)
    return into.getvalue()


def bomb(width=20_000, height=20_000):
    """A small PNG that says of itself that it is huge."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    )


def zipped(before=b""):
    into = io.BytesIO()
    into.write(before)
    with zipfile.ZipFile(into, "a") as archive:
        archive.writestr("x.html", "x")
    return into.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE = {
    "empty": ("a.jpg", b"", "Die Datei ist leer."),
    "text": ("a.jpg", b"no picture at all", "Das ist kein Bild"),
    "svg": ("a.svg", SVG, "Das ist kein Bild"),
    "svg that is called jpg": ("a.jpg", SVG, "Das ist kein Bild"),
    "pdf": ("a.pdf", b"%PDF-1.7\n1 0 obj", "Das ist kein Bild"),
    "html": ("a.jpg", b"<!doctype html><script>alert(1)</script>", "Das ist kein Bild"),
    "gif": ("a.gif", image(form="GIF"), "Das ist kein Bild"),
    "bomb": ("a.png", bomb(), "Megapixel"),
    "bigger bomb": ("a.png", bomb(60_000, 60_000), "Megapixel"),
    "just too many": ("a.png", bomb(8_001, 5_000), "Megapixel"),
    "huge": ("a.jpg", image() + bytes(8_000_001), "höchstens 8 MB"),
    "cut off": ("a.jpg", image(size=(900, 900), quality=95)[:3000], "beschädigt"),
    "traversal": ("../../static/app.js", image(), "Name der Datei"),
    "traversal on Windows": ("..\\..\\a.jpg", image(), "Name der Datei"),
    "zero in the name": ("a.jpg\x00.html", image(), "Name der Datei"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_file_is_refused_with_a_sentence(name):
    called, content, sentence = HOSTILE[name]
    with pytest.raises(ValueError) as refusal:
        make(called, content)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    "content",
    [image() + b"<ScRiPt>alert(1)</script>", image(comment=b"<svg <?php system($_GET[0]);"), zipped(image())],
    ids=["script", "comment", "archive"],
)
def test_what_else_is_in_the_file_stays_behind(content):
    # A large photo holds any four signs by chance, so they are no reason to refuse it.
    made = make("a.jpg", content)
    for kept in (made.large, made.small):
        assert not any(mark in kept.lower() for mark in (b"script", b"<svg", b"<?php", b"x.html"))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_what_comes_out_is_a_jpeg_in_two_sizes(form):
    made = make("Saal.jpg", image((4000, 2000), form))
    large, small = (Image.open(io.BytesIO(each)) for each in (made.large, made.small))
    assert (large.format, large.size, small.format, small.size) == ("JPEG", (LARGE, 800), "JPEG", (SMALL, 240))
    assert (made.width, made.height) == (LARGE, 800)


def test_a_small_picture_stays_small():
    assert (make("a.png", image((200, 100), "PNG")).width) == 200


def test_where_and_with_what_it_was_taken_stays_behind():
    exif = Image.Exif()
    exif[0x010F] = "Geheimtelefon"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 36.0, 0.0)})
    made = make("a.jpg", image(exif=exif.tobytes(), comment=b"Anna war hier", icc_profile=b"profile"))
    for each in (made.large, made.small):
        opened = Image.open(io.BytesIO(each))
        assert not opened.getexif() and "exif" not in opened.info and "comment" not in opened.info
        assert b"Geheimtelefon" not in each and b"Anna war hier" not in each


def test_a_picture_taken_upright_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by ninety degrees
    made = make("a.jpg", image((400, 200), exif=exif.tobytes()))
    assert (made.width, made.height) == (200, 400)


def test_what_is_transparent_becomes_white():
    made = make("a.png", image((50, 50), "PNG", "RGBA", (0, 0, 0, 0)))
    assert min(Image.open(io.BytesIO(made.large)).getpixel((25, 25))) > 250


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "I;16", "CMYK"])
def test_other_kinds_of_colour_come_through(mode):
    made = make("a", image((60, 40), "JPEG" if mode == "CMYK" else "PNG", mode, None))
    assert Image.open(io.BytesIO(made.large)).mode == "RGB"


def hang(session, cast, *texts):
    made = make("a.png", image((60, 40), "PNG"))
    rows = [pictures.add(session, cast.room, made, text, NOW, "Frau Herbst") for text in texts]
    wanted = [Shown(row.id, row.alt) for row in rows]
    pictures.show(session, cast.room, wanted, NOW)
    return wanted


def test_pictures_are_ordered_renamed_taken_down_and_put_back(session, cast):
    first, second, third = hang(session, cast, "Saal", "Garten", "Treppe")
    assert pictures.shown(session, cast.room) == [first, second, third]
    pictures.show(session, cast.room, [third, Shown(first.id, "Großer Saal")], NOW)
    assert [each.alt for each in pictures.shown(session, cast.room)] == ["Treppe", "Großer Saal"]
    assert pictures.image_of(session, second.id, "gross") is None
    pictures.show(session, cast.room, [first, second, third], NOW)
    assert pictures.image_of(session, second.id, "gross").startswith(b"\xff\xd8")
    assert pictures.image_of(session, second.id, "../gross") is None


def test_what_was_taken_down_long_ago_is_gone_and_says_so(session, cast):
    shown = hang(session, cast, "Saal", "Garten")
    pictures.show(session, cast.room, shown[:1], NOW)
    pictures.forget(session, NOW + timedelta(days=89))
    assert len(session.scalars(select(Picture)).all()) == 2
    pictures.forget(session, NOW + timedelta(days=91))
    session.expire_all()
    assert [row.alt for row in session.scalars(select(Picture))] == ["Saal"]
    with pytest.raises(Refused, match="endgültig gelöscht"):
        pictures.show(session, cast.room, shown, NOW)


def test_another_venues_picture_cannot_be_shown(session, cast):
    shown = hang(session, cast, "Saal")
    with pytest.raises(Refused):
        pictures.show(session, cast.mill, shown, NOW)
