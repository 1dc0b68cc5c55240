"""The whole page: one file that needs no network and no script."""

from __future__ import annotations

from importlib.resources import files

from memlearn.evaluation.report import figures
from memlearn.evaluation.report.background import memory, offers, protocol, tried
from memlearn.evaluation.report.markup import Html, definitions, element, joined, paragraph, section, text
from memlearn.evaluation.report.sections import against, beyond, by_cut, parts, quality
from memlearn.evaluation.report.words import cautions, strongest, summary
from memlearn.evaluation.resample import Interval
from memlearn.evaluation.results import Evaluation

# Nothing may be fetched or run, whatever a name on the page says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_page(evaluation: Evaluation) -> str:
    """The report as one HTML page, in UTF-8, well-formed; the same evaluation gives the same page.

    Args:
        evaluation: what to report.
    """
    subject = evaluation.subject
    kind = "Final look at the test period" if subject.final else "Validation"
    title = f"How well memory recommends: {subject.data}"
    style = files("memlearn.evaluation.report").joinpath("style.css").read_text(encoding="utf-8")
    head = element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        element("title", None, text(title)),
        # Ours, and with no sign that would end the element or be read as markup.
        element("style", None, Html(style)),
    )
    header = element(
        "header",
        None,
        element("h1", None, text(title)),
        paragraph(f"{kind} · {subject.date} · memlearn {subject.version} · {subject.config}", "under"),
    )
    skip = element("a", {"class": "skip", "href": "#said"}, text("Skip to what was found"))
    main = element("main", None, joined([part for part in _body(evaluation) if part]))
    page = element("html", {"lang": "en"}, head, element("body", None, skip, header, main))
    return f"<!DOCTYPE html>\n{page}\n"


def _body(evaluation: Evaluation) -> list[Html]:
    said = section(
        "said",
        "What can be said",
        *(paragraph(sentence, "lead" if place == 0 else None) for place, sentence in enumerate(summary(evaluation))),
        *(paragraph(sentence, "caution") for sentence in cautions(evaluation)),
        _key_figures(evaluation),
    )
    return [
        said,
        quality(evaluation),
        against(evaluation),
        parts(evaluation, "repeat"),
        parts(evaluation, "cold"),
        beyond(evaluation),
        by_cut(evaluation),
        offers(evaluation),
        memory(evaluation),
        protocol(evaluation),
        tried(evaluation),
    ]


def _key_figures(evaluation: Evaluation) -> Html:
    main = evaluation.protocol.main
    pairs = [("Users judged", f"{evaluation.users.judged:,}"), ("Methods", str(len(evaluation.methods)))]
    leader = strongest(evaluation)
    if evaluation.ours is not None:
        ours = evaluation.method(evaluation.ours)
        figure = ours.metrics[main]
        pairs.append(
            (f"{figures.metric_title(main)} of {ours.title}", f"{figures.figure_main(figure, main)} {figures.figure_under(figure, main)}")
        )
        one = None if leader is None else evaluation.compared("all", main).get(leader.name)
        if leader is not None and one is not None and isinstance(one.ratio, Interval):
            pairs.append((f"against {leader.title}", f"{figures.change(one.ratio.mean)} ({figures.changes(one.ratio)})"))
    return definitions(pairs)
