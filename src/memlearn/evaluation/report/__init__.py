"""One evaluation as a page of its own: sentences for who decides, plots, and every table for who checks."""

from memlearn.evaluation.report.page import render_page

__all__ = ["render_page"]
