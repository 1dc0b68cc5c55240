from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from memlearn.testing.prompts import PromptCache, count_tokens, digest_of, read_prompt

PATH = "/v1/chat/completions"


def request(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **fields}


def test_the_digest_is_of_content_and_not_of_the_order_of_keys() -> None:
    one = read_prompt(PATH, request("a", temperature=0, seed=1))
    assert read_prompt(PATH, dict(reversed(request("a", temperature=0, seed=1).items()))).digest == one.digest
    others = [request("b", temperature=0, seed=1), request("a", temperature=1, seed=1), request("a", temperature=0, seed=1, tools=[{}])]
    assert one.digest not in {read_prompt(PATH, other).digest for other in others}
    assert read_prompt("/v1/embeddings", request("a", temperature=0, seed=1)).digest != one.digest


def test_parts_of_a_digest_do_not_run_together() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc")


@given(st.integers(0, 10_000))
def test_four_characters_are_a_token(chars: int) -> None:
    assert count_tokens(chars) * 4 - chars in range(4)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=8))
def test_cached_is_the_longest_beginning_sent_before(prompts: list[tuple[int, int]]) -> None:
    cache, sent = PromptCache(), []
    for size, end in prompts:
        prompt = read_prompt(PATH, request("x" * size * 300 + str(end) * 300))
        common = [
            len(
                prompt.text[
                    : next(
                        (at for at, pair in enumerate(zip(prompt.text, old, strict=False)) if pair[0] != pair[1]),
                        min(len(prompt.text), len(old)),
                    )
                ]
            )
            for old in sent
        ]
        assert cache.take(prompt) == max(common, default=0) // 512 * 128
        sent.append(prompt.text)


def test_tools_come_before_messages_in_the_prompt() -> None:
    text = read_prompt(PATH, request("hello", tools=[{"name": "t"}], response_format={"type": "text"})).text
    assert text.index('"t"') < text.index('"type"') < text.index("hello")


def test_each_model_has_a_cache_of_its_own() -> None:
    cache = PromptCache()
    assert cache.take(read_prompt(PATH, request("x" * 2000))) == 0
    assert cache.take(read_prompt(PATH, request("x" * 2000) | {"model": "other"})) == 0
    assert cache.take(read_prompt(PATH, request("x" * 2000))) == 384
    cache.clear()
    assert cache.take(read_prompt(PATH, request("x" * 2000))) == 0
