"""All tables: importing this file makes every model known."""

from buchbar.accounts import models as accounts
from buchbar.base import limits, once
from buchbar.base.db import Base
from buchbar.booking import attach, files, notes
from buchbar.booking import models as booking
from buchbar.booking.weddings import models as weddings
from buchbar.notices import models as notices
from buchbar.notices import wordings
from buchbar.payments import cash_book, dunning, mandates, rules, statements
from buchbar.payments import models as payments
from buchbar.resources import models as resources

TABLES = (
    accounts, attach, booking, cash_book, dunning, files, limits, mandates, notes, notices, once, payments, resources,
    rules, statements, weddings, wordings,
)  # fmt: skip
metadata = Base.metadata
