"""The page: well-formed, of its own, its plots say what its tables say, and no name on it is taken for markup."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from evaluations import HOSTILE, evaluation

from memlearn.evaluation.report import render_page
from memlearn.evaluation.report.figures import NO_FIGURE, change, number
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Evaluation, Missing, of_json

Tree = ET.Element


def tree(found: Evaluation) -> Tree:
    page = render_page(found)
    start = "<!DOCTYPE html>\n"
    assert page.startswith(start)
    return ET.fromstring(page.removeprefix(start))


def words(node: Tree) -> str:
    return "".join(node.itertext())


def svg(page: Tree, anchor: str) -> Tree:
    return next(node for node in page.iter("svg") if str(node.get("aria-labelledby")).startswith(f"{anchor}-title"))


def labels(picture: Tree) -> dict[str, str]:
    """Name of a row → the figure written beside it."""
    names = [words(node).removeprefix("◆ ") for node in picture.iter("text") if "name" in str(node.get("class"))]
    values = [words(node) for node in picture.iter("text") if "value" in str(node.get("class"))]
    return dict(zip(names, values, strict=True))


def column(page: Tree, caption: str, head: str) -> dict[str, str]:
    """Head of a row → the figure in a column of the table whose caption begins so."""
    held = next(node for node in page.iter("table") if words(node.find("caption") or node[0]).startswith(caption))
    place = [words(cell) for cell in held.iter("th") if cell.get("scope") == "col"].index(head)
    rows = (list(row) for row in held.iter("tr") if row[0].get("scope") == "row")
    return {words(row[0]).removeprefix("◆ "): str(row[place].text).strip() for row in rows}


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluation()


@pytest.fixture(scope="module")
def page(found: Evaluation) -> Tree:
    return tree(found)


@pytest.mark.parametrize(
    ("anchor", "caption", "head"),
    [
        ("plot-quality", "Every metric at 10 places", "NDCG@10"),
        ("plot-against", "Memlearn by NDCG@10, all", "More or less"),
        ("plot-repeat", "Metrics over what users bought again", "Recall@10"),
        ("plot-explore", "Metrics over what was new", "Recall@10"),
        ("plot-cold", "Metrics over cold users", "NDCG@10"),
        ("plot-warm", "Metrics over the other users", "NDCG@10"),
        ("plot-coverage", "Coverage, novelty", "Coverage @10"),
        ("plot-novelty", "Coverage, novelty", "Novelty (bits) @10"),
        ("plot-repeats", "Coverage, novelty", "Repeated places @10"),
        ("plot-miscalibration", "Coverage, novelty", "Miscalibration (nats) @10"),
    ],
)
def test_a_plot_has_the_figures_of_its_table(page: Tree, anchor: str, caption: str, head: str) -> None:
    drawn = labels(svg(page, anchor))
    assert drawn == column(page, caption, head)
    assert len(drawn) == (3 if anchor == "plot-against" else 4)
    told = words(next(iter(svg(page, anchor).iter("desc"))))
    assert all(f"{name}: {value}" in told for name, value in drawn.items())


def test_figures_of_the_page_are_those_of_the_evaluation(found: Evaluation, page: Tree) -> None:
    metrics = {one.title: one.metrics["ndcg@10"].mean for one in found.methods}
    assert labels(svg(page, "plot-quality")) == {title: f"{mean:.4f}" for title, mean in metrics.items()}
    ratios = {found.method(name).title: one.ratio for name, one in found.compared("all", "ndcg@10").items()}
    assert all(isinstance(ratio, Interval) for ratio in ratios.values())
    assert labels(svg(page, "plot-against")) == {title: change(ratio.mean) for title, ratio in ratios.items() if ratio.mean is not None}


def test_bars_and_whiskers_stand_where_their_figures_are(found: Evaluation, page: Tree) -> None:
    picture = svg(page, "plot-quality")
    zero = float(next(str(node.get("x1")) for node in picture.iter("line") if node.get("class") == "zero"))
    widths = [float(str(node.get("width"))) for node in picture.iter("rect")]
    figures = [one.metrics["ndcg@10"] for one in found.methods]
    spans = [node for node in picture.iter("line") if node.get("class") == "whisker" and node.get("y1") == node.get("y2")]
    for width, span, figure in zip(widths, spans, figures, strict=True):
        assert isinstance(figure, Interval)
        unit = width / figure.mean
        assert unit == pytest.approx(widths[0] / (figures[0].mean or 0), rel=1e-3)
        assert float(str(span.get("x1"))) == pytest.approx(zero + unit * figure.low, abs=0.1)
        assert float(str(span.get("x2"))) == pytest.approx(zero + unit * figure.high, abs=0.1)


def test_lines_over_cuts_say_what_the_table_says(found: Evaluation, page: Tree) -> None:
    picture = svg(page, "plot-cuts")
    written = [words(node) for node in picture.iter("text") if "value" in str(node.get("class"))]
    assert written == [number(part.metrics["ndcg@10"].mean or 0.0) for part in found.method("memlearn").cuts]
    table = next(node for node in page.iter("table") if words(node[0]).startswith("NDCG@10 at each cut"))
    ours = next(row for row in table.iter("tr") if row.get("class") == "ours")
    assert [str(cell.text).strip() for cell in ours[1:]] == written
    assert len(list(picture.iter("polyline"))) == len(found.methods)


def test_figures_over_many_cuts_do_not_stand_one_over_the_other() -> None:
    many = evaluation(users=40, cuts=9, skills=(0.5, 0.4))
    written = [node for node in svg(tree(many), "plot-cuts").iter("text") if "value" in str(node.get("class"))]
    assert [words(node) for node in written] == [number(part.metrics["ndcg@10"].mean or 0.0) for part in many.methods[0].cuts]
    places = [(float(str(node.get("x"))), float(str(node.get("y")))) for node in written]
    # Six signs of a bold text of 12 units are about 42 wide.
    close = [
        (one, two) for at, one in enumerate(places) for two in places[at + 1 :] if abs(one[0] - two[0]) < 42 and abs(one[1] - two[1]) < 12
    ]
    assert close == []


def test_one_cut_needs_no_lines() -> None:
    assert "plot-cuts" not in render_page(evaluation(cuts=1))


def test_ours_is_marked_without_colour(page: Tree) -> None:
    for held in page.iter("tr"):
        if held.get("class") == "ours":
            assert words(held[0]).startswith("◆ ")
    names = [words(node) for node in svg(page, "plot-quality").iter("text") if "name" in str(node.get("class"))]
    assert names == ["◆ Memlearn", "TIFU-KNN", "Item-kNN", "Popularity"]


def test_tables_and_pictures_can_be_heard_and_reached(page: Tree) -> None:
    ids = [str(node.get("id")) for node in page.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    for picture in page.iter("svg"):
        named = str(picture.get("aria-labelledby")).split()
        assert [node.get("id") for node in picture[:2]] == named
        assert [node.tag for node in picture[:2]] == ["title", "desc"]
        assert picture.get("role") == "img"
    for held in page.iter("table"):
        assert held[0].tag == "caption"
        assert words(held[0])
        heads = [cell for row in held.iter("tr") for cell in row if cell.tag == "th"]
        assert {cell.get("scope") for cell in heads} == {"col", "row"}
        width = len(held[1][0])
        assert all(len(row) == width for row in held.iter("tr"))
    assert all(node.get("tabindex") == "0" and node.get("aria-label") for node in page.iter("div") if node.get("role") == "region")
    anchors = [str(node.get("href")) for node in page.iter("a")]
    assert anchors == ["#said"]
    assert page.get("lang") == "en"
    levels = [node.tag for node in page.iter() if node.tag in {"h1", "h2"}]
    assert levels.count("h1") == 1
    assert levels[0] == "h1"


class Tags(HTMLParser):
    """How a browser's parser, not XML's, sees the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))


def tags_of(page: str) -> Tags:
    parser = Tags()
    parser.feed(page)
    return parser


def test_hostile_names_stay_text() -> None:
    hostile = render_page(evaluation(hostile=True))
    tame = tags_of(render_page(evaluation()))
    seen = tags_of(hostile)
    # Memory has one block less; otherwise the very same elements, whatever the names say.
    assert {tag for tag, _ in seen.tags} == {tag for tag, _ in tame.tags}
    assert not {"script", "b", "link", "img", "iframe", "base", "form"} & {tag for tag, _ in seen.tags}
    assert not [name for _, attributes in seen.tags for name, _ in attributes if name.startswith("on")]
    assert "\u202e" not in hostile
    assert "\x00" not in hostile
    ET.fromstring(hostile.removeprefix("<!DOCTYPE html>\n"))
    assert "&lt;script&gt;alert" in hostile
    assert "<script" not in hostile
    assert len(re.findall("</style>", hostile)) == 1


def test_every_hostile_place_was_used() -> None:
    page = tree(evaluation(hostile=True))
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\u202e", "\ufffd")
    places = ["h1", "caption", "summary", "dd", "th", "td", "figcaption", "desc"]
    missing = [tag for tag in places if not any(shown in words(node) for node in page.iter(tag))]
    assert missing == []


def test_the_page_fetches_and_runs_nothing(page: Tree) -> None:
    for node in page.iter():
        assert not {"src", "srcset", "xlink:href", "action", "data"} & set(node.keys())
    style = words(next(iter(page.iter("style"))))
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style
    policy = next(node.get("content") for node in page.iter("meta") if node.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'")


def test_missing_figures_say_why(found: Evaluation) -> None:
    first = found.methods[0]
    without = replace(
        first, cold=replace(first.cold, users=0, metrics={name: Missing("there are no cold users") for name in first.cold.metrics})
    )
    page = tree(replace(found, methods=(without, *found.methods[1:])))
    assert labels(svg(page, "plot-cold"))["Memlearn"] == NO_FIGURE
    assert column(page, "Metrics over cold users", "NDCG@10")["Memlearn"] == NO_FIGURE
    assert "there are no cold users" in words(page)


def test_without_ours_nothing_is_marked_or_compared() -> None:
    page = render_page(evaluation(ours=None))
    assert "◆ " not in page
    assert "plot-against" not in page


def test_a_page_of_nobody_is_a_page() -> None:
    assert "nothing can be claimed" in render_page(evaluation(users=3, cuts=1))


def test_every_try_and_the_protocol_are_there(found: Evaluation, page: Tree) -> None:
    said = words(page)
    assert "decay 0.9, groups 7" in said
    assert "chosen decay 0.8, groups 3" in said
    assert found.protocol.ties in said
    assert found.protocol.idcg in said
    assert "300 draws, seed 20180" in said
    assert "3 for nothing bought before the cut" in said
    assert "1,890 verified, 3 contradicted, 412 hypotheses" in said
    assert "Contradictionsnot known: no two statements speak of the same thing" in said


def test_the_page_is_the_same_after_json(found: Evaluation) -> None:
    assert render_page(of_json(found.to_json())) == render_page(found)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_phone_shows_the_page_without_scrolling_sideways(found: Evaluation, tmp_path: Path) -> None:
    """In a frame as narrow as a phone the page is no wider than the frame; only tables scroll, within themselves."""
    (tmp_path / "page.html").write_text(render_page(found), encoding="utf-8")
    script = (
        "<iframe id=f src=page.html width=360 height=800></iframe><p id=o></p><script>f.onload=()=>{const d=f.contentDocument.documentElement;"
        "o.textContent='width '+d.scrollWidth+' of '+d.clientWidth}</script>"
    )
    (tmp_path / "frame.html").write_text(f"<!DOCTYPE html>{script}", encoding="utf-8")
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--allow-file-access-from-files",
        "--virtual-time-budget=2000",
    ]
    address = (tmp_path / "frame.html").as_uri()
    environment = {**os.environ, "HOME": str(tmp_path)}
    shown = subprocess.run(
        [*command, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", address],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    widths = re.search(r"width (\d+) of (\d+)", shown.stdout)
    assert widths, shown.stderr[-500:]
    assert int(widths[1]) <= int(widths[2]) <= 360
