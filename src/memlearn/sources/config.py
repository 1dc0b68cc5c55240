"""Config of sources: where data lies, and how its columns map to memlearn's tables."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from memlearn.records import KINDS
from memlearn.sources.currencies import MINOR_DIGITS
from memlearn.sources.zones import check_zone

Kind = Literal["purchase", "refund", "cancellation", "exposure", "redemption", "click", "view", "message", "other"]
assert set(Kind.__args__) == set(KINDS)  # type: ignore[attr-defined]

NotEvidence = Literal["discounts", "ignored_offers", "hours", "amounts", "intervals", "preferences"]


class _Columns(BaseModel):
    """Names of columns; a column that holds currencies is no currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("timezone", check_fields=False)
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return value if value is None else check_zone(value)

    @field_validator("currency", "convert_to", check_fields=False)
    @classmethod
    def _known_currency(cls, value: str | None) -> str | None:
        return value if value is None else check_currency(value)


def check_currency(code: str) -> str:
    """The code in capital letters.

    Raises:
        ValueError: it is not in ISO 4217.
    """
    if code.upper() not in MINOR_DIGITS:
        raise ValueError(f"Currency {code!r} is not an ISO 4217 code such as 'EUR' or 'USD'.")
    return code.upper()


class Location(_Config):
    """Where a source's rows lie: either `path`, or `sql` with `database`."""

    path: str | list[str] | None = Field(
        default=None,
        description="A file, a glob, a folder, or a list of them; relative to the config file. `${NAME}` is replaced from the environment or from `--set NAME=...`.",
    )
    format: Literal["csv", "parquet", "jsonl"] | None = Field(
        default=None, description="Format of the files; default: from the file's ending, `.gz` and `.zst` included."
    )
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="Column separator of CSV files.")
    encoding: str = Field(
        default="auto", description="Text encoding of CSV and JSON Lines; `auto` takes a byte order mark, then UTF-8, then Windows-1252."
    )
    sql: str | None = Field(default=None, description="A query; its rows are the source's rows.")
    database: str | None = Field(
        default=None, description="`duckdb:` (in memory, may read files), `duckdb:PATH`, `sqlite:PATH` or `postgresql://...`."
    )

    @model_validator(mode="after")
    def _one_location(self) -> Self:
        if (self.path is None) == (self.sql is None):
            raise ValueError("A source needs either `path` or `sql` (with `database`), and not both.")
        if (self.sql is None) != (self.database is None):
            raise ValueError("`sql` and `database` belong together: give both or neither.")
        return self


class EventColumns(_Columns):
    """Which column holds what; only `user` and `time` must be there."""

    user: str = Field(description="Who did it.")
    time: str = Field(description="When: text, date, timestamp, or a number (see `time_unit`).")
    sequence: str | None = Field(default=None, description="Order among events at the same time; an integer.")
    key: str | None = Field(default=None, description="Unique key of the row; a later row with the same key corrects it.")
    item: str | None = Field(default=None, description="What was bought, offered or answered.")
    kind: str | None = Field(default=None, description="What happened; mapped by `kinds`.")
    amount: str | None = Field(default=None, description="Money, in major units (12.50).")
    currency: str | None = Field(default=None, description="ISO 4217 code.")
    quantity: str | None = Field(default=None, description="How many; fractions allowed.")
    discount: str | None = Field(default=None, description="Money taken off, in major units; its sign is ignored.")
    text: str | None = Field(default=None, description="Free text: description, merchant string, message.")
    refers_to: str | None = Field(default=None, description="Key of the row that a refund or cancellation names.")
    deleted: str | None = Field(default=None, description="True or 1: this row deletes the row with its key.")


class EventSource(Location):
    """Events: what users did, at a time."""

    role: Literal["events"] = "events"
    columns: EventColumns
    attributes: dict[str, str] = Field(
        default_factory=dict,
        description="Free attributes to learn from: name → column (store, channel, ...). Small letters, digits and `_`; not `item`, `merchant`, `merchant_category`, `user` or `currency`.",
    )
    kind: Kind = Field(
        default="purchase", description="What every row is, where no `kind` column is mapped or its value is not in `kinds`."
    )
    kinds: dict[str, Kind] = Field(default_factory=dict, description="Value of the kind column → kind of event; compared without case.")
    mode: Literal["append", "snapshot"] = Field(
        default="append",
        description="append: an absent row means nothing; snapshot: the source is the whole truth, a missing row is deleted.",
    )
    max_shrink: float = Field(default=0.2, ge=0, le=1, description="snapshot only: largest share of rows that may vanish in one delivery.")
    timezone: str | None = Field(default=None, description="Zone of times without an offset; default: the config's `timezone`.")
    time_formats: list[str] = Field(
        default_factory=list,
        description="strptime formats to try in this order; default: ISO 8601 and, where it is unambiguous over the whole file, day or month first.",
    )
    time_unit: Literal["s", "ms", "us", "days"] = Field(default="s", description="Unit of a numeric time, since `time_origin`.")
    time_origin: str = Field(default="1970-01-01", description="Origin of a numeric time, ISO date or timestamp in the source's zone.")
    earliest: date | None = Field(
        default=None,
        description="First day (local) of which rows are believed; earlier ones are rejected. Default: any from 1900 on but 1970-01-01, the zero of computer clocks.",
    )
    latest: date | None = Field(
        default=None, description="Last day (local) of which rows are believed; later ones are rejected. Default: any until 2199."
    )
    currency: str | None = Field(default=None, description="Currency of rows without one; default: the config's `currency`.")
    decimal_mark: Literal["auto", ".", ","] = Field(
        default="auto", description="What separates the decimals of amounts written as text; `auto` decides over the whole file."
    )
    merchants: bool = Field(
        default=False, description="True: `text` is a raw merchant string; it is normalised to a merchant and a category."
    )
    not_evidence_for: list[NotEvidence] = Field(
        default_factory=list, description="What this source cannot support; no statement of that kind is made from its rows."
    )
    max_rejects: float | None = Field(
        default=None, ge=0, le=1, description="Largest share of rows that may be unusable; default: the config's `max_rejects`."
    )

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        if self.columns.deleted and not self.columns.key:
            raise ValueError("`columns.deleted` needs `columns.key`: a deletion names its row by key.")
        if self.merchants and not self.columns.text:
            raise ValueError("`merchants: true` needs `columns.text`, the column of the raw merchant strings.")
        if self.earliest and self.latest and self.earliest > self.latest:
            raise ValueError(f"`earliest` ({self.earliest}) is after `latest` ({self.latest}); exchange them.")
        try:
            datetime.fromisoformat(self.time_origin)
        except ValueError as error:
            raise ValueError(f"`time_origin` {self.time_origin!r} is not an ISO date or timestamp such as '2016-03-23'.") from error
        return self


class ItemColumns(_Columns):
    """Which column holds what; only `item` must be there."""

    item: str = Field(description="Id of the item.")
    name: str | None = Field(default=None, description="Short name shown to people; default: the id.")
    text: str | None = Field(default=None, description="Longer description.")
    price: str | None = Field(default=None, description="Price in major units.")
    currency: str | None = Field(default=None, description="ISO 4217 code.")
    valid_from: str | None = Field(default=None, description="First moment at which it may be recommended.")
    valid_until: str | None = Field(
        default=None, description="First moment at which it may no longer be recommended; a date without a time counts to the day's end."
    )


class ItemSource(Location):
    """Items: what can be bought, offered or recommended."""

    role: Literal["items"] = "items"
    columns: ItemColumns
    levels: dict[str, str] = Field(
        default_factory=dict,
        description="Levels of the catalogue, coarse to fine: name → column (department, category, brand); names as of the attributes of events.",
    )
    recommend: bool = Field(default=True, description="False: these items are known but never recommended.")
    timezone: str | None = Field(default=None, description="Zone of the validity dates; default: the config's `timezone`.")
    max_rejects: float | None = Field(
        default=None, ge=0, le=1, description="Largest share of rows that may be unusable; default: the config's `max_rejects`."
    )


class PersonSource(Location):
    """Persons: what is given about users, not learned."""

    role: Literal["persons"] = "persons"
    user: str = Field(description="Column of the user's id.")
    since: str | None = Field(default=None, description="Column: when the row became known.")
    attributes: dict[str, str] = Field(min_length=1, description="Name of the attribute → column.")
    sensitive: list[str] = Field(default_factory=list, description="Attributes that may be used to filter but are never stated.")
    timezone: str | None = Field(default=None, description="Zone of `since`; default: the config's `timezone`.")
    max_rejects: float | None = Field(
        default=None, ge=0, le=1, description="Largest share of rows that may be unusable; default: the config's `max_rejects`."
    )


class StatementColumns(_Columns):
    """Which column holds what."""

    user: str = Field(description="Whom it is about.")
    time: str = Field(description="When it was said.")
    stance: str = Field(description="likes, avoids or needs.")
    dim: str = Field(description="Dimension: item, a level, merchant, merchant_category or an attribute.")
    key: str = Field(description="Which one.")
    until: str | None = Field(default=None, description="Until when it holds.")
    text: str | None = Field(default=None, description="Words for people.")
    withdrawn: str | None = Field(default=None, description="True or 1: withdraws an earlier statement.")


class StatementSource(Location):
    """Operator statements: typed facts that a person states about a user."""

    role: Literal["statements"] = "statements"
    columns: StatementColumns
    timezone: str | None = Field(default=None, description="Zone of times without an offset; default: the config's `timezone`.")
    max_rejects: float | None = Field(
        default=None, ge=0, le=1, description="Largest share of rows that may be unusable; default: the config's `max_rejects`."
    )


class OfferItemColumns(_Columns):
    """Which column holds what."""

    offer: str = Field(description="Id of the offer, as in a source of items.")
    item: str = Field(description="Id of an item that the offer applies to; with `level`, a key of that level.")


class OfferItemSource(Location):
    """What offers apply to: one row for each offer and item."""

    role: Literal["offer_items"] = "offer_items"
    columns: OfferItemColumns
    level: str | None = Field(
        default=None,
        description="Name of a level: `columns.item` holds its keys, and an offer applies to every item of a key. Default: it holds ids of items.",
    )
    max_rejects: float | None = Field(
        default=None, ge=0, le=1, description="Largest share of rows that may be unusable; default: the config's `max_rejects`."
    )


class DocumentSource(_Config):
    """Documents: policies, guidelines, help pages (Markdown, text, HTML, PDF)."""

    role: Literal["documents"] = "documents"
    path: str | list[str] = Field(description="A file, a glob, a folder, or a list of them; folders are read with their subfolders.")
    kind: Literal["policy", "guideline", "other"] = Field(
        default="other", description="policy feeds the `policies` block, guideline the `guidelines` block; all are searchable."
    )
    exclude: list[str] = Field(default_factory=list, description="Globs of paths, relative to the folder, to leave out.")
    encoding: str = Field(default="auto", description="Text encoding; `auto` takes a byte order mark, then UTF-8, then Windows-1252.")


Source = Annotated[
    EventSource | ItemSource | OfferItemSource | PersonSource | StatementSource | DocumentSource, Field(discriminator="role")
]


class MerchantConfig(_Config):
    """How raw merchant strings become merchants and categories."""

    aliases: dict[str, str] = Field(default_factory=dict, description="Normalised name → name to use instead.")
    categories: dict[str, str] = Field(
        default_factory=dict, description="Merchant name or a word in it → category; before the built-in words."
    )


class MoneyConfig(_Config):
    """How several currencies are treated."""

    convert_to: str | None = Field(
        default=None, description="Convert every amount to this currency with `rates`; default: currencies are kept apart."
    )
    rates: dict[str, float] = Field(default_factory=dict, description="Currency → how many units of `convert_to` one unit is worth.")

    @field_validator("rates")
    @classmethod
    def _known_rates(cls, value: dict[str, float]) -> dict[str, float]:
        wrong = {code: rate for code, rate in value.items() if not 0 < rate < float("inf")}
        if wrong:
            raise ValueError(f"Rates must be positive numbers; got {wrong!r}.")
        return {check_currency(code): rate for code, rate in value.items()}

    @model_validator(mode="after")
    def _rates_have_target(self) -> Self:
        if self.rates and not self.convert_to:
            raise ValueError("`rates` needs `convert_to`, the currency that the rates are worth in.")
        return self
