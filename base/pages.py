"""Templates: one Jinja environment, the filters for people, and asset addresses that change with their content."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.template.base import csrf_token
from markupsafe import Markup

from buchbar.base import texts
from buchbar.base.settings import ROOT

# Where static files come from: ours, and the third-party ones that `make` fetches.
STATIC = {"static": ROOT / "static", "vendor": ROOT / "var" / "vendor"}


def environment() -> Environment:
    """The Jinja environment: everything escaped, an unknown name is a bug."""
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_callables(texts._, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(
        euros=texts.euros,
        day=texts.day,
        month=texts.month,
        weekday=texts.weekday,
        clock=texts.clock,
        moment=texts.moment,
        until=texts.until,
        translated=texts._,
    )
    made.globals.update(asset=asset, languages=texts.LANGUAGES, version=version("buchbar"))
    return made


def render(request: Request | None, template: str, **context: Any) -> str:
    """Render a template; pages get the request, the CSRF field and the reader's language with it."""
    context["language"] = texts.language.get()
    if request is not None:
        context["request"] = request
        context["settings"] = request.app.state.settings
        context["csrf"] = lambda: _csrf_field(request)
        context["csrf_token"] = lambda: csrf_token({"request": request})
    return _environment.get_template(template).render(**context)


def put_in(name: str, function: Callable[..., object]) -> None:
    """Let every page call a function that this folder knows nothing of."""
    _environment.globals[name] = function


def _csrf_field(request: Request) -> Markup:
    return Markup('<input type="hidden" name="_csrf_token" value="{}">').format(csrf_token({"request": request}))


@lru_cache(maxsize=256)
def asset(path: str) -> str:
    """The address of a static file ("static/app.css"), with a fingerprint so that it may be kept for ever."""
    folder, _slash, name = path.partition("/")
    file: Path = STATIC[folder] / name
    version = hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "0"
    return f"/{path}?v={version}"


_environment = environment()
