"""Value and gradient of full trees over many points: emlc against jax and torch.

    python benchmarks/gradient.py [depth] [points]

The tree has all its leaves at one depth, variables and ones, and keeps every value in range. It is
run over real numbers and, as trees over eml mostly must be, over complex ones. Every peer computes
the same doubles, compiled and warmed up, on one thread; what cannot be imported is left out. torch
evaluates all nodes of a level at once ("level-batched"), and once more node by node.
"""

from __future__ import annotations

import importlib.util
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from emlc.check.reference import grounded
from emlc.ir.node import ONE, Node, eml, var
from emlc.lower.direct import direct
from emlc.lower.export import export

NAMES = ("w", "x", "y", "z")
LOW, HIGH = (-3.0, 0.2, 1.2, 6.0), (-1.0, 0.9, 3.0, 20.0)


def levels(depth: int, points: dict[str, np.ndarray], seed: int) -> tuple[Node, list[str]]:
    """A full tree with values in range, found subtree by subtree, and its leaves from left."""
    rng = random.Random(seed)
    pool = [(var(n), points[n], [n]) for n in NAMES] + [(ONE, np.ones(1), ["1"])]
    for _ in range(depth):
        found: dict[Node, tuple[Node, np.ndarray, list[str]]] = {}
        for _ in range(20_000):
            (a, u, s), (b, v, t) = rng.choice(pool), rng.choice(pool)
            if v.min() < 1e-2 or u.max() > 4:
                continue
            value = np.exp(u) - np.log(v)
            if np.abs(value).max() < 60 and s != t:
                made = eml(a, b)
                found[made] = made, value, s + t
            if len(found) >= 300:
                break
        pool = list(found.values())
        if not pool:
            sys.exit("no tree of that depth was found that keeps its values in range")
    tree, _, leaves = max(pool, key=lambda item: len(set(item[2])))
    return tree, leaves


def least(run: Callable[[], Any], seconds: float = 1.5) -> float:
    """The least time of a call."""
    run()
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        begun = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begun)
    return best


def with_emlc(tree: Node, points: dict[str, np.ndarray]) -> Callable[[], Any]:
    f = direct(tree, real=not complex_(points), tier="compiled")
    return lambda: f.value_and_gradient(points)


def with_jax(tree: Node, points: dict[str, np.ndarray]) -> Callable[[], Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    value_and_grad = jax.value_and_grad(
        exported(tree, "jax"), argnums=tuple(range(len(points))), holomorphic=complex_(points)
    )
    f = jax.jit(jax.vmap(value_and_grad))
    arrays = [jax.numpy.asarray(points[name]) for name in sorted(points)]
    return lambda: jax.block_until_ready(f(*arrays))


def with_torch(leaves: list[str], points: dict[str, np.ndarray]) -> Callable[[], Any]:
    """All nodes of a level in one call."""
    import torch

    torch.set_num_threads(1)
    inputs = {n: torch.tensor(points[n], requires_grad=True) for n in sorted(points)}
    one = torch.ones_like(next(iter(inputs.values())))

    def run() -> Any:
        level = torch.stack([inputs.get(leaf, one) for leaf in leaves])
        while len(level) > 1:
            level = torch.exp(level[0::2]) - torch.log(level[1::2])
        return level[0], torch.autograd.grad(level[0].real.sum(), list(inputs.values()))

    return run


def with_torch_nodes(tree: Node, points: dict[str, np.ndarray]) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    f = exported(tree, "torch")
    inputs = [torch.tensor(points[n], requires_grad=True) for n in sorted(points)]

    def run() -> Any:
        value = f(*inputs)
        return value, torch.autograd.grad(value.real.sum(), inputs)

    return run


def exported(tree: Node, to: str) -> Callable[..., Any]:
    """The tree as a function of exp and ln that emlc writes in another language."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "exported.py")
        path.write_text(export(grounded(tree), to), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("exported", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module.f  # type: ignore[no-any-return]


def complex_(points: dict[str, np.ndarray]) -> bool:
    return any(v.dtype.kind == "c" for v in points.values())


def main() -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    depth = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    rng = np.random.default_rng(1)
    points = {n: rng.uniform(a, b, count) for n, a, b in zip(NAMES, LOW, HIGH, strict=True)}
    tree, leaves = levels(depth, points, seed=3)
    points = {n: v for n, v in points.items() if n in leaves}
    print(f"depth {depth}, {len(leaves)} leaves, {count} points, one thread")
    for title, factor in (("real", 1.0), ("complex", 1 + 0.1j)):
        print(f"\n{title}")
        compare(tree, leaves, {n: v * factor for n, v in points.items()})


def compare(tree: Node, leaves: list[str], points: dict[str, np.ndarray]) -> None:
    """Print every time and ratio."""
    begun = time.process_time()
    ours = with_emlc(tree, points)
    want = ours()
    print(f"emlc: first call after {time.process_time() - begun:.2f} CPU s")
    peers: dict[str, Callable[[], Callable[[], Any]]] = {
        "jax": lambda: with_jax(tree, points),
        "torch, level-batched": lambda: with_torch(leaves, points),
        "torch, node by node": lambda: with_torch_nodes(tree, points),
    }
    runs = {"emlc": ours}
    for name, make in peers.items():
        try:
            runs[name] = make()
        except ImportError:
            print(f"{name}: not installed")
    times = dict.fromkeys(runs, float("inf"))
    for _ in range(3):
        for name, run in runs.items():
            times[name] = min(times[name], least(run))
    for name, run in runs.items():
        value, slopes = run()
        slopes = slopes if name == "emlc" else np.stack([np.asarray(s) for s in slopes], -1)
        slopes = np.conj(slopes) if name.startswith("torch") else slopes  # torch's convention
        value = np.asarray(value.detach() if hasattr(value, "detach") else value)
        away = max(
            np.abs(a - b).max() / np.abs(b).max()
            for a, b in zip((value, slopes), want, strict=True)
        )
        ratio = times[name] / times["emlc"]
        print(f"{name:22s} {times[name] * 1e6:9.1f} us {ratio:7.1f}x   difference {away:.1e}")


if __name__ == "__main__":
    main()
