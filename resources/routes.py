"""The photographs of venues, for everybody. An address names one picture for ever, so it may be kept for ever."""

import re
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.base.errors import NotFound
from buchbar.base.web import get_and_head
from buchbar.resources.pictures import image_of

_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(gross|klein)\.jpg")


@get_and_head("/bild/{name:str}", opt={"exclude_from_csrf": True})
def picture(request: Request, session: Session, name: FromPath[str]) -> Response[Any]:
    named = _NAME.fullmatch(name)
    if named is None:
        raise NotFound
    content = image_of(session, UUID(named[1]), named[2])
    if content is None:
        raise NotFound
    tag = f'"{named[1]}-{named[2]}"'
    headers = {"cache-control": "public, max-age=31536000, immutable", "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers, media_type="image/jpeg")
    return Response(content, headers=headers, media_type="image/jpeg")


routes = [picture]
