"""Policies and guidelines of a small shop, and a scripted model that reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from companies import Company, Site
from models import digest, note_taker

from memlearn.testing import ModelServer, Reply, Request, messages

RETURNS = """# Returns

Welcome to our shop, which has been here for many a year.

## Time

Customers may return unused items within 30 days of delivery. We never charge a fee for a return.

## Refunds

Refunds are paid only if the receipt is shown, unless the manager agrees.

Staff may not:

- promise a refund before the goods have been inspected by us
"""
CONTACT = """# Contact

We never send more than two marketing emails per week to a customer. Do not offer alcohol to anyone under 18.

Every offer must carry the words "Terms apply" in its footer.
"""
VOICE = """# Voice

Use plain words and short sentences in every message to a customer. Never write in capital letters.
"""
_ROW = re.compile(r"^(r\d+) (.*)$")
_MARK = "You read a company's policy"


def reads_documents(request: Request) -> bool:
    """True for a step that reads a document."""
    return str(messages(request)[0]["content"]).startswith(_MARK)


def scholar(request: Request) -> Reply:
    """Copies the sentences of a passage that command, proposes caps, and mends what was refused; users' rows are noted as ever."""
    if not reads_documents(request):
        return note_taker(request)
    told = messages(request)
    step = next(message["content"] for message in told if message["role"] == "user").splitlines()
    label = "guidelines" if any(line.startswith("guidelines (") for line in step) else "policies"
    mending = any(message["role"] == "assistant" for message in told)
    wrong = not mending and digest(step) % 3 == 0
    calls: list[tuple[str, Mapping[str, Any]]] = []
    for row, text in (found.groups() for line in step if (found := _ROW.match(line))):
        if re.search(r"\b(?:must|never|not|only|may|use)\b", text, re.IGNORECASE) and not text.endswith(":"):
            calls.append(("memory_insert", {"label": label, "text": text, "evidence": ["r99" if wrong else row]}))
        if label == "policies" and "emails per week" in text:
            cap = {"applies_to": "marketing emails", "number": 2, "unit": "emails", "period": "week"}
            calls.append(("rule_propose", {"kind": "frequency_cap", **cap, "evidence": ["r99" if wrong else row]}))
    return Reply(tool_calls=(*calls, ("memory_finish_edits", {})))


def reading_site(folder: Path, company: Company, server: ModelServer, **agent: Any) -> Site:
    """A site with documents whose first night has arrived, with an agent at a scripted server, that has not learned yet."""
    settings = {"model": "scripted", "base_url": server.base_url, "open_chunk": "always", "prices": {"input": 1.0, "output": 2.0}, **agent}
    sources = {
        "rules": {"role": "documents", "kind": "policy", "path": "docs/rules"},
        "style": {"role": "documents", "kind": "guideline", "path": "docs/style"},
    }
    tree = {"chunks": {"tokens": 300}, "learning": {"manager": "agent", "agent": settings}, "sources": sources}
    site = Site(folder, tree).set_up(company)
    for name, text in (("rules/returns", RETURNS), ("rules/contact", CONTACT), ("style/voice", VOICE)):
        write_document(site, name, text)
    site.deliver(*company.nights[0])
    return site


def write_document(site: Site, name: str, text: str) -> None:
    """A document of the site, new or changed."""
    path = site.folder / "docs" / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
