"""Secrets that we have to read again (a clerk's second factor, a lock's password), encrypted in the database.

Fernet (AES-128-CBC with HMAC-SHA256) with a key for each purpose, derived from the installation's secret by HKDF
(RFC 5869). The database alone doesn't open them; whoever changes the secret has to set them up anew.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Unreadable(Exception):
    """It was sealed under another secret or for another purpose, or was tampered with."""


def seal(secret: str, purpose: str, value: str) -> str:
    """The value as text that only this installation reads, and only for this purpose."""
    # The token's own time would say when it was made, and nobody asks for it.
    return _fernet(secret, purpose).encrypt_at_time(value.encode(), 0).decode()


def unseal(secret: str, purpose: str, sealed: str) -> str:
    """What was sealed. Raises Unreadable."""
    try:
        return _fernet(secret, purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable(purpose) from None


@lru_cache(maxsize=16)
def _fernet(secret: str, purpose: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"buchbar sealed {purpose}".encode())
    return Fernet(urlsafe_b64encode(key.derive(secret.encode())))
