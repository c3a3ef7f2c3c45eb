"""DOT source of a tape, and what Graphviz makes of it where it is installed.

Leaves are drawn once for each use: a `1` shared by a hundred nodes would tie the picture in knots.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from emlc.errors import EmlcError, LimitError, MissingError
from emlc.ir.tape import Tape
from emlc.passes.ranges import Ranges
from emlc.render.frame import known_direction
from emlc.render.scene import LIMIT, Kind, Scene, Spot, Style, scene
from emlc.render.theme import Theme, theme_of

SECONDS = 20.0
_FONT = "Helvetica,Arial,sans-serif"
_PROGRAMS = ("dot", "graphviz-pure")
_INSTALL = "install Graphviz (apt install graphviz, brew install graphviz) or `emlc[dot]`"


def to_dot(
    tape: Tape,
    style: Style = "tree",
    *,
    highlight: Iterable[int] = (),
    direction: str = "TB",
    limit: int = LIMIT,
    title: str = "",
    theme: str = "light",
    ranges: Ranges | None = None,
) -> str:
    """DOT source: solid edges to the argument of exp, dashed ones to the argument of ln.

    Style "tree" writes every subtree out, "dag" draws shared ones once, "macro" draws recognised
    parts as blocks (`ranges` says where the variables range). `highlight` holds entries
    of the tape whose subtrees are marked. Past `limit` nodes the rest is left out, and said.

    >>> from emlc.ir.node import ONE, eml, var
    >>> from emlc.ir.tape import flatten
    >>> print(to_dot(flatten(eml(var("x"), ONE))).splitlines()[-3])
      n0 -> n1 [color="#0072b2"];
    """
    seen = scene(tape, style, limit=limit, highlight=highlight, ranges=ranges)
    return write_dot(seen, theme_of(theme), title, direction)


def write_dot(seen: Scene, theme: Theme, title: str, direction: str) -> str:
    """The scene as DOT source."""
    known_direction(direction)
    shared = any(s.kind == "again" for s in seen.spots)
    shapes = _shapes(theme)
    words = [w for w in (title, seen.caption, *seen.notes) if w]
    legend = "solid: argument of exp, dashed: argument of ln"
    return "\n".join(
        [
            f"digraph {_quoted(title or 'EML tree')} {{",
            f'  graph [rankdir={direction}, ordering=out, bgcolor="{theme.paper}", nodesep=0.14,',
            f'    ranksep=0.26, pad=0.3, labelloc=t, fontname="{_FONT}", fontsize=11,',
            f'    fontcolor="{theme.faint}", label={_quoted(*words, legend)}];',
            f'  node [fontname="{_FONT}", fontsize=10, color="{theme.ink}",',
            f'    fontcolor="{theme.ink}", height=0.32, width=0.32, margin="0.05,0.03"];',
            f"  edge [arrowhead={'normal' if shared else 'none'}, arrowsize=0.5, penwidth=1.4];",
            *(
                _node(n, s, shapes[s.kind], theme)
                for n, s in enumerate(seen.spots)
                if s.kind != "again"
            ),
            *(line for n, s in enumerate(seen.spots) for line in _edges(seen.spots, n, s, theme)),
            "}",
            "",
        ]
    )


def _shapes(theme: Theme) -> dict[Kind, str]:
    return {
        "eml": f'shape=circle, fixedsize=true, width=0.4, style=filled, fillcolor="{theme.node}"',
        "call": f'shape=box, style="rounded,filled", fillcolor="{theme.node}"',
        "block": f'shape=box, style=filled, fillcolor="{theme.block}"',
        "number": f'shape=box, style=filled, fillcolor="{theme.number}"',
        "variable": f'shape=box, style=filled, fillcolor="{theme.variable}"',
        "parameter": f'shape=box, style="filled,dashed", fillcolor="{theme.variable}"',
        "more": f'shape=triangle, style="filled,dashed", fillcolor="{theme.node}"',
    }


def _node(number: int, spot: Spot, shape: str, theme: Theme) -> str:
    label = f"… {spot.label}" if spot.kind == "more" else spot.label
    hot = f', fillcolor="{theme.hot}"' if spot.hot else ""
    return f"  n{number} [label={_quoted(label)}, {shape}{hot}];"


def _edges(spots: list[Spot], number: int, spot: Spot, theme: Theme) -> list[str]:
    looks = [f'color="{theme.left}"', f'color="{theme.right}", style=dashed']
    if spot.kind != "eml":
        looks = [f'color="{theme.faint}"'] * 2
    ends = [spots[k].target if spots[k].kind == "again" else k for k in spot.children()]
    return [f"  n{number} -> n{k} [{look}];" for k, look in zip(ends, looks, strict=False)]


def _quoted(*lines: str) -> str:
    """Lines of text as one DOT string that shows them as they are."""
    shown = []
    for line in lines:
        safe = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
        shown.append(safe.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;"))
    return '"' + "\\n".join(shown) + '"'


def dot_program() -> str | None:
    """The path of Graphviz's `dot` or of a stand-in, on PATH or beside this Python; None without.

    A virtual environment that is not activated is not on PATH, and its programs count.
    """
    beside = str(Path(sys.executable).parent)
    for name in _PROGRAMS:
        found = shutil.which(name) or shutil.which(name, path=beside)
        if found:
            return found
    return None


def run_dot(source: str, fmt: str) -> bytes:
    """What `dot` makes of DOT source; fmt is svg, png, pdf or another format it knows.

    Raises MissingError without Graphviz or where it lacks the format, LimitError after 20 s.
    """
    import subprocess

    from graphviz.backend import dot_command, execute

    program = dot_program()
    if program is None:
        raise MissingError(f"{fmt} pictures need Graphviz's dot, which is not here", hint=_INSTALL)
    command = [program, *dot_command.command("dot", fmt)[1:]]
    if fmt == "png":
        command.append("-Gdpi=144")
    try:
        done = execute.run_check(
            command, input=source.encode(), capture_output=True, quiet=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise LimitError(
            f"dot did not finish in {SECONDS:g} s", hint="draw fewer nodes with a smaller limit"
        ) from None
    except subprocess.CalledProcessError as failure:
        said = failure.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise MissingError(f"dot cannot write {fmt}: {said[0][:200]}", hint=_INSTALL) from None
    except (OSError, execute.ExecutableNotFound) as failure:
        raise EmlcError(f"{program} does not run: {failure}", hint=_INSTALL) from None
    return bytes(done.stdout)
