"""iCalendar text (RFC 5545, 7986): feeds to subscribe to, files to download, invitations for mail.

An event is rendered once, kept as bytes, and a feed of thousands joins what is kept. So the lines are written
here and not by the library `icalendar`, which takes six times as long, makes a line break of the "\\N" in
"C:\\Neu", and lets control characters through. The tests read everything back with it and with vobject.

Times are local in Europe/Berlin, with its VTIMEZONE, and UTC for any other zone. (What icalendar 7.3
generates for others lists dates, which vobject doesn't read, and changes London's clocks an hour late. Single
events don't need it.)

The same event gives the same bytes, always: nothing is random and nothing reads the clock.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from buchbar.calendar.spans import Span, as_utc

PRODID = "-//Buchbar//Buchbar//DE"
_LINE = 75  # octets, without the line break (RFC 5545 §3.1)

_LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_IN_TEXT: dict[int, str | None] = (
    {code: None for code in _CONTROLS if code != 0x09}
    | {ord(char): "\\n" for char in _LINE_BREAKS}
    | {ord(char): "\\" + char for char in "\\;,"}
)
_IN_PARAMETER: dict[int, str | None] = (
    dict.fromkeys(_CONTROLS) | {ord(char): " " for char in _LINE_BREAKS} | {ord('"'): "'"}
)
_NEEDS_ESCAPE = re.compile("[" + re.escape("".join(map(chr, _IN_TEXT))) + "]")
_WEB_ADDRESS = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_URI_SAFE = "%/:?#[]@!$&'()*+,;=~"
_MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")

_LOCAL_ZONE = "Europe/Berlin"
_VTIMEZONE = b"""\
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
""".replace(b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class Event:
    """What a calendar shows of a booking.

    uid: never changes ("booking-…@town"). sequence: 0 at first, raised with every change, also by the
    cancellation. stamp: the aware moment of that change. A cancelled event stays in its feed for a while, as
    cancelled, because many clients keep what merely vanishes. tentative: asked for and not yet firm. url is left
    out unless it is http or https. ValueError for an empty uid, a negative sequence or a naive stamp.
    """

    uid: str
    sequence: int
    stamp: datetime
    span: Span
    summary: str
    location: str = ""
    description: str = ""
    url: str = ""
    cancelled: bool = False
    tentative: bool = False
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "stamp", as_utc(self.stamp))
        if not self.uid or self.sequence < 0:
            raise ValueError("an event has a uid and a sequence from 0")


@dataclass(frozen=True, slots=True)
class Party:
    """Who invites, or is invited. ValueError for what is no plain mail address."""

    mail: str
    name: str = ""

    def __post_init__(self) -> None:
        if _MAIL_ADDRESS.fullmatch(self.mail) is None:
            raise ValueError(f"no mail address: {self.mail[:80]!r}")


def vevent(event: Event, zone: ZoneInfo) -> bytes:
    """One VEVENT with its times in the zone, to be kept and joined by `feed`."""
    return _joined(_event_lines(event, zone, []))


def feed(name: str, uid: str, events: Iterable[bytes], zone: ZoneInfo, refresh_hours: int = 1) -> bytes:
    """A calendar to subscribe to, of events from `vevent` in the same zone.

    name: what the subscriber's list shows. uid: the feed's own, stable. refresh_hours: how often clients
    should ask; it is a suggestion, Google asks every 8 to 24 hours. There is no METHOD, for it is no message.
    """
    head = [
        "NAME:" + text(name),
        "X-WR-CALNAME:" + text(name),
        "UID:" + text(uid),
        f"REFRESH-INTERVAL;VALUE=DURATION:PT{refresh_hours:d}H",
        f"X-PUBLISHED-TTL:PT{refresh_hours:d}H",
    ]
    return _calendar(head, events, zone)


def download(event: Event, zone: ZoneInfo, organizer: Party) -> bytes:
    """A file with one event to put into one's own calendar (METHOD:PUBLISH, RFC 5546 §3.2.1)."""
    return download_all([event], zone, organizer)


def download_all(events: Iterable[Event], zone: ZoneInfo, organizer: Party) -> bytes:
    """The same with several events, each with a uid of its own."""
    who = [_party("ORGANIZER", organizer)]
    return _calendar(["METHOD:PUBLISH"], [_joined(_event_lines(event, zone, who)) for event in events], zone)


def invitation(
    event: Event, zone: ZoneInfo, method: Literal["REQUEST", "CANCEL"], organizer: Party, attendee: Party
) -> bytes:
    """An event for a mail's text/calendar part, whose `method` parameter must be the same.

    REQUEST puts it into the calendar or changes it there; CANCEL removes it, and needs the same uid, the same
    organizer, a raised sequence and `cancelled`. ValueError if method and event contradict each other.
    """
    if event.cancelled != (method == "CANCEL"):
        raise ValueError(f"{method} doesn't go with cancelled={event.cancelled}")
    if method == "CANCEL" and event.sequence == 0:
        raise ValueError("a cancellation has a higher sequence than the invitation")
    status = ";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE"
    parties = [_party("ORGANIZER", organizer), _party("ATTENDEE", attendee, status)]
    return _calendar([f"METHOD:{method}"], [_joined(_event_lines(event, zone, parties))], zone)


def text(value: str) -> str:
    """A TEXT value (RFC 5545 §3.3.11): escaped, line breaks of any kind written, other controls dropped."""
    if _NEEDS_ESCAPE.search(value) is None:
        return value
    return value.replace("\r\n", "\n").translate(_IN_TEXT)


def _calendar(head: list[str], events: Iterable[bytes], zone: ZoneInfo) -> bytes:
    start = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:" + PRODID, "CALSCALE:GREGORIAN", *head]
    timezone = _VTIMEZONE if zone.key == _LOCAL_ZONE else b""
    return b"".join([_joined(start), timezone, *events, b"END:VCALENDAR\r\n"])


def _event_lines(event: Event, zone: ZoneInfo, parties: list[str]) -> list[str]:
    start, end = _times(event.span, zone)
    lines = [
        "BEGIN:VEVENT",
        "UID:" + text(event.uid),
        f"SEQUENCE:{event.sequence:d}",
        f"DTSTAMP:{_basic(event.stamp)}Z",
        "DTSTART" + start,
        "DTEND" + end,
        "SUMMARY:" + text(event.summary),
    ]
    if event.location:
        lines.append("LOCATION:" + text(event.location))
    if event.description:
        lines.append("DESCRIPTION:" + text(event.description))
    if event.categories:
        lines.append("CATEGORIES:" + ",".join(map(text, event.categories)))
    if _WEB_ADDRESS.match(event.url):
        lines.append("URL:" + quote(event.url, safe=_URI_SAFE, errors="replace"))
    lines += parties
    status = "CANCELLED" if event.cancelled else "TENTATIVE" if event.tentative else "CONFIRMED"
    lines.append("STATUS:" + status)
    lines.append("TRANSP:TRANSPARENT" if event.cancelled else "TRANSP:OPAQUE")
    lines.append("END:VEVENT")
    return lines


def _times(span: Span, zone: ZoneInfo) -> tuple[str, str]:
    """What follows DTSTART and DTEND.

    A wall time that exists twice always means the first (RFC 5545 §3.3.5), so the second is written in UTC.
    """
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    if zone.key != _LOCAL_ZONE or start.fold or end.fold:
        return f":{_basic(span.start)}Z", f":{_basic(span.end)}Z"
    return f";TZID={_LOCAL_ZONE}:{_basic(start)}", f";TZID={_LOCAL_ZONE}:{_basic(end)}"


def _basic(moment: datetime) -> str:
    return (
        f"{moment.year:04d}{moment.month:02d}{moment.day:02d}T{moment.hour:02d}{moment.minute:02d}{moment.second:02d}"
    )


def _party(role: str, party: Party, status: str = "") -> str:
    name = party.name.translate(_IN_PARAMETER).strip()
    cn = f';CN="{name}"' if name else ""
    return f"{role}{cn}{status}:mailto:{party.mail}"


def _joined(lines: list[str]) -> bytes:
    return b"".join([_folded(line) for line in lines])


def _folded(line: str) -> bytes:
    """The line with its break, folded to 75 octets; never inside a letter, nor after a lone backslash."""
    octets = line.encode("utf-8", "replace")
    if len(octets) <= _LINE:
        return octets + b"\r\n"
    pieces = []
    start, room = 0, _LINE
    while len(octets) - start > room:
        cut = start + room
        while octets[cut] & 0xC0 == 0x80:  # the middle of a letter
            cut -= 1
        if _ends_in_open_escape(octets, start, cut):
            cut -= 1
        pieces.append(octets[start:cut])
        start, room = cut, _LINE - 1  # the space that marks a continuation counts
    pieces.append(octets[start:])
    return b"\r\n ".join(pieces) + b"\r\n"


def _ends_in_open_escape(octets: bytes, start: int, cut: int) -> bool:
    backslashes = cut - start - len(octets[start:cut].rstrip(b"\\"))
    return backslashes % 2 == 1
