"""Puts the house together: one Litestar application."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from litestar import Litestar
from litestar.config.allowed_hosts import AllowedHostsConfig
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.exceptions import HTTPException
from litestar.logging import LoggingConfig
from litestar.static_files import create_static_files_router

from buchbar.accounts import api_token_page, appearance
from buchbar.accounts import routes as accounts
from buchbar.app import health, portal
from buchbar.app.assembly import put_together
from buchbar.base.db import Database, connect
from buchbar.base.pages import STATIC
from buchbar.base.settings import Settings
from buchbar.base.web import Watch, show_problem
from buchbar.booking import (
    desk,
    desk_appearance,
    desk_audit,
    desk_retention,
    desk_tariffs,
    feeds,
    mandate_routes,
    owner_routes,
    together,
)
from buchbar.booking import routes as booking
from buchbar.booking.halls import (
    api,
    changing,
    citizen,
    desk_caretaker,
    desk_closing,
    desk_doors,
    desk_halls,
    desk_holidays,
    desk_plans,
    desk_requests,
    desk_room,
    desk_round_plan,
    desk_round_wishes,
    desk_rounds,
    desk_series,
    season_pages,
    series_page,
    series_routes,
    taking,
    watch_pages,
)
from buchbar.booking.halls import desk_statistics as halls_statistics
from buchbar.booking.halls import entering as halls_entering
from buchbar.booking.halls import routes as halls
from buchbar.booking.weddings import (
    attaching,
    couple,
    desk_calendar_file,
    desk_openings,
    desk_pictures,
    desk_registrars,
    desk_sites,
    desk_venues,
    entering,
)
from buchbar.booking.weddings import routes as weddings
from buchbar.doors import routes as doors
from buchbar.notices import routes as notices
from buchbar.payments import routes as payments
from buchbar.resources import routes as resources

FOLDERS: list[Any] = [
    portal,
    health,
    accounts,
    notices,
    payments,
    doors,
    booking,
    together,
    owner_routes,
    mandate_routes,
    feeds,
    desk,
    desk_tariffs,
    desk_retention,
    desk_appearance,
    desk_audit,
    appearance,
    weddings,
    couple,
    attaching,
    entering,
    resources,
    desk_venues,
    desk_pictures,
    desk_sites,
    desk_registrars,
    desk_openings,
    desk_calendar_file,
    halls,
    series_routes,
    series_page,
    desk_series,
    watch_pages,
    api,
    api_token_page,
    taking,
    citizen,
    changing,
    desk_halls,
    desk_doors,
    desk_requests,
    desk_room,
    halls_entering,
    desk_holidays,
    desk_plans,
    desk_caretaker,
    halls_statistics,
    desk_closing,
    season_pages,
    desk_rounds,
    desk_round_wishes,
    desk_round_plan,
]
MOST_BYTES = 1_000_000


def now() -> datetime:
    """The clock. Everybody else is told the time."""
    return datetime.now(UTC)


def create_app(
    settings: Settings, *, clock: Callable[[], datetime] = now, database: Database | None = None, jobs: bool = False
) -> Litestar:
    """The application. Tests give ``database`` and ``clock``; ``jobs`` runs the scheduler in this process."""
    database = database or Database(connect(settings.database_url, pool=settings.pool), settings=settings)
    put_together()

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> Any:
        if not jobs:
            yield
            return
        from buchbar.app.jobs import scheduler

        running = scheduler(database, settings, clock)
        running.start()
        try:
            yield
        finally:
            running.shutdown(wait=False)

    app = Litestar(
        route_handlers=[
            *(handler for folder in FOLDERS for handler in folder.routes),
            *_static(),
        ],
        state=State({"settings": settings, "database": database, "clock": clock}),
        exception_handlers={HTTPException: show_problem, Exception: show_problem},
        csrf_config=CSRFConfig(
            secret=settings.secret, cookie_secure=settings.secure, cookie_httponly=True, cookie_samesite="lax"
        ),
        allowed_hosts=AllowedHostsConfig(allowed_hosts=list(settings.allowed_hosts)),
        request_max_body_size=MOST_BYTES,
        logging_config=LoggingConfig(configure_root_logger=False, log_exceptions="never"),
        openapi_config=None,
        lifespan=[lifespan],
    )
    # Around the router too, which answers unknown addresses without any middleware of Litestar's.
    app.asgi_handler = Watch(settings)(app.asgi_handler)
    return app


def _static() -> list[Any]:
    for_ever = CacheControlHeader(max_age=31536000, immutable=True, public=True)
    return [
        create_static_files_router(
            f"/{name}", [folder], name=name, cache_control=for_ever, opt={"exclude_from_csrf": True}
        )
        for name, folder in STATIC.items()
        if folder.is_dir()
    ]
