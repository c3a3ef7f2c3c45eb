"""The colours of pictures, one row a theme; every pair of hues is told apart by colour-blind eyes.

Left and right edges take the blue and the vermilion of Okabe and Ito's palette, and differ in
their dashes as well, so that a picture printed in black says the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from emlc.errors import ArgumentError


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb.

    `paper` lies behind everything, `ink` writes, `faint` writes what matters less; `left` and
    `right` draw the edges to the argument of exp and of ln; the fills are of an eml node, of a
    number, of a variable, of a block; `shared` names subtrees used again, `hot` marks what is
    highlighted.
    """

    paper: str
    ink: str
    faint: str
    left: str
    right: str
    node: str
    number: str
    variable: str
    block: str
    shared: str
    hot: str


THEMES = {
    "light": Theme("#ffffff", "#1f2933", "#616e7c", "#0072b2", "#d55e00",
                   "#f4f6f8", "#ffffff", "#fff3c4", "#dcecf7", "#00734f", "#f7c6dd"),
    "dark": Theme("#14181d", "#e8ecf0", "#9aa5b1", "#56b4e9", "#f0883e",
                  "#222a33", "#14181d", "#4a3f10", "#1d3b52", "#3fc79a", "#7a2e57"),
    # the whole palette of Okabe and Ito, saturated: told apart by every kind of colour blindness
    "safe": Theme("#ffffff", "#000000", "#4d4d4d", "#0072b2", "#d55e00",
                  "#ffffff", "#ffffff", "#f0e442", "#b3dcf5", "#007a5a", "#e69f00"),
    "print": Theme("#ffffff", "#000000", "#4d4d4d", "#000000", "#000000",
                   "#ffffff", "#ffffff", "#e6e6e6", "#f2f2f2", "#000000", "#bdbdbd"),
}  # fmt: skip


def theme_of(name: str) -> Theme:
    """The theme of this name."""
    if name not in THEMES:
        raise ArgumentError(f"no theme {name!r}", hint=f"themes are {', '.join(THEMES)}")
    return THEMES[name]
