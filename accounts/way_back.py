"""Back to the page that one wanted when the session had ended: ``weiter`` in the address of the sign-in page.

It is believed only if it is a page of the town's own desk, whoever made the link.
"""

import re
from urllib.parse import urlencode, urlsplit

from litestar import Request

from buchbar.base.web import is_htmx

_LONGEST = 600


def asked_for(request: Request, town_slug: str) -> str:
    """The query by which the sign-in page learns where to go on to; empty after a form, which can't be repeated.

    A fragment that HTMX wanted stands for the page that wanted it.
    """
    if is_htmx(request):
        current = urlsplit(request.headers.get("hx-current-url", ""))
        wanted = current.path + (f"?{current.query}" if current.query else "")
    elif request.method == "GET":
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    else:
        return ""
    page = believed(wanted, town_slug)
    return "" if page == f"/{town_slug}/amt" else "?" + urlencode({"weiter": page})


def believed(wanted: str, town_slug: str) -> str:
    """The page, if it is one of the town's desk; otherwise the desk itself."""
    desk = f"/{town_slug}/amt"
    path, _mark, query = wanted.partition("?")
    plain = re.fullmatch(rf"{re.escape(desk)}(/[A-Za-z0-9_.-]+)*", path) and ".." not in path
    signing_in = path.startswith((f"{desk}/anmelden", f"{desk}/abmelden"))
    if not plain or signing_in or len(wanted) > _LONGEST or not re.fullmatch(r"[!-~]*", query) or "\\" in query:
        return desk
    return wanted
