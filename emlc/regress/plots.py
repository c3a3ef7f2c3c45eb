"""Pictures of a fit and of a training, by matplotlib."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from emlc import files
from emlc.errors import ArgumentError, MissingError, shorten
from emlc.lower.jit import Array

if TYPE_CHECKING:
    from emlc.regress.fit import Fit
    from emlc.regress.train import Circuit, Trained

_ENDINGS = (".svg", ".png", ".pdf")
_TERMS_LEFT = 36
_LARGEST = 1e12
_DRAWN, _FARTHEST = 2000, 50
_CURVE, _PLANE = 600, 120
_INK, _MARK, _FAINT = "#1f4e79", "#c0392b", "#9aa5b1"


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingError("plots need matplotlib", hint='pip install "emlc[plot]"') from None
    return Figure(figsize=(width, height), layout="constrained")


def check(file: str) -> None:
    """Raise what a plot to this file would raise: ArgumentError, or MissingError."""
    _ending(file)
    _figure(1.0, 1.0)


def save(
    made: Fit, columns: Mapping[str, Any], target: Any, file: str, *, target_name: str = "y"
) -> None:
    """Draw a fit to a .svg, .png or .pdf file. Raises ArgumentError for another ending."""
    _write(figure(made, columns, target, target_name), file)


def figure(made: Fit, columns: Mapping[str, Any], target: Any, target_name: str) -> Any:
    """A matplotlib figure: data against formula, residuals, and the Pareto front.

    Of more than two thousand rows it shows so many at random, and those farthest from the formula.
    """
    drawn = _figure(12.0, 4.2)
    drawn.suptitle(shorten(made.best.text, 110), fontsize=10, parse_math=False)
    data, residuals, pareto = drawn.subplots(1, 3)
    y = np.asarray(target, dtype=np.float64)
    x = np.array([np.asarray(columns[n], dtype=np.float64) for n in made.names])
    x = x.reshape(len(made.names), len(y))
    predicted = _finite(made.best.predict(x))
    rows = _some(y - predicted)
    shown = "" if len(rows) == len(y) else f" ({len(rows):,} of {len(y):,} rows)"
    kinds = {1: _along, 2: _over}
    kinds.get(len(x), _against)(data, made, x[:, rows], y[rows], predicted[rows], target_name)
    residuals.plot(predicted[rows], (y - predicted)[rows], ".", color=_INK, alpha=0.6)
    residuals.axhline(0.0, color=_FAINT, linewidth=1)
    residuals.set_xlabel(f"formula{shown}")
    residuals.set_ylabel(f"{target_name} - formula", parse_math=False)
    _front(pareto, made, float(np.var(y)))
    return drawn


def _finite(values: Array) -> Array:
    """The values, nan where they are infinite: such points are not drawn."""
    return np.where(np.isfinite(values), values, np.nan)


def _some(residual: Array) -> Array:
    """The rows that are drawn, in order."""
    if len(residual) <= _DRAWN:
        return np.arange(len(residual))
    far = np.argsort(-np.abs(np.nan_to_num(residual, nan=np.inf)), kind="stable")[:_FARTHEST]
    drawn = np.random.default_rng(0).choice(len(residual), _DRAWN, replace=False)
    return np.union1d(far, drawn)


def _along(axes: Any, made: Fit, x: Array, y: Array, predicted: Array, name: str) -> None:
    """One variable: data and the formula's curve."""
    grid = np.linspace(x[0].min(), x[0].max(), _CURVE)
    axes.plot(x[0], y, ".", color=_MARK, alpha=0.6, label="data")
    axes.plot(grid, _finite(made.best.predict(grid[None])), color=_INK, label="formula")
    axes.set_ylim(*_room(y))
    axes.set_xlabel(made.names[0], parse_math=False)
    axes.set_ylabel(name, parse_math=False)
    axes.legend(frameon=False)


def _over(axes: Any, made: Fit, x: Array, y: Array, predicted: Array, name: str) -> None:
    """Two variables: the formula as colours of the plane, data as dots in the same colours."""
    across, up = (np.linspace(c.min(), c.max(), _PLANE) for c in x)
    plane = np.array([grid.ravel() for grid in np.meshgrid(across, up)])
    colours = {"vmin": float(y.min()), "vmax": float(y.max()), "cmap": "viridis"}
    values = _finite(made.best.predict(plane)).reshape(_PLANE, _PLANE)
    axes.pcolormesh(across, up, values, shading="nearest", rasterized=True, **colours)
    dots = axes.scatter(*x, c=y, s=14, edgecolors="white", linewidths=0.4, **colours)
    axes.figure.colorbar(dots, ax=axes).set_label(name, parse_math=False)
    axes.set_title("formula, and data as dots", fontsize=8)
    axes.set_xlabel(made.names[0], parse_math=False)
    axes.set_ylabel(made.names[1], parse_math=False)


def _against(axes: Any, made: Fit, x: Array, y: Array, predicted: Array, name: str) -> None:
    """Other numbers of variables: data by the formula's value."""
    ends = [float(y.min()), float(y.max())]
    axes.plot(ends, ends, color=_FAINT, linewidth=1)
    axes.plot(predicted, y, ".", color=_INK, alpha=0.6)
    axes.set_xlabel("formula")
    axes.set_ylabel(name, parse_math=False)


def _room(y: Array) -> tuple[float, float]:
    """The data's range and a tenth more: a pole of the formula does not press it flat."""
    low, high = float(y.min()), float(y.max())
    margin = 0.1 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def _front(axes: Any, made: Fit, spread: float) -> None:
    floor = 1e-33 * spread or 1e-300
    sizes = [float(min(e.k, _LARGEST)) for e in made.equations]
    losses = [max(e.loss, floor) for e in made.equations]
    chosen = next(k for k, e in enumerate(made.equations) if e is made.best)
    axes.step(sizes, losses, where="post", color=_FAINT)
    axes.plot(sizes, losses, "o", color=_INK)
    axes.plot(sizes[chosen], losses[chosen], "o", color=_MARK, label=f"chosen, K = {made.best.k}")
    axes.set_yscale("log")
    axes.set_xscale("log")
    axes.set_xlim(min(sizes) / 1.5, max(sizes) * 1.5)
    axes.set_ylim(min(losses) / 10, max(losses) * 10)
    axes.set_xticks([], minor=True)
    axes.set_xticks(ticks := _apart(sizes), [f"{k:,.0f}" for k in ticks])
    axes.set_xlabel("K, nodes of the pure tree")
    axes.set_ylabel("loss")
    axes.legend(frameon=False)


def _apart(sizes: Sequence[float]) -> list[float]:
    """Those of the sizes, in order, whose labels do not touch on a logarithmic axis."""
    room = 0.12 * math.log(max(sizes) / min(sizes) * 2.25)
    found: list[float] = []
    for size in sizes:
        if not found or math.log(size / found[-1]) > room:
            found.append(size)
    return found


def save_training(circuit: Circuit, runs: Sequence[Trained], file: str) -> None:
    """Draw training curves and the last circuit's mixtures to a file."""
    _write(training(circuit, runs), file)


def training(circuit: Circuit, runs: Sequence[Trained]) -> Any:
    """A matplotlib figure: the loss of every run's last descent, and the last circuit's weights."""
    from emlc.regress.circuit import mixtures

    drawn = _figure(12.0, 4.5)
    curves, tree = drawn.subplots(1, 2)
    for run in runs:
        finite = np.where(run.history < _LARGEST, run.history, np.nan)
        colour = _INK if run.success else _FAINT
        curves.plot(finite, color=colour, linewidth=0.8, alpha=0.7)
    curves.set_yscale("log")
    curves.set_xlabel("step")
    curves.set_ylabel("loss")
    mix = np.zeros_like(circuit.allowed, dtype=np.float64)
    mixtures(runs[-1].logits, circuit.allowed, 1.0, mix)
    _draw_tree(tree, circuit, mix)
    return drawn


def _draw_tree(axes: Any, circuit: Circuit, mix: Array) -> None:
    """The gates as dots, the weight of each connection as the width of its line."""
    gates = 2**circuit.depth

    def place(s: int) -> tuple[float, float]:
        level = s.bit_length() - 1
        return ((s - 2**level) + 0.5) / 2**level, -float(level)

    for j in range(2, 2 * gates):
        (x0, y0), (x1, y1) = place(j // 2), place(j)
        weight = float(mix[j, -1]) if j < gates else 1.0
        axes.plot([x0, x1], [y0, y1], color=_INK, linewidth=0.2 + 3 * weight, alpha=0.6)
        if gates <= _TERMS_LEFT:
            terms = ["1", *circuit.names]
            top = int(np.argmax(mix[j, :-1]))
            text = f"{terms[top]} {mix[j, top]:.2f}"
            beside = {"xytext": (6, 2), "ha": "left"}
            under = {"xytext": (0, -3), "ha": "center", "va": "top"}
            axes.annotate(
                text, (x1, y1), textcoords="offset points", fontsize=7,
                **(beside if j < gates else under),
            )  # fmt: skip
    axes.plot(*zip(*(place(s) for s in range(1, gates)), strict=True), "o", color=_MARK, ms=4)
    axes.set_axis_off()


def _ending(file: str) -> str:
    ending = os.path.splitext(file)[1].lower()
    if ending not in _ENDINGS:
        raise ArgumentError(f"{file} is no picture by its name", hint=f"{', '.join(_ENDINGS)}")
    return ending


def _write(drawn: Any, file: str) -> None:
    ending = _ending(file)
    # Without a date and with fixed names inside, equal pictures are equal files.
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "emlc"}):
        metadata = (
            {} if ending == ".png" else {"Date" if ending == ".svg" else "CreationDate": None}
        )
        with files.output(file) as stream:
            drawn.savefig(stream, format=ending[1:], metadata=metadata, dpi=150)
