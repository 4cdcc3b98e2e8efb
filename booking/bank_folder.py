"""Bank statements that another program puts into a folder are imported: one folder for each town, named like it.

What was put away is deleted when its day has come: all that is still needed of it is in the books.

Safe in any number of processes, and when one dies in between: a file is moved after its import was saved, and whoever
finds it again sees that it was imported.
"""

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking import bank_import
from buchbar.payments.bank_entries import PERSONAL_FOR
from buchbar.payments.camt_fields import LARGEST_FILE

BY = N_("Überwachter Ordner")
AWAY = DONE, FAILED = "done", "failed"
_MOMENT = "%Y%m%d-%H%M%S"
AT_ONCE = 20  # files of a town in one round
# A file that was touched a moment ago may still be being written.
QUIET = timedelta(minutes=1)
# Files name people who are none of our business, so they go when these do, which is first; one that failed can be tried
# again that long.
KEPT = min(PERSONAL_FOR.values())
log = logging.getLogger("buchbar.statements")


def collect(database: Database, folder: Path | None, now: datetime) -> int:
    """Import what lies in the towns' folders, and delete what was put away long ago; how many files were imported."""
    if folder is None:
        return 0
    with database.read() as session:
        towns = [town for town in session.scalars(select(Municipality)) if (folder / town.slug).is_dir()]
    for town in towns:
        _forget(folder / town.slug, now)
    return sum(_import(database, town, path, now) for town in towns for path in _waiting(folder / town.slug, now))


def _forget(folder: Path, now: datetime) -> None:
    """Delete what was put away too long ago, by the moment in its name: its own date may be that of a copy."""
    for where in AWAY:
        for path in (folder / where).glob("*-*-*.xml"):
            if path.name < f"{now - KEPT:{_MOMENT}}":
                path.unlink(missing_ok=True)


def _waiting(folder: Path, now: datetime) -> list[Path]:
    """The files that are complete, by their names; no links, which may lead anywhere."""
    found = []
    for path in sorted(folder.glob("*.xml")):
        with suppress(FileNotFoundError):  # another process has just moved it
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime < (now - QUIET).timestamp():
                found.append(path)
    return found[:AT_ONCE]


def _import(database: Database, town: Municipality, path: Path, now: datetime) -> int:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        with database.write() as session:
            bank_import.bring_in(session, session.get_one(Municipality, town.id), path.name, content, now, _(BY))
    except FileNotFoundError:
        return 0
    except bank_import.KnownFile:
        _move(path, DONE, now)
        return 0
    except Exception as fault:
        log.error("statement not imported", extra={"town": town.slug, "fault": type(fault).__name__})
        words = fault.sentence if isinstance(fault, Invalid) else _("Beim Import ist ein Fehler aufgetreten.")
        if _move(path, FAILED, now):
            with database.write() as session:
                bank_import.write_off(session, town, path.name, words, now, _(BY))
        return 0
    _move(path, DONE, now)
    return 1


def _move(path: Path, where: str, now: datetime) -> bool:
    """Put a file away, under a name that no earlier one has; False if another process has."""
    target = path.parent / where
    target.mkdir(exist_ok=True)
    try:
        path.rename(target / f"{now:{_MOMENT}}-{path.name}")
    except FileNotFoundError:
        return False
    return True
