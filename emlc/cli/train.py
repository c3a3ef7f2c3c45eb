"""emlc train: circuits of eml gates on the paper's targets, with our optimiser and the paper's."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from emlc.cli import report
from emlc.cli.command import Command, common, time_option
from emlc.cli.watch import working
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
@click.option(
    "--seeds",
    type=click.IntRange(1),
    help="How many runs: 32 of ours, the author's 32 or 64 in his order.",
)
@click.option(
    "--optimiser",
    type=click.Choice(("ours", "paper", "both")),
    help="paper: the author's trainer. Default: both; ours for a --target.",
)
@time_option(60, "Seconds at most for one run of ours")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Draw the training curves and the last circuit to this .svg, .png or .pdf file.",
)
@common
def command(
    depth: int | None, target: str | None, seeds: int | None, optimiser: str | None,
    seconds: float, plot: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Recover trees from their values by training circuits, blindly, one run a seed.

    A circuit of depth n is the paper's master formula: a complete tree of 2^n - 1 gates whose
    inputs are mixtures alpha + beta x + ... + gamma f. A run is exact when its tree gives all the
    data to rounding, and agrees with the target at other points; it is accepted by the paper's
    criterion when the mean squared error is below 1e-6, what is not a number counted as 0.

    The paper's row is the author's own trainer, from the random weights of his seeds.

    \b
    emlc train --depth 3
    emlc train --optimiser ours
    emlc train --depth 4 --target "eml(1, eml(x, y))"
    """
    from emlc.regress.train import TARGETS

    chosen = [(d, list(t), p) for d, t, p in TARGETS if depth in (None, d)]
    if target is not None:
        chosen, optimiser = [_own(target, depth)], optimiser or "ours"
    if not chosen:
        raise LimitError(f"the paper has no target of depth {depth}", hint="give one by --target")
    rows: list[dict[str, Any]] = []
    status = 0
    try:
        for row in _rows(chosen, optimiser or "both", seeds, seconds, plot):
            rows.append(row)
            if not as_json:
                _print_row(row, first=len(rows) == 1)
    except KeyboardInterrupt:
        status = report.INTERRUPTED
        report.note("ended", "interrupted: the runs so far are counted")
    if as_json:
        report.document(rows=rows)
    return status


def _rows(
    chosen: list[tuple[int, list[str], str]], optimiser: str, seeds: int | None, seconds: float,
    plot: str | None,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """The rows of the table; an interrupt comes after the row in which it came."""
    from emlc.regress.train import Circuit, paper_data

    for deep, rpn, published in chosen:
        columns, values = paper_data(rpn)
        if not len(values):
            raise TreeError("the tree has no real values on the grid, x and y in [1, 3]")
        circuit = Circuit(deep, columns, values)
        for kind, runs in _plans(circuit, optimiser, seeds, seconds):
            made = _trained(f"training, depth {deep}, {kind}", runs)
            yield _row(circuit, kind, rpn, made, plot) | {"paper": published}
            if len(made) < len(runs):
                raise KeyboardInterrupt


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


def _plans(
    circuit: Circuit, optimiser: str, seeds: int | None, seconds: float
) -> Iterator[tuple[str, list[Callable[[], Trained]]]]:
    """For each row of the table, whose optimiser and its runs."""
    from functools import partial

    from emlc.regress.paper import SWEEPS, Sweep, train_as_author

    # The first call compiles the kernels, which no run should pay for.
    circuit.train(1 << 20, seconds=0.0)
    if optimiser != "paper":
        yield "ours", [partial(circuit.train, s, seconds=seconds) for s in range(seeds or 32)]
    if optimiser != "ours":
        deep = [s for s in SWEEPS if s.depth == circuit.depth]
        for sweep in deep or [Sweep(circuit.depth)]:
            runs = [partial(train_as_author, circuit, *p, sweep) for p in sweep.plan()[:seeds]]
            yield "paper" if len(deep) < 2 else f"paper, {sweep.starts[0]}", list(runs)


def _trained(what: str, runs: list[Callable[[], Trained]]) -> list[tuple[Trained, float]]:
    """All runs of one row of the table, or those before an interrupt, with their CPU seconds."""
    made: list[tuple[Trained, float]] = []
    with working(what) as waiting:
        try:
            for run in runs:
                begun = time.process_time()
                trained = run()
                made.append((trained, time.process_time() - begun))
                waiting.share(len(made) / len(runs))
        except KeyboardInterrupt:
            if not made:
                raise
    return made


def _row(
    circuit: Circuit, kind: str, rpn: list[str], done: list[tuple[Trained, float]],
    plot: str | None,
) -> dict[str, Any]:  # fmt: skip
    """One row of the table."""
    import statistics

    from emlc.regress.train import same_elsewhere

    made, cpu = [trained for trained, _ in done], [seconds for _, seconds in done]
    if plot:
        from emlc.regress.plots import save_training

        save_training(circuit, made, plot)
        report.note("wrote", plot)
    trees = Counter("".join(r.rpn) for r in made if r.success and r.rpn)
    exact = {t: n for t, n in trees.items() if same_elsewhere(list(t), rpn)}
    return {
        "depth": circuit.depth, "target": "".join(rpn), "optimiser": kind, "seeds": len(made),
        "success": sum(exact.values()), "accepted": sum(r.accepted for r in made),
        "cpu_median": statistics.median(cpu), "cpu_max": max(cpu),
        "found": sorted(exact, key=lambda t: (len(t), t)),
    }  # fmt: skip


def _print_row(row: dict[str, Any], *, first: bool) -> None:
    if first:
        report.result(
            "depth  optimiser            exact  accepted  CPU seconds median    max  published"
            "  tree found"
        )
    exact, accepted = (f"{row[key]}/{row['seeds']}" for key in ("success", "accepted"))
    published = "" if row["optimiser"] == "ours" else row["paper"]
    tree = row["found"][0] if row["found"] else "-"
    report.result(
        f"{row['depth']:5d}  {row['optimiser']:<17}  {exact:>7}  {accepted:>8}"
        f"  {row['cpu_median']:18.4f}  {row['cpu_max']:5.1f}  {published:>9}  {tree}"
    )
    sys.stdout.flush()
