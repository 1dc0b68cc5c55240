"""What the agent manager costs in time and characters, against a scripted model behind HTTP in a process of its own.

    python benchmarks/agent.py [--scale 1.0] [--processes N] [--coop100 DIR] [--completejourney DIR] [--nights 30]

Throughput: 1,000 users with 3 steps each at scale 1, with 1 s of latency and 64 requests in flight; utilisation is the time
that so many requests need at least, as a share of the time that the agent's stage took. Then the same at no latency: requests a
second. Beside it how many processes sent, and what they, the run and the server took of the cores that they share. Frugality: all characters that were sent for each event learned, with a model that has one edit in ten refused and mends it,
by part of the prompt, from nothing and over nights; every event must have been shown in some request. Without a folder of a data
set its figure is null. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import yaml
from agent_time import Sampled

import memlearn
from memlearn.learning.agent.config import AgentConfig
from memlearn.learning.agent.names import DOCUMENT_SHARD
from memlearn.store import StoreLayout
from memlearn.store.journal import read_segment
from memlearn.store.ledger import Ledger
from memlearn.testing import CHAT, ServerProcess
from memlearn.wiring.agents import count_processes, usable_cores

ROOT = Path(__file__).resolve().parents[1]
MODEL = f"{Path(__file__).with_name('agent_model.py')}:reply"
IN_FLIGHT, LATENCY, USERS = 64, 1.0, 1000
TAGS = ("lines", "person", "statistics", "rows")


def make_users(folder: Path, users: int) -> Path:
    """Users with purchases enough for some chunks each, and a config that learns them by an agent."""
    random = Random(1)
    rows = []
    for number in range(users):
        at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=random.randrange(10))
        for _ in range(120):
            at += timedelta(hours=random.randrange(12, 90))
            rows.append((f"u{number:05d}", at.isoformat(), f"Thing {random.randrange(40)}", random.randrange(100, 5000)))
    frame = pl.DataFrame(rows, schema=["user", "at", "thing", "cents"], orient="row")
    frame.write_parquet(folder / "events.parquet")
    config = {
        "version": 1,
        "store": "store",
        "currency": "EUR",
        "sources": {
            "bought": {
                "role": "events",
                "path": "events.parquet",
                "columns": {"user": "user", "time": "at", "item": "thing", "amount": "cents"},
                "kind": "purchase",
            }
        },
        # Three steps each, of some forty rows.
        "chunks": {"tokens": 700},
        "learning": {"manager": "agent", "agent": {}},
    }
    path = folder / "memlearn.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def learn(path: Path, base_url: str, **agent: Any) -> Any:
    """Learn anew with an agent at an address; other learning settings stay."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings = {"model": "scripted", "base_url": base_url, "in_flight": IN_FLIGHT, "open_chunk": "always", **agent}
    tree["learning"] = {"manager": "agent", "agent": settings}
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return memlearn.learn(path)


def throughput(folder: Path, users: int, processes: int | None) -> dict[str, float]:
    """Utilisation with latency, and requests a second without."""
    sent_by = count_processes(AgentConfig(model="scripted", in_flight=IN_FLIGHT, processes=processes), usable_cores())
    figures: dict[str, float] = {"processes that sent": sent_by}
    for name, latency in (("latency", LATENCY), ("zero", 0.0)):
        site = folder / name
        site.mkdir()
        path = make_users(site, users)
        with ServerProcess(MODEL, ["--latency", str(latency)]) as server, Sampled() as sampled:
            spent, before = time.process_time(), _of_children()
            report = learn(path, server.base_url, processes=processes)
            own, sending = time.process_time() - spent, _of_children() - before
            counts = server.counts()
        serving = _of_children() - before - sending
        requests = sum(counts["requests"][CHAT].values())
        seconds = report.timings["agent"]
        for part, taken in (("run", own), ("processes that sent", sending), ("server", serving)):
            figures[f"{name}.processor_milliseconds_a_request.{part}"] = taken / requests * 1000
        figures[f"{name}.server's share of all cores"] = serving / seconds / usable_cores()
        figures[f"{name}.requests"] = requests
        figures[f"{name}.seconds"] = seconds
        figures |= {f"{name}.time.{part}": share for part, share in sampled.told()}
        if latency:
            figures["utilisation"] = requests * latency / IN_FLIGHT / seconds
        else:
            figures["requests_per_second_at_zero_latency"] = requests / seconds
        shutil.rmtree(site)
    return figures


def _of_children() -> float:
    """Seconds of processors that ended processes of ours have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def frugality(folder: Path, config: Path, variables: dict[str, str], nights: int) -> dict[str, float]:
    """Characters sent for each event, by part of the prompt; and over nights."""
    tree = yaml.safe_load(os.path.expandvars(_expanded(config.read_text(encoding="utf-8"), variables)))
    figures: dict[str, float] = {}
    for name, count in (("", 1), ("nightly.", nights)):
        if not count:
            continue
        site = folder / f"{config.stem}-{count}"
        site.mkdir()
        path = site / "memlearn.yaml"
        path.write_text(yaml.safe_dump({**tree, "store": "store"}, sort_keys=False), encoding="utf-8")
        with ServerProcess(MODEL) as server:
            begun = time.perf_counter()
            for as_of in _cuts(path, server.base_url, count):
                report = learn_until(path, server.base_url, as_of, settled=count > 1)
            seconds = time.perf_counter() - begun
        parts = count_parts(StoreLayout(site / "store"))
        figures[f"{name}chars_per_event"] = parts.pop("all") / report.events
        figures[f"{name}unseen_rows"] = report.events - parts.pop("rows shown") if count == 1 else 0
        figures |= {f"{name}{part}": value / report.events for part, value in parts.items()}
        figures[f"{name}seconds"] = seconds
        figures[f"{name}steps"] = report.agent.steps_done + report.agent.steps_reused
        figures[f"{name}steps of the median user"] = median_steps(StoreLayout(site / "store"))
        shutil.rmtree(site)
    return figures


def learn_until(path: Path, base_url: str, as_of: str | None, *, settled: bool) -> Any:
    """Learn what was before an instant; at last everything."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    policy = "settled" if settled and as_of else "always"
    tree["learning"] = {
        "manager": "agent",
        "agent": {"model": "scripted", "base_url": base_url, "in_flight": IN_FLIGHT, "open_chunk": policy},
    }
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return memlearn.learn(path, as_of=as_of)


def _cuts(path: Path, base_url: str, nights: int) -> Iterator[str | None]:
    """The last nights before the end of the data, and the end."""
    if nights > 1:
        first = learn_until(path, base_url, None, settled=False)
        end = datetime.fromisoformat(first.as_of)
        shutil.rmtree(path.parent / "store")
        for back in range(nights - 1, 0, -1):
            yield (end - timedelta(days=back)).isoformat()
    yield None


def median_steps(layout: StoreLayout) -> float:
    """Steps of the user in the middle."""
    ledger = Ledger(layout.ledger)
    try:
        query = "select median(n) as n from (select count(*) as n from agent_steps where shard <> ? group by user_id)"
        return float(ledger.fetch(query, [DOCUMENT_SHARD]).item())
    finally:
        ledger.close()


def count_parts(layout: StoreLayout) -> Counter[str]:
    """Characters of all requests in a store's journals, by part of the prompt; and how many rows were shown in the steps that stand."""
    parts: Counter[str] = Counter()
    ledger = Ledger(layout.ledger)
    try:
        # Steps that read documents were given passages and no rows of users.
        query = "select coalesce(sum(events), 0) as n from agent_steps where outcome <> 'skipped' and shard <> ?"
        parts["rows shown"] = int(ledger.fetch(query, [DOCUMENT_SHARD]).item())
    finally:
        ledger.close()
    for path in layout.journals.glob("*.journal"):
        texts: dict[str, str] = {}
        for _, record in read_segment(path):
            if record["type"] == "text":
                texts[record["digest"]] = record["text"] + json.dumps([record["tools"], record["schema"]], ensure_ascii=False)
            elif record["type"] == "intent":
                count_request(parts, record, len(texts[record["system"]]))
    return parts


def count_request(parts: Counter[str], record: dict[str, Any], system: int) -> None:
    """Add one request."""
    again = record["turn"] > 0 or record["attempt"] > 0
    sizes = [len(message["text"]) + sum(len("".join(call)) for call in message.get("calls", ())) for message in record["messages"]]
    parts["all"] += system + sum(sizes)
    parts["system and tools"] += system
    if again:
        parts["second turns and retries"] += sum(sizes)
        return
    text = record["messages"][0]["text"]
    for tag in TAGS:
        _, _, rest = text.partition(f"<{tag}")
        parts[tag] += len(rest.partition(f"</{tag}>")[0])
    parts["frame"] += len(text) - sum(len(text.partition(f"<{tag}")[2].partition(f"</{tag}>")[0]) for tag in TAGS)


def _expanded(text: str, variables: dict[str, str]) -> str:
    for name, value in variables.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 1,000 users with 3 steps each")
    parser.add_argument("--processes", type=int, help="processes that send; default: as the config has it")
    parser.add_argument("--coop100", help="folder of the Coop100 data set")
    parser.add_argument("--completejourney", help="folder of the Complete Journey data set")
    parser.add_argument("--nights", type=int, default=0, help="also learn the last so many nights one by one")
    options = parser.parse_args()
    figures: dict[str, float | None] = {}
    with tempfile.TemporaryDirectory(prefix="memlearn-agent-") as name:
        folder = Path(name)
        figures |= throughput(folder, max(1, round(USERS * options.scale)), options.processes)
        for data, given in (("coop100", options.coop100), ("completejourney", options.completejourney)):
            found = None
            if given:
                policies = str(Path(given).parent / "policy_docs")
                variables = {data.upper(): given, f"{data.upper()}_STORE:-../store/{data}": "store", "POLICY_DOCS": policies}
                found = frugality(folder, ROOT / "configs" / f"{data}.yaml", variables, options.nights)
            figures |= {f"{data}.{part}": value for part, value in (found or {}).items()}
            figures[f"chars_per_event_{data}"] = None if found is None else found["chars_per_event"]
    for part, value in figures.items():
        sys.stdout.write(f"  {part:<48} {'-' if value is None else f'{value:,.2f}'}\n")
    last = ("utilisation", "requests_per_second_at_zero_latency", "chars_per_event_coop100", "chars_per_event_completejourney")
    sys.stdout.write(json.dumps({name: figures[name] if figures[name] is None else round(float(figures[name] or 0), 3) for name in last}) + "\n")


if __name__ == "__main__":
    main()
