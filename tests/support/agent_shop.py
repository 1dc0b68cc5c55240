"""The example shop of `memlearn init` with the agent of the documents, at a scripted model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from memlearn.cli import main
from memlearn.testing import ModelServer, Reply, Request, last_user_text, messages, turn

_BOUGHT = re.compile(r"^(r\d+) (\S+) \S+ ([^\[;]+) \[", re.MULTILINE)
_OFTEN = re.compile(r"^(s\d+) item ([^:]+): ", re.MULTILINE)


def shop_model(request: Request) -> Reply:
    """Notes the last purchase; by the prompt of the documents, calls their tool for the item that is bought most."""
    if turn(request):
        return Reply(tool_calls=[("memory_finish_edits", {})])
    text = last_user_text(request)
    if "<passage>" in text:
        return Reply(tool_calls=[("memory_finish_edits", {})])
    if "again and again" in messages(request)[0]["content"]:
        statistic, item = _OFTEN.findall(text)[0]
        return Reply(tool_calls=[("note_habit", {"item": item, "statistic": statistic}), ("memory_finish_edits", {})])
    row, day, item = _BOUGHT.findall(text)[-1]
    line = {"label": "preferences", "text": f"Bought {item} on {day}.", "evidence": [row]}
    return Reply(tool_calls=[("memory_insert", line), ("memory_finish_edits", {})])


@contextmanager
def agent_shop(document: str) -> Iterator[None]:
    """The shop in the current folder, set up as a document says: its YAML, its tools, its prompts.

    Args:
        document: text of the document.
    """
    assert main(["init", "shop"]) == 0
    for pattern, folder in ((r"```python\n# (\S+\.py)\n(.*?)```", "shop"), (r"```markdown\n<!-- (\S+) -->\n(.*?)```", ".")):
        for name, text in re.findall(pattern, document, re.DOTALL):
            (Path(folder) / name).write_text(text, encoding="utf-8")
    agent: dict[str, Any] = {}
    for block in re.findall(r"```yaml\n(.*?)```", document, re.DOTALL):
        agent |= yaml.safe_load(block).get("learning", {}).get("agent", {})
    with ModelServer(shop_model) as server:
        here = {"base_url": server.base_url, "open_chunk": "always", "other_prices": {"gpt-5-nano": {"input": 0.05, "output": 0.4}}}
        path = Path("shop/memlearn.yaml")
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        tree["learning"] = {**tree.get("learning", {}), "manager": "agent", "agent": {**agent, **here}}
        path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
        yield
