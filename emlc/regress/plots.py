"""Pictures of a fit and of a training, by matplotlib."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from emlc.errors import ArgumentError, MissingError, shorten
from emlc.lower.jit import Array

if TYPE_CHECKING:
    from emlc.regress.fit import Fit
    from emlc.regress.train import Circuit, Trained

_ENDINGS = (".svg", ".png", ".pdf")
_TERMS_LEFT = 36
_LARGEST = 1e12
_INK, _MARK, _FAINT = "#1f4e79", "#c0392b", "#9aa5b1"


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingError("plots need matplotlib", hint='pip install "emlc[plot]"') from None
    return Figure(figsize=(width, height), layout="constrained")


def save(
    made: Fit, columns: Mapping[str, Any], target: Any, file: str, *, target_name: str = "y"
) -> None:
    """Draw a fit to a .svg, .png or .pdf file. Raises ArgumentError for another ending."""
    _write(figure(made, columns, target, target_name), file)


def figure(made: Fit, columns: Mapping[str, Any], target: Any, target_name: str) -> Any:
    """A matplotlib figure: data against formula, residuals, and the Pareto front."""
    drawn = _figure(12.0, 3.8)
    data, residuals, pareto = drawn.subplots(1, 3)
    x = np.array([np.asarray(columns[n], dtype=np.float64) for n in made.names])
    y = np.asarray(target, dtype=np.float64)
    predicted = made.best.predict(x)
    if len(x) == 1:
        order = np.argsort(x[0])
        data.plot(x[0], y, ".", color=_FAINT, label="data")
        data.plot(x[0][order], predicted[order], color=_INK, label="formula")
        data.set_xlabel(made.names[0])
        data.set_ylabel(target_name)
        data.legend(frameon=False)
    else:
        data.plot(predicted, y, ".", color=_INK)
        ends = [float(np.nanmin(y)), float(np.nanmax(y))]
        data.plot(ends, ends, color=_FAINT, linewidth=1)
        data.set_xlabel("formula")
        data.set_ylabel(target_name)
    data.set_title(shorten(made.best.text, 60), fontsize=9)
    residuals.plot(predicted, y - predicted, ".", color=_INK)
    residuals.axhline(0.0, color=_FAINT, linewidth=1)
    residuals.set_xlabel("formula")
    residuals.set_ylabel("residual")
    _front(pareto, made)
    return drawn


def _front(axes: Any, made: Fit) -> None:
    floor = max((e.loss for e in made.equations), default=1.0) * 1e-32 + 1e-300
    sizes = [e.k for e in made.equations]
    losses = [max(e.loss, floor) for e in made.equations]
    axes.step(sizes, losses, where="post", color=_FAINT)
    axes.plot(sizes, losses, "o", color=_INK)
    axes.plot([made.best.k], [max(made.best.loss, floor)], "o", color=_MARK, label="chosen")
    axes.set_yscale("log")
    axes.set_xscale("log")
    axes.set_xlabel("K, nodes of the pure tree")
    axes.set_ylabel("loss")
    axes.legend(frameon=False)


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


def _write(drawn: Any, file: str) -> None:
    ending = os.path.splitext(file)[1].lower()
    if ending not in _ENDINGS:
        raise ArgumentError(f"{file} is no picture by its name", hint=f"{', '.join(_ENDINGS)}")
    # Without a date and with fixed names inside, equal pictures are equal files.
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "emlc"}):
        metadata = {"Date": None} if ending == ".svg" else {}
        drawn.savefig(file, format=ending[1:], metadata=metadata)
