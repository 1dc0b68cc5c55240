"""Embeddings of an OpenAI-compatible endpoint. The only place that imports openai for vectors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import openai

from memlearn.errors import ConfigError, InputError, TransientError
from memlearn.llm.config import EmbeddingConfig

Vectors = npt.NDArray[np.float32]


class EmbeddingClient:
    """Asks an OpenAI-compatible endpoint for vectors."""

    def __init__(self, config: EmbeddingConfig, environment: Mapping[str, str]) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            config: with `provider: openai`.
            environment: holds the key under `config.api_key_env`.

        Raises:
            ConfigError: OpenAI's own endpoint is meant and there is no key.
        """
        key = environment.get(config.api_key_env, "").strip()
        if not key and config.base_url is None:
            raise ConfigError(
                f"Embeddings by {config.model_name!r} need a key: set the environment variable {config.api_key_env}, "
                "or name a local endpoint with `embeddings.base_url`, or use `embeddings.provider: builtin`."
            )
        self._config = config
        self._where = config.base_url or "OpenAI"
        self._dimensions = config.dimensions
        # The address is given even where it is the default: the package would otherwise read it from the environment.
        self._client = openai.OpenAI(
            api_key=key or "none",
            base_url=config.base_url or "https://api.openai.com/v1",
            timeout=config.timeout,
            max_retries=config.retries,
        )

    @property
    def model_id(self) -> str:
        """Names everything that a vector depends on: endpoint, model and length."""
        return f"openai:{self._where}:{self._config.model_name}:{self.dimensions}"

    @property
    def dimensions(self) -> int:
        """Length of the vectors; asks the endpoint once where the config does not say."""
        if self._dimensions is None:
            return int(self._request(["length"]).shape[1])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, one request for each `batch_size` of them.

        A time-out, rate limit or server error is tried again, after the pause that the endpoint asks for (at most a
        minute), or a growing one.

        Raises:
            TransientError: the endpoint did not answer, also not after the retries.
            ConfigError: key, model or address are refused, or the vectors have another length.
            InputError: a text is refused.
        """
        size = self._config.batch_size
        batches = [self._request(texts[at : at + size]) for at in range(0, len(texts), size)]
        return np.concatenate(batches) if batches else np.empty((0, self.dimensions), dtype=np.float32)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _request(self, texts: Sequence[str]) -> Vectors:
        # An empty text is refused by most endpoints.
        inputs = [text if text.strip() else "-" for text in texts]
        name, config = self._config.model_name, self._config
        shortened = {"dimensions": config.dimensions} if config.request_dimensions and config.dimensions else {}
        try:
            answer = self._client.embeddings.create(model=name, input=inputs, encoding_format="float", **shortened)  # type: ignore[arg-type]
        except openai.APITimeoutError as error:
            raise TransientError(
                f"{self._where!r} did not answer within {config.timeout:g} s, {config.retries + 1} times. Try again later."
            ) from error
        except openai.APIConnectionError as error:
            raise TransientError(
                f"{self._where!r} cannot be reached: {error.__cause__ or error}. Check `embeddings.base_url`, then run again."
            ) from error
        except (openai.RateLimitError, openai.InternalServerError, openai.ConflictError) as error:
            raise TransientError(
                f"{self._where!r} answered {error.status_code} {config.retries + 1} times: {_reason(error)}. Run again later."
            ) from error
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise ConfigError(f"{self._where!r} refused the key in {config.api_key_env}: {_reason(error)}.") from error
        except openai.NotFoundError as error:
            raise ConfigError(
                f"{self._where!r} does not know {name!r}: {_reason(error)}. Check `embeddings.model` and `embeddings.base_url`."
            ) from error
        except openai.APIStatusError as error:
            longest = max(len(text) for text in inputs)
            raise InputError(
                f"{self._where!r} refused {len(inputs)} text(s) of up to {longest} characters with {error.status_code}: {_reason(error)}. "
                "Lower `embeddings.batch_size`, or use a model that takes longer texts."
            ) from error
        except openai.OpenAIError as error:
            raise TransientError(
                f"{self._where!r} gave an answer that cannot be read: {error}. Check that it is OpenAI-compatible."
            ) from error
        return self._vectors(answer, len(inputs))

    def _vectors(self, answer: object, count: int) -> Vectors:
        entries = getattr(answer, "data", None)
        if not isinstance(entries, list) or len(entries) != count:
            found = len(entries) if isinstance(entries, list) else "no"
            raise ConfigError(f"{self._where!r} gave {found} vectors for {count} texts. Check that it is OpenAI-compatible.")
        ordered = sorted(entries, key=lambda entry: entry.index)
        lengths = sorted({len(entry.embedding) for entry in ordered})
        self._dimensions = self._dimensions or lengths[0]
        if lengths != [self._dimensions]:
            raise self._wrong_length(lengths)
        vectors = np.array([entry.embedding for entry in ordered], dtype=np.float32)
        if not math.isfinite(float(np.abs(vectors).sum())):
            raise ConfigError(
                f"{self._where!r} gave vectors of {self._config.model_name!r} that hold no finite numbers. Use another model."
            )
        return vectors

    def _wrong_length(self, found: Sequence[int]) -> ConfigError:
        lengths = " and ".join(str(length) for length in found)
        return ConfigError(
            f"{self._where!r} gave vectors of length {lengths} for {self._config.model_name!r}; expected {self._dimensions}. "
            "Set `embeddings.dimensions` to the model's."
        )


def _reason(error: openai.APIStatusError) -> str:
    return " ".join(str(error.message).split())[:300]
