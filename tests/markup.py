"""Reads templates the way a browser under our Content-Security-Policy would, for test_house.py."""

import re
from html.parser import HTMLParser


class Markup(HTMLParser):
    """Collects what the Content-Security-Policy refuses, and what would be loaded from elsewhere."""

    def __init__(self, *, letter: bool) -> None:
        super().__init__()
        self.letter = letter  # mail programs know styles in the text only
        self.faults: list[str] = []
        self.open_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: (value or "").strip() for name, value in attrs}
        self.open_script = tag == "script"
        if tag == "script" and "src" not in given:
            self.fault("a <script> without src: put the code into static/")
        if tag == "style" and not self.letter:
            self.fault("a <style>: put it into static/")
        for name, value in given.items():
            if re.match(r"on[a-z]|hx-on", name) or value.lower().startswith(("javascript:", "js:")):
                self.fault(f"code in {name}=: put it into static/")
            if name == "style" and not self.letter:
                self.fault("style=: use a class")
            loads = name in ("src", "srcset", "poster", "data", "action", "formaction") or (tag, name) == (
                "link",
                "href",
            )
            if loads and re.match(r"(https?:)?//", value):
                self.fault(f"{name}={value}: nothing is loaded from other hosts")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open_script = False

    def handle_endtag(self, tag: str) -> None:
        self.open_script = False

    def handle_data(self, data: str) -> None:
        if self.open_script and data.strip():
            self.fault("code between <script> and </script>: put it into static/")

    def fault(self, text: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: {text}")


def faults_in(page: str, *, letter: bool = False) -> list[str]:
    markup = Markup(letter=letter)
    # Jinja becomes a word of the same number of lines, so that its quotes don't confuse the parser.
    markup.feed(
        re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", lambda m: "jinja" + "\n" * m[0].count("\n"), page, flags=re.S)
    )
    markup.close()
    return markup.faults
