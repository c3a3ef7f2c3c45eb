"""Speed of the evaluators against named peers, all measured in this run on one thread.

python benchmarks/evaluate.py [--quick] [--formula NAME ...] [--size N ...] [--peer NAME ...]

Prints nanoseconds a point for twelve formulas at 1e3, 1e5 and 1e7 points (the last with `out=`,
where a peer has it), the geometric mean of time ratios, each formula against its best peer, and how
far emlc is from what the machine can do: its streaming rate and its vector arithmetic. The column
"tree" is the evaluator made from the pure tree over eml. Peers that are not installed are skipped
and named.
"""

from __future__ import annotations

import os

CPU = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {CPU})
os.environ |= {"NUMEXPR_NUM_THREADS": "1", "NUMEXPR_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import argparse  # noqa: E402
import math  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

import emlc  # noqa: E402
from emlc.lower.direct import direct  # noqa: E402
from emlc.lower.native import body, engine, ufunc  # noqa: E402
from emlc.lower.native.plan import Plan, plan  # noqa: E402
from emlc.lower.native.ssa import Code, Value  # noqa: E402
from emlc.parse import parse  # noqa: E402
from emlc.passes.simplify import simplify  # noqa: E402

Case = tuple[str, str, dict[str, tuple[float, float]]]

# name, formula in emlc's syntax, box of the points
CASES: tuple[Case, ...] = (
    ("exp", "exp(x)", {"x": (-5, 5)}),
    ("ln", "ln(x)", {"x": (0.01, 100)}),
    ("product", "x*y", {"x": (-5, 5), "y": (-5, 5)}),
    ("sin", "sin(x)", {"x": (-5, 5)}),
    ("ratio", "x/(1+y)", {"x": (-5, 5), "y": (0, 5)}),
    ("gauss", "exp(-x^2/2)/sqrt(2*pi)", {"x": (-5, 5)}),
    ("planck", "x^3/(exp(x)-1)", {"x": (0.1, 10)}),
    ("quadratic", "(-b+sqrt(b^2-4*a*c))/(2*a)", {"a": (0.5, 2), "b": (4, 6), "c": (-2, 1.5)}),
    ("damped", "exp(-x)*cos(2*x)", {"x": (-5, 5)}),
    ("softplus", "ln(1+exp(x))", {"x": (-5, 5)}),
    ("lennard", "4*(x^-12-x^-6)", {"x": (0.8, 3)}),
    ("hypot", "sqrt(x^2+y^2)", {"x": (-5, 5), "y": (-5, 5)}),
)

# The same formulas as a careful person writes them for numpy; {m} is the module's name.
BY_HAND = {
    "exp": "{m}.exp(x)",
    "ln": "{m}.log(x)",
    "product": "x*y",
    "sin": "{m}.sin(x)",
    "ratio": "x/(1+y)",
    "gauss": "{m}.exp(-0.5*x*x)*0.3989422804014327",
    "planck": "x*x*x/{m}.expm1(x)",
    "quadratic": "({m}.sqrt(b*b-4*a*c)-b)/(2*a)",
    "damped": "{m}.exp(-x)*{m}.cos(2*x)",
    "softplus": "{m}.log1p({m}.exp(x))",
    "lennard": "(lambda u: 4*(u*u-u))((1/(x*x))**3)",
    "hypot": "{m}.sqrt(x*x+y*y)",
}

Function = Callable[..., Any]
Maker = Callable[[Case], "Function"]


def names(case: Case) -> list[str]:
    return sorted(case[2])


def written(case: Case, module: str, module_object: Any) -> Any:
    """The formula by hand as a Python function over a module's functions."""
    text = BY_HAND[case[0]].format(m=module)
    scope = {module: module_object}
    return eval(f"lambda {', '.join(names(case))}: {text}", scope)  # noqa: S307


def by_emlc(case: Case) -> Function:
    return direct(simplify(parse(case[1]).root), variables=names(case)).ufunc


def by_tree(case: Case) -> Function:
    """The formula compiled to a pure tree over eml, that read back, and that as machine code."""
    return emlc.evaluator(emlc.compile(case[1], check=False).tree).ufunc


def by_numpy(case: Case) -> Function:
    made = written(case, "np", np)

    def run(*args: Any, out: Any = None) -> Any:
        if out is None:
            return made(*args)
        np.copyto(out, made(*args))
        return out

    plain = {"exp": np.exp, "ln": np.log, "product": np.multiply, "sin": np.sin}
    return plain.get(case[0], run)


def by_lambdify(case: Case) -> Function:
    import sympy

    symbols = sympy.symbols(names(case))
    expression = sympy.sympify(
        case[1].replace("ln", "log"), dict(zip(names(case), symbols, strict=True))
    )
    made = sympy.lambdify(symbols, expression, "numpy", cse=True)

    def run(*args: Any, out: Any = None) -> Any:
        if out is None:
            return made(*args)
        np.copyto(out, made(*args))
        return out

    return run


def by_numexpr(case: Case) -> Function:
    import numexpr

    text = case[1].replace("^", "**").replace("ln", "log").replace("pi", repr(math.pi))
    made = numexpr.NumExpr(text, signature=[(n, np.float64) for n in names(case)])

    def run(*args: Any, out: Any = None) -> Any:
        return made(*args) if out is None else made(*args, out=out, ex_uses_vml=False)

    return run


def by_numba(case: Case) -> Function:
    import numba

    text = BY_HAND[case[0]].format(m="math")
    text = "4*((1/(x*x))**6-(1/(x*x))**3)" if case[0] == "lennard" else text
    scope: dict[str, Any] = {"math": math}
    plain = eval(f"lambda {', '.join(names(case))}: {text}", scope)  # noqa: S307
    doubles = ", ".join(["float64"] * len(names(case)))
    made = numba.vectorize([f"float64({doubles})"])(plain)
    return lambda *args, out=None: made(*args) if out is None else made(*args, out)


def by_heyoka(case: Case) -> Function:
    import heyoka as hy

    symbols = {name: hy.expression(name) for name in names(case)}

    class Functions:
        exp, log, sin, cos, sqrt = hy.exp, hy.log, hy.sin, hy.cos, hy.sqrt

        @staticmethod
        def expm1(u: Any) -> Any:
            return hy.exp(u) - 1.0

        @staticmethod
        def log1p(u: Any) -> Any:
            return hy.log(1.0 + u)

    expression = written(case, "hy", Functions)(**symbols)
    made = hy.cfunc([expression], vars=[symbols[n] for n in names(case)], parallel_mode=False)

    def run(*args: Any, out: Any = None) -> Any:
        rows = np.stack(args) if len(args) > 1 else args[0].reshape(1, -1)
        return made(rows) if out is None else made(rows, outputs=out.reshape(1, -1))

    run.stacked = lambda args: np.ascontiguousarray(np.stack(args))  # type: ignore[attr-defined]
    run.direct = made  # type: ignore[attr-defined]
    return run


def by_jax(case: Case) -> Function:
    import jax

    jax.config.update("jax_enable_x64", True)
    made = jax.jit(written(case, "jnp", jax.numpy))
    return lambda *args, out=None: made(*args).block_until_ready()


PEERS: dict[str, Maker] = {
    "numpy": by_numpy,
    "lambdify": by_lambdify,
    "numexpr": by_numexpr,
    "numba": by_numba,
    "heyoka": by_heyoka,
    "jax": by_jax,
}


def available(wanted: list[str]) -> dict[str, Maker]:
    """The peers that can be imported; the others are named."""
    modules = {"lambdify": "sympy"}
    found = {}
    for name, maker in PEERS.items():
        if wanted and name not in wanted:
            continue
        try:
            __import__(modules.get(name, name))
        except ImportError:
            print(f"{name} is not installed: skipped")
            continue
        found[name] = maker
    return found


def points(case: Case, size: int) -> list[np.ndarray]:
    rng = np.random.default_rng(20)
    return [rng.uniform(*case[2][n], size) for n in names(case)]


def call(
    name: str, f: Function, args: list[np.ndarray], out: np.ndarray | None
) -> Callable[[], Any]:
    """The call to time, its arguments in the form that the peer likes best."""
    if name == "heyoka":
        rows = f.stacked(args)  # type: ignore[attr-defined]
        made = f.direct  # type: ignore[attr-defined]
        if out is None:
            return lambda: made(rows)
        target = out.reshape(1, -1)
        return lambda: made(rows, outputs=target)
    if name == "jax":
        import jax.numpy as jnp

        args = [jnp.asarray(a) for a in args]
    if out is None or name == "jax":
        return lambda: f(*args)
    return lambda: f(*args, out=out)


def best_times(calls: dict[str, Callable[[], Any]], size: int, rounds: int) -> dict[str, float]:
    """Nanoseconds a point: the least of several rounds, in which all take turns."""
    repeat = max(4, 40_000 // size) if size < 10**6 else 1
    best = dict.fromkeys(calls, math.inf)
    for one in calls.values():
        one()
    for _ in range(rounds):
        for name, one in calls.items():
            one()  # whoever came before has filled the cache with other things
            begun = time.perf_counter_ns()
            for _ in range(repeat):
                one()
            best[name] = min(best[name], (time.perf_counter_ns() - begun) / repeat / size)
    return best


def streaming(size: int, inputs: int) -> float:
    """Nanoseconds a point to read this many arrays and write one, hardly anything computed."""
    x = [np.random.default_rng(k).uniform(size=size) for k in range(inputs)]
    out = np.empty(size)
    f = direct(parse("+".join("xyz"[:inputs]) if inputs > 1 else "-x").root).ufunc
    calls = {"emlc": lambda: f(*x, out=out)}
    if inputs == 1:
        calls["numpy"] = lambda: np.negative(x[0], out=out)
    if inputs == 2:
        calls["numpy"] = lambda: np.add(x[0], x[1], out=out)
    return min(best_times(calls, size, 25 if size < 10**6 else 8).values())


def throughput(operation: str) -> float:
    """Nanoseconds a point of one vector operation, many at once, nothing else to do."""
    size, chains, length = 2048, 8, 12 if operation == "fma" else 2
    code = Code(engine.target())
    x = Value(code, "d", "%x0")
    total = x
    for k in range(chains):
        y = x + float(k)
        for _ in range(length):
            if operation == "fma":
                y = code.fma(y, 0.9 + k / 100, 1.0)
            else:
                y = 3.0 / y if operation == "div" else code.sqrt(y)
        total = total + y
    loop = ufunc.Loop("f8", 1, 1)
    made = engine.load(body.body(code, 1, [total]))
    loop.run(made.address("body"), 0, made)
    f = ufunc.ufunc([loop], 1, 1, operation)
    values, out = np.linspace(1, 2, size), np.empty(size)
    return best_times({"": lambda: f(values, out=out)}, size, 60)[""] / (chains * length)


def arithmetic(case: Case, cost: dict[str, float]) -> float:
    """Nanoseconds a point of the formula's products, or of its quotients and roots if longer."""
    target = engine.quick() or engine.target()
    lines = Plan.text(plan([parse(case[1]).root], names(case)), target).splitlines()

    def count(*marks: str) -> float:
        """How often each point goes through lines with one of the marks."""
        found = [n for n in lines if n.startswith("%") and any(mark in n for mark in marks)]
        return sum(int(line.split("<")[1].split()[0]) for line in found) / target.width

    products = count(" fmul ", " @llvm.fma")
    divided = count(" fdiv ") * cost["div"] + count(" @llvm.sqrt") * cost["sqrt"]
    return max(products * cost["fma"], divided)


def geometric(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def run(size: int, cases: list[Case], peers: dict[str, Maker], rounds: int) -> None:
    table: dict[str, dict[str, float]] = {}
    title = "".join(f"{n:>10}" for n in ["emlc", "tree", *peers])
    print(f"\nn = {size:g}, ns a point{' (out=)' if size >= 10**7 else ''}")
    print(f"{'':12}{title}  to the best peer")
    for case in cases:
        args = points(case, size)
        out = np.empty(size) if size >= 10**7 else None
        made = {"emlc": by_emlc(case), "tree": by_tree(case)}
        made |= {name: maker(case) for name, maker in peers.items()}
        calls = {name: call(name, f, args, out) for name, f in made.items()}
        times = table[case[0]] = best_times(calls, size, rounds)
        rest = [v for n, v in times.items() if n in peers]
        last = f"  {times['emlc'] / min(rest):.2f}x" if rest else ""
        print(f"{case[0]:12}{''.join(f'{v:10.3f}' for v in times.values())}{last}", flush=True)
    worst = max(t["tree"] / t["emlc"] for t in table.values())
    print(f"  tree       at most {worst:.2f} times the time of emlc from the formula")
    for name in peers:
        ratio = geometric([t[name] / t["emlc"] for t in table.values()])
        print(f"  {name:10} {ratio:5.2f} times the time of emlc (geometric mean)")
    if size >= 10**5:
        bounds(size, cases, {name: times["emlc"] for name, times in table.items()})


def bounds(size: int, cases: list[Case], times: dict[str, float]) -> None:
    """What the machine could do: stream the arrays, and do the vector arithmetic."""
    stream = {k: streaming(size, k) for k in sorted({len(c[2]) for c in cases})}
    cost = {name: throughput(name) for name in ("fma", "div", "sqrt")}
    least = {c[0]: max(stream[len(c[2])], arithmetic(c, cost)) for c in cases}
    print("  streaming: " + ", ".join(f"{k} in {v:.3f} ns" for k, v in stream.items()))
    print("  vector operations: " + ", ".join(f"{k} {v:.3f} ns" for k, v in cost.items()))
    to_stream = geometric([times[c[0]] / stream[len(c[2])] for c in cases])
    to_least = geometric([times[c[0]] / least[c[0]] for c in cases])
    print(f"  emlc takes {to_stream:.2f} times the streaming bound,", end=" ")
    print(f"{to_least:.2f} times the larger of both bounds (geometric means)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--formula", action="append", choices=[c[0] for c in CASES])
    parser.add_argument("--size", action="append", type=float)
    parser.add_argument("--peer", action="append", choices=list(PEERS))
    args = parser.parse_args()
    cases = [c for c in CASES if not args.formula or c[0] in args.formula]
    peers = available(args.peer or [])
    np.seterr(all="ignore")
    for size in args.size or (1e3, 1e5, 1e7):
        rounds = (10 if args.quick else 60) if size < 10**6 else (3 if args.quick else 8)
        run(int(size), cases, peers, rounds)


if __name__ == "__main__":
    main()
