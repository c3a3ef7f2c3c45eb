"""The explorer: a page that shows a tree, what each node means, and what it computes."""

from emlc.explore.content import content
from emlc.explore.page import page

__all__ = ["content", "page"]
