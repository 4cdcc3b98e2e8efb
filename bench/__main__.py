"""`make bench`: the figures, as ratios against a floor that is measured in the same run. Into var/bench.json.

`make bench ARGS="hold_http crowd_50"` measures some of them; the others stay in the file as they were.
BENCH_CLAIMS=1000000 loads fewer claims for month_growth and find_halls.
"""

import json
import sys
import time
from collections.abc import Callable

from bench.figure import Figure


def main(wanted: list[str]) -> int:
    """Measure what is wanted (everything, if nothing is named), print it and write it down."""
    # Not on top: the clients' processes import this file too, and have to start quickly.
    from bench import crowd, halls, holds, months, series
    from buchbar.base.settings import ROOT

    known: dict[str, Callable[[], Figure]] = {
        "hold_http": holds.through_http,
        "hold_sqlite": holds.on_sqlite,
        "crowd_50": crowd.fifty,
        "month_http": months.through_http,
        "month_growth": months.growth,
        "series_40": series.forty,
        "find_halls": halls.find,
    }
    if unknown := set(wanted) - set(known):
        print(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    file = ROOT / "var" / "bench.json"
    figures = json.loads(file.read_text()) if file.exists() else {}
    begun = time.monotonic()
    print(f"{'':14}{'value':>10}{'floor':>10} {'':8}{'ratio':>7}  {'of rounds':14}{'aim':8}")
    for name in wanted or known:
        figure = known[name]()
        figures[name] = {
            "value": round(figure.value, 4),
            "floor": round(figure.floor, 4),
            "ratio": round(figure.ratio, 4),
            "unit": figure.unit,
        }
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(figures, indent=2) + "\n")
        print(row(figure), flush=True)
    print(f"{time.monotonic() - begun:.0f} s; {file.relative_to(ROOT)}")
    return 0


def row(figure: Figure) -> str:
    """One line of the table."""
    aim = "".join(map(str, figure.aim)) if figure.aim else "–"
    verdict = "" if figure.aim is None else "reached" if figure.reached else "MISSED"
    low, high = figure.spread
    digits = 0 if figure.floor >= 100 else 2
    return (
        f"{figure.name:14}{figure.value:>10.{digits}f}{figure.floor:>10.{digits}f} {figure.unit:8}"
        f"{figure.ratio:>7.3f}  {f'{low:.2f} to {high:.2f}':14}{aim:8}{verdict:9}{figure.note}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
