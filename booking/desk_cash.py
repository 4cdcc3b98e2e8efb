"""The cashier's desk: the page that leads to all of it."""

from datetime import datetime
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, CASH, may
from buchbar.base.texts import N_, _
from buchbar.booking import (
    cash_waiting,
    desk_accounting,
    desk_books,
    desk_credit,
    desk_dunning,
    desk_money_letters,
    desk_money_lists,
    desk_open_items,
    desk_refunds,
    desk_sepa,
    desk_statements,
    findings,
)
from buchbar.booking.desk_frame import show

# Where it is (below the desk), how it is called, what it is for, and the right that it takes to see it.
PAGES: tuple[tuple[str, str, str, str], ...] = (
    (
        "kasse/kassenbuch",
        N_("Kassenbuch"),
        N_("Was am Schalter eingenommen und ausgezahlt wurde, und der Abschluss jedes Tages."),
        BOOKS,
    ),
    (
        "kasse/offen",
        N_("Offene Posten"),
        N_("Was noch zu zahlen ist und seit wann, was zurückgeht, und was dabei nicht geklappt hat."),
        BOOKS,
    ),
    (
        "kasse/mahnlauf",
        N_("Mahnlauf"),
        N_("Wer heute an eine Zahlung erinnert würde, und wer warum nicht; danach gehen die Schreiben hinaus."),
        CASH,
    ),
    (
        "kasse/briefe",
        N_("Briefe zu drucken"),
        N_("Mahnungen und andere Schreiben über Geld an alle, die keine E-Mail-Adresse haben."),
        CASH,
    ),
    (
        "kasse/auszuege",
        N_("Kontoauszüge"),
        N_("Überweisungen aus den Auszügen Ihrer Bank übernehmen und zuordnen, was nicht von selbst passt."),
        BOOKS,
    ),
    (
        "kasse/lastschriften",
        N_("Lastschriften"),
        N_("Von Konten einziehen, für die ein Mandat da ist: ankündigen, Datei für die Bank, Mandate."),
        BOOKS,
    ),
    (
        "kasse/rueckueberweisungen",
        N_("Rücküberweisungen"),
        N_("Was auf Bankkonten zurückgeht: Konto prüfen oder eintragen, Datei für die Bank."),
        BOOKS,
    ),
    (
        "kasse/monat",
        N_("Monatsabschluss"),
        N_("Was in einem Monat berechnet, eingenommen und erstattet wurde, und der Stand am Ende."),
        BOOKS,
    ),
    (
        "kasse/export",
        N_("Export für die Buchhaltung"),
        N_("Forderungen und Zahlungen eines Zeitraums als Datei, mit den Spalten Ihres Finanzverfahrens."),
        BOOKS,
    ),
)


@at_desk.get("/kasse", BOOKS)
def cash_page(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    pages = [(each[0], _(each[1]), _(each[2])) for each in PAGES if may(clerk.role, each[3])]
    return show(
        request,
        clerk,
        "desk/cash.html",
        now,
        pages=pages,
        waiting=cash_waiting.waiting(session, clerk),
        findings=findings.shown(session, clerk, now),
    )


routes = [
    cash_page,
    *desk_books.routes,
    *desk_accounting.routes,
    *desk_sepa.routes,
    *desk_open_items.routes,
    *desk_dunning.routes,
    *desk_credit.routes,
    *desk_money_letters.routes,
    *desk_money_lists.routes,
    *desk_refunds.routes,
    *desk_statements.routes,
]
