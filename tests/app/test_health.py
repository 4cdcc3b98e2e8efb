"""/health and /metrics."""

from dataclasses import replace
from datetime import timedelta

import pytest
from litestar.testing import TestClient
from sqlalchemy import delete

from buchbar.app import jobs
from buchbar.app.main import create_app
from buchbar.base.db import Database, connect
from buchbar.base.once import JobRun
from buchbar.notices import letters
from buchbar.notices.models import Errand
from tests.cast import NOW, SATURDAY, SETTINGS, confirmed, slot_at


def run_all_jobs(database, clock):
    for job in jobs.JOBS:
        jobs.attempt(job, database, SETTINGS, clock)


def test_a_new_house_is_well(client, database, clock):
    assert client.get("/health").json() == {"status": "ok", "database": "ok", "jobs": {}}
    run_all_jobs(database, clock)
    clock.now += timedelta(seconds=40)
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["jobs"]["expire"] == 40


def test_a_job_that_stands_still_is_told(client, database, clock):
    client.get("/health")
    run_all_jobs(database, clock)
    clock.now += timedelta(minutes=4)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "jobs")


def test_a_job_that_never_runs_is_told(client, clock):
    client.get("/health")
    clock.now += timedelta(minutes=4)
    assert client.get("/health").status_code == 503


def test_after_a_long_pause_the_house_has_its_time_to_wake_up(client, database, clock):
    run_all_jobs(database, clock)
    clock.now += timedelta(days=30)
    assert client.get("/health").status_code == 200


def test_a_database_that_is_away_is_told(tmp_path, clock):
    database = Database(connect(f"sqlite:///{tmp_path}/nowhere/buchbar.sqlite"), settings=SETTINGS)
    with TestClient(create_app(SETTINGS, clock=clock, database=database), base_url="http://testserver.local") as client:
        answer = client.get("/health")
    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


def test_prometheus_learns_of_requests_bookings_outbox_and_jobs(client, database, town, clock):
    with database.write() as session:
        confirmed(session, town, slot_at(SATURDAY, 9))
        session.execute(delete(Errand))
        letters.write(
            session,
            municipality=town.town,
            booking_id=None,
            kind="code",
            to="sommer@example.org",
            subject="Code",
            text="1",
            html="1",
            at=NOW - timedelta(minutes=2),
        )
    run_all_jobs(database, clock)
    client.get("/health")
    shown = client.get("/metrics")
    assert shown.status_code == 200 and shown.headers["content-type"].startswith("text/plain")
    lines = shown.text.splitlines()
    assert 'buchbar_bookings{municipality="diepholz",state="payable"} 1.0' in lines
    assert 'buchbar_outbox{kind="mail",state="waiting"} 1.0' in lines
    assert "buchbar_outbox_oldest_seconds 120.0" in lines
    assert 'buchbar_job_lag_seconds{job="release"} 0.0' in lines
    assert any(line.startswith('buchbar_requests_total{method="GET",route="/health"') for line in lines)
    assert "anna" not in shown.text.lower()


@pytest.mark.parametrize(("shown", "status"), [("", 404), ("Bearer wrong", 404), ("Bearer s3cret", 200)])
def test_the_figures_are_for_those_who_know_the_token(database, clock, shown, status):
    settings = replace(SETTINGS, metrics_token="s3cret")
    with TestClient(create_app(settings, clock=clock, database=database), base_url="http://testserver.local") as client:
        assert client.get("/metrics", headers={"authorization": shown}).status_code == status


def test_without_a_token_nobody_sees_the_figures_in_production(database, clock):
    settings = replace(SETTINGS, demo=False)
    with TestClient(create_app(settings, clock=clock, database=database), base_url="http://testserver.local") as client:
        assert client.get("/metrics").status_code == 404


def test_the_jobs_health_knows_are_those_that_run(database, clock):
    run_all_jobs(database, clock)
    with database.read() as session:
        assert {run.name for run in session.query(JobRun)} == {job.name for job in jobs.JOBS}
