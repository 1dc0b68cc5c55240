"""Makes the sample data: a payments app's exports, and the truth that they were drawn from.

    python data/samples/generate.py OUT_DIR --seed 7 --users 300

The same seed and number of users give the same bytes. Needs NumPy and PyArrow; nothing of memlearn.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from maker.exports import LATE_FILE, export_cards  # noqa: E402 - the folder has to be on the path first
from maker.files import WALLET_FILE, write_answers, write_cards, write_json, write_offers, write_wallet  # noqa: E402
from maker.latents import draw_latents  # noqa: E402
from maker.offers import draw_exposures, make_offers  # noqa: E402
from maker.pdf import write_pdf  # noqa: E402
from maker.people import write_people  # noqa: E402
from maker.purchases import draw_events  # noqa: E402
from maker.truth import build_truth, write_truth_events  # noqa: E402


def generate(out: Path, *, seed: int = 7, users: int = 300) -> dict[str, Any]:
    """Write all files into `out`.

    Args:
        out: folder; it is made where it is missing.
        seed: of every random choice.
        users: how many, at least 30.

    Returns:
        The truth, as written to `truth.json.gz`.

    Raises:
        ValueError: fewer than 30 users.
    """
    if users < 30:
        message = f"Asked for {users} users; at least 30 are needed. Pass a larger --users."
        raise ValueError(message)
    out.mkdir(parents=True, exist_ok=True)
    latents = draw_latents(users, np.random.default_rng([seed, 1]))
    events = draw_events(latents, np.random.default_rng([seed, 2]))
    offers = make_offers()
    exposures = draw_exposures(latents, offers, np.random.default_rng([seed, 3]))
    exports = export_cards(events, np.random.default_rng([seed, 4]))
    files = write_cards(out, exports)
    files[WALLET_FILE] = write_wallet(out, events)
    files["offers.csv"] = write_offers(out, offers)
    files |= write_answers(out, exposures)
    people, persons, stances = write_people(out, latents, np.random.default_rng([seed, 5]))
    truth = build_truth(latents, events, offers, exposures, persons, stances)
    late = {"file": LATE_FILE, "late": exports.late, "corrections": exports.corrections, "deletions": exports.deletions}
    truth["expected"] = {"files": files | people, "late_file": late, "events": _event_counts(events), "users": users, "case_twins": [[latents[0].user_id, latents[-1].user_id]]}
    write_json(out / "truth.json.gz", truth)
    write_truth_events(out / "truth-events.csv.gz", events)
    _copy_documents(out)
    return truth


def _event_counts(events: list[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in events:
        name = f"{event.export}:{event.kind}"
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def _copy_documents(out: Path) -> None:
    """Copy the hand-written documents, and set the one that is a PDF."""
    for source in sorted((HERE / "documents").rglob("*")):
        target = out / "documents" / source.relative_to(HERE / "documents")
        if source.is_file() and source.suffix != ".pdf" and source != target.resolve():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    write_pdf(out / "documents" / "policies" / "cashback-terms.pdf", (HERE / "maker" / "cashback_terms.txt").read_text(encoding="utf-8"))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Make the sample data of memlearn.")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--users", type=int, default=300)
    options = parser.parse_args()
    truth = generate(options.out, seed=options.seed, users=options.users)
    rows = sum(entry["rows"] for entry in truth["expected"]["files"].values())
    sys.stdout.write(f"{options.users} users, {rows} rows in {len(truth['expected']['files'])} files: {options.out}\n")


if __name__ == "__main__":
    main()
