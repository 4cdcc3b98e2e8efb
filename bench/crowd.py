"""Five hundred want fifty slots: how long until everybody has an answer."""

import time

from sqlalchemy import func, select, text

from bench.figure import Figure, measure
from buchbar.app.migrate import migrate
from buchbar.base.db import connect
from buchbar.booking.models import Booking
from tests.booking.crowd import crowded, holding, starts, take_guards_away, tally, together
from tests.cast import SATURDAY, assemble
from tests.postgres import Cluster

SLOTS, RIVALS = 50, 10
DEADLOCKS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def fifty() -> Figure:
    """The crowd on PostgreSQL, over the same crowd on a database without the rule."""
    with Cluster(durable=True) as cluster:
        template = cluster.create_database()
        engine = connect(template)
        migrate(engine)
        engine.dispose()
        _rush(cluster, template, guarded=True)  # warms up
        return measure(
            "crowd_50",
            "s",
            ("≤", 2.0),
            lambda: (_rush(cluster, template, guarded=True), _rush(cluster, template, guarded=False)),
            times=5,
            note=f"{SLOTS * RIVALS} clients, exactly {SLOTS} booked, no deadlock",
        )


def _rush(cluster: Cluster, template: str, *, guarded: bool) -> float:
    url = cluster.create_database(template)
    with crowded(url) as database:
        with database.write() as session:
            town = assemble(session, registrars=3)
        if not guarded:
            take_guards_away(database)
        wanted = starts(database, town, town.room, SLOTS, SATURDAY)
        acts = [holding(database, town, town.room, start) for start in wanted for _rival in range(RIVALS)]
        begun = time.monotonic()
        outcomes = tally(together(acts))
        took = time.monotonic() - begun
        time.sleep(1.1)  # the server's counters come a second late
        with database.read() as session:
            booked = session.scalar(select(func.count()).select_from(Booking))
            deadlocks = session.scalar(DEADLOCKS)
        if guarded and (outcomes != {"UUID": SLOTS, "SlotTaken": SLOTS * (RIVALS - 1)} or booked != SLOTS or deadlocks):
            raise RuntimeError(f"{outcomes}, {booked} booked, {deadlocks} deadlocks")
    cluster.drop_database(url)
    return took
