"""Animate the bootstrap of arithmetic: one picture whose tree grows from e to a product.

Run it: python examples/bootstrap.py [FILE.svg], then open the file in a browser.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import emlc

ROAD = ["e", "exp(x)", "0", "ln(x)", "x - y", "-1", "-x", "1/x", "x*y", "x/y", "x + y", "x^y"]
SECONDS = 1.5
FRAME = """<g visibility="hidden">{drawing}
<animate attributeName="visibility" values="hidden;visible;hidden" keyTimes="{times}"
 dur="{seconds}s" calcMode="discrete" repeatCount="indefinite"/></g>"""
SIZE = re.compile(r'width="(\d+)[^"]*" height="(\d+)')


def frame(number: int, formula: str) -> tuple[str, int, int]:
    """One step as a group that is shown in its turn, with its width and height."""
    svg = emlc.compile(formula, check=False).to_svg(title=formula)
    width, height = (int(v) for v in SIZE.search(svg).groups())
    times = f"0;{number / len(ROAD):.4f};{(number + 1) / len(ROAD):.4f}"
    return FRAME.format(drawing=svg, times=times, seconds=SECONDS * len(ROAD)), width, height


def main(path: Path) -> None:
    """Write the animation and say what it shows."""
    frames = [frame(number, formula) for number, formula in enumerate(ROAD)]
    width, height = (max(f[k] for f in frames) for k in (1, 2))
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    body = "\n".join(f[0] for f in frames)
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{body}</svg>\n')
    sizes = ", ".join(f"{name} {emlc.compile(name, check=False).size}" for name in ROAD)
    print(f"{len(ROAD)} pictures in one file; the sizes on the road: {sizes}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder) / "bootstrap.svg")
