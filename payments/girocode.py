"""The GiroCode: a transfer as a picture that banking apps read (EPC069-12, version 002, in UTF-8)."""

from dataclasses import dataclass
from decimal import Decimal

import segno
from segno.helpers import make_epc_qr

from buchbar.payments.reference import grouped

_QUIET = 4  # modules of white around the code (ISO/IEC 18004)


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer of ``cents`` to the account ``iban`` of ``payee``, by its creditor ``reference`` (ISO 11649), or with
    ``words`` in its stead. The payee is exactly the account holder's name (verification of payee)."""

    payee: str
    iban: str
    cents: int
    reference: str = ""
    words: str = ""
    bic: str = ""

    @property
    def readable_iban(self) -> str:
        """The account number in groups of four."""
        return grouped(self.iban)

    @property
    def purpose(self) -> str:
        """What to write on it, as people read it."""
        return grouped(self.reference) if self.reference else self.words


def svg(transfer: Transfer) -> str:
    """The picture, for documents. ValueError for what the standard doesn't allow."""
    return _code(transfer).svg_inline(scale=4, border=_QUIET, light="#fff", dark="#000")


def data_uri(transfer: Transfer) -> str:
    """The picture as an address, for pages: black on white also where a page is dark. ValueError as above."""
    return _code(transfer).svg_data_uri(scale=4, border=_QUIET, light="#fff", dark="#000")


def _code(transfer: Transfer) -> segno.QRCode:
    """The library keeps the limits: level M, at most version 13, at most 331 bytes."""
    return make_epc_qr(
        name=transfer.payee,
        iban=transfer.iban,
        amount=Decimal(transfer.cents) / 100,
        reference=transfer.reference or None,
        text=transfer.words or None,
        bic=transfer.bic or None,
        encoding="utf-8",
    )
