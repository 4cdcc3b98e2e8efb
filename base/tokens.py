"""Secret links that need no table: an id and its keyed fingerprint.

Whoever holds the link may see what it names. A link is taken back by raising the row's generation. The database
alone is not enough to make one (HMAC-SHA256, RFC 2104, cut to 128 bits).
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

# How a secret link looks in an address: a part of exactly so many signs.
_IN_ADDRESS = re.compile(r"/[\w-]{43}(?![\w-])", re.ASCII)


def link_token(secret: str, purpose: str, subject: UUID, generation: int = 0) -> str:
    """43 characters that name ``subject`` for one ``purpose``."""
    return urlsafe_b64encode(subject.bytes + _mac(secret, purpose, subject, generation)).decode().rstrip("=")


def named_by(token: str) -> UUID | None:
    """The id inside a token, not yet believed: load the row, then ask ``genuine``."""
    if len(token) != 43 or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token + "=")
    except ValueError:
        return None
    return UUID(bytes=raw[:16]) if len(raw) == 32 else None


def genuine(token: str, secret: str, purpose: str, subject: UUID, generation: int = 0) -> bool:
    """Whether the token was made by us for this purpose and is still valid."""
    return hmac.compare_digest(token.encode(), link_token(secret, purpose, subject, generation).encode())


def hidden(text: str) -> str:
    """The text with its secret links cut short, for those who may read it and may not act by it."""
    return _IN_ADDRESS.sub("/…", text)


def fingerprint(secret: str, value: str) -> str:
    """What we keep of something secret or personal that only has to be recognised again."""
    return hmac.new(secret.encode(), value.encode(), hashlib.sha256).hexdigest()


def new_token() -> str:
    """256 random bits for a cookie."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Six digits to type in from a mail."""
    return f"{secrets.randbelow(1_000_000):06d}"


def _mac(secret: str, purpose: str, subject: UUID, generation: int) -> bytes:
    message = f"{purpose}:{generation}:".encode() + subject.bytes
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()[:16]
