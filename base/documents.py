"""Documents as PDF, accessible (PDF/UA-1), made from Typst templates in ``templates/documents/``.

A template reads its data with ``#let data = json(bytes(sys.inputs.data))``; what stands in the data is text and never
markup. The templates import ``frame.typ``, which sets page, fonts and language.

PDF/UA refuses a document with a sign that no font has. Typst's own fonts know Latin, Greek, Cyrillic, Arabic, Hebrew
and more, but no Chinese, no Thai, no emoji. No document fails for that: a letter that can't be printed becomes □, an
emoji is left out.
"""

import json
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import typst

from buchbar.base import texts
from buchbar.base.settings import ROOT
from buchbar.base.web import Response

Source = TypeVar("Source", str, bytes)  # a path, or the template itself
DOCUMENTS = ROOT / "templates" / "documents"
_one_at_a_time = threading.Lock()  # a compiler remembers its files and its input, so only one thread may use it
# Asking for one sign takes a millisecond or two; hardly a text has so many different ones, even a Chinese one.
MOST_ASKED = 500
_ONLY_WORDS = b'#set document(title: "?")\n#sys.inputs.words'
_LATIN = 0x250  # below it, all signs but the invisible ones are in the fonts


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    """Fonts are read once, and only Typst's own: a document looks the same on every machine."""
    return typst.Compiler(root=str(DOCUMENTS), ignore_system_fonts=True)


def pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """The document ``templates/documents/{template}.typ`` with this data (what JSON can say), in the reader's
    language, as the key ``language``."""
    given = {"language": texts.language.get(), **data}
    path = str(DOCUMENTS / f"{template}.typ")
    with _one_at_a_time:
        for shown in (_as_it_is, _as_the_fonts_allow):
            try:
                return _compiled(path, "data", shown(given))
            except typst.TypstError as fault:
                if not _is_for_a_sign(fault):
                    raise
        return _compiled(path, "data", _in_latin(given))


def _compiled(source: Source, name: str, given: str) -> bytes:
    made = _compiler().compile(source, format="pdf", sys_inputs={name: given}, pdf_standards=["ua-1"])
    assert isinstance(made, bytes)  # noqa: S101 - only images come page by page
    return made


def _is_for_a_sign(fault: typst.TypstError) -> bool:
    return "could not be displayed" in fault.message


def _as_it_is(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def _as_the_fonts_allow(data: Any) -> str:
    """The data without what no font has: sign by sign, with its accents, for these must come from one font. A text
    that is still too much (signs may need each other) is shown in Latin letters only."""
    asked: dict[str, str] = {}

    def shown(cluster: str) -> str:
        if cluster not in asked:
            asked[cluster] = _shown(cluster) if len(asked) < MOST_ASKED else _plain(cluster)
        return asked[cluster]

    def say(text: str) -> str:
        words = "".join(shown(each) for each in _clusters(text))
        return words if words.isascii() or _compiles(words) else _latin(text)

    return _as_it_is(_told(data, say))


def _in_latin(data: Any) -> str:
    """The data with Latin letters only. The last way out, for what is too much only in its place."""
    return _as_it_is(_told(data, _latin))


def _latin(text: str) -> str:
    return "".join(_plain(each) for each in _clusters(text))


def _told(data: Any, say: Callable[[str], str]) -> Any:
    """The data with all its texts as ``say`` has them."""
    if isinstance(data, str):
        return say(data)
    if isinstance(data, Mapping):
        return {name: _told(each, say) for name, each in data.items()}
    return [_told(each, say) for each in data] if isinstance(data, list | tuple) else data


def _clusters(text: str) -> Iterator[str]:
    """Each sign with the marks that stand on it."""
    cluster = ""
    for sign in unicodedata.normalize("NFC", text):
        if cluster and not unicodedata.category(sign).startswith("M"):
            yield cluster
            cluster = ""
        cluster += sign
    if cluster:
        yield cluster


def _shown(cluster: str) -> str:
    """What the fonts have of it: all, its first sign without the marks, or something in its stead."""
    return next((each for each in (cluster, cluster[0]) if _is_known(each)), _instead(cluster))


def _plain(cluster: str) -> str:
    sign = cluster[0]
    return sign if sign in "\t\n\r" or sign.isprintable() and ord(sign) < _LATIN else _instead(cluster)


def _instead(cluster: str) -> str:
    """A box for what one would read aloud; nothing for pictures and for what has no look."""
    return "□" if unicodedata.category(cluster[0])[0] in "LNP" else ""


@lru_cache(maxsize=20_000)
def _is_known(cluster: str) -> bool:
    return _compiles(cluster)  # only signs are remembered, never a text


def _compiles(words: str) -> bool:
    """Whether the fonts have all that it takes. Under the lock, as all that compiles."""
    try:
        _compiled(_ONLY_WORDS, "words", words)
    except typst.TypstError:
        return False
    return True


def pdf_answer(name: str, content: bytes, *, inline: bool = True) -> Response[bytes]:
    """A PDF for the browser; ``name`` is the file's name in ASCII, without its ending."""
    how = "inline" if inline else "attachment"
    headers = {"content-disposition": f'{how}; filename="{name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
