"""Bank statements at the desk: upload, preview, import; what waits for the cashier; and taking all of it back."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, CASH
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, get_number, redirect
from buchbar.booking import bank_import, bank_lines, bank_shares, bank_undoing
from buchbar.booking.desk_frame import by, leads_back, show
from buchbar.payments import iban
from buchbar.payments.camt_fields import LARGEST_FILE
from buchbar.payments.statements import BankFile

PAGE = "kasse/auszuege"
TOLD_FOR = timedelta(days=14)  # so long the page says on top that a file could not be imported
UPLOAD = LARGEST_FILE + 500_000  # with what a form has around it
_NOTHING_WRONG: dict[str, Any] = {"typed": {}, "faults": {}, "labels": {}, "refused": ""}


@at_desk.get("/kasse/auszuege", BOOKS, N_("Kontoauszüge angesehen"))
def statements_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/kasse/auszuege/vorschau", CASH, N_("Kontoauszug ausprobiert"), request_max_body_size=UPLOAD)
def preview(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    uploaded = form.upload("datei")
    if uploaded is None:
        return _show(request, session, clerk, now, 422, faults={"datei": _("Bitte wählen Sie eine Datei.")})
    return _show_preview(request, session, clerk, now, *uploaded)


@at_desk.post("/kasse/auszuege", CASH, N_("Kontoauszug importiert"), request_max_body_size=UPLOAD)
def bring_in(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    name, any_account = form.get("name", ""), bool(form.get("anderes_konto"))
    content = b""
    try:
        content = _unpacked(form.get("inhalt", ""))
        made = bank_import.bring_in(session, clerk.town, name, content, now, clerk.name, any_account=any_account)
    except Invalid as fault:
        if "anderes_konto" in fault.fields:
            return _show_preview(request, session, clerk, now, name, content, 422, faults=fault.fields)
        return _show(request, session, clerk, now, 422, faults=fault.fields)
    except bank_import.KnownFile as known:
        return _show_known(request, session, clerk, now, known)
    return redirect(request, f"{clerk.desk}/{PAGE}/{made.file.id}?erledigt=ja")


@at_desk.get("/kasse/auszuege/{file_id:uuid}", BOOKS, N_("Kontoauszug angesehen"))
def statement_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, file_id: FromPath[UUID]
) -> Response[Any]:
    return _show_file(request, session, clerk, now, file_id)


@at_desk.post("/kasse/auszuege/{file_id:uuid}/ruecknahme", CASH, N_("Import eines Kontoauszugs zurückgenommen"))
def undo_file(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, file_id: FromPath[UUID]
) -> Response[Any]:
    try:
        reason = _reason(form, "grund")
    except Invalid as fault:
        labels = {"grund": _("Grund")}
        return _show_file(request, session, clerk, now, file_id, 422, faults=fault.fields, labels=labels)
    try:
        with session.begin_nested():
            bank_undoing.undo_file(session, clerk.town, file_id, reason, now, by(clerk))
    except Refused as refusal:
        return _show_file(
            request, session, clerk, now, file_id, refusal.status, in_the_way=refusal.sentence, typed=dict(form)
        )
    return redirect(request, f"{clerk.desk}/{PAGE}/{file_id}?erledigt=ja")


@at_desk.post("/kasse/bewegung/{entry_id:uuid}/zuordnung", CASH, N_("Zahlung vom Kontoauszug zugeordnet"))
def assign(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, entry_id: FromPath[UUID]
) -> Response[Any]:
    """``anteil`` are the shares that were suggested; else ``buchung`` is what the cashier typed."""

    def act() -> None:
        row = bank_import.entry_of(session, clerk.town, entry_id)
        shares = bank_shares.chosen(form.all("anteil")) or bank_shares.typed(
            session, clerk.town, row, form.get(f"buchung_{entry_id}", "")
        )
        bank_import.assign(session, clerk.town, entry_id, shares, now, by(clerk))

    return _settle(request, session, clerk, now, form, entry_id, act)


@at_desk.post("/kasse/bewegung/{entry_id:uuid}/rueckgabe", CASH, N_("Rückgabe der Bank verbucht"))
def accept_return(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, entry_id: FromPath[UUID]
) -> Response[Any]:
    return _settle(
        request,
        session,
        clerk,
        now,
        form,
        entry_id,
        lambda: bank_import.accept_return(session, clerk.town, entry_id, form.get("zahlung", ""), now, by(clerk)),
    )


@at_desk.post("/kasse/bewegung/{entry_id:uuid}/beiseite", CASH, N_("Zahlung vom Kontoauszug beiseitegelegt"))
def set_aside(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, entry_id: FromPath[UUID]
) -> Response[Any]:
    def act() -> None:
        reason = _reason(form, f"grund_{entry_id}")
        bank_import.set_aside(session, clerk.town, entry_id, reason, by(clerk))

    return _settle(request, session, clerk, now, form, entry_id, act)


@at_desk.post("/kasse/bewegung/{entry_id:uuid}/ruecknahme", CASH, N_("Zuordnung vom Kontoauszug zurückgenommen"))
def undo(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, entry_id: FromPath[UUID]
) -> Response[Any]:
    def act() -> None:
        reason = _reason(form, f"grund_{entry_id}")
        bank_undoing.undo(session, clerk.town, entry_id, reason, now, by(clerk))

    return _settle(request, session, clerk, now, form, entry_id, act)


def _settle(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    form: Form,
    entry_id: UUID,
    act: Callable[[], None],
) -> Response[Any]:
    """Do what a cashier decided about an entry, and go back to the page on which that was."""
    file_id = bank_import.entry_of(session, clerk.town, entry_id).file_id
    on_file = bool(form.get("auf_auszug"))

    def of_entry(fields: dict[str, str]) -> dict[str, str]:
        return {name if name.endswith(f"_{entry_id}") else f"{name}_{entry_id}": x for name, x in fields.items()}

    def again(status: int, **told: Any) -> Response[Any]:
        if on_file:
            return _show_file(request, session, clerk, now, file_id, status, **told)
        return _show(request, session, clerk, now, status, **told)

    try:
        with session.begin_nested():
            act()
    except Invalid as fault:
        labels = of_entry({"buchung": _("Von Hand zuordnen"), "grund": _("Grund")})
        return again(422, faults=of_entry(fault.fields), typed=dict(form) | of_entry(fault.values), labels=labels)
    except Refused as refusal:
        return again(refusal.status, refused=refusal.sentence)
    back = f"{PAGE}/{file_id}" if on_file else PAGE
    return redirect(request, f"{clerk.desk}/{back}?erledigt=ja")


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    number = get_number(request, "seite")
    files, more = bank_lines.files(session, clerk.town, number)
    return show(
        request,
        clerk,
        "desk/statements.html",
        now,
        status,
        lines=bank_lines.waiting(session, clerk.town, now),
        preview=False,
        files=files,
        number=number,
        more=more,
        failed=bank_lines.failed(session, clerk.town, now - TOLD_FOR),
        states=_states(),
        **{"before": None} | _NOTHING_WRONG | context,
    )


def _show_known(
    request: Request, session: Session, clerk: Clerk, now: datetime, known: bank_import.KnownFile
) -> Response[Any]:
    """Beside the field: the same file is there already, and where."""
    faults = {"datei": known.sentence}
    return _show(request, session, clerk, now, 422, faults=faults, before=known.file_id)


def _show_preview(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    name: str,
    content: bytes,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    """What an import would do."""

    def act() -> dict[str, Any]:
        made = bank_import.bring_in(session, clerk.town, name, content, now, clerk.name, any_account=True)
        return {
            "file": made.file,
            "known": made.known,
            "pending": made.pending,
            "lines": bank_lines.lines(session, clerk.town, made.entries, now),
            "strange": [iban.readable(each) for each in made.strange],
        }

    try:
        found = bank_import.rehearse(session, act)
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields)
    except bank_import.KnownFile as known:
        return _show_known(request, session, clerk, now, known)
    return show(
        request,
        clerk,
        "desk/statement.html",
        now,
        status,
        preview=True,
        states=_states(),
        packed=b64encode(zlib.compress(content)).decode(),
        file_name=name,
        **_NOTHING_WRONG | context | found,
    )


def _show_file(
    request: Request, session: Session, clerk: Clerk, now: datetime, file_id: UUID, status: int = 200, **context: Any
) -> Response[Any]:
    file = session.scalar(select(BankFile).where(BankFile.id == file_id, BankFile.municipality_id == clerk.town.id))
    if file is None:
        raise NotFound
    return show(
        request,
        clerk,
        "desk/statement.html",
        now,
        status,
        file=file,
        preview=False,
        lines=bank_lines.of_file(session, clerk.town, file, now),
        states=_states(),
        **{"in_the_way": ""} | _NOTHING_WRONG | context,
    )


def _reason(form: Form, field: str) -> str:
    """Why a cashier does something, for the books. Raises Invalid."""
    return str(getattr(forms.read(form, **{field: forms.text(200)}), field))


def _states() -> dict[str, tuple[str, str]]:
    return {state: (colour, _(words)) for state, (colour, words) in bank_lines.STATES.items()}


def _unpacked(packed: str) -> bytes:
    """The file that the preview had packed into its form. Raises Invalid for what isn't one."""
    try:
        content = zlib.decompressobj().decompress(b64decode(packed, validate=True), LARGEST_FILE + 1)
    except (ValueError, zlib.error):
        raise Invalid({"datei": _("Bitte wählen Sie die Datei noch einmal.")}) from None
    if not content:
        raise Invalid({"datei": _("Bitte wählen Sie eine Datei.")})
    return content


_FORMS = ("zuordnung", "rueckgabe", "beiseite", "ruecknahme")
routes = [
    *(statements_page, preview, bring_in, statement_page, undo_file, assign, accept_return, set_aside, undo),
    leads_back(f"/{PAGE}/vorschau", BOOKS, PAGE),
    leads_back(f"/{PAGE}/{{file_id:uuid}}/ruecknahme", BOOKS, PAGE),
    *(leads_back(f"/kasse/bewegung/{{entry_id:uuid}}/{form}", BOOKS, PAGE) for form in _FORMS),
]
