"""How bookings are numbered for people, who read the numbers out on the telephone."""

import secrets

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no I, O, 0, 1


def new_number(prefix: str) -> str:
    """A number by which people name a booking: "HZ-7K3M-9QXB". Random, so that nobody counts the bookings by it."""
    signs = "".join(secrets.choice(_ALPHABET) for _sign in range(8))
    return f"{prefix}-{signs[:4]}-{signs[4:]}"
