"""Documents as PDF, accessible (PDF/UA-1), made from Typst templates in ``templates/documents/``.

A template reads its data with ``#let data = json(bytes(sys.inputs.data))``; what stands in the data is text and never
markup. The templates import ``frame.typ``, which sets page, fonts and language.
"""

import json
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import typst

from buchbar.base import texts
from buchbar.base.settings import ROOT
from buchbar.base.web import Response

DOCUMENTS = ROOT / "templates" / "documents"
_one_at_a_time = threading.Lock()  # a compiler remembers its files and its input, so only one thread may use it


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    """Fonts are read once, and only Typst's own: a document looks the same on every machine."""
    return typst.Compiler(root=str(DOCUMENTS), ignore_system_fonts=True)


def pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """The document ``templates/documents/{template}.typ`` with this data (what JSON can say), in the reader's
    language, as the key ``language``."""
    given = json.dumps({"language": texts.language.get(), **data}, ensure_ascii=False)
    with _one_at_a_time:
        made = _compiler().compile(
            str(DOCUMENTS / f"{template}.typ"), format="pdf", sys_inputs={"data": given}, pdf_standards=["ua-1"]
        )
    assert isinstance(made, bytes)  # noqa: S101 - only images come page by page
    return made


def pdf_answer(name: str, content: bytes, *, inline: bool = True) -> Response[bytes]:
    """A PDF for the browser; ``name`` is the file's name in ASCII, without its ending."""
    how = "inline" if inline else "attachment"
    headers = {"content-disposition": f'{how}; filename="{name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
