"""Where this machine's Chromium is. The browser tests start it through Playwright."""

import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def executable() -> str:
    """The path of the browser, for ``chromium.launch(executable_path=…)``; RuntimeError says what to do."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    found = found or next((path for path in APPLICATIONS if Path(path).exists()), None)
    if found is None:
        raise RuntimeError("Chromium is missing: run `make test`, which installs it or says how.")
    return found


if __name__ == "__main__":
    try:
        executable()
    except RuntimeError:
        sys.exit(1)
