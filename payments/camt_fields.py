"""What stands in a bank's file (ISO 20022 XML): the tree, read safely, and the words, days and amounts in it."""

import re
from collections.abc import Iterator
from datetime import date
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser

from buchbar.base.texts import _

LARGEST_FILE = 10_000_000  # bytes; a day of a large town has less than one million
_LARGEST = 2_000_000_000  # cents: beyond what a column holds, and beyond any fee
# No movement is of another day: what a bank writes beyond means that it knows none, and can't be counted with.
_FIRST, _LAST = date(2000, 1, 1), date(2100, 12, 31)
# What stands in a bank's file where there is no reference.
_NOTHING = {"", "NOTPROVIDED", "NONREF", "NOREF", "NONE"}


class NoStatement(ValueError):
    """The file as a whole is no statement that can be read; the sentence says why."""


class _Bare(TreeBuilder):
    """Builds the tree without namespaces, of which each version has another, and takes no DOCTYPE: entities that
    are defined there can fill the memory or read files, and no bank sends one."""

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: str) -> Element:
        return super().end(tag.rpartition("}")[2])

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise NoStatement(_("Die Datei enthält eine DOCTYPE-Angabe. Solche Dateien werden nicht gelesen."))


def parsed(content: bytes) -> Element:
    """The document, its tags without namespaces. Raises NoStatement."""
    if len(content) > LARGEST_FILE:
        raise NoStatement(_("Die Datei ist größer als 10 MB. Bitte lassen Sie sich kürzere Auszüge geben."))
    parser = XMLParser(target=_Bare())  # noqa: S314 - a DOCTYPE is refused, so there are no entities
    try:
        parser.feed(content)
        root = parser.close()
    except NoStatement:
        raise
    except (ElementTree.ParseError, LookupError, ValueError):  # the last two for encodings that nobody knows
        raise NoStatement(_("Die Datei ist kein lesbares XML. Bitte laden Sie sie bei der Bank noch einmal.")) from None
    assert isinstance(root, Element)  # noqa: S101 - what _Bare builds
    return root


def cents(amount: Element | None) -> int:
    """An amount in euros, as cents. Raises ValueError with a sentence, so nothing is read as zero by mistake."""
    typed = "" if amount is None else (amount.text or "").strip()
    match = re.fullmatch(r"([0-9]{1,15})(?:\.([0-9]{0,2})0*)?", typed)
    if amount is None or match is None:
        raise ValueError(_("Der Betrag „%s“ ist nicht lesbar.") % typed[:30])
    if amount.get("Ccy", "EUR") != "EUR":
        raise ValueError(_("Der Betrag ist nicht in Euro."))
    read = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if read > _LARGEST:
        raise ValueError(_("Ein so hoher Betrag wird hier nicht verbucht."))
    return read


def day(element: Element, path: str) -> date | None:
    """A date, also one that is given as a moment: the bank's day is what stands there."""
    typed = word(element, f"{path}/Dt") or word(element, f"{path}/DtTm")
    if not typed:
        return None
    try:
        read = date.fromisoformat(typed[:10])
    except ValueError:
        read = date.min
    if not _FIRST <= read <= _LAST:
        raise ValueError(_("Das Datum „%s“ ist nicht lesbar.") % typed[:30])
    return read


def reference(element: Element | None, path: str) -> str:
    """A name that the bank gives, or nothing where it says that there is none."""
    found = word(element, path)
    return "" if found.upper() in _NOTHING else found


def word(element: Element | None, path: str) -> str:
    """The text of the first element at a path, or nothing."""
    return "" if element is None else (element.findtext(path) or "").strip()


def words(element: Element, path: str) -> Iterator[str]:
    """The texts of all elements at a path that have any."""
    return (word for each in element.findall(path) if (word := (each.text or "").strip()))
