"""All tables: importing this file makes every model known."""

from buchbar.accounts import api_tokens, clubs, people
from buchbar.accounts import models as accounts
from buchbar.base import limits, once
from buchbar.base.db import Base
from buchbar.booking import api_answers, attach, files, notes
from buchbar.booking import models as booking
from buchbar.booking.halls import models as halls
from buchbar.booking.weddings import models as weddings
from buchbar.doors import models as doors
from buchbar.notices import models as notices
from buchbar.notices import wordings
from buchbar.payments import cash_book, dunning, mandates, rules, statements
from buchbar.payments import models as payments
from buchbar.resources import halls as hall_resources
from buchbar.resources import models as resources

TABLES = (
    accounts, api_answers, api_tokens, attach, booking, cash_book, clubs, doors, dunning, files, hall_resources, halls,
    limits, mandates, notes, notices, once, payments, people, resources, rules, statements, weddings, wordings,
)  # fmt: skip
metadata = Base.metadata
