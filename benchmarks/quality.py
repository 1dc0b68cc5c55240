"""How good memory is on public data: everything that it must hold, each demand told in words with the figures that it rests on.

    python benchmarks/quality.py DATA_DIR [--final] [--only NAME,..] [--scale 1.0] [--cuts 8] [--baselines NAME,..] [--scratch DIR]
                                         [--log FILE]

DATA_DIR holds the folders tafeng_nbr, coop100, completejourney and starbucks_offers. Every section of baskets learns, ranks and judges
by `memlearn.evaluate`, with the configs in `benchmarks/quality/`, on the validation period; look at that as often as you like. `--final` looks at the test period and
appends date, version, revision and figures to `benchmarks/quality/looks.jsonl`, which is committed. With `--scratch` what was
learned and ranked is kept there and taken up again. A demand that was not judged, because fewer users, cuts or baselines were asked for than it
names, counts as neither held nor failed.

The last line is one JSON object: data set -> method -> metric -> mean, low, high (95 %, bootstrap over users); ours is `memlearn`.
Metrics with `explore_` and `repeat_` are over what was new to the user and what was not; `ndcg@10_percent_over_NAME` is by how much
ours is more than another method, paired. In `cost`, what was measured once has equal ends, and the ends of times for one user are
the 5th and 95th percentile over users. A section that failed is told, left out of the object, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from quality import baskets, cost, coupons, starbucks
from quality.section import Asked, Demand, Figures, Section

from memlearn.errors import MemlearnError

LOG = Path(__file__).parent / "quality" / "looks.jsonl"
SECTIONS: tuple[Section, ...] = (*baskets.SECTIONS, *starbucks.SECTIONS, *coupons.SECTIONS, *cost.SECTIONS)
_SAID = {True: "holds", False: "DOES NOT HOLD", None: "not judged"}


def show(demand: Demand) -> None:
    """Print whether something holds that must."""
    print(f"  {_SAID[demand.holds]:13} {demand.what}: {demand.found}")


def run(sections: Sequence[Section], asked: Asked) -> tuple[dict[str, Figures], dict[str, Sequence[Demand]], list[str]]:
    """Run sections and print what each found.

    Returns:
        Figures and demands by section, and the names of the sections that failed.
    """
    figures: dict[str, Figures] = {}
    demands: dict[str, Sequence[Demand]] = {}
    failed: list[str] = []
    for section in sections:
        print(f"\n{section.title} ({section.name}, {'test' if asked.final else 'validation'})", flush=True)
        try:
            found = section.run(asked)
        except MemlearnError as error:
            print(f"  failed: {error}", flush=True)
            failed.append(section.name)
            continue
        for line in found.lines:
            print(f"  {line}")
        for demand in found.demands:
            show(demand)
        figures[section.name] = found.figures
        demands[section.name] = found.demands
    return figures, demands, failed


def parse(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, list[Section]]:
    """The options, and the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the data sets")
    parser.add_argument("--final", action="store_true", help="look at test data, and log it")
    parser.add_argument("--only", default="", metavar="NAME,..", help=f"these sections only: {', '.join(one.name for one in SECTIONS)}")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the users")
    parser.add_argument("--cuts", type=int, default=baskets.MOST_CUTS, help="cuts in time")
    parser.add_argument("--baselines", default="", metavar="NAME,..", help="compare with these only; default: all")
    parser.add_argument("--log", type=Path, default=LOG, help="log of looks at test data; default: the committed one")
    parser.add_argument("--scratch", type=Path, default=None, help="folder to work in, kept; default: a temporary one")
    options = parser.parse_args(arguments)
    wanted = [name for name in options.only.split(",") if name]
    unknown = [name for name in wanted if name not in {one.name for one in SECTIONS}]
    if unknown:
        parser.error(f"there is no section {unknown[0]!r}")
    if not 0.001 <= options.scale <= 1:
        parser.error("--scale is above 0 and at most 1")
    return options, [one for one in SECTIONS if not wanted or one.name in wanted]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and end with one JSON object."""
    options, sections = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="memlearn-quality-") as temporary:
        scratch = (options.scratch or Path(temporary)).resolve()
        baselines = tuple(name for name in options.baselines.split(",") if name)
        asked = Asked(options.data.resolve(), scratch, options.final, options.scale, options.cuts, options.log.resolve(), baselines)
        figures, demands, failed = run(sections, asked)
    counts = Counter(_SAID[demand.holds] for own in demands.values() for demand in own)
    print("\nAll demands: " + (", ".join(f"{number} {said}" for said, number in counts.most_common()) or "none"))
    for name, own in demands.items():
        for demand in own:
            if demand.holds is not True:
                print(f"  {name:20} {_SAID[demand.holds]:13} {demand.what}: {demand.found}")
    print(json.dumps(figures))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
