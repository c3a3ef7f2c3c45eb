"""A scene in Mermaid's language, which many forges and notebooks draw by themselves."""

from __future__ import annotations

from emlc.render.frame import known_direction
from emlc.render.scene import Kind, Scene, Spot
from emlc.render.theme import theme_of

_SHAPES: dict[Kind, tuple[str, str]] = {
    "eml": ("((", "))"),
    "call": ("([", "])"),
    "block": ("[", "]"),
    "number": ("[", "]"),
    "variable": ("[", "]"),
    "parameter": ("[", "]"),
    "more": ("{{", "}}"),
}


# Mermaid's own themes for those of emlc that its default is not.
_THEMES = {"dark": "dark", "print": "neutral"}


def write_mermaid(seen: Scene, title: str, direction: str, theme: str) -> str:
    """The scene as a flow chart: solid links to the argument of exp, dotted ones to that of ln."""
    theme_of(theme)
    lines = [f'%%{{init: {{"theme": "{_THEMES[theme]}"}}}}%%'] if theme in _THEMES else []
    lines += [f"%% {_comment(w)}" for w in (title, seen.caption, *seen.notes) if w]
    lines.append(f"flowchart {known_direction(direction)}")
    for number, spot in enumerate(seen.spots):
        if spot.kind != "again":
            left, right = _SHAPES[spot.kind]
            lines.append(f'  n{number}{left}"{_label(spot)}"{right}')
    for number, spot in enumerate(seen.spots):
        links = ("---", "-.-") if spot.kind == "eml" else ("---", "---")
        for link, child in zip(links, spot.children(), strict=False):
            end = seen.spots[child].target if seen.spots[child].kind == "again" else child
            lines.append(f"  n{number} {link} n{end}")
    hot = [f"n{k}" for k, s in enumerate(seen.spots) if s.hot and s.kind != "again"]
    if hot:
        lines += ["  classDef hot stroke-width:4px", f"  class {','.join(hot)} hot"]
    return "\n".join([*lines, ""])


def _label(spot: Spot) -> str:
    text = f"… {spot.label}" if spot.kind == "more" else spot.label
    return "".join(c if c.isalnum() or c in " ,.…" else f"#{ord(c)};" for c in text)


def _comment(text: str) -> str:
    return " ".join(text.split()).replace("{", "(").replace("}", ")")
