"""Which side's limit a tree has on the axes of the plane: what doubles cannot tell on a cut.

Beside an axis doubles know on which side of every cut they are, on it they may not. The tree is
computed exactly at a few points of both axes and just beside them, so a page can show the right
limit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from math import pi

from emlc.ir.domain import Domain
from emlc.ir.tape import Tape
from emlc.lower.balls import evaluate_all, quick_all

_SAID = {(True, True): "=", (True, False): "+", (False, True): "-", (False, False): "?"}
_SECONDS = 3.0
_MOST = 1_000
_BITS = 1_024
_QUICK = 128
_STEP = Fraction(1, 1 << 60)
_CLOSE = 1e-6
_REFINED = 4
_PLACES = tuple(Fraction(n, 50) for n in (100, 25, 51, 49, 1500, 1, 250))

Point = dict[str, tuple[Fraction, Fraction]]


def start(domains: Mapping[str, Domain]) -> dict[str, float]:
    """A value of every variable to begin with, in its domain.

    >>> from emlc.ir.domain import domain
    >>> start({"x": domain("real"), "y": domain("[0,1]"), "z": domain("negative")})
    {'x': 2.0, 'y': 0.5, 'z': -2.0}
    """
    found = {}
    for k, (name, d) in enumerate(sorted(domains.items())):
        low, high = max(d.re.lo, -1e9), min(d.re.hi, 1e9)
        inside = 2.0 + k if low < 2 + k < high else high - 2 if high < 1e9 else low + 1
        found[name] = inside if low < inside < high else (low + high) / 2
    return found


def sides(tape: Tape, begin: Mapping[str, float]) -> dict[str, list[list[tuple[float, str]]]]:
    """For every variable both axes, each a list of places and what every entry does there.

    A place is the real or the imaginary part of the variable, the others are as they begin. An
    entry has the limit from above or from the right (+), from below or from the left (-), both (=),
    or is not known (?).

    >>> from emlc.ir.tape import flatten
    >>> from emlc.parse import parse_tree
    >>> real, _ = sides(flatten(parse_tree("11xE1EE")), {"x": 2.0})["x"]
    >>> real
    [(-30.0, '==+=-'), (-0.0025, '==+=-'), (0.0, '==???'), (0.0025, '====='), (30.0, '=====')]
    """
    if len(tape) > _MOST:
        return {}
    seconds = _SECONDS / 2 / max(1, len(begin))
    return {
        name: [_axis(tape, begin, name, turned, seconds) for turned in (False, True)]
        for name in begin
    }


def _axis(
    tape: Tape, begin: Mapping[str, float], name: str, turned: bool, seconds: float
) -> list[tuple[float, str]]:
    """The ends of the parts of an axis where the same limits hold at every place looked at."""
    others = {other: (Fraction(value), Fraction(0)) for other, value in begin.items()}
    places: dict[Fraction, str] = {}
    until = time.process_time() + seconds
    for at in _wanted(places):
        if time.process_time() > until:
            break
        places[at] = _place(tape, others, name, at, turned)
    known = sorted(places)
    said = ["", *(places[at] for at in known), ""]
    return [
        (float(at), places[at])
        for k, at in enumerate(known)
        if not said[k] == said[k + 1] == said[k + 2]
    ]


def _wanted(places: Mapping[Fraction, str]) -> Iterator[Fraction]:
    """The places to look at, coarse ones first, then between two where the tree differs."""
    for at in _PLACES:
        yield at
        yield -at
    for _ in range(_REFINED):
        known = sorted(places)
        for low, high in pairwise(known):
            if places[low][-1] != places[high][-1]:  # where the whole tree changes
                yield (low + high) / 2


def _place(tape: Tape, others: Point, name: str, at: Fraction, turned: bool) -> str:
    """What every entry does at one point of an axis."""

    def point(beside: Fraction) -> Point:
        return {**others, name: (beside, at) if turned else (at, beside)}

    on = _exact(tape, point(Fraction(0)))
    first, second = (_beside(tape, point(step)) for step in (_STEP, -_STEP))
    return "".join(_side(*values) for values in zip(on, first, second, strict=True))


def _exact(tape: Tape, point: Point) -> list[complex]:
    """The value of every entry, nan where it has none that is finite."""
    balls = evaluate_all(tape, point, max_bits=_BITS)
    return [complex(ball) if ball.kind == "finite" else complex("nan") for ball in balls]


def _beside(tape: Tape, point: Point) -> list[complex]:
    """The same where no exact algebra is needed, most often."""
    quick = quick_all(tape, point, _QUICK)
    if quick is None:
        return _exact(tape, point)
    return [complex(float(a), float(b) * pi) for a, b in quick]


def _side(on: complex, first: complex, second: complex) -> str:
    """Which limit a value has."""
    most = _CLOSE * max(1.0, abs(on))
    return _SAID[abs(first - on) <= most, abs(second - on) <= most]
