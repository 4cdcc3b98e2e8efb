"""Structured logs: one JSON object a line, without personal data (no names, addresses, paths or query strings)."""

import json
import logging
import re
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

_PLAIN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """Time, level, logger, message and the extras that the caller named."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _PLAIN}
        if record.exc_info:
            line["trace"] = self._trace(record.exc_info[1]) or self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)

    @staticmethod
    def _trace(fault: BaseException | None) -> str:
        """What failed and where, without any message, as a database quotes rows in its own ("" for other faults)."""
        chain = list(_chain(fault))
        if not any(isinstance(each, SQLAlchemyError) for each in chain):
            return ""
        lines = (f"{''.join(traceback.format_tb(each.__traceback__))}{_named(each)}" for each in reversed(chain))
        return "\n\n".join(lines)


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    """The exception and those that led to it."""
    while fault is not None:
        yield fault
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)


def _named(fault: BaseException) -> str:
    """An exception's type, and of a database's complaint which rule of the schema was broken."""
    origin = getattr(fault, "orig", None) or fault
    told = getattr(origin, "diag", None)
    if told is not None:  # psycopg
        broken = [told.sqlstate, told.table_name, told.column_name, told.constraint_name]
    else:  # quotes names of the schema only
        broken = re.findall(r"constraint failed: ([\w., ]+)$", str(origin)) if isinstance(origin, sqlite3.Error) else []
    return " ".join([f"{type(fault).__module__}.{type(fault).__qualname__}", *(name for name in broken if name)])


def configure(level: int = logging.INFO) -> None:
    """Send all logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("apscheduler", "httpx", "stripe", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
