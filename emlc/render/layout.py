"""Where the nodes of a binary tree go: tidy, as narrow as its outlines allow, in linear time.

Reingold and Tilford, "Tidier drawings of trees", IEEE Trans. Softw. Eng. 7 (1981), without
recursion and with nodes of different widths: parents sit midway above their children, equal
subtrees are drawn equally, and outlines are followed along threads.
"""

from __future__ import annotations

from collections.abc import Sequence

from emlc.ir.tape import NONE
from emlc.render.scene import Spot


def tidy(spots: Sequence[Spot], widths: Sequence[float], gap: float) -> list[float]:
    """The x coordinate of the middle of every spot; the leftmost box begins at 0.

    Spots come parents first. Neighbours on one level are at least `gap` apart.

    >>> from emlc.ir.node import ONE, eml, var
    >>> from emlc.ir.tape import flatten
    >>> from emlc.render.scene import scene
    >>> tidy(scene(flatten(eml(var("x"), ONE))).spots, [10.0] * 3, 2.0)
    [11.0, 5.0, 17.0]
    """
    tree = _Outlines(spots, widths, gap)
    for top in reversed(range(len(spots))):
        tree.join(top)
    place = [0.0] * len(spots)
    for number, spot in enumerate(spots):
        for child in spot.children():
            place[child] = place[number] + tree.shift[child]
    edge = min(x - w / 2 for x, w in zip(place, widths, strict=True))
    return [x - edge for x in place]


class _Outlines:
    """The left and right outlines of every subtree placed so far.

    `shift` is a node's x from its parent's. `low_left` and `low_right` are the outermost nodes of a
    subtree's lowest level with their x from its root. A `thread` leads from such a node to the
    next one down the outline of an enclosing subtree, with its x from here.
    """

    def __init__(self, spots: Sequence[Spot], widths: Sequence[float], gap: float) -> None:
        self.spots, self.widths, self.gap = spots, widths, gap
        self.shift = [0.0] * len(spots)
        self.thread: dict[int, tuple[int, float]] = {}
        self.low_left = [(k, 0.0) for k in range(len(spots))]
        self.low_right = [(k, 0.0) for k in range(len(spots))]

    def join(self, top: int) -> None:
        """Place the subtrees below `top` beside each other; both are placed in themselves."""
        left, right = self.spots[top].left, self.spots[top].right
        if left == NONE:
            return
        if right == NONE:
            self.low_left[top], self.low_right[top] = self.low_left[left], self.low_right[left]
            return
        distance, rest_left, rest_right = self._separate(left, right)
        self.shift[left], self.shift[right] = -distance / 2, distance / 2
        outer_left = _moved(self.low_left[left], -distance / 2)
        outer_right = _moved(self.low_right[right], distance / 2)
        if rest_right is not None:
            self._tie(outer_left, _moved(rest_right, distance / 2))
            outer_left = _moved(self.low_left[right], distance / 2)
        elif rest_left is not None:
            self._tie(outer_right, _moved(rest_left, -distance / 2))
            outer_right = _moved(self.low_right[left], -distance / 2)
        self.low_left[top], self.low_right[top] = outer_left, outer_right

    def _separate(
        self, left: int, right: int
    ) -> tuple[float, tuple[int, float] | None, tuple[int, float] | None]:
        """How far apart two subtrees must be, and where the outline of the deeper one goes on."""
        distance = 0.0
        a: tuple[int, float] | None = (left, 0.0)
        b: tuple[int, float] | None = (right, 0.0)
        while a is not None and b is not None:
            room = (self.widths[a[0]] + self.widths[b[0]]) / 2 + self.gap
            distance = max(distance, a[1] - b[1] + room)
            a, b = self._down(a, rightmost=True), self._down(b, rightmost=False)
        return distance, a, b

    def _down(self, at: tuple[int, float], *, rightmost: bool) -> tuple[int, float] | None:
        """The next node down an outline."""
        number, x = at
        below = self.spots[number].children()
        if below:
            child = below[-1 if rightmost else 0]
            return child, x + self.shift[child]
        following = self.thread.get(number)
        return None if following is None else (following[0], x + following[1])

    def _tie(self, low: tuple[int, float], following: tuple[int, float]) -> None:
        self.thread[low[0]] = (following[0], following[1] - low[1])


def _moved(at: tuple[int, float], by: float) -> tuple[int, float]:
    return at[0], at[1] + by
