"""The school holidays of Lower Saxony (NI) and North Rhine-Westphalia (NW), as the Länder have set them.

Pure data; first and last day are both free of school. Set by, and to be checked against:

- NI: Niedersächsisches Kultusministerium, Ferienordnung until 2029/30 (mk.niedersachsen.de, "Schulferien"); the two
  single days after Ascension Day and Whit Monday are holidays there.
- NW: "Ordnung der Ferien", decree of the Ministerium für Schule und Bildung of 19 May 2022 (ABl. NRW. 06/22,
  bass.schul-welt.de/191.htm), for the school years until 2029/30.
- Both are listed by the Kultusministerkonferenz (kmk.org, "Ferienregelung").

The dates were compared on 23 November 2026 with what schools, parents' councils and calendar publishers reprint of
these (ker-wtm.de, tcrwstiepel.de, kalenderpedia.de, two open data files), at least two of them for each school year.

Days that a single school or town chooses (bewegliche Ferientage, Brauchtumstage, the islands' own) are not in here:
the clerk adds them.
"""

from dataclasses import dataclass
from datetime import date

_NI = "Niedersächsisches Kultusministerium"
_NW = "Ministerium für Schule und Bildung NRW"
SOURCES = {"NI": _NI, "NW": _NW}

# name, first day, last day
_DAYS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "NI": (
        ("Weihnachtsferien 2025/26", "2025-12-22", "2026-01-05"),
        ("Halbjahresferien 2026", "2026-02-02", "2026-02-03"),
        ("Osterferien 2026", "2026-03-23", "2026-04-07"),
        ("Tag nach Himmelfahrt 2026", "2026-05-15", "2026-05-15"),
        ("Tag nach Pfingsten 2026", "2026-05-26", "2026-05-26"),
        ("Sommerferien 2026", "2026-07-02", "2026-08-12"),
        ("Herbstferien 2026", "2026-10-12", "2026-10-24"),
        ("Weihnachtsferien 2026/27", "2026-12-23", "2027-01-09"),
        ("Halbjahresferien 2027", "2027-02-01", "2027-02-02"),
        ("Osterferien 2027", "2027-03-22", "2027-04-03"),
        ("Tag nach Himmelfahrt 2027", "2027-05-07", "2027-05-07"),
        ("Tag nach Pfingsten 2027", "2027-05-18", "2027-05-18"),
        ("Sommerferien 2027", "2027-07-08", "2027-08-18"),
        ("Herbstferien 2027", "2027-10-16", "2027-10-30"),
        ("Weihnachtsferien 2027/28", "2027-12-23", "2028-01-08"),
        ("Halbjahresferien 2028", "2028-01-31", "2028-02-01"),
        ("Osterferien 2028", "2028-04-10", "2028-04-22"),
        ("Tag nach Himmelfahrt 2028", "2028-05-26", "2028-05-26"),
        ("Tag nach Pfingsten 2028", "2028-06-06", "2028-06-06"),
        ("Sommerferien 2028", "2028-07-20", "2028-08-30"),
        ("Herbstferien 2028", "2028-10-23", "2028-11-04"),
        ("Weihnachtsferien 2028/29", "2028-12-27", "2029-01-06"),
    ),
    "NW": (
        ("Weihnachtsferien 2025/26", "2025-12-22", "2026-01-06"),
        ("Osterferien 2026", "2026-03-30", "2026-04-11"),
        ("Tag nach Pfingsten 2026", "2026-05-26", "2026-05-26"),
        ("Sommerferien 2026", "2026-07-20", "2026-09-01"),
        ("Herbstferien 2026", "2026-10-17", "2026-10-31"),
        ("Weihnachtsferien 2026/27", "2026-12-23", "2027-01-06"),
        ("Osterferien 2027", "2027-03-22", "2027-04-03"),
        ("Tag nach Pfingsten 2027", "2027-05-18", "2027-05-18"),
        ("Sommerferien 2027", "2027-07-19", "2027-08-31"),
        ("Herbstferien 2027", "2027-10-23", "2027-11-06"),
        ("Weihnachtsferien 2027/28", "2027-12-24", "2028-01-08"),
        ("Osterferien 2028", "2028-04-10", "2028-04-22"),
        ("Sommerferien 2028", "2028-07-10", "2028-08-22"),
        ("Herbstferien 2028", "2028-10-23", "2028-11-04"),
        ("Weihnachtsferien 2028/29", "2028-12-21", "2029-01-05"),
    ),
}


@dataclass(frozen=True, slots=True)
class Holidays:
    """Days without school in a Land, the first and the last included, and who has set them."""

    name: str
    first: date
    last: date
    source: str


def holidays_of(land: str) -> list[Holidays]:
    """A Land's school holidays that are known here, in order; empty for Länder that aren't shipped.

    ``land`` as in calendar/public_holidays.py: "NI", or "NW-catholic".
    """
    code = land.partition("-")[0]
    return [
        Holidays(name, date.fromisoformat(first), date.fromisoformat(last), SOURCES[code])
        for name, first, last in _DAYS.get(code, ())
    ]
