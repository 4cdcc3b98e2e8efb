"""What a log may say: the kind of a fault and its place, never a row of the database."""

import json
import logging
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from buchbar.accounts.models import Clerk
from buchbar.base.logs import JsonLines

NAME, ADDRESS = "Gisela Geheim", "gisela@example.org"  # a trace quotes lines of code, so these stay out of them


def logged(database, act):
    """The line that a fault while writing leaves in the log."""
    try:
        with database.write() as session:
            act(session)
    except Exception:
        record = logging.LogRecord("buchbar.web", logging.ERROR, __file__, 1, "bug", (), None)
        record.exc_info = sys.exc_info()
        return json.loads(JsonLines().format(record))["trace"]
    raise AssertionError("nothing went wrong")


def test_a_rule_of_the_database_that_is_broken_is_logged_by_its_name_without_the_row(database, town):
    def act(session):
        session.add(Clerk(municipality_id=town.town.id, name=NAME, email=ADDRESS, role="emperor"))
        session.flush()

    trace = logged(database, act)
    assert "IntegrityError" in trace and "ck_clerk_role" in trace and "test_logs.py" in trace
    assert "Geheim" not in trace and "gisela" not in trace


def test_a_name_stays_out_of_the_log_when_a_fault_follows_from_the_databases(database, town):
    def act(session):
        try:
            session.execute(text(f"INSERT INTO clerk (name, email) VALUES ('{NAME}', '{ADDRESS}')"))
        except IntegrityError as fault:
            raise RuntimeError(f"not written: {fault.orig}, {NAME}") from fault

    trace = logged(database, act)
    assert "RuntimeError" in trace and "IntegrityError" in trace and "clerk" in trace
    assert "Geheim" not in trace


def test_a_statement_the_database_does_not_understand_is_logged_by_its_kind(database, kind):
    trace = logged(database, lambda session: session.execute(text(f"SELECT '{NAME}' FROM nowhere")))
    assert "Geheim" not in trace and DBAPIError.__module__ in trace
    assert ("42P01" in trace) is (kind == "postgresql")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_other_faults_keep_their_message(database, town):
    def act(_session):
        raise RuntimeError("the mill has no wheel")

    assert "RuntimeError: the mill has no wheel" in logged(database, act)
