"""References as they stand in free text: in pieces, with blanks or hyphens, in any case, glued to other words.

They are looked up by what stands in the text, not by going through all that are known: a large town has tens of
thousands.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from buchbar.payments.reference import bare, genuine

T = TypeVar("T")
_SHORTEST = 6  # signs: what is shorter stands in free text by chance
_TOO_LONG_FOR_A_DATE = 9  # signs
_NO_WORD_BEFORE, _NO_WORD_AFTER = r"(?<![^\W_])", r"(?![^\W_])"


class Signs(Generic[T]):
    """References and whose they are. One may be several's, and somebody may have several."""

    def __init__(self, known: Iterable[tuple[str, T]]) -> None:
        self._owners: dict[str, list[T]] = {}
        for sign, owner in known:
            if len(plain := bare(sign)) >= _SHORTEST:
                self._owners.setdefault(plain, []).append(owner)
        self._lengths = sorted({*map(len, self._owners)})

    def found(self, said: str) -> Iterator[tuple[T, str, bool]]:
        """Whose reference stands in a text, which one, and whether it is sure: it can be nothing else. In the order in
        which they stand there."""
        without = bare(said)
        pieces = (without[at : at + length] for at in range(len(without)) for length in self._lengths)
        for sign in dict.fromkeys(piece for piece in pieces if piece in self._owners):
            if _stands(sign, said):
                sure = _stands_for_itself(sign, said)
                yield from ((owner, sign, sure) for owner in self._owners[sign])


def _stands(sign: str, said: str) -> bool:
    """Whether it isn't a piece of a longer number."""
    before, after = (r"(?<!\d)" if sign[0].isdigit() else ""), (r"(?!\d)" if sign[-1].isdigit() else "")
    return _seen(before + r"[\W_]*".join(sign) + after, said)


def _stands_for_itself(sign: str, said: str) -> bool:
    """Whether it is no piece of a word either, and, if it has only digits, no date and no piece of an account number.

    A creditor reference is known by its own check digits, so a bank may glue it to other words.
    """
    if genuine(sign):
        return True
    if not sign.isdigit():
        return _seen(_NO_WORD_BEFORE + r"[\s\-./]*".join(sign) + _NO_WORD_AFTER, said)
    whole = " ?".join(sign) if len(sign) >= _TOO_LONG_FOR_A_DATE else sign
    tidy = re.sub(r"[\s\-./]+", lambda gap: " " if gap[0].isspace() else "-", said)
    return _seen(rf"(?<!\d[ -]){_NO_WORD_BEFORE}{whole}{_NO_WORD_AFTER}(?![ -]\d)", tidy)


def _seen(pattern: str, said: str) -> bool:
    return re.search(pattern, said, re.IGNORECASE) is not None
