"""The scripted model: what a request to it costs and gives, whether it comes by itself or as a line of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memlearn.testing.api_error import ApiError
from memlearn.testing.checks import check_chat, context_error
from memlearn.testing.completions import complete, most_tokens, reply_chars, script_error, spoil
from memlearn.testing.counts import Counts
from memlearn.testing.embeddings import embed
from memlearn.testing.faults import BATCH_LINE, CONTENT_KINDS, STATUS_KINDS, Arrival, Fault, FaultBook
from memlearn.testing.limits import duration, retry_headers
from memlearn.testing.prompts import Prompt, PromptCache, count_tokens, read_prompt
from memlearn.testing.script import Script
from memlearn.testing.settings import Settings

_MESSAGES = {
    400: ("Invalid request.", "invalid_value"),
    401: ("Incorrect API key provided.", "invalid_api_key"),
    403: ("You are not allowed to use this model.", "unsupported_country_region_territory"),
    404: ("The model does not exist or you do not have access to it.", "model_not_found"),
    429: ("Rate limit reached.", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request.", None),
    502: ("Bad gateway.", None),
    503: ("The engine is currently overloaded, please try again later.", None),
}


@dataclass(slots=True)
class Model:
    """A script with its settings and counts.

    Args:
        script: gives the replies.
        settings: what it can do.
        counts: counts what it is asked.
        faults: what goes wrong.
        cache: which prompts it has seen.
    """

    script: Script
    settings: Settings
    counts: Counts
    faults: FaultBook
    cache: PromptCache

    def latency(self, prompt: Prompt) -> float:
        """Seconds to the answer."""
        given = self.settings.latency
        return given(prompt.body) if callable(given) else given

    def chat(self, prompt: Prompt, fault: Fault | None) -> dict[str, Any]:
        """Carry a checked chat request out; it is paid for from then on.

        Raises:
            ApiError: the script failed, or gave what no model can give.
        """
        try:
            reply = self.script(prompt.body)
        except Exception as error:
            raise script_error(f"The script failed: {type(error).__name__}: {error}") from error
        cached = self.cache.take(prompt)
        settings = self.settings
        completion = complete(prompt, reply, cached=cached, one_call=not settings.parallel_tool_calls, usage=settings.usage)
        chars = reply_chars(completion)
        self.counts.pay(prompt, chars, cached, count_tokens(chars))
        return spoil(fault.kind, completion) if fault is not None and fault.kind in CONTENT_KINDS else completion

    def embeddings(self, prompt: Prompt) -> dict[str, Any]:
        """Carry a request for vectors out.

        Raises:
            ApiError: its input is wrong.
        """
        answer = embed(prompt, self.settings.embedding_dimensions)
        self.counts.pay(prompt, 0, 0, 0)
        return answer

    def check(self, prompt: Prompt) -> None:
        """Look a chat request over.

        Raises:
            ApiError: it is refused.
        """
        check_chat(prompt, self.settings)

    def batch_line(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Carry a line of a batch out.

        Args:
            path: the batch's endpoint.
            body: the line's request.

        Returns:
            Status and body of the answer.
        """
        prompt = read_prompt(path, body)
        endpoint = BATCH_LINE if path.endswith("/chat/completions") else f"BATCH {path}"
        attempt = self.counts.attempt(prompt.digest)
        status, answer = self._line(prompt, Arrival(endpoint, prompt.digest, attempt, body, prompt.text))
        self.counts.line(endpoint, str(status), {"digest": prompt.digest, "attempt": attempt}, body)
        return status, answer

    def _line(self, prompt: Prompt, arrival: Arrival) -> tuple[int, dict[str, Any]]:
        fault = self.faults.pick(arrival)
        try:
            if fault is not None:
                raise_status(fault, self.settings, prompt)
            if arrival.endpoint != BATCH_LINE:
                return 200, self.embeddings(prompt)
            self.check(prompt)
            return 200, self.chat(prompt, fault)
        except ApiError as error:
            return error.status, error.body()
        except Exception as error:  # noqa: BLE001  a line of other types than the protocol's must not stop the others
            refusal = script_error(f"The line could not be answered: {type(error).__name__}: {error}")
            return refusal.status, refusal.body()


def raise_status(fault: Fault, settings: Settings, prompt: Prompt | None = None) -> None:
    """Raise the error of a fault that is a status; others pass.

    Raises:
        ApiError: always, for such a fault.
    """
    if fault.kind not in STATUS_KINDS:
        return
    if fault.kind == "context_length":
        given = len(prompt.text) if prompt is not None else 0
        raise context_error(min(settings.context_chars or given, given // 2), given)
    status = int(fault.kind)
    headers: dict[str, str] = {}
    if fault.retry_after is not None:
        headers |= retry_headers(fault.retry_after)
    if fault.reset_after is not None:
        headers |= {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": duration(fault.reset_after)}
    message, code = _MESSAGES[status]
    raise ApiError(status, f"{message} (a fault on demand)", code=code, headers=headers)


def reserved_tokens(prompt: Prompt) -> int:
    """Tokens that a request takes of the limit: its prompt and the most that it allows for the reply."""
    return prompt.tokens + (most_tokens(prompt.body) or 0)
