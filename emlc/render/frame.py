"""Which way a tree grows: from places across and along to points of the picture, and back."""

from __future__ import annotations

from collections.abc import Sequence

from emlc.errors import ArgumentError
from emlc.render.scene import Spot

DIRECTIONS = ("TB", "BT", "LR", "RL")
Point = tuple[float, float]


def known_direction(direction: str) -> str:
    """The direction. Raises ArgumentError for one that is none."""
    if direction not in DIRECTIONS:
        raise ArgumentError(f"no direction {direction!r}", hint="directions are TB, BT, LR and RL")
    return direction


class Frame:
    """The places of the nodes, the root at the first side that the direction names.

    `inward` turns a point so that the root is at the top, `outward` turns it back.
    """

    def __init__(
        self,
        direction: str,
        across: Sequence[float],
        levels: Sequence[float],
        spots: Sequence[Spot],
        sizes: Sequence[Point],
    ) -> None:
        self._flat = known_direction(direction) in ("LR", "RL")
        self._flipped = direction in ("BT", "RL")
        places = [self.outward((x, levels[s.depth])) for x, s in zip(across, spots, strict=True)]
        self.at: list[Point] = places
        left = min(x - w / 2 for (x, _), (w, _) in zip(places, sizes, strict=True))
        top = min(y - h / 2 for (_, y), (_, h) in zip(places, sizes, strict=True))
        self.width = max(x + w / 2 for (x, _), (w, _) in zip(places, sizes, strict=True)) - left
        self.height = max(y + h / 2 for (_, y), (_, h) in zip(places, sizes, strict=True)) - top
        self.move(-left, -top)

    def move(self, right: float, down: float) -> None:
        """Shift all nodes."""
        self.at = [(x + right, y + down) for x, y in self.at]

    def outward(self, place: Point) -> Point:
        """A point of the picture from how far it is across and along."""
        across, along = place
        if self._flipped:
            along = -along
        return (along, across) if self._flat else (across, along)

    def inward(self, at: Point) -> Point:
        """How far a point of the picture is across and along."""
        across, along = (at[1], at[0]) if self._flat else at
        return across, -along if self._flipped else along
