"""Loading a config: what is accepted, and the message for each thing that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from memlearn.errors import ConfigError
from memlearn.wiring.load import LoadedConfig, load_config

VALID = """\
version: 1
timezone: Europe/Berlin
currency: EUR
sources:
  sales:
    role: events
    path: sales.csv
    columns: {user: customer, time: at, amount: price, text: shop}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "memlearn.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def load(folder: Path, text: str, **variables: str) -> LoadedConfig:
    return load_config(write(folder, text), variables)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return str(caught.value)


def test_paths_resolve_from_the_config_folder(tmp_path: Path) -> None:
    loaded = load(tmp_path, VALID)
    assert loaded.base == tmp_path.resolve()
    assert loaded.config.store == tmp_path.resolve() / "store"


def test_default_blocks_are_replaced_and_extended_by_label(tmp_path: Path) -> None:
    blocks = "blocks:\n- {label: habits, description: mine, limit: 77}\n- {label: extra, description: more}\n"
    specs = load(tmp_path, VALID + blocks).config.block_specs
    labels = [spec.label for spec in specs]
    assert labels == ["profile", "preferences", "habits", "offers", "changes", "trends", "policies", "guidelines", "extra"]
    assert specs[2].limit == 77


def test_set_comes_before_the_environment_and_a_default_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = VALID.replace("sales.csv", "${FOLDER}/${FILE:-sales.csv}")
    monkeypatch.setenv("FOLDER", "environment")
    monkeypatch.delenv("FILE", raising=False)
    assert load(tmp_path, text).config.sources["sales"].path == "environment/sales.csv"
    assert load(tmp_path, text, FOLDER="set", FILE="x.csv").config.sources["sales"].path == "set/x.csv"


def test_a_variable_may_stand_for_a_number(tmp_path: Path) -> None:
    assert load(tmp_path, VALID + "max_rejects: ${SHARE}\n", SHARE="0.5").config.max_rejects == 0.5


def test_digest_ignores_where_things_lie_and_sees_what_is_learned(tmp_path: Path) -> None:
    text = VALID.replace("sales.csv", "${FOLDER}/sales.csv")
    first = load(tmp_path, text, FOLDER="a").digest
    assert load(tmp_path, text + "store: elsewhere\nlearning: {workers: 7}\n", FOLDER="secret").digest == first
    assert load(tmp_path, "# a comment\n" + text + "max_rejects: 0.02\n", FOLDER="a").digest == first
    assert load(tmp_path, text + "chunks: {tokens: 500}\n", FOLDER="a").digest != first
    assert load(tmp_path, text.replace("Europe/Berlin", "UTC"), FOLDER="a").digest != first


def test_byte_order_mark_and_yaml_that_people_mean(tmp_path: Path) -> None:
    text = VALID + "    kinds: {1: purchase, no: refund}\n    time_origin: 2024-01-01\n"
    text = text.replace("columns: {", "columns: {kind: k, ")
    file = tmp_path / "memlearn.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    source = load_config(file).config.sources["sales"]
    assert source.model_dump()["kinds"] == {"1": "purchase", "no": "refund"}
    assert source.model_dump()["time_origin"] == "2024-01-01"


def test_several_problems_are_reported_together_in_order(tmp_path: Path) -> None:
    text = VALID.replace("columns:", "colums: 1\n    columns:").replace("version: 1", "version: 2") + "    kind: purchas\n"
    message = refused(tmp_path, text)
    assert "has 3 problems" in message
    lines = message.splitlines()[1:]
    assert [line.split(",")[0].strip() for line in lines] == ["line 1", "line 8", "line 10"]
    assert "sources.sales.colums: there is no such key. Did you mean 'columns'? Keys here: attributes, columns," in lines[1]
    assert "'purchas' is not known. Did you mean 'purchase'? Allowed: purchase, refund" in lines[2]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("Europe/Berlin", "Europe/Berlim", 2, "timezone: Time zone 'Europe/Berlim' is unknown. Did you mean 'Europe/Berlin'"),
        ("Europe/Berlin", "Mars", 2, "Use a name such as 'Europe/Berlin'"),
        ("currency: EUR", "currency: euro", 3, "Currency 'euro' is not an ISO 4217 code"),
        ("currency: EUR\n", "", 7, "no currency is known for these amounts. Add `currency: EUR`"),
        ("version: 1", "version: 2", 1, "this config has version 2; this memlearn reads version 1. Upgrade memlearn, or"),
        ("version: 1", "version: '1'", 1, "found the text '1'. Write `version: 1`, without quotes."),
        ("version: 1", "version: 0", 1, "0 is no version. Write `version: 1`."),
        ("version: 1\n", "", 1, "version: this key must be there. Add `version: 1` as the first line."),
        ("  sales:", "  Sales:", 5, "'Sales' is not a name: small letters, digits, `_` and `-`, a letter first"),
        ("path: sales.csv", "path: a\n    attributes: [store]", 8, "found ['store'], but a mapping belongs here. Write `name: value`"),
        ("path: sales.csv", "path: a\n    not_evidence_for: hours", 8, "a list belongs here. Write ['hours'] for one entry."),
        (
            "path: sales.csv",
            "path: a\n    delimiter: tab",
            8,
            "found 'tab', but a single character belongs here; a tab is written \"\\t\".",
        ),
        ("path: sales.csv", "path: a\n    earliest: 2020", 8, "found 2020, but a day belongs here, such as 2025-01-31."),
        ("path: sales.csv", "path: a\n    merchants: ja", 8, "found 'ja', but true or false belongs here."),
        ("path: sales.csv", "path: a\n    attributes: {store: ''}", 8, "attributes.store: the name of the column is empty."),
        ("path: sales.csv", "sql: select 1\n    database: shop.db", 8, "Write 'sqlite:shop.db' or 'duckdb:shop.db' for a file."),
        ("time: at, ", "time: 3, ", 8, "found 3, but a text belongs here. Write '3' in quotes."),
        ("time: at, ", "time: , ", 8, "columns.time: nothing stands here. Give it a value, or remove the key."),
        ("version: 1", "version: 1\nmax_rejects: 5%", 2, "found '5%', but a number belongs here, such as 0.5. Write 0.05 for 5 %."),
        ("version: 1", "version: 1\nreleases: {keep: some}", 2, "found 'some', but a whole number belongs here"),
        ("version: 1", "version: 1\nblocks: {profile: 5}", 2, "but a list belongs here. Begin each entry with `- `."),
        ("version: 1", "version: 1\nstore:", 2, "store: nothing stands here."),
        ("role: events", "role: event", 6, "sources.sales.role: 'event' is not known. Did you mean 'events'?"),
        ("    role: events\n", "", 5, "'role' is missing"),
        ("path: sales.csv", "max_rejects: 0.1", 5, "either `path` or `sql` (with `database`), and not both"),
        ("path: sales.csv", "path: []", 7, "the path is empty"),
        ("path: sales.csv", "path: a\n    sql: select 1", 5, "either `path` or `sql` (with `database`), and not both"),
        ("path: sales.csv", "sql: select 1", 5, "`sql` and `database` belong together"),
        ("path: sales.csv", "sql: select 1\n    database: 'mysql://x'", 8, "'mysql' is not a known kind of database"),
        ("path: sales.csv", "path: a\n    database: 'duckdb:'", 5, "`sql` and `database` belong together"),
        ("path: sales.csv", "path: ${NOT_SET_ANYWHERE}", 7, "variable 'NOT_SET_ANYWHERE' is not set"),
        ("path: sales.csv", "path: a\n    kinds: {a: refund}", 8, "`kinds` needs `columns.kind`"),
        ("path: sales.csv", "path: a\n    max_shrink: 0.5", 8, "has a meaning with `mode: snapshot` only"),
        ("path: sales.csv", "path: a\n    time_origin: day one", 5, "'day one' is not an ISO date"),
        (
            "path: sales.csv",
            "path: a\n    attributes: {merchant: m}",
            8,
            "'merchant' is taken: it is what `merchants: true` reads from raw merchant",
        ),
        (
            "path: sales.csv",
            "path: a\n    attributes: {merchant: m}",
            8,
            "take 'partner' (which offers are matched by), 'shop' or 'seller'.",
        ),
        ("path: sales.csv", "path: a\n    attributes: {item: m}", 8, "which `columns.item` maps. Map the column there, or name the group"),
        ("path: sales.csv", "path: a\n    attributes: {user: m}", 8, "take 'household', 'account' or 'team'."),
        ("path: sales.csv", "path: a\n    attributes: {The Shop: m}", 8, "is not a name"),
        ("text: shop", "deleted: gone", 5, "`columns.deleted` needs `columns.key`"),
        ("text: shop", "refers_to: r", 8, "`refers_to` needs `columns.key`"),
        ("time: at, ", "", 8, "sources.sales.columns.time: this key must be there"),
        ("text: shop}", "}\n    merchants: true", 5, "`merchants: true` needs `columns.text`"),
        ("version: 1", "version: 1\nversion: 1", 2, "this key is there twice"),
        ("version: 1", "version: 1\nmax_rejects: 2", 2, "max_rejects: found 2, but it should be less than or equal to 1"),
        ("version: 1", "version: 1\nmoney: {convert_to: EUR}", 2, "there are no `rates` to convert with"),
        ("version: 1", "version: 1\nmoney: {rates: {USD: 0.9}}", 2, "`rates` needs `convert_to`"),
        ("version: 1", "version: 1\nmoney: {convert_to: EUR, rates: {USD: 0}}", 2, "Rates must be positive numbers"),
        ("version: 1", "version: 1\nblocks:\n- {label: a, description: d}\n- {label: a, description: e}", 3, "is there 2 times"),
    ],
)
def test_each_problem_names_its_line_and_the_way_out(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in VALID
    message = refused(tmp_path, VALID.replace(old, new))
    assert f"line {line}, " in message
    assert words in message
    assert "memlearn.yaml" in message


def test_an_attribute_in_persons_sensitive_must_be_an_attribute(tmp_path: Path) -> None:
    persons = "  people: {role: persons, path: p.csv, user: u, attributes: {age: a}, sensitive: [agee]}\n"
    assert "'agee' is not one of the attributes. Did you mean 'age'?" in refused(tmp_path, VALID + persons)


def test_a_level_of_what_offers_apply_to_must_be_one_of_items(tmp_path: Path) -> None:
    more = """  goods: {role: items, path: g.csv, columns: {item: i}, levels: {brand: b}}
  pairs: {role: offer_items, path: p.csv, columns: {offer: o, item: i}, level: brnad}
"""
    message = refused(tmp_path, VALID + more)
    assert "sources.pairs.level: no source of items has a level 'brnad'. Did you mean 'brand'?" in message


def test_a_config_without_events_is_refused(tmp_path: Path) -> None:
    text = "version: 1\nsources:\n  docs: {role: documents, path: docs}\n"
    assert "no source has `role: events`" in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty; a config is a mapping"),
        ("- 1\n", "holds a list"),
        ("a: [1\nb: 2\n", "this is not YAML"),
        ("a: &a [*a]\n", "holds itself"),
    ],
)
def test_a_file_that_is_no_config(tmp_path: Path, text: str, words: str) -> None:
    assert words in refused(tmp_path, text)


def test_a_missing_file_names_the_ones_that_are_there(tmp_path: Path) -> None:
    write(tmp_path, VALID)
    with pytest.raises(ConfigError, match=r"There is no config file .*The folder has: memlearn\.yaml"):
        load_config(tmp_path / "memlern.yaml")
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "memlearn.yaml"
    file.write_bytes(VALID.replace("shop", "caf\xe9").encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_config(file)


@pytest.mark.parametrize("sources", [" {}", "", "\n  - role: events\n    path: a.csv"])
def test_a_config_without_sources_is_shown_one(tmp_path: Path, sources: str) -> None:
    message = refused(tmp_path, f"version: 1\nsources:{sources}\n")
    assert "line 2, sources: " in message
    assert "for example `shop: {role: events, path: shop.csv, columns: {user: customer, time: bought_at}}`" in message
    assert "`memlearn init DIR` writes a whole config" in message
    assert "dictionary" not in message


def test_a_source_that_is_no_mapping_is_shown_one(tmp_path: Path) -> None:
    assert "found 'a.csv', but a source is a mapping with `role`, for example `shop: {role: events" in refused(
        tmp_path, "version: 1\nsources: {s: a.csv}\n"
    )


@pytest.mark.parametrize(
    ("line", "way_out"),
    [
        ("\tpath: a.csv", "Indent with blanks, not with tabs."),
        ('    path: "C:\\data"', "Write paths with '/', or in single quotes."),
        ("    path:a.csv", "put a blank behind each ':' of a key"),
    ],
)
def test_what_is_no_yaml_has_a_way_out(tmp_path: Path, line: str, way_out: str) -> None:
    assert way_out in refused(tmp_path, f"version: 1\nsources:\n  s:\n    role: events\n{line}\n    columns: {{}}\n")


def test_a_currency_in_small_letters_is_that_currency(tmp_path: Path) -> None:
    (tmp_path / "memlearn.yaml").write_text(VALID.replace("currency: EUR", "currency: eur"), encoding="utf-8")
    assert load_config(tmp_path / "memlearn.yaml").config.currency == "EUR"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("x", "x"), ("localhost:8000/v1", "localhost:8000/v1"), ("ftp://host/v1", "ftp://host/v1"), ("http://", "http://"), ("'http://a b/v1'", "http://a b/v1"),
     ("'http://host:port/v1'", "http://host:port/v1"), ("https:/host/v1", "https:/host/v1"), ("'http://[::1/v1'", "http://[::1/v1"), ("''", "")],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_with_its_key_and_the_way_out(tmp_path: Path, value: str, shown: str) -> None:
    agent = f"learning: {{manager: agent, agent: {{model: m, base_url: {value}}}}}\n"
    embeddings = f"embeddings: {{provider: openai, base_url: {value}}}\n"
    for text, key in ((agent, "learning.agent.base_url"), (embeddings, "embeddings.base_url")):
        message = refused(tmp_path, VALID + text)
        assert f"{key}: {shown!r} is no address of an endpoint" in message
        assert "such as `http://localhost:11434/v1`, or remove the key" in message


@pytest.mark.parametrize(
    "value", ["http://localhost:8000/v1", "https://x.openai.azure.com/openai/v1/", "http://[::1]:80", "HTTP://10.0.0.1/v1"]
)
def test_an_address_is_taken_as_it_stands(tmp_path: Path, value: str) -> None:
    loaded = load(tmp_path, VALID + f"learning: {{manager: agent, agent: {{model: m, base_url: '{value}'}}}}\n")
    assert loaded.config.learning.agent is not None
    assert loaded.config.learning.agent.base_url == value
