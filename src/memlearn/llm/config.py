"""Config of endpoints: embeddings, and the model that keeps memory."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

DEFAULT_MODEL = "text-embedding-3-small"
DEFAULT_KEY_VARIABLE = "OPENAI_API_KEY"


def check_url(value: str) -> str:
    """The address of an endpoint as it stands.

    Raises:
        ValueError: it is none, with the way out.
    """
    way_out = "Write the endpoint's whole address, such as `http://localhost:11434/v1`, or remove the key for OpenAI's own"
    try:
        parts = urlsplit(value)
        sound = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or any(character.isspace() or not character.isprintable() for character in value):
        raise ValueError(f"{value!r} is no address of an endpoint, which begins with `http://` or `https://` and names a host. {way_out}")
    return value


Url = Annotated[str, AfterValidator(check_url)]


class EmbeddingConfig(BaseModel):
    """How texts become vectors for search by meaning."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["builtin", "openai", "sentence-transformers"] = Field(
        default="builtin",
        description="builtin: our own, without download or network; openai: any OpenAI-compatible endpoint; sentence-transformers: a local model.",
    )
    model: str | None = Field(
        default=None, min_length=1, description=f"Name of the model; default for openai: {DEFAULT_MODEL}. Not for builtin."
    )
    base_url: Url | None = Field(
        default=None, description="Address of an OpenAI-compatible endpoint, with its `/v1`; default: OpenAI's own."
    )
    api_key_env: str = Field(
        default=DEFAULT_KEY_VARIABLE, description="Environment variable that holds the key; a local endpoint needs none."
    )
    dimensions: int | None = Field(
        default=None,
        ge=8,
        le=16_384,
        description="Length of the vectors; default: 256 for builtin, otherwise what the model answers. Checked.",
    )
    request_dimensions: bool = Field(
        default=False, description="True: ask the endpoint to shorten its vectors to `dimensions`; not every model can."
    )
    batch_size: int = Field(default=128, ge=1, le=2048, description="Most texts of one request.")
    timeout: float = Field(default=60.0, gt=0, le=600, description="Seconds to wait for one answer.")
    retries: int = Field(
        default=4, ge=0, le=20, description="How often a request is tried again after a time-out, a rate limit or a server error."
    )

    @model_validator(mode="after")
    def _check(self) -> EmbeddingConfig:
        if self.provider == "sentence-transformers" and self.model is None:
            raise ValueError("`model` is needed for `provider: sentence-transformers`, for example `all-MiniLM-L6-v2`")
        if self.provider == "builtin" and (self.model or self.base_url):
            raise ValueError("`provider: builtin` takes neither `model` nor `base_url`; did you mean `provider: openai`?")
        if self.request_dimensions and self.dimensions is None:
            raise ValueError("`request_dimensions` needs `dimensions`")
        return self

    @property
    def model_name(self) -> str:
        """The model as the endpoint knows it."""
        return self.model or DEFAULT_MODEL


class Prices(BaseModel):
    """What a model costs, for a million tokens, in any one currency; there is no hidden table of prices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0, le=1e6, description="Price of a million tokens of requests.")
    cached_input: float | None = Field(
        default=None, ge=0, le=1e6, description="Price of a million of them that the provider takes from its cache; default: as `input`."
    )
    output: float = Field(ge=0, le=1e6, description="Price of a million tokens of answers.")
    batch_share: float = Field(default=0.5, ge=0, le=1, description="What batches cost, as a share of these prices.")
    currency: str = Field(default="USD", min_length=1, max_length=8, description="Currency of the prices, for display.")


class ModelConfig(BaseModel):
    """A language model at any OpenAI-compatible endpoint: OpenAI, Azure, vLLM, Ollama, llama.cpp, LiteLLM."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1, description="Name of the model as the endpoint knows it.")
    base_url: Url | None = Field(default=None, description="Address of the endpoint, with its `/v1`; default: OpenAI's own.")
    api_key_env: str = Field(
        default=DEFAULT_KEY_VARIABLE, description="Environment variable that holds the key; a local endpoint needs none."
    )
    options: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="Sampling options sent with every request as they stand, such as `temperature: 0`, `seed: 7` or `reasoning_effort: low`.",
    )
    max_tokens: int = Field(default=2000, ge=16, le=200_000, description="Most tokens of one answer, hidden reasoning included.")
    output_limit: Literal["auto", "max_completion_tokens", "max_tokens"] = Field(
        default="auto",
        description="Name under which the endpoint takes `max_tokens`; auto: `max_completion_tokens` for OpenAI's own, `max_tokens` for others.",
    )
    replies: Literal["auto", "tools", "json", "text"] = Field(
        default="auto",
        description="How the model asks for edits: by tool calls, JSON after a schema, or plain lines; auto: the first of them that the endpoint takes.",
    )
    timeout: float = Field(default=120.0, gt=0, le=3600, description="Seconds to wait for one answer.")
    prices: Prices | None = Field(
        default=None, description="What the model costs; without it nothing is said about money, and there is no cap."
    )

    @model_validator(mode="after")
    def _check(self) -> ModelConfig:
        ours = sorted(RESERVED_OPTIONS & set(self.options))
        if ours:
            raise ValueError(f"`options` may not hold {ours[0]!r}, which memlearn sets itself")
        return self


RESERVED_OPTIONS = frozenset(
    {
        "model",
        "messages",
        "tools",
        "response_format",
        "max_tokens",
        "max_completion_tokens",
        "stream",
        "stream_options",
        "n",
        "tool_choice",
        "functions",
    }
)
