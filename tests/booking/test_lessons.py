"""docs/lessons.md names tests; a lesson whose test is gone would be forgotten."""

import re

import pytest

from tests.source import ROOT

NAMED = re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", sorted({file for file, _name in NAMED}))
def test_every_lesson_names_a_test_that_there_is(file):
    source = ROOT.joinpath("tests", file).read_text(encoding="utf-8")
    gone = [name for where, name in NAMED if where == file and f"def {name}(" not in source]
    assert not gone, f"name the test that keeps the lesson now: {gone}"


def test_the_lessons_are_many():
    assert len(NAMED) > 70
