"""The terms of a policy: everything that differs from town to town, as data that a clerk edits."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from buchbar.calendar import deadlines
from buchbar.calendar.release import ReleaseRule, Rolling
from buchbar.calendar.walls import day_span, local_date

# Who must act by a deadline has at least so many days, however short the notice.
SHORT_NOTICE_DAYS = 7


class DaysAfterBooking(msgspec.Struct, frozen=True, tag="days_after_booking"):
    """So many days after it was reserved (Köln: 40)."""

    days: int


class MonthsBeforeDate(msgspec.Struct, frozen=True, tag="months_before_date"):
    """So many months before the date (Salzgitter: 5)."""

    months: int


class EarlierOf(msgspec.Struct, frozen=True, tag="earlier_of"):
    """Whichever of the two comes first."""

    days: int
    months: int


Deadline = DaysAfterBooking | MonthsBeforeDate | EarlierOf


class CancellationStep(msgspec.Struct, frozen=True):
    """Cancelling at least ``days`` days before the date gives back ``percent`` of what is owed."""

    days: int
    percent: int

    def __post_init__(self) -> None:
        if self.days < 0 or not 0 <= self.percent <= 100:
            raise ValueError("a step has days from 0 and a percentage from 0 to 100")


class ClassTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is different for one user class; None: the same as for everybody. ``books``: whether they can book online at
    all. Names as in Terms."""

    name: str
    books: bool | None = None
    release: ReleaseRule | None = None
    lead_days: int | None = None
    approval: str | None = None
    payment: str | None = None
    shortest_minutes: int | None = None
    longest_minutes: int | None = None
    week_minutes: int | None = None
    series: bool | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How bookings of one journey work in one municipality.

    ``approval``: "none" (firm at once), "office", "office_and_owner" (for venues that belong to somebody else).
    ``payment``: "none", "optional", "required" (firm only when paid, within ``pay_days``), "later" (a bill comes).
    ``deadline``: by when the couple must have registered, else the reservation is released; None for no deadline.
    ``reminder_days``: how many days before a deadline we write; ``owner_reminder_days``: after how many days without an
    answer we ask a venue's owner again. Lead and limits: see the names.

    For journeys in which one chooses how long: ``shortest_minutes``, ``longest_minutes``, and ``week_minutes``, how
    much one person or organisation may have in a week from Monday on (0: as much as there is). ``books``: whether it
    can be booked online, ``series``: also in series. ``classes`` is what is different for single user classes.
    ``public_names``: public plans name clubs. ``code_hours``: how long before a booking its door code is shown,
    ``door_days``: how long it is kept who opened.
    """

    release: ReleaseRule = Rolling(months=12)
    lead_days: int = 14
    hold_minutes: int = 20
    proof_minutes: int = 60
    deadline: Deadline | None = None
    approval: str = "office"
    payment: str = "optional"
    pay_days: int = 14
    cancellation: tuple[CancellationStep, ...] = (CancellationStep(0, 100),)
    holds_per_address: int = 2
    reminder_days: tuple[int, ...] = (14, 3)
    owner_reminder_days: tuple[int, ...] = (3, 7)
    retention_months: int = 12
    gate_foreign: bool = True
    books: bool = True
    series: bool = True
    shortest_minutes: int = 30
    longest_minutes: int = 600
    week_minutes: int = 0
    public_names: bool = False
    code_hours: int = 24
    door_days: int = 30
    classes: tuple[ClassTerms, ...] = ()

    def __post_init__(self) -> None:
        if self.approval not in ("none", "office", "office_and_owner"):
            raise ValueError("approval is none, office or office_and_owner")
        if self.payment not in ("none", "optional", "required", "later"):
            raise ValueError("payment is none, optional, required or later")
        if not (1 <= self.hold_minutes <= 120 and 5 <= self.proof_minutes <= 2880 and 1 <= self.pay_days <= 90):
            raise ValueError("a hold lives 1 to 120 minutes, a proof 5 to 2880 minutes, payment has 1 to 90 days")
        if not (0 <= self.lead_days <= 365 and 1 <= self.holds_per_address <= 50 and self.retention_months >= 1):
            raise ValueError("lead is 0 to 365 days, 1 to 50 holds per address, retention at least a month")
        if not (5 <= self.shortest_minutes <= self.longest_minutes <= 1440 and 0 <= self.week_minutes <= 10080):
            raise ValueError("a booking lasts 5 minutes to a day, the shortest no longer than the longest")
        if not (1 <= self.code_hours <= 336 and 1 <= self.door_days <= 365):
            raise ValueError("a code is shown 1 to 336 hours before, who opened is kept 1 to 365 days")
        if len({each.name for each in self.classes}) < len(self.classes):
            raise ValueError("a user class stands in the terms once")
        for each in self.classes:
            self.of(each.name)  # what is different for it must make sense, too

    def of(self, user_class: str) -> "Terms":
        """As they are for one user class."""
        for each in self.classes:
            if each.name == user_class:
                own = {name: value for name, value in msgspec.structs.asdict(each).items() if value is not None}
                return msgspec.structs.replace(self, **{name: own[name] for name in own if name != "name"}, classes=())
        return self

    def deadline_at(self, reserved_at: datetime, starts_at: datetime, zone: ZoneInfo) -> datetime | None:
        """The midnight by which the couple must have registered; never after the event, None without a deadline.

        Days count at the earliest from when the law lets the couple register. Who reserves when the months before the
        date have already begun keeps a week.
        """
        if self.deadline is None:
            return None
        day = local_date(starts_at, zone)
        days = getattr(self.deadline, "days", None)
        months = getattr(self.deadline, "months", None)
        since = max(reserved_at, day_span(deadlines.registration_window(day).earliest, zone).start)
        by_booking = deadlines.after_days(since, days, zone) if days is not None else None
        by_date = deadlines.before_months(day, months, zone) if months is not None else None
        if by_date is not None:
            by_date = max(by_date, deadlines.after_days(since, SHORT_NOTICE_DAYS, zone))
        limit = deadlines.earlier(by_booking, by_date)
        # The office needs some days before the wedding; who books at short notice keeps a week all the same.
        week = deadlines.after_days(since, SHORT_NOTICE_DAYS, zone)
        latest = max(deadlines.before_days(day, SHORT_NOTICE_DAYS, zone), week)
        return limit and min(limit, latest, starts_at)

    def earliest_start(self, now: datetime) -> datetime:
        """Before this moment nothing can be booked online: the office needs its lead."""
        return now + timedelta(days=self.lead_days)

    def refund_percent(self, cancelled_at: datetime, day: date, zone: ZoneInfo) -> int:
        """What share of the fees a cancellation gives back, by whole local days before the date."""
        left = (day - local_date(cancelled_at, zone)).days
        return max((step.percent for step in self.cancellation if left >= step.days), default=0)
