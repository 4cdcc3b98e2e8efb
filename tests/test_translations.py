"""Every text that people read exists in English too, with the same placeholders."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
FOLDERS = ["base", "calendar", "notices", "accounts", "resources", "payments", "doors", "booking", "app", "templates"]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What the code and the templates say, collected just now."""
    collected = tmp_path_factory.mktemp("texts") / "messages.pot"
    command = ["-m", "babel.messages.frontend", "--quiet", "extract", "-F", "pyproject.toml", f"--output={collected}"]
    subprocess.run([sys.executable, *command, *FOLDERS], cwd=ROOT, check=True)
    with collected.open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="module")
def english() -> Catalog:
    with (ROOT / "locale" / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def forms(text: object) -> list[str]:
    return [each for each in (text if isinstance(text, list | tuple) else [text]) if each]


def test_every_text_is_translated(texts: Catalog, english: Catalog) -> None:
    missing = [
        message.id
        for message in texts
        if message.id
        and not (
            (known := english.get(message.id, message.context)) and all(forms(known.string)) and forms(known.string)
        )
    ]
    assert missing == [], f"{len(missing)} texts lack their English: run `make messages`, then translate"


def test_nothing_is_translated_that_nobody_says(texts: Catalog, english: Catalog) -> None:
    assert [message.id for message in english if message.id and texts.get(message.id, message.context) is None] == []


def test_translations_keep_the_placeholders(english: Catalog) -> None:
    for message in english:
        if message.id:
            wanted = set(PLACEHOLDER.findall(forms(message.id)[-1]))
            for translation in forms(message.string)[-1:]:
                assert set(PLACEHOLDER.findall(translation)) == wanted, message.id


def test_no_translation_is_guessed(english: Catalog) -> None:
    assert [message.id for message in english if message.fuzzy and message.id] == []
