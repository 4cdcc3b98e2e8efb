"""Settings are checked once, at start, and each fault has its sentence."""

import pytest

from buchbar.base.settings import DEMO_SECRET, Misconfigured, from_environment

PRODUCTION = {
    "BUCHBAR_MODE": "production",
    "BUCHBAR_BASE_URL": "https://termine.diepholz.example",
    "BUCHBAR_DATABASE_URL": "postgresql://buchbar@db/buchbar",
    "BUCHBAR_SECRET": "3f" * 20,
    "BUCHBAR_STRIPE_KEY": "sk_live_1",
    "BUCHBAR_STRIPE_WEBHOOK_SECRET": "whsec_1",
    "BUCHBAR_SMTP_URL": "smtps://post:geheim@mail.diepholz.example:465",
    "BUCHBAR_MAIL_FROM": "Stadt Diepholz <termine@diepholz.example>",
}


def test_without_any_setting_it_can_be_tried_out():
    settings = from_environment({})
    assert settings.demo and settings.database_url.startswith("sqlite:///")
    assert settings.base_url == "http://127.0.0.1:8000" and not settings.secure
    assert settings.payment_origin == "http://127.0.0.1:8001"


def test_another_port_moves_everything_with_it():
    settings = from_environment({"BUCHBAR_PORT": "8080"})
    assert settings.base_url == "http://127.0.0.1:8080" and settings.stripe_url == "http://127.0.0.1:8081"
    assert "127.0.0.1:8080" in settings.allowed_hosts


def test_real_use_starts_when_everything_is_set():
    settings = from_environment(PRODUCTION)
    assert not settings.demo and settings.secure and settings.stripe_url == ""
    assert settings.payment_origin == "https://checkout.stripe.com"
    assert settings.allowed_hosts[0] == "termine.diepholz.example"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("BUCHBAR_MODE", "test", "BUCHBAR_MODE is 'test', but must be 'demo' or 'production'."),
        ("BUCHBAR_PORT", "0", "BUCHBAR_PORT is '0', but must be a whole number from 1 to 65535."),
        ("BUCHBAR_PORT", "8000x", "BUCHBAR_PORT is '8000x'"),
        ("BUCHBAR_PORT", "٨", "whole number"),
        ("BUCHBAR_POOL", "-1", "BUCHBAR_POOL is '-1'"),
        ("BUCHBAR_STATEMENTS_FOLDER", "/nowhere/at/all", "there is no such folder"),
        ("BUCHBAR_WORKERS", "65", "BUCHBAR_WORKERS is '65', but must be a whole number from 1 to 64."),
        ("BUCHBAR_BASE_URL", "termine.example.de", "BUCHBAR_BASE_URL"),
        ("BUCHBAR_BASE_URL", "https://example.de/termine", "BUCHBAR_BASE_URL"),
        ("BUCHBAR_DATABASE_URL", "mysql://x", "BUCHBAR_DATABASE_URL must begin with"),
        ("BUCHBAR_SMTP_URL", "mail.example.de", "BUCHBAR_SMTP_URL must be like"),
        ("BUCHBAR_SMTP_URL", "smtp://", "BUCHBAR_SMTP_URL must be like"),
    ],
)
def test_a_wrong_setting_has_its_sentence(name, value, sentence):
    with pytest.raises(Misconfigured) as fault:
        from_environment({name: value})
    assert sentence in str(fault.value)


@pytest.mark.parametrize(
    "environ",
    [
        {"BUCHBAR_BASE_URL": "https://termine.example.de"},
        {"BUCHBAR_BASE_URL": "http://127.0.0.1.example.de:8000"},
        {"BUCHBAR_ALLOWED_HOSTS": "localhost:8000, termine.example.de"},
        {"BUCHBAR_ALLOWED_HOSTS": "*"},
    ],
)
def test_the_demonstration_with_its_public_secret_is_refused_for_addresses_on_the_net(environ):
    with pytest.raises(Misconfigured) as fault:
        from_environment(environ)
    assert "without BUCHBAR_MODE=production this is the demonstration" in str(fault.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_demonstration_runs_on_this_machine(host):
    settings = from_environment({"BUCHBAR_BASE_URL": f"http://{host}:9000", "BUCHBAR_PORT": "9000"})
    assert settings.demo and settings.base_url == f"http://{host}:9000"


def test_all_faults_are_told_at_once():
    with pytest.raises(Misconfigured) as fault:
        from_environment({"BUCHBAR_PORT": "x", "BUCHBAR_POOL": "x", "BUCHBAR_MODE": "x"})
    assert len(str(fault.value).splitlines()) >= 3


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("BUCHBAR_SECRET", DEMO_SECRET, "BUCHBAR_SECRET must be set"),
        ("BUCHBAR_SECRET", "short", "BUCHBAR_SECRET must be set"),
        ("BUCHBAR_SECRET", None, "BUCHBAR_SECRET must be set"),
        ("BUCHBAR_STRIPE_KEY", None, "must be your own"),
        ("BUCHBAR_STRIPE_WEBHOOK_SECRET", None, "must be your own"),
        ("BUCHBAR_STRIPE_URL", "http://127.0.0.1:8001", "stand-in for Stripe"),
        ("BUCHBAR_SMTP_URL", None, "BUCHBAR_SMTP_URL is missing"),
        ("BUCHBAR_MAIL_FROM", None, "BUCHBAR_MAIL_FROM"),
        ("BUCHBAR_MAIL_FROM", "termine@example.org", "BUCHBAR_MAIL_FROM"),
        ("BUCHBAR_BASE_URL", "http://termine.diepholz.example", "must begin with https://"),
    ],
)
def test_real_use_refuses_what_is_only_for_trying_out(name, value, sentence):
    environment = {key: each for key, each in (PRODUCTION | {name: value}).items() if each is not None}
    with pytest.raises(Misconfigured) as fault:
        from_environment(environment)
    assert sentence in str(fault.value) and len(str(fault.value).splitlines()) == 1


def test_no_fault_repeats_a_secret():
    with pytest.raises(Misconfigured) as fault:
        from_environment(PRODUCTION | {"BUCHBAR_SECRET": "geheim", "BUCHBAR_STRIPE_URL": "http://x"})
    assert "geheim" not in str(fault.value)
