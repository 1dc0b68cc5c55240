"""What every reader of a source is told: where the config lies, the zone, the currency, and the values of `${NAME}`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from memlearn.errors import ConfigError
from memlearn.sources.config import MerchantConfig, MoneyConfig
from memlearn.sources.currencies import MINOR_DIGITS
from memlearn.sources.zones import check_zone

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class SourceContext:
    """Settings that all sources share.

    Args:
        base: folder of the config file; relative paths start here.
        timezone: zone of times without an offset, unless a source names its own.
        currency: ISO 4217 code of amounts without one, unless a source names its own.
        merchants: how merchant strings are normalised.
        money: how several currencies are treated.
        attributes: names of the free attributes of all event sources, sorted; every batch of events has a column for each.
        variables: values for `${NAME}` in paths, queries and database names.
        max_rejects: largest share of unusable rows, unless a source names its own.

    Raises:
        ConfigError: the zone or the currency is unknown.
    """

    base: Path
    timezone: str = "UTC"
    currency: str = "EUR"
    merchants: MerchantConfig = field(default_factory=MerchantConfig)
    money: MoneyConfig = field(default_factory=MoneyConfig)
    attributes: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    max_rejects: float = 0.05

    def __post_init__(self) -> None:
        try:
            check_zone(self.timezone)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        if self.currency not in MINOR_DIGITS:
            raise ConfigError(f"Currency {self.currency!r} is not an ISO 4217 code such as 'EUR' or 'USD'.")


def expand_variables(text: str, variables: Mapping[str, str]) -> str:
    """Replace every `${NAME}` in a text, and `${NAME:-default}`, whose default counts where the name has no value.

    Raises:
        ConfigError: a name has no value.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        if name in variables:
            return variables[name]
        if default is not None:
            return str(default)
        raise ConfigError(f"'${{{name}}}' in {text!r} has no value. Set it in the environment or with --set {name}=VALUE.")

    return _VARIABLE.sub(value, text)


def nearest(wanted: str, known: Iterable[str]) -> str:
    """A hint such as " Did you mean 'user_id'?", or nothing where no known name is near."""
    folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(wanted.strip().casefold(), sorted(folded), n=1, cutoff=0.6)
    return f" Did you mean {folded[found[0]]!r}?" if found else ""
