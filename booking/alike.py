"""Names that people spell differently are found all the same: Müller, Mueller and Muller."""

from typing import Any
from unicodedata import combining, normalize

from sqlalchemy import ColumnElement, or_

# Letters that are no letter with an accent.
_LETTERS = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "a", "œ": "o"})
_WRITTEN_OUT = {"ae": "a", "oe": "o", "ue": "u"}


def plain(words: str) -> str:
    """Lower case without accents; an umlaut that is written out ("ue") counts as one."""
    apart = normalize("NFKD", words.casefold())
    words = "".join(sign for sign in apart if not combining(sign)).translate(_LETTERS)
    for pair, letter in _WRITTEN_OUT.items():
        words = words.replace(pair, letter)
    return words


def folded(names: str) -> str:
    """Names as a column keeps them to be searched, because folding each in the database at each search takes long: as
    they are spelt, and plain."""
    return f"{names.casefold()}\n{plain(names)}"


def sounds_like(column: Any, words: str) -> ColumnElement[bool]:
    """The condition that a folded column holds the words, as typed or spelt alike."""
    return or_(*(column.contains(each, autoescape=True) for each in sorted({words.casefold(), plain(words)})))
