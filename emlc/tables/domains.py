"""Named sets of values. Imaginary parts are in half-turns (units of pi)."""

from __future__ import annotations

# name: (real part, imaginary part, flags); intervals in the usual brackets
SETS: dict[str, tuple[str, str, str]] = {
    "real": ("(-inf,inf)", "[0,0]", ""),
    "positive": ("(0,inf)", "[0,0]", ""),
    "nonnegative": ("[0,inf)", "[0,0]", ""),
    "negative": ("(-inf,0)", "[0,0]", ""),
    "nonpositive": ("(-inf,0]", "[0,0]", ""),
    "integer": ("(-inf,inf)", "[0,0]", "integer"),
    "natural": ("[0,inf)", "[0,0]", "integer"),
    "complex": ("(-inf,inf)", "(-inf,inf)", ""),
    "complex nonzero": ("(-inf,inf)", "(-inf,inf)", "nonzero"),
    "nonzero": ("(-inf,inf)", "(-inf,inf)", "nonzero"),
    "real nonzero": ("(-inf,inf)", "[0,0]", "nonzero"),
    # |imaginary part| <= pi with the upper edge: the image of the principal logarithm
    "principal": ("(-inf,inf)", "(-1,1]", ""),
    # the mirror image of it: where a value minus it can still be read back
    "coprincipal": ("(-inf,inf)", "[-1,1)", ""),
    "half strip": ("(-inf,inf)", "[-0.5,0.5]", ""),
    "open half strip": ("(-inf,inf)", "(-0.5,0.5)", ""),
    "unit disc": ("[-1,1]", "[-0.3184,0.3184]", ""),
    "unit circle": ("[-1,1]", "[-0.3184,0.3184]", "nonzero"),
    # e - ln z vanishes at exp(e) = 15.15... only
    "below 15": ("(-inf,15)", "(-inf,inf)", "nonzero"),
    "upper": ("(-inf,inf)", "(0,inf)", "nonzero"),
    "minus i pi": ("[0,0]", "[-1,-1]", "nonzero"),
    "right": ("[0,inf)", "(-inf,inf)", ""),
    "imaginary unit": ("[0,0]", "[0.3183,0.3184]", "nonzero"),
}

# What a person may write after `--domain x:`; an interval such as [0,1) or (0,inf) works too.
PUBLIC: tuple[str, ...] = (
    "real", "positive", "nonnegative", "negative", "nonpositive", "integer", "complex",
)  # fmt: skip
