"""emlc train: circuits of eml gates on the paper's targets, with our optimiser and the paper's."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from emlc.cli import report
from emlc.cli.command import Command, common
from emlc.errors import LimitError, TreeError

if TYPE_CHECKING:
    from emlc.regress.train import Circuit, Trained


@click.command(cls=Command, short_help="Train circuits of eml gates on the paper's targets.")
@click.option(
    "--depth",
    type=click.IntRange(1, 8),
    help="Depth of the circuit. Default: 2 to 6, the paper's five.",
)
@click.option("--target", metavar="TREE", help="A tree of x and y to recover from its values.")
@click.option("--seeds", type=click.IntRange(1), default=32, help="How many runs: 32.")
@click.option(
    "--optimiser",
    type=click.Choice(("ours", "paper", "both")),
    default="ours",
    help="paper: Adam with the author's schedule and gates, 8000 steps a run.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    help="Seconds at most for one run of ours: 60.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Draw the training curves and the last circuit to this .svg, .png or .pdf file.",
)
@common
def command(
    depth: int | None, target: str | None, seeds: int, optimiser: str, timeout: float,
    plot: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Recover trees from their values by training circuits, blindly, one run a seed.

    A circuit of depth n is the paper's master formula: a complete tree of 2^n - 1 gates whose
    inputs are mixtures alpha + beta x + ... + gamma f. A run counts as a success when the snapped
    tree gives all the data to rounding. Without --target, the targets are the paper's.

    \b
    emlc train
    emlc train --depth 3 --optimiser both --seeds 8
    emlc train --depth 4 --target "eml(1, eml(x, y))"
    """
    from emlc.regress.train import TARGETS, Circuit, paper_data

    chosen = [(d, list(t), p) for d, t, p in TARGETS if depth in (None, d)]
    if target is not None:
        chosen = [_own(target, depth)]
    if not chosen:
        raise LimitError(f"the paper has no target of depth {depth}", hint="give one by --target")
    rows = []
    for deep, rpn, paper in chosen:
        columns, values = paper_data(rpn)
        if not len(values):
            raise TreeError("the tree has no real values on the grid, x and y in [1, 3]")
        for kind in ("ours", "paper") if optimiser == "both" else (optimiser,):
            gates = "mixed" if kind == "ours" else "paper"
            circuit = Circuit(deep, columns, values, gates=gates)
            rows.append(_runs(circuit, kind, rpn, paper, seeds, timeout, plot))
            if not as_json:
                _print_row(rows[-1], first=len(rows) == 1)
    if as_json:
        report.document(rows=rows)
    return 0


def _own(text: str, depth: int | None) -> tuple[int, list[str], str]:
    """The depth, tree and published successes of a target of one's own."""
    from emlc.ir.tape import flatten, measure
    from emlc.parse import parse_tree
    from emlc.show import rpn_tokens

    tree = parse_tree(text)
    rpn = rpn_tokens(tree)
    unknown = sorted(set(rpn) - {"1", "E", "x", "y"})
    if unknown:
        raise TreeError(f"the tree has {unknown[0]}", hint="its variables are x and y")
    return depth or max(1, measure(flatten(tree)).depth), rpn, "-"


def _runs(
    circuit: Circuit, kind: str, rpn: list[str], paper: str, seeds: int, timeout: float,
    plot: str | None,
) -> dict[str, Any]:  # fmt: skip
    """All runs of one row of the table."""
    import statistics

    made: list[Trained] = []
    cpu: list[float] = []
    # The first call compiles the kernels, which no run should pay for.
    circuit.train(1 << 20, seconds=0.0)
    for seed in range(seeds):
        begun = time.process_time()
        run = (
            circuit.train_as_paper(seed)
            if kind == "paper"
            else circuit.train(seed, seconds=timeout)
        )
        cpu.append(time.process_time() - begun)
        made.append(run)
    if plot:
        from emlc.regress.plots import save_training

        save_training(circuit, made, plot)
        report.note("wrote", plot)
    found = sorted({"".join(r.rpn) for r in made if r.success and r.rpn}, key=lambda t: (len(t), t))
    return {
        "depth": circuit.depth, "target": "".join(rpn), "optimiser": kind, "seeds": seeds,
        "success": sum(r.success for r in made), "paper": paper,
        "cpu_median": statistics.median(cpu), "cpu_max": max(cpu), "found": found,
    }  # fmt: skip


def _print_row(row: dict[str, Any], *, first: bool) -> None:
    if first:
        report.result("depth  optimiser  success  CPU seconds median   max  published  tree found")
    done = f"{row['success']}/{row['seeds']}"
    tree = row["found"][0] if row["found"] else "-"
    report.result(
        f"{row['depth']:5d}  {row['optimiser']:<9}  {done:>7}  {row['cpu_median']:18.4f}"
        f"  {row['cpu_max']:4.1f}  {row['paper']:>9}  {tree}"
    )
    sys.stdout.flush()
