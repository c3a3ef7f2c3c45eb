"""Values of the exact meaning over forms."""

from __future__ import annotations

from dataclasses import dataclass

from emlc.passes.normal.digits import Unknown
from emlc.passes.normal.terms import Form

__all__ = ["Infinite", "Undefined", "Unknown", "Value"]


class Undefined(Exception):
    """A step outside the exact meaning."""


@dataclass(frozen=True, slots=True)
class Infinite:
    """An infinite value.

    sign   of its real part, 0 when it is real and its sign is not known
    im     i times its imaginary part, None when that is not known
    real   whether an imaginary part that is not known is a whole number of half-turns
    """

    sign: int
    im: Form | None
    real: bool = False


Value = Form | Infinite
