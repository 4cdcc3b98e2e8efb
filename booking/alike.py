"""Names that people spell differently are found all the same: Müller, Mueller and Muller."""

from typing import Any

from sqlalchemy import ColumnElement, func, or_

# Only what both databases do alike: SQLite lowers no letter beyond ASCII and knows no collation for German.
# Few letters, because each is a function call more, and SQLite's parser goes only so deep.
_LETTERS = {
    "a": "Ää",
    "c": "Çç",
    "e": "Éé",
    "g": "Ğğ",
    "i": "İı",
    "o": "Öö",
    "s": "Şş",
    "u": "Üü",
    "ss": "ß",
}
_SIGNS = {sign: plain for plain, signs in _LETTERS.items() for sign in signs}
_WRITTEN_OUT = {"ae": "a", "oe": "o", "ue": "u"}


def plain(words: str) -> str:
    """Lower case without accents; an umlaut that is written out ("ue") counts as one."""
    for sign, letter in _SIGNS.items():
        words = words.replace(sign, letter)
    words = words.lower()
    for pair, letter in _WRITTEN_OUT.items():
        words = words.replace(pair, letter)
    return words


def sounds_like(column: Any, words: str) -> ColumnElement[bool]:
    """The condition that the column holds the words, as typed or spelt alike."""
    folded: Any = column
    for sign, letter in _SIGNS.items():
        folded = func.replace(folded, sign, letter)
    folded = func.lower(folded)
    for pair, letter in _WRITTEN_OUT.items():
        folded = func.replace(folded, pair, letter)
    return or_(column.icontains(words, autoescape=True), folded.contains(plain(words), autoescape=True))
