"""What our stand-in for Stripe refuses, whatever is asked: unknown parameters, numbers that are none, a POST that could
be done twice."""

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from buchbar.payments.checkout import OPTIONS, SHAPES

# A key that the SDK makes up where it is given none: who asks again after a crash has another one.
MADE_UP = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Fault(Exception):
    """An answer as Stripe gives it to a request that it refuses."""

    def __init__(self, status: int, code: str, message: str, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "code": code, "message": message}}


def number(text: Any, name: str) -> int:
    """A whole number from 0. Raises Fault for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,12}", text):
        raise Fault(400, "parameter_invalid_integer", f"Invalid integer: {name}")
    return int(text)


def check_key(call: str, key: str) -> None:
    """Refuse a POST without a key of its sender's own. Raises Fault."""
    if call.startswith("POST") and (not key or MADE_UP.fullmatch(key)):
        raise Fault(400, "idempotency_key_missing", "Every POST needs an Idempotency-Key of its sender's own.")


def check(call: str, given: Mapping[str, Any]) -> None:
    """Refuse parameters that the SDK's own types don't know. Raises Fault."""
    for unknown in _unknown(SHAPES[call], given, OPTIONS):
        raise Fault(400, "parameter_unknown", f"Received unknown parameter: {unknown}")


def _unknown(shape: Any, given: Mapping[str, Any], besides: frozenset[str] = frozenset()) -> Iterator[str]:
    names = shape.__annotations__
    for name, value in given.items():
        if name not in names or name in besides:
            yield name
            continue
        # The types name each other in forward references: "List[SessionCreateParamsLineItem]".
        words = re.findall(r"\w+", str(names[name]))
        inner = next((vars(sys.modules[shape.__module__])[w] for w in words if w.startswith(shape.__name__)), None)
        for part in value if isinstance(value, list) else [value]:
            if inner is not None and isinstance(part, dict):
                yield from (f"{name}[{each}]" for each in _unknown(inner, part))
