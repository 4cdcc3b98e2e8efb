# Buchbar needs Python 3.11 or newer with its venv module, and make. Everything else is fetched into .venv and var.
#
#   make run       try it out: http://127.0.0.1:8000 (BUCHBAR_PORT=8080 make run for another port)
#   make test      every test (ARGS="tests/booking -k hold" for some)
#   make check     format, lint, types, house rules, migrations, translations
#   make bench     the figures, into var/bench.json
#   make format    put the code into its format
#   make messages  collect the texts into locale/
#   make lock      newest allowed versions into requirements*.txt
#   make clean     remove what was installed (the data in var/ stays)

.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: run test check bench format messages lock clean prepare

export PIP_DISABLE_PIP_VERSION_CHECK := 1

FOLDERS := base calendar notices accounts resources payments doors booking app templates
PIP := .venv/bin/python -m pip --quiet
ARGS ?=

run: .venv/.installed var/vendor/.installed
	@exec .venv/bin/buchbar demo

test: .venv/.installed-dev var/vendor/.installed prepare
	@exec .venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadgroup $(ARGS)

check: .venv/.installed-dev var/vendor/.installed prepare
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	@mkdir -p var/typecheck && ln -sfn ../.. var/typecheck/buchbar
	.venv/bin/mypy
	.venv/bin/python -m pytest -q tests/test_house.py tests/test_migrations.py tests/test_translations.py

bench: .venv/.installed-dev var/vendor/.installed prepare
	@exec .venv/bin/python -m bench $(ARGS)

format: .venv/.installed-dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

messages: .venv/.installed-dev
	@mkdir -p var
	.venv/bin/pybabel --quiet extract -F pyproject.toml --add-location=file --sort-by-file \
	    --project=buchbar --output=var/messages.pot $(FOLDERS)
	@if test -e locale/en/LC_MESSAGES/messages.po; then \
	  .venv/bin/pybabel --quiet update -i var/messages.pot -d locale --no-fuzzy-matching --ignore-obsolete \
	    --ignore-pot-creation-date; \
	else \
	  .venv/bin/pybabel --quiet init -i var/messages.pot -d locale -l en; \
	fi

prepare:
	@sh tests/prepare.sh

# The first Python that is new enough and has venv and ensurepip (Debian ships these two apart).
.venv/bin/python:
	@for python in python3.13 python3.12 python3.11 python3; do \
	  $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  rm -rf .venv; \
	  exec $$python -m venv .venv; \
	done; \
	echo "Buchbar needs Python 3.11 or newer with its venv module (Debian, Ubuntu: apt-get install python3-venv)." >&2; \
	exit 1

.venv/.installed: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing what Buchbar needs (once, about a minute) ..."
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Installing what the tests need (once) ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

var/vendor/.installed: assets.txt | .venv/bin/python
	@rm -rf var/vendor
	@$(PIP) install --no-deps --require-hashes --target var/vendor -r assets.txt
	@touch $@

# Both locks hold for Python 3.11 to 3.13 on Linux and macOS, and agree with each other.
lock: | .venv/bin/python
	@test -x var/lock/bin/uv || { .venv/bin/python -m venv var/lock && var/lock/bin/python -m pip --quiet install uv; }
	@lock() { \
	  { echo "# Exact versions for Python 3.11 to 3.13, with hashes. Not edited by hand: \`make lock\` renews it."; \
	    echo 'setuptools>=80' | var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
	      --generate-hashes --no-header --no-annotate "$$@" pyproject.toml - ; } > var/lock/new.txt; }; \
	lock --extra dev && mv var/lock/new.txt requirements-dev.txt && \
	lock --constraints requirements-dev.txt && mv var/lock/new.txt requirements.txt

clean:
	rm -rf .venv build dist *.egg-info .hypothesis var/cache var/lock var/typecheck var/vendor
