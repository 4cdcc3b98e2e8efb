"""The events of our stand-in for Stripe: what happened, kept for 30 days and listed, whether anybody heard of it or
not."""

import secrets
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from buchbar.payments.standin_refusals import Fault, number

KEPT = timedelta(days=30)


class Events:
    """What happened, the oldest first."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.happened: list[dict[str, Any]] = []

    def add(self, kind: str, about: dict[str, Any]) -> dict[str, Any]:
        """Write down what has just happened; the event."""
        event = {
            "id": "evt_" + secrets.token_hex(12),
            "object": "event",
            "type": kind,
            "created": int(self.clock().timestamp()),
            "livemode": False,
            "data": {"object": deepcopy(about)},
        }
        self.happened.append(event)
        return event

    def listed(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A page of the list, the newest first, as ``given`` asks for it. Raises Fault."""
        types, limit = given.get("types") or [], number(given.get("limit", "10"), "limit")
        if not 1 <= len(types) <= 20 or not 1 <= limit <= 100:
            raise Fault(400, "parameter_invalid", "`types` must name 1 to 20 types, and `limit` be from 1 to 100.")
        since = number((given.get("created") or {}).get("gte", "0"), "created[gte]")
        oldest = max(since, int((self.clock() - KEPT).timestamp()))
        fitting = [each for each in reversed(self.happened) if each["type"] in types and each["created"] >= oldest]
        ids, after = [each["id"] for each in fitting], given.get("starting_after")
        if after and after not in ids:
            raise Fault(404, "resource_missing", f"No such event: '{after}'")
        begin = ids.index(after) + 1 if after else 0
        page, more = fitting[begin : begin + limit], begin + limit < len(fitting)
        return {"object": "list", "data": page, "has_more": more, "url": "/v1/events"}
