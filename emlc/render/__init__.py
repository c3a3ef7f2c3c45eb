"""Pictures of trees: SVG, PNG, PDF, HTML, DOT, Mermaid, TikZ and text."""

from emlc.render.dot import to_dot
from emlc.render.picture import FORMATS, draw, to_svg
from emlc.render.text import to_text

__all__ = ["FORMATS", "draw", "to_dot", "to_svg", "to_text"]
