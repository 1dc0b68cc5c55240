"""How true the learned facts are: makes a sample of any seed and size, learns it, and scores every published fact.

    python benchmarks/truth.py [--seed 11] [--scale 1.0] [--show 0]

Prints precision and recall by kind of fact, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import memlearn
from memlearn.store import StoreLayout, open_release
from memlearn.wiring.load import load_config

ROOT = Path(__file__).resolve().parents[1]
USERS = 300


def scorer() -> ModuleType:
    """The scorer of the tests; loaded by path, since tests are no package."""
    path = ROOT / "tests" / "learning" / "truth.py"
    spec = importlib.util.spec_from_file_location("memlearn_truth", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["memlearn_truth"] = module
    spec.loader.exec_module(module)
    return module


def learn(samples: Path, store: Path) -> list[tuple[str, dict[str, object]]]:
    """Learn a sample and give (user, fact) of everything published."""
    memlearn.learn(load_config(ROOT / "configs" / "sample.yaml", {"SAMPLES": str(samples), "SAMPLE_STORE": str(store)}))
    with open_release(StoreLayout(store)) as release:
        statements = release.table("statements")
    return [(user_id, json.loads(fact)) for user_id, fact in statements.select("user_id", "fact").iter_rows()]


def main() -> None:
    """Make, learn, score, print."""
    parser = argparse.ArgumentParser(description="Score learned facts against the truth of generated samples.")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--scale", type=float, default=1.0, help=f"1.0 is {USERS} users")
    parser.add_argument("--show", type=int, default=0, help="list so many wrong and missed facts of each kind")
    given = parser.parse_args()
    truths = scorer()
    users = max(30, round(USERS * given.scale))
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples"
        subprocess.run(
            [sys.executable, str(ROOT / "data/samples/generate.py"), str(samples), "--seed", str(given.seed), "--users", str(users)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        begun = time.perf_counter()
        published = learn(samples, Path(folder) / "store")
        seconds = time.perf_counter() - begun
        scores = truths.score(truths.read_truth(samples), published)
    print(truths.table(scores))
    for kind, of in sorted(scores.items()):
        for what, cases in (("wrong", of.wrong), ("missed", of.missed)):
            for case in cases[: given.show]:
                print(f"{kind} {what}: {case}")
    kinds = {kind: {"precision": round(of.precision, 4), "recall": round(of.recall, 4)} for kind, of in sorted(scores.items())}
    summary = {
        "seed": given.seed,
        "users": users,
        "scale": given.scale,
        "published": sum(of.published for of in scores.values()),
        "least_precision": min(of["precision"] for of in kinds.values()),
        "least_recall": min(of["recall"] for of in kinds.values()),
        "seconds": round(seconds, 2),
        "kinds": kinds,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
