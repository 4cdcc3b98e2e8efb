"""/health for whoever watches whether it runs, /metrics for Prometheus.

With several processes the counters of all are added up through files (prometheus_client's multiprocess mode, which
``buchbar serve`` switches on); what is told of the database is asked there, so every process answers the same.
"""

import hmac
import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.app.jobs import JOBS
from buchbar.base import once
from buchbar.base.db import Database
from buchbar.base.errors import NotFound
from buchbar.base.web import get, settings_of
from buchbar.booking.models import Booking
from buchbar.notices.models import Errand

# How many of its slots a job may miss before somebody should look.
MISSED = 3


@get("/health", media_type="application/json")
def health(request: Request, now: datetime) -> Response[dict[str, Any]]:
    """Database and jobs; 503 if one of them isn't well.

    A job that has never run, or not since this process began to be asked, gets its time first.
    """
    asked_since = request.app.state.setdefault("asked_since", now)
    try:
        with request.app.state.database.read() as session:
            lags = job_lags(session, now)
    except SQLAlchemyError:
        return _answer("database", "unreachable", {})
    waited = (now - asked_since).total_seconds()
    late = [job.name for job in JOBS if min(lags.get(job.name, waited), waited) > MISSED * job.every.total_seconds()]
    return _answer("jobs" if late else "ok", "ok", {name: round(lag) for name, lag in sorted(lags.items())})


def _answer(status: str, database: str, lags: dict[str, int]) -> Response[dict[str, Any]]:
    body = {"status": status, "database": database, "jobs": lags}
    return Response(body, status_code=200 if status == "ok" else 503, headers={"cache-control": "no-store"})


def job_lags(session: Session, now: datetime) -> dict[str, float]:
    """Seconds since each job last began a slot."""
    return {name: max(0.0, (now - at).total_seconds()) for name, at in once.last_runs(session).items()}


@get("/metrics")
def metrics(request: Request, now: datetime) -> Response[bytes]:
    """For Prometheus, who shows BUCHBAR_METRICS_TOKEN as a bearer token; without a token only in demo mode."""
    settings = settings_of(request)
    shown = request.headers.get("authorization", "").encode()
    expected = f"Bearer {settings.metrics_token}".encode()
    if not (hmac.compare_digest(shown, expected) if settings.metrics_token else settings.demo):
        raise NotFound
    counted = CollectorRegistry() if "PROMETHEUS_MULTIPROC_DIR" in os.environ else REGISTRY
    if counted is not REGISTRY:
        MultiProcessCollector(counted)
    asked = CollectorRegistry()
    asked.register(_Asked(request.app.state.database, now))
    return Response(generate_latest(counted) + generate_latest(asked), media_type=CONTENT_TYPE_LATEST)


class _Asked(Collector):
    """What the database knows at this moment."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self.database.read() as session:
            yield _gauge("buchbar_bookings", "Bookings", ["municipality", "state"], _bookings(session))
            yield _gauge("buchbar_outbox", "Errands in the outbox", ["kind", "state"], _errands(session))
            waited = _longest_wait(session, self.now).total_seconds()
            yield _gauge(
                "buchbar_outbox_oldest_seconds", "How long the oldest errand has been waiting", [], [((), waited)]
            )
            lags = [((name,), lag) for name, lag in job_lags(session, self.now).items()]
            yield _gauge("buchbar_job_lag_seconds", "Seconds since a job last ran", ["job"], lags)


def _gauge(name: str, help_text: str, labels: list[str], values: Iterable[tuple[Any, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for label_values, value in values:
        family.add_metric([*label_values], value)
    return family


def _bookings(session: Session) -> list[tuple[tuple[str, str], float]]:
    rows = session.execute(
        select(Municipality.slug, Booking.state, func.count())
        .join(Municipality, Municipality.id == Booking.municipality_id)
        .group_by(Municipality.slug, Booking.state)
    )
    return [((row[0], row[1]), row[2]) for row in rows]


def _errands(session: Session) -> list[tuple[tuple[str, str], float]]:
    rows = session.execute(
        select(Errand.kind, Errand.state, func.count())
        .where(Errand.state.in_(("waiting", "failed")))
        .group_by(Errand.kind, Errand.state)
    )
    return [((row[0], row[1]), row[2]) for row in rows]


def _longest_wait(session: Session, now: datetime) -> timedelta:
    oldest = session.scalar(select(func.min(Errand.written_at)).where(Errand.state == "waiting"))
    return max(now - oldest, timedelta(0)) if oldest else timedelta(0)


routes = [health, metrics]
