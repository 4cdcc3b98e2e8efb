"""Alembic's entry: runs on the connection that app/migrate.py hands over, in one transaction."""

from alembic import context

from buchbar.app.tables import metadata
from buchbar.base.db import Moment, Shape


def render_item(kind, thing, autogen_context):  # type: ignore[no-untyped-def]
    """Write our column types as what they are in the database, so that migrations outlive the code."""
    if kind == "type" and isinstance(thing, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, Shape):
        return "sa.Text()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=True,
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
