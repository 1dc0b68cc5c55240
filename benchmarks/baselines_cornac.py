"""TIFU-KNN and GP-TopFreq of memlearn beside those of `cornac` 3.0, on the same baskets.

    pip install 'cornac>=3,<4'
    python benchmarks/baselines_cornac.py DATA_DIR [--users 1000] [--seed 7]

DATA_DIR holds `baskets.parquet` with the columns user_id, basket_index, items (a list) and is_test. Both see the baskets before the
test basket and rank all items; ties are broken by popularity, then by item code, for both.

cornac 3.0 averages the neighbours' vectors into one number and not item by item, so that its TIFU-KNN ranks by the user's own vector
alone, and it leaves every user's last basket out of the vectors of neighbours. It is shown as it comes, beside memlearn's with an own
share of 1, and with these two mended, beside memlearn's as published. Its search in a tree of all users takes long in so many
dimensions, so some users are drawn, who are then all that either side knows of. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.evaluation.baselines import Scorer
from memlearn.evaluation.baselines.frequency import fit_top_freq
from memlearn.evaluation.baselines.tifu_knn import TifuKnnParameters, fit_tifu_knn
from memlearn.evaluation.item_sets import pair_sets
from memlearn.evaluation.metrics import measure
from memlearn.evaluation.top_k import top_k
from memlearn.ranking.history import History, make_history

# Its progress bars would run through the table.
os.environ.setdefault("TQDM_DISABLE", "1")
try:
    from cornac.data import BasketDataset
    from cornac.models import TIFUKNN, GPTop
except ImportError as missing:
    raise SystemExit(
        f"This benchmark compares with cornac, which is not installed ({missing}); see the first lines of this file."
    ) from missing

PLACES = 10
PUBLISHED = TifuKnnParameters(300, 0.9, 0.7, 0.7, 7)
MEASURES = (f"recall@{PLACES}", f"ndcg@{PLACES}")
Ranked = NDArray[np.int32]


def read(folder: Path, users: int, seed: int) -> tuple[History, History]:
    """The baskets before the test baskets, and these, of some users drawn; to both sides they are all users there are."""
    rows = pl.read_parquet(folder / "baskets.parquet").explode("items").sort("user_id", "basket_index", "items")
    everybody = rows["user_id"].unique().sort().to_numpy()
    drawn = np.random.default_rng(seed).permutation(everybody)[:users]
    rows = rows.filter(pl.col("user_id").is_in(drawn.tolist()))
    (user_ids, user), (item_ids, item) = (np.unique(rows[name].to_numpy(), return_inverse=True) for name in ("user_id", "items"))
    order, test = rows["basket_index"].to_numpy(), rows["is_test"].to_numpy()

    def part(chosen: NDArray[np.bool_]) -> History:
        return make_history(len(user_ids), len(item_ids), user[chosen], order[chosen], item[chosen])

    return part(~test), part(test)


class MendedTifuKnn(TIFUKNN):
    """cornac's TIFU-KNN with neighbours averaged item by item, over whole histories, the user not being a neighbour."""

    def _get_user_vectors(self, data_set: Any) -> NDArray[np.float32]:
        found = [self._compute_user_vector(baskets) for _, _, [baskets] in data_set.ubi_iter(batch_size=1, shuffle=False)]
        return np.asarray(found, dtype=np.float32)

    def score(self, user_idx: int, history_baskets: list[list[int]], **_: Any) -> NDArray[np.float32]:
        """The user's and the neighbours' vectors, mixed."""
        own = self._compute_user_vector(history_baskets)
        _, near = self.tree.query(own, k=self.n_neighbors + 1)
        others = near[(near != user_idx) & (near < len(self.user_vectors))][: self.n_neighbors]
        return self.alpha * own + (1 - self.alpha) * self.user_vectors[others].mean(axis=0)


class CornacScorer:
    """A model of cornac, asked like a baseline of memlearn."""

    def __init__(self, model: Any, history: History) -> None:
        self.history = history
        starts, first = history.starts(), history.first_rows()
        self.baskets = [
            [part.tolist() for part in np.split(history.item[a:b], np.flatnonzero(first[a:b])[1:])] for a, b in pairwise(starts)
        ]
        # The same codes on both sides.
        users, items = (OrderedDict((code, code) for code in range(number)) for number in (history.users, history.items))
        numbers = np.cumsum(first) - 1
        rows = list(zip(history.user.tolist(), numbers.tolist(), history.item.tolist(), history.basket.tolist(), strict=True))
        data = BasketDataset.build(rows, fmt="UBIT", global_uid_map=users, global_iid_map=items)
        self.model = model.fit(data)

    def scores(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """See `Scorer.scores`."""
        return np.array([self.model.score(user, self.baskets[user]) for user in users.tolist()], dtype=np.float32)


def tifu_model(kind: type[TIFUKNN]) -> Any:
    """The model with the published parameters."""
    p = PUBLISHED
    return kind(
        n_neighbors=p.neighbours, within_decay_rate=p.basket_decay, group_decay_rate=p.group_decay, alpha=p.own_share, n_groups=p.groups
    )


def compare(history: History, truth: History, users: NDArray[np.int32]) -> dict[str, dict[str, dict[str, float]]]:
    """Every pair: figures of both sides, and how far their lists are the same."""
    pairs: dict[str, tuple[Callable[[], Scorer], Callable[[], Scorer]]] = {
        "gp_top_freq": (lambda: fit_top_freq(history), lambda: CornacScorer(GPTop(), history)),
        "tifu_knn, own vector only": (
            lambda: fit_tifu_knn(history, replace(PUBLISHED, own_share=1.0)),
            lambda: CornacScorer(tifu_model(TIFUKNN), history),
        ),
        "tifu_knn": (lambda: fit_tifu_knn(history, PUBLISHED), lambda: CornacScorer(tifu_model(MendedTifuKnn), history)),
    }
    found = {}
    for name, (ours, theirs) in pairs.items():
        (own, own_ranked), (other, other_ranked) = (judge(make, history, truth, users) for make in (ours, theirs))
        same = float((own_ranked == other_ranked).all(axis=1).mean())
        items = float(np.mean([len(np.intersect1d(a, b)) / PLACES for a, b in zip(own_ranked, other_ranked, strict=True)]))
        found[name] = {"memlearn": own, "cornac": other, "same": {"lists": same, "items": items}}
    return found


def judge(make: Callable[[], Scorer], history: History, truth: History, users: NDArray[np.int32]) -> tuple[dict[str, float], Ranked]:
    """Figures of one side, and what it ranks first."""
    started = time.perf_counter()
    scorer = make()
    fitted = time.perf_counter()
    ranked = np.concatenate(
        [top_k(scorer.scores(part), PLACES, history.baskets_by_item()) for part in np.array_split(users, len(users) // 250 + 1)]
    )
    ended = time.perf_counter()
    sets = pair_sets(np.searchsorted(users, truth.user), truth.item, len(users))
    values = measure(ranked, sets, [PLACES]).values
    figures = {name: float(values[name].mean()) for name in MEASURES}
    return figures | {"fit_seconds": fitted - started, "rank_seconds": ended - fitted}, ranked


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--users", type=int, default=1000, help="how many users are drawn")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args(arguments)
    history, truth = read(options.data, options.users, options.seed)
    users = np.unique(truth.user)
    found = compare(history, truth, users)
    print(f"{history.users:,} users, {history.items:,} items; {len(users):,} users asked about\n")
    print(f"{'method':28}{'':10}{'R@10':>8}{'NDCG@10':>9}{'fit s':>8}{'rank s':>8}")
    for name, sides in found.items():
        for side in ("memlearn", "cornac"):
            one = sides[side]
            figures = f"{one[MEASURES[0]]:8.4f}{one[MEASURES[1]]:9.4f}{one['fit_seconds']:8.1f}{one['rank_seconds']:8.1f}"
            print(f"{name if side == 'memlearn' else '':28}{side:10}{figures}")
        print(f"{'':28}the same ten in the same order for {sides['same']['lists']:.1%} of users; {sides['same']['items']:.2%} of items\n")
    print(json.dumps({"users": len(users), "methods": found}))


if __name__ == "__main__":
    main()
