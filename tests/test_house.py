"""The rules of the house (docs, DESIGN.md sections 3 and 5), kept by reading the code itself.

Each message says what to do. A rule that gets in the way is changed here, in its own commit, with the reason.
"""

import ast
import re
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.markup import faults_in
from tests.source import ROOT, imports, inside, python_files, texts, tree, uses

ORDER = (
    "base", "calendar", "notices", "accounts", "resources", "payments", "doors", "booking", "app",
)  # fmt: skip
BESIDE = ("migrations", "seed_data", "tests", "bench", "docs")  # Python files may live here too
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Whatever tells the time. time.monotonic and time.perf_counter only measure, so they are free.
CLOCKS = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime",
    "sqlalchemy.func.now", "sqlalchemy.func.current_timestamp", "sqlalchemy.func.current_date",
    "sqlalchemy.func.current_time", "sqlalchemy.func.localtimestamp", "sqlalchemy.func.clock_timestamp",
    "sqlalchemy.sql.func.now", "sqlalchemy.sql.func.current_timestamp",
}  # fmt: skip
SQL_CLOCK = re.compile(r"\bcurrent_(timestamp|date|time)\b|\b(now|localtimestamp)\(\)|\bclock_timestamp\b", re.I)
LEFT_OVER = re.compile(
    r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplemented|mark\.(skip|xfail)|pytest\.(skip|importorskip|xfail)\("
)
VAGUE = {"service", "services", "util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}


# --- Layout -----------------------------------------------------------------------------------------------


def test_our_calendar_does_not_shadow_the_standard_library():
    for path in (ROOT / "__init__.py", ROOT / "calendar" / "__init__.py"):
        assert not path.exists(), f"remove {path}: with it `import calendar` finds ours (STACK.md 14)"
    used = "import calendar, email.utils, http.cookiejar; calendar.monthrange(2026, 2)"
    subprocess.run([sys.executable, "-c", used], cwd=ROOT, check=True)


def test_python_files_live_in_the_known_folders():
    strays = [path.name for path in ROOT.glob("*.py")]
    assert not strays, f"move {strays} into a folder: a module in the root would become part of every wheel"
    folders = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and path.name[0] != "." and path.name not in ("var", "build", "dist")
    }
    unknown = {name for name in folders - {*ORDER, *BESIDE} if python_files(name)}
    assert not unknown, f"give {unknown} a place in ORDER, or move the files to where they belong"


def test_every_package_is_listed():
    listed = set(PROJECT["tool"]["setuptools"]["packages"]) - {"buchbar"}
    folders = {path.parent for path in python_files(*ORDER)}
    needed = {".".join(("buchbar", *folder.relative_to(ROOT).parts)) for folder in folders}
    assert needed <= listed, f"add {needed - listed} to tool.setuptools.packages in pyproject.toml"
    gone = {name for name in listed if not ROOT.joinpath(*name.split(".")[1:]).is_dir()}
    assert not gone, f"take {gone} from tool.setuptools.packages in pyproject.toml"
    checked = set(PROJECT["tool"]["mypy"]["packages"])
    unchecked = {name for name in needed if not any(name == c or name.startswith(f"{c}.") for c in checked)}
    assert not unchecked, f"add {unchecked} to tool.mypy.packages in pyproject.toml"


def test_all_that_is_no_python_is_packed_too():
    globs = PROJECT["tool"]["setuptools"]["package-data"]["buchbar"]
    packed = {path for glob in globs for path in ROOT.glob(glob)}
    data = [
        path
        for folder in ("templates", "static", "seed_data", "locale", "migrations")
        for path in (ROOT / folder).rglob("*")
    ]
    missing = [
        inside(path) for path in data if path.is_file() and "__pycache__" not in path.parts and path not in packed
    ]
    assert not missing, f"no glob in tool.setuptools.package-data covers {missing}"


def test_file_names_say_something():
    vague = [inside(path) for path in python_files(*ORDER, *BESIDE) if path.stem.strip("_") in VAGUE]
    assert not vague, f"name {vague} after a verb or a subject of the trade (DESIGN.md 3)"


def test_files_stay_short():
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in python_files(*ORDER, "tests", "bench")}
    for path, lines in lengths.items():
        if lines > 400:
            warnings.warn(f"{inside(path)} has {lines} lines: look for the missing word", stacklevel=1)
    long = {inside(path): lines for path, lines in lengths.items() if lines > 500}
    assert not long, f"split by subject: {long}"


# --- Who may know whom ------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ORDER)
def test_a_folder_imports_only_what_stands_to_its_left(folder):
    known = ORDER[: ORDER.index(folder) + 1]
    wrong = [
        f"{inside(path)}:{line} {name}"
        for path in python_files(folder)
        for line, name in imports(path)
        if name.partition(".")[0] == "buchbar" and not {*name.split(".")[1:2]} & {*known}
    ]
    assert not wrong, f"{folder}/ may import {', '.join(known)} only; hand the rest down as an argument: {wrong}"


def test_nothing_is_imported_under_a_second_name():
    wrong = [
        f"{inside(path)}:{line} {name}"
        for path in python_files(*ORDER, *BESIDE)
        for line, name in imports(path)
        if name.partition(".")[0] in {*ORDER} - {"calendar"}
    ]
    assert not wrong, f"import buchbar.…, otherwise the module exists twice and maps its tables twice: {wrong}"


def test_journeys_know_the_kernel_but_not_each_other():
    booking = ROOT / "booking"
    journeys = (
        {path.name for path in booking.iterdir() if path.is_dir() and path.name != "__pycache__"}
        if booking.exists()
        else set()
    )
    wrong = []
    for path in python_files("booking"):
        own = path.relative_to(booking).parts[0]
        for line, name in imports(path):
            parts = name.split(".")
            if parts[:2] == ["buchbar", "booking"] and {*parts[2:3]} & (journeys - {own}):
                wrong.append(f"{inside(path)}:{line} {name}")
    assert not wrong, f"what two journeys need belongs into booking/ itself, which knows no journey: {wrong}"


def test_only_app_reads_the_clock():
    readers = [folder for folder in (*ORDER, "migrations", "seed_data") if folder != "app"]
    wrong = []
    for path in python_files(*readers):
        wrong += [f"{inside(path)}:{line} {name}" for line, name in uses(path) if name in CLOCKS]
        wrong += [f"{inside(path)}:{line} {text[:40]!r}" for line, text in texts(path) if SQL_CLOCK.search(text)]
    assert not wrong, f"take `now` as an argument (DESIGN.md 4, Time): {wrong}"


def test_nobody_commits():
    wrong = [
        f"{inside(path)}:{node.lineno}"
        for path in python_files(*ORDER, "migrations", "seed_data")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    assert not wrong, f"returning saves, raising undoes; use `with ….begin()` where no request does it: {wrong}"


def test_stripe_is_imported_in_one_file():
    importers = {
        inside(path) for path in python_files(*ORDER) for _, name in imports(path) if name.partition(".")[0] == "stripe"
    }
    assert len(importers) <= 1, f"only one file talks to Stripe, the others ask it: {sorted(importers)}"


# --- Nothing left over, nothing foreign -------------------------------------------------------------------


def test_nothing_is_left_undone():
    files = [path for path in python_files(*ORDER, *BESIDE) if path != Path(__file__)]
    files += [
        path
        for folder in ("templates", "static")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".html", ".txt", ".css", ".js")
    ]
    marks = [
        f"{inside(path)}:{number} {line.strip()[:60]}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LEFT_OVER.search(line)
    ]
    assert not marks, f"do it now or open an issue; a test that is left out proves nothing: {marks}"


@pytest.mark.parametrize(
    "bad",
    [
        '<p style="color: red">',
        "<style>p {}</style>",
        "<script>alert(1)</script>",
        '<script src="/a.js">alert(1)</script>',
        '<button onclick="go()">',
        '<p {% if x %}class="a"{% endif %} hx-on:click="go()">',
        '<a href="javascript:go()">',
        '<img src="//cdn.example.org/a.png">',
        '<link rel="stylesheet" href="https://cdn.example.org/a.css">',
    ],
)
def test_the_reader_of_templates_sees(bad):
    assert faults_in(bad)


def test_the_reader_of_templates_allows_what_is_fine():
    assert not faults_in('<script src="{{ url("a.js") }}" defer></script>')
    assert not faults_in('<p class="{{ "on" if x }}">onclick= <a href="https://kern-ux.de">KERN</a></p>')
    assert not faults_in('<td style="padding: 8px">', letter=True)


def test_templates_hold_no_code_no_styles_and_nothing_from_other_hosts():
    pages = sorted((ROOT / "templates").rglob("*.html"))
    faults = [
        f"{inside(path)} {fault}"
        for path in pages
        for fault in faults_in(path.read_text(encoding="utf-8"), letter="letters" in path.parts)
    ]
    assert not faults, f"the Content-Security-Policy refuses it: {faults}"


def test_styles_and_scripts_load_nothing_from_other_hosts():
    foreign = re.compile(r"""(url\(|@import|import|fetch\(|open\(|=)\s*["'`]?\s*(https?:)?//[a-z]""", re.I)
    files = [path for path in (ROOT / "static").rglob("*") if path.suffix in (".css", ".js")]
    found = [inside(path) for path in files if foreign.search(path.read_text(encoding="utf-8"))]
    assert not found, f"ship it with Buchbar (static/, or assets.txt): {found}"


# --- Locks ------------------------------------------------------------------------------------------------


def locked(name: str) -> dict[str, str]:
    """Name and exact version of each package in a lock."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / name).read_text(), re.M))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "assets.txt"])
def test_a_lock_has_exact_versions_with_hashes_and_names_no_host(name):
    text = re.sub(r"^#.*", "", (ROOT / name).read_text(), flags=re.M)
    entries = [entry for entry in re.split(r"\n(?! )", text) if entry.strip()]
    assert entries
    loose = [
        entry
        for entry in entries
        if not re.match(r"[a-z0-9-]+==\S+( ;[^\\]+)?(\s*\\\n +--hash=sha256:[0-9a-f]{64})+\s*$", entry)
    ]
    assert not loose, f"run `make lock` with no index options set: {loose[:3]}"


def test_the_locks_agree_with_each_other_and_with_pyproject():
    runtime, everything = locked("requirements.txt"), locked("requirements-dev.txt")
    assert runtime.items() <= everything.items(), f"run `make lock`: {runtime.items() - everything.items()}"
    groups = (
        (runtime, PROJECT["project"]["dependencies"]),
        (everything, PROJECT["project"]["optional-dependencies"]["dev"]),
        (runtime, PROJECT["build-system"]["requires"]),
    )
    for lock, ranges in groups:
        for wanted in map(Requirement, ranges):
            version = lock.get(wanted.name.lower())
            assert version and wanted.specifier.contains(version), f"run `make lock`: {wanted} against {version}"
