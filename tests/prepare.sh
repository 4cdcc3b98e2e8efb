#!/bin/sh
# Make sure of what the tests need and pip can't bring: the programs of PostgreSQL 15 or newer, and Chromium.
# As root on Debian or Ubuntu what is missing is installed, elsewhere one line says what to install.
set -eu
cd "$(dirname "$0")/.."

lacks_postgresql() { ! .venv/bin/python -m tests.postgres; }
lacks_chromium() { ! .venv/bin/python -m tests.chromium; }

missing=
if lacks_postgresql; then missing="$missing postgresql"; fi
if lacks_chromium; then missing="$missing chromium"; fi
test -n "$missing" || exit 0

if test "$(id -u)" = 0 && command -v apt-get >/dev/null; then
  echo "Installing for the tests:$missing"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  # shellcheck disable=SC2086  # one word per package
  if ! { apt-get -q update && apt-get -q -y --no-install-recommends install $missing; } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
  fi
  rm -f "$log"
  if lacks_postgresql || lacks_chromium; then :; else exit 0; fi
fi
echo "The tests need PostgreSQL 15 or newer and Chromium. Please install:$missing" \
  "(Debian: sudo apt-get install$missing; macOS: brew install postgresql@17, brew install --cask chromium)." >&2
exit 1
