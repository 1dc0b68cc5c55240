"""What is written for people: data cannot act on the terminal, and looks as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.cli import learn, output, release, show
from memlearn.wiring import reports


@given(st.text())
def test_no_control_character_gets_through(text: str) -> None:
    cleaned = output.safe(text)
    assert len(cleaned) == len(text)
    assert not any(ord(character) < 32 and character not in "\t\n" for character in cleaned)
    assert not set(cleaned) & set("\x7f\x9b\u202e\u2066\u200b")


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"], exclude_characters="\u061c")))
def test_ordinary_text_stays(text: str) -> None:
    assert output.safe(text) == text


def test_json_is_one_document_with_every_letter(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_json({"name": "Café", "list": [1]})
    text = capsys.readouterr().out
    assert json.loads(text) == {"name": "Café", "list": [1]}
    assert "Café" in text


STATEMENT = reports.StatementView(
    text="Buys [bold]beans[/bold] \x1b[31mred",
    fact={"kind": "habit"},
    evidence={"rows": ["00ff"]},
    rows=(reports.CitedRow("00ff", "2026-05-26T17:15", "sales", "purchase", "Beans 1 kg", "14.90", "EUR", 2.0),),
)
GUESS = reports.StatementView(text="May like tea", fact=None, evidence={}, status="hypothesis")
VIEW = reports.UserView(
    user_id="anna",
    release_id="r000001-aa",
    blocks=(
        reports.BlockView("habits", "d", 1000, read_only=False, shared=False, value="x" * 412, statements=(STATEMENT, GUESS)),
        reports.BlockView("trends", "d", 2000, read_only=True, shared=True, value="", statements=()),
    ),
    events=1234,
    as_of="2026-05-31",
    history=(reports.HistoryEntry("r000001-aa", "2026-05-31", added=("new",), removed=("old",)),),
)


def test_a_user_is_shown_with_marks_rows_and_limits(capsys: pytest.CaptureFixture[str]) -> None:
    show._show_user(VIEW)  # noqa: SLF001 - what the command prints for a view that is hard to learn
    text = capsys.readouterr().out
    assert "User anna: 1,234 events, learned up to 2026-05-31 (release r000001-aa)" in text
    assert "habits 412 of 1,000 characters" in text
    assert "- Buys [bold]beans[/bold] \ufffd[31mred" in text
    assert "2026-05-26T17:15  purchase  2 x  Beans 1 kg  14.90 EUR  [00ff]" in text
    assert "? May like tea" in text
    assert "nothing learned yet" in text
    assert "+ new" in text
    assert "- old" in text


def test_reports_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_json(VIEW.to_json())
    document = json.loads(capsys.readouterr().out)
    assert set(document) >= {"user_id", "release_id", "blocks"}
    assert set(document["blocks"][0]) >= {"label", "description", "limit", "read_only", "value", "statements"}
    assert set(document["blocks"][0]["statements"][0]) >= {"text", "fact", "evidence"}


def test_a_recommendation_is_a_table_with_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    item = reports.RecommendedItem("p1", 0.75, "Due about now: " + "buys beans every 9 days " * 5, {"rows": []}, "Beans [x]")
    show._show_recommendation(reports.Recommendation("anna", "r1", "personal", (item,)))  # noqa: SLF001 - as above
    text = capsys.readouterr().out
    assert "Beans [x]" in text
    assert "0.750" in text
    assert " ".join(text.split()).count("9 days") == 5
    show._show_recommendation(reports.Recommendation("anna", "r1", "popular", ()))  # noqa: SLF001 - as above
    assert "nothing may be recommended" in capsys.readouterr().out


def test_a_learn_report_names_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    report = reports.LearnReport("run", "r1", 3, 1000, 2, 5, 6, 7, 8, 1.25, rejects_file="rejects/x.csv")
    learn._show(report)  # noqa: SLF001 - as above
    text = capsys.readouterr().out
    assert "Release r1 is published." in text
    assert "2; see rejects/x.csv" in text
    assert "5 done, 6 reused" in text
    assert "8 less telling lines" in text
    assert "refused" not in text


def test_releases_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    info = reports.ReleaseInfo("r1", "2026-06-01T03:00:00Z", "2026-05-31", 300, 2900, 12_000_000, current=True)
    release._show_list(reports.ReleaseList("r1", (info,)))  # noqa: SLF001 - as above
    assert "12.0" in capsys.readouterr().out
    release._show_list(reports.ReleaseList(None, ()))  # noqa: SLF001 - as above
    assert "No release is published yet" in capsys.readouterr().out


@pytest.mark.parametrize(("number", "words"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (1234, "1,234 steps")])
def test_what_is_counted_is_one_or_many(number: int, words: str) -> None:
    assert output.counted(number, "step") == words
