"""Render: from candidates, the population and what is given to blocks of worded statements. Pure."""

from memlearn.learning.embedded.render.render import Rendered, RenderInput, render

__all__ = ["RenderInput", "Rendered", "render"]
