"""The worker that sends letters by SMTP (RFC 5321), as messages that mail programs and calendars understand."""

import smtplib
import ssl
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

from buchbar.base.db import Database
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.notices.models import Letter
from buchbar.notices.outbox import Hopeless, NotYet

TIMEOUT = 15  # seconds for each step of the conversation with the mail server


def deliver(database: Database, letter_id: UUID, now: datetime) -> None:
    """Send a letter, once it has been written. Bears repeating: after a crash between sending and writing it down,
    the letter goes out again with the same Message-ID. Raises NotYet and Hopeless (notices/outbox.py)."""
    settings: Settings = database.info["settings"]
    with database.read() as session:
        letter = session.get(Letter, letter_id)
    if letter is None or letter.sent_at:
        return  # deleted with its booking, or sent by a worker who was too slow to say so
    if settings.smtp_url:
        _send(urlsplit(settings.smtp_url), message(letter, settings.mail_from))
    elif not settings.demo:
        raise NotYet(_("Es ist kein Mailserver eingestellt."))
    with database.write() as session:
        session.get_one(Letter, letter_id).sent_at = now


def message(letter: Letter, mail_from: str) -> EmailMessage:
    """The letter as an e-mail: text, HTML and calendar as alternatives, the calendar file attached (RFC 6047).

    It comes from our own address in the office's name, and answers go to the office. Raises Hopeless for an address
    that can't be written into a header.
    """
    made = EmailMessage(policy=SMTP)
    made["Subject"] = letter.subject
    made["From"] = _from(letter.reply_to, mail_from)
    made["To"] = _address(letter.to_address)
    if letter.reply_to:
        made["Reply-To"] = letter.reply_to
    made["Date"] = format_datetime(letter.written_at)
    made["Message-ID"] = letter.message_id
    # No holiday notices and no automatic answers, please (RFC 3834; the second for Exchange).
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(letter.text, cte="quoted-printable")
    made.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter.calendar:
        _add_calendar(made, letter.calendar, letter.calendar_method or "PUBLISH")
    # Last: while the parts are made, headers that begin with Content- wander into the first of them.
    made["Content-Language"] = letter.language
    return made


def _add_calendar(made: EmailMessage, calendar: str, method: str) -> None:
    name = {"name": "termin.ics"}
    made.add_alternative(calendar, subtype="calendar", params={"method": method} | name, cte="base64")
    made.add_attachment(calendar.encode(), maintype="application", subtype="ics", filename="termin.ics")


def _from(reply_to: str, mail_from: str) -> Address:
    own_name, own_address = parseaddr(mail_from)
    office, _office_address = parseaddr(reply_to)
    return Address(office or own_name, addr_spec=own_address)


def _address(typed: str) -> Address:
    """One address, never two; a domain with umlauts in the form that every mail server knows (RFC 5891)."""
    local, _at, domain = typed.rpartition("@")
    try:
        return Address(addr_spec=f"{local}@{domain.encode('idna').decode()}")
    except (ValueError, IndexError, MessageError) as fault:
        raise Hopeless(_("Die E-Mail-Adresse ist nicht brauchbar.")) from fault


def _send(server: SplitResult, letter: EmailMessage) -> None:
    try:
        with _connection(server) as smtp:
            _hand_over(smtp, letter)
    except smtplib.SMTPResponseException as refusal:
        raise NotYet(_("Der Mailserver nimmt nichts an (%d).") % refusal.smtp_code) from refusal
    except (smtplib.SMTPException, OSError) as fault:
        raise NotYet(_("Der Mailserver ist nicht zu erreichen (%s).") % type(fault).__name__) from fault


def _hand_over(smtp: smtplib.SMTP, letter: EmailMessage) -> None:
    """What the server says of the address itself."""
    try:
        smtp.send_message(letter)
    except smtplib.SMTPRecipientsRefused as refusal:
        code = next(iter(refusal.recipients.values()))[0]
        if code >= 500:
            raise Hopeless(_("Der Mailserver nimmt die E-Mail-Adresse nicht an (%d).") % code) from refusal
        raise NotYet(_("Der Mailserver nimmt die E-Mail-Adresse gerade nicht an (%d).") % code) from refusal
    except smtplib.SMTPNotSupportedError as fault:
        raise Hopeless(_("Der Mailserver kann mit dieser Art von E-Mail-Adresse nicht umgehen.")) from fault


def _connection(server: SplitResult) -> smtplib.SMTP:
    """A greeted mail server. Encrypted by smtps://, else by STARTTLS where it is offered; a password never goes out
    unencrypted."""
    host, trusted = server.hostname or "", ssl.create_default_context()
    smtp: smtplib.SMTP
    if server.scheme == "smtps":
        smtp = smtplib.SMTP_SSL(host, server.port or 465, timeout=TIMEOUT, context=trusted)
    else:
        smtp = smtplib.SMTP(host, server.port or 25, timeout=TIMEOUT)
    try:
        smtp.ehlo()
        if server.scheme == "smtp" and smtp.has_extn("starttls"):
            smtp.starttls(context=trusted)
            smtp.ehlo()
        elif server.scheme == "smtp" and server.username:
            raise NotYet(_("Der Mailserver bietet keine Verschlüsselung an; das Kennwort wurde nicht gesendet."))
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
    except BaseException:
        smtp.close()
        raise
    return smtp
