"""Settings come from the environment and are checked once, at start, with a sentence for what is wrong."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEMO_SECRET = "demonstration-secret-not-for-real-use"  # noqa: S105
DEMO_STRIPE_KEY = "sk_test_demonstration"
DEMO_WEBHOOK_SECRET = "whsec_demonstration"  # noqa: S105


class Misconfigured(Exception):
    """The program can't start like this; the message says which variable and why, one per line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation is set up. ``demo`` is for trying out: stand-ins for payment and mail, on loopback."""

    demo: bool
    database_url: str
    base_url: str
    port: int
    workers: int
    secret: str
    allowed_hosts: tuple[str, ...]
    smtp_url: str
    mail_from: str
    stripe_key: str
    stripe_webhook_secret: str
    stripe_url: str
    pool: int
    metrics_token: str = ""
    statements_folder: Path | None = None
    door_hosts: tuple[str, ...] = ()  # inner hosts that doors' locks may be spoken to at

    @property
    def secure(self) -> bool:
        """Whether citizens reach us by https, so that cookies may say so."""
        return self.base_url.startswith("https://")

    @property
    def payment_origin(self) -> str:
        """Where the hosted payment page lives: a form of ours may redirect there."""
        if self.stripe_url:
            return "{0.scheme}://{0.netloc}".format(urlsplit(self.stripe_url))
        return "https://checkout.stripe.com"


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read ``BUCHBAR_*``. Raises Misconfigured with every fault at once."""
    faults: list[str] = []

    def number(name: str, default: int, low: int, high: int) -> int:
        text = environ.get(name, "") or str(default)
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        faults.append(f"{name} is {text!r}, but must be a whole number from {low} to {high}.")
        return default

    mode = environ.get("BUCHBAR_MODE", "demo")
    if mode not in ("demo", "production"):
        faults.append(f"BUCHBAR_MODE is {mode!r}, but must be 'demo' or 'production'.")
    port = number("BUCHBAR_PORT", 8000, 1, 65535)
    base_url = environ.get("BUCHBAR_BASE_URL", f"http://127.0.0.1:{port}").rstrip("/")
    address = urlsplit(base_url)
    if address.scheme not in ("http", "https") or not address.netloc or address.path:
        faults.append(f"BUCHBAR_BASE_URL is {base_url!r}, but must be like 'https://termine.example.de'.")
    database_url = environ.get("BUCHBAR_DATABASE_URL", f"sqlite:///{ROOT / 'var' / 'buchbar.sqlite'}")
    if not database_url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        faults.append("BUCHBAR_DATABASE_URL must begin with 'sqlite:///' or 'postgresql://'.")
    folder = environ.get("BUCHBAR_STATEMENTS_FOLDER", "")
    if folder and not Path(folder).is_dir():
        faults.append(f"BUCHBAR_STATEMENTS_FOLDER is {folder!r}, but there is no such folder.")
    smtp_url = environ.get("BUCHBAR_SMTP_URL", "")
    if smtp_url and (urlsplit(smtp_url).scheme not in ("smtp", "smtps") or not urlsplit(smtp_url).hostname):
        faults.append("BUCHBAR_SMTP_URL must be like 'smtp://user:password@mail.example.de:587' (or smtps://…:465).")
    own_host = address.netloc or "127.0.0.1"
    hosts = tuple(host.strip() for host in environ.get("BUCHBAR_ALLOWED_HOSTS", "").split(",") if host.strip())
    settings = Settings(
        demo=mode == "demo",
        database_url=database_url,
        base_url=base_url,
        port=port,
        workers=number("BUCHBAR_WORKERS", 1, 1, 64),
        secret=environ.get("BUCHBAR_SECRET", DEMO_SECRET),
        allowed_hosts=hosts or (own_host, f"127.0.0.1:{port}", f"localhost:{port}"),
        smtp_url=smtp_url,
        mail_from=environ.get("BUCHBAR_MAIL_FROM", "Buchbar <buchbar@example.org>"),
        stripe_key=environ.get("BUCHBAR_STRIPE_KEY", DEMO_STRIPE_KEY),
        stripe_webhook_secret=environ.get("BUCHBAR_STRIPE_WEBHOOK_SECRET", DEMO_WEBHOOK_SECRET),
        stripe_url=environ.get("BUCHBAR_STRIPE_URL", f"http://127.0.0.1:{port + 1}" if mode == "demo" else ""),
        pool=number("BUCHBAR_POOL", 10, 1, 200),
        metrics_token=environ.get("BUCHBAR_METRICS_TOKEN", ""),
        statements_folder=Path(folder) if folder else None,
        door_hosts=tuple(host.strip() for host in environ.get("BUCHBAR_DOOR_HOSTS", "").split(",") if host.strip()),
    )
    faults += _open_to_the_net(settings) if settings.demo else _unfit_for_production(settings)
    if faults:
        raise Misconfigured("\n".join(faults))
    return settings


def _open_to_the_net(settings: Settings) -> list[str]:
    """The demonstration's secret is public, and its outgoing mail is open to everybody who can reach it."""
    hosts = [urlsplit(settings.base_url).hostname, *(urlsplit(f"//{host}").hostname for host in settings.allowed_hosts)]
    strange = sorted({host or "" for host in hosts} - set(LOOPBACK))
    if not strange:
        return []
    return [
        f"BUCHBAR_BASE_URL and BUCHBAR_ALLOWED_HOSTS name {', '.join(strange)}, but without BUCHBAR_MODE=production "
        f"this is the demonstration, which only this machine may reach ({', '.join(LOOPBACK)})."
    ]


def _unfit_for_production(settings: Settings) -> list[str]:
    faults = []
    if settings.secret == DEMO_SECRET or len(settings.secret) < 32:
        faults.append("BUCHBAR_SECRET must be set to at least 32 random characters of your own.")
    if settings.stripe_key == DEMO_STRIPE_KEY or settings.stripe_webhook_secret == DEMO_WEBHOOK_SECRET:
        faults.append("BUCHBAR_STRIPE_KEY and BUCHBAR_STRIPE_WEBHOOK_SECRET must be your own, not the demonstration's.")
    if settings.stripe_url:
        faults.append("BUCHBAR_STRIPE_URL points to a stand-in for Stripe; leave it empty in production.")
    if not settings.smtp_url:
        faults.append("BUCHBAR_SMTP_URL is missing: the outbox could not be delivered.")
    if "@example.org" in settings.mail_from:
        faults.append("BUCHBAR_MAIL_FROM must be an address of yours.")
    if not settings.secure:
        faults.append("BUCHBAR_BASE_URL must begin with https://.")
    return faults
