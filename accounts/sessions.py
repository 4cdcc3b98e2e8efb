"""A clerk's sessions: since when, last seen, and how they are ended from another one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk, SignIn
from buchbar.accounts.sign_in import IDLE, token_print
from buchbar.base.errors import NotFound


def sessions_of(session: Session, clerk: Clerk, now: datetime) -> Sequence[SignIn]:
    """Those that haven't ended, the one that was seen last first."""
    alive = SignIn.clerk_id == clerk.id, SignIn.seen_at > now - IDLE, SignIn.ends_at > now
    return session.scalars(select(SignIn).where(*alive).order_by(SignIn.seen_at.desc(), SignIn.token_print)).all()


def end(session: Session, clerk: Clerk, printed: str) -> None:
    """End one of the clerk's own sessions, named by what the table keeps of its cookie. Raises NotFound."""
    own = SignIn.clerk_id == clerk.id, SignIn.token_print == printed
    if session.scalar(delete(SignIn).where(*own).returning(SignIn.clerk_id)) is None:
        raise NotFound


def keep_only(session: Session, clerk: Clerk, token: str) -> None:
    """End all sessions but the one of this cookie, which has now passed the second factor."""
    own = token_print(session, token)
    session.execute(delete(SignIn).where(SignIn.clerk_id == clerk.id, SignIn.token_print != own))
    session.get_one(SignIn, own).strong = True
