"""Mutation: small changes, one at a time, each of which the tests should notice.

python benchmarks/mutate.py emlc/passes/facts.py emlc/check tests/test_facts.py tests/test_check.py
       [--sample 150] [--seed 1] [--seconds 20] [--list]

Everything is imported and collected once, in one process. Each test is run once, unchanged, in a
fork that notes its time and the lines it reaches. Every mutant is a fork that runs the tests that
reach the changed line, the quick and those that noticed most so far first, and ends at the first
that fails. Tests beyond `--seconds` together, unchanged, are not run. A mutant that takes ten times
as long as the tests do unchanged counts as killed. hypothesis draws the same examples every time.
Processes that the tests start find a copy of the package with the mutant in it; a line that only
they reach is tried with all tests that start one.

Not planted, by rule: annotations, decorators, texts of messages and what only goes into them, and
budgets (what is called seconds, limit, LARGEST and the like, and comparisons with it). Compiled
kernels are left out, since their code is not what runs. What survives is printed with the number
of tests it survived; it may mean the same as the original.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import importlib
import inspect
import json
import os
import random
import re
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
    ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.Break: ast.Pass, ast.Continue: ast.Break,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "all": "any", "any": "all"}
BUDGET = re.compile(
    "RISING|SECOND|LARGE|LIMIT|MOST|ROUNDS|READING|PARTS|BITS|SHORT|DIGITS|SOON|BESIDE", re.I
)
SOURCES: dict[Path, ast.Module] = {}


@dataclass(frozen=True)
class Mutant:
    """A change: the file, the part of it, which change of the part, its line and its words."""

    path: Path
    at: int
    k: int
    line: int
    what: str


def changes(n: ast.AST) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """What may be done to a part of the program: a name, and the change."""
    match n:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                if type(op) in SWAPS:
                    yield f"operator {i}", lambda m, i=i: _put(m.ops, i, SWAPS[type(m.ops[i])]())
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign() if type(n.op) in SWAPS:
            yield "operator", lambda m: setattr(m, "op", SWAPS[type(m.op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield "sign", lambda m: m.operand
        case ast.Constant(value=bool(v)):
            yield "truth", lambda m, v=v: setattr(m, "value", not v)
        case ast.Constant(value=int() | float()):
            yield "number", lambda m: setattr(m, "value", m.value + 1)
        case ast.If() | ast.IfExp() | ast.While():
            yield "never", lambda m: setattr(m, "test", ast.Constant(False))
            if not isinstance(n, ast.While):
                yield "always", lambda m: setattr(m, "test", ast.Constant(True))
        case ast.Return(value=ast.AST() as v) if ast.unparse(v) != "None":
            yield "nothing returned", lambda m: setattr(m, "value", ast.Constant(None))
        case ast.Name(id=name) if name in NAMES:
            yield "name", lambda m: setattr(m, "id", NAMES[m.id])
        case ast.Break() | ast.Continue():
            yield "jump", lambda m: SWAPS[type(m)]()
        case ast.Expr(value=ast.Call() | ast.YieldFrom()) | ast.Assign():
            yield "left out", lambda m: ast.Pass()
        case ast.comprehension(ifs=[_, *_]):
            yield "condition", lambda m: m.ifs.pop()


def _put(items: list[Any], at: int, new: Any) -> None:
    items[at] = new


def _left_out(n: ast.AST) -> Iterator[ast.AST | None]:
    """Parts of a part in which nothing is planted: they do not change an answer."""
    yield from (getattr(n, field, None) for field in ("annotation", "returns", "format_spec"))
    match n:
        case ast.FunctionDef() | ast.ClassDef():
            yield from n.decorator_list
            if any("jit" in ast.unparse(d) for d in n.decorator_list):
                yield from n.body
            if isinstance(n, ast.FunctionDef):
                a = n.args
                first = len(a.args) - len(a.defaults)
                named = zip(a.args[first:], a.defaults, strict=True)
                for arg, value in (*named, *zip(a.kwonlyargs, a.kw_defaults, strict=True)):
                    yield value if BUDGET.search(arg.arg) else None
        case ast.JoinedStr() | ast.Raise(exc=ast.Call()):
            yield n.exc if isinstance(n, ast.Raise) else n
        case ast.Assign(targets=[ast.Name(id=name)]) if BUDGET.search(name):
            yield n
        case ast.keyword(arg=str(name)) if BUDGET.search(name) or name == "strict":
            yield n.value
        case ast.Compare() if any(BUDGET.search(getattr(v, "id", "")) for v in ast.walk(n)):
            yield n
        case ast.If() if ast.unparse(n.test) in ("__name__ == '__main__'", "TYPE_CHECKING"):
            yield n


def mutants(path: Path, tree: ast.Module) -> list[Mutant]:
    """Every change of functions and tables that is planted."""
    found: list[Mutant] = []
    skipped: set[int] = set()
    tables = set(map(id, tree.body))
    for at, n in enumerate(ast.walk(tree)):
        for part in _left_out(n):
            skipped.update(map(id, ast.walk(part)) if part is not None else ())
        if id(n) not in skipped and hasattr(n, "lineno"):
            for k, (what, _) in enumerate(changes(n)):
                if id(n) not in tables:
                    words = ast.unparse(n).split("\n")[0][:90]
                    found.append(Mutant(path, at, k, n.lineno, f"{what}: {words}"))
    return found


def changed(tree: ast.Module, at: int, k: int) -> ast.Module:
    made = copy.deepcopy(tree)
    target = list(ast.walk(made))[at]
    new = list(changes(target))[k][1](target)
    if isinstance(new, ast.AST):
        _replace(made, target, new)
    return ast.fix_missing_locations(made)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(v is old for v in value):
                value[:] = [new if v is old else v for v in value]


def install(module: ModuleType, tree: ast.Module, line: int) -> None:
    """The changed code in the place of the function's or, of a table, of its value."""
    names = vars(module)
    forget(module)
    for statement in tree.body:
        if not statement.lineno <= line <= (statement.end_lineno or 0):
            continue
        future = ast.parse("from __future__ import annotations").body
        code = compile(ast.Module([*future, statement], []), module.__file__ or "", "exec")
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            made = dict(names)
            exec(code, made)  # noqa: S102  (a statement of emlc's own source)
            _transplant(names[statement.name], made[statement.name])
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            exec(code, names)  # noqa: S102


def forget(module: ModuleType | None) -> None:
    """Empty what the functions of a module remember."""
    for part in vars(module).values() if module else ():
        getattr(part, "cache_clear", bool)()


def _transplant(old: Any, new: Any) -> None:
    if inspect.isclass(old):
        for name, part in vars(new).items():
            if name in vars(old):
                _transplant(vars(old)[name], part)
        return
    old, new = (_function(f) for f in (old, new))
    if inspect.isfunction(old) and old.__code__.co_freevars == new.__code__.co_freevars:
        old.__code__, old.__defaults__ = new.__code__, new.__defaults__
        old.__kwdefaults__ = new.__kwdefaults__


def _function(f: Any) -> Any:
    for name in ("fget", "__func__", "func"):
        f = getattr(f, name, None) or f
    return inspect.unwrap(f) if callable(f) else f


def dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def write_copy(folder: Path, path: Path, tree: ast.Module) -> None:
    """The project in a folder: links to all files but the changed one."""
    for part in reversed(path.parents):
        (folder / part).mkdir(exist_ok=True)
        for entry in part.iterdir():
            if entry not in (path, *path.parents) and entry.name != "__pycache__":
                (folder / entry).symlink_to(entry.resolve())
    (folder / path).write_text(ast.unparse(tree), encoding="utf-8")


class Runner:
    """Takes the place of pytest's loop over the tests."""

    def __init__(self, files: list[Path], options: argparse.Namespace) -> None:
        self.files = files
        self.options = options
        self.kills: Counter[int] = Counter()
        self.told: Counter[tuple[Path, str]] = Counter()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from hypothesis import Phase, settings

        settings.register_profile("same", derandomize=True, database=None, phases=[Phase.generate])
        settings.load_profile("same")
        SOURCES.update({p: ast.parse(p.read_text(encoding="utf-8")) for p in self.files})
        reached = self.reached(session)
        for path in self.files:
            every = mutants(path, SOURCES[path])
            if 0 < self.options.sample < len(every):
                every = random.Random(self.options.seed).sample(every, self.options.sample)
            for m in sorted(every, key=lambda m: m.line):
                end, count = self.judge(session, reached, m)
                self.told[path, end] += 1
                if end == "survived":
                    self.say(f"{m.path}:{m.line} survived {count} tests, {m.what}")
                    self.say(self.difference(m))
            killed, late = self.told[path, "killed"], self.told[path, "late"]
            self.say(f"{path}: {killed + late} of {len(every)} killed, {late} of them by time")
        return True

    def say(self, text: str) -> None:
        with open(self.options.log, "a", encoding="utf-8") as log:
            log.write(text + "\n")
        sys.__stderr__.write(text + "\n")  # type: ignore[union-attr]

    def difference(self, m: Mutant) -> str:
        texts = [
            ast.unparse(t).split("\n")
            for t in (SOURCES[m.path], changed(SOURCES[m.path], m.at, m.k))
        ]
        lines = difflib.unified_diff(*texts, lineterm="", n=0)
        return "\n".join(f"    {line}" for line in lines if line[:2] not in ("--", "++", "@@"))

    def reached(self, session: pytest.Session) -> list[tuple[float, dict[str, set[int]], bool]]:
        """Of each test its time, the lines of each file it reaches, whether it starts a process."""
        found = []
        modules: set[str] = set()
        for item in session.items:
            answer, status = _forked(lambda item=item: self.traced(session, item), 120)
            seconds, lines, names, starts = answer or (999.0, {}, [], False)
            found.append((seconds, {name: set(at) for name, at in lines.items()}, starts))
            modules.update(names)
            if status:
                self.say(f"fails unchanged, or takes too long: {item.nodeid}")
        for name in sorted(modules - set(sys.modules)):
            if name.split(".")[0] in ("emlc", "sympy", "mpmath", "flint", "numba", "numpy"):
                importlib.import_module(name)  # paid once, and not by every mutant
        self.say(f"{len(found)} tests, {sum(t for t, *_ in found):.0f} s unchanged")
        return found

    def traced(self, session: pytest.Session, item: pytest.Item) -> Any:
        files = {str(p.resolve()): p for p in self.files}
        lines: dict[str, set[int]] = {name: set() for name in files}

        def local(frame: Any, event: str, arg: Any) -> Any:
            lines[frame.f_code.co_filename].add(frame.f_lineno)
            return local

        def trace(frame: Any, event: str, arg: Any) -> Any:
            return local if frame.f_code.co_filename in lines else None

        for path in self.files:
            forget(sys.modules.get(dotted(path)))
        begun = time.process_time()
        threading.settrace(trace)
        sys.settrace(trace)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        sys.settrace(None)
        if session.testsfailed:
            os._exit(1)
        others = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = time.process_time() - begun + others.ru_utime + others.ru_stime
        for name, path in files.items():
            _whole_statements(SOURCES[path], lines[name])
        found = {str(path): sorted(lines[name]) for name, path in files.items() if lines[name]}
        return seconds, found, list(sys.modules), others.ru_utime > 0

    def judge(self, session: Any, reached: list[Any], m: Mutant) -> tuple[str, int]:
        """Whether the tests notice, and how many were asked."""
        items, total = [], 0.0
        here = [m.line in at.get(str(m.path), ()) for _, at, _ in reached]
        useful = [
            (t / (1 + self.kills[i]), i)
            for i, (t, _, starts) in enumerate(reached)
            if (here[i] if any(here) else starts)
        ]
        for _, i in sorted(useful):
            if total + reached[i][0] < self.options.seconds:
                total += reached[i][0]
                items.append(i)
        tree = changed(SOURCES[m.path], m.at, m.k)

        def attempt() -> int | None:
            install(importlib.import_module(dotted(m.path)), tree, m.line)
            sys.path.insert(0, folder)
            os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
            for i in items:
                item = session.items[i]
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if session.testsfailed:
                    return i
            return None

        with tempfile.TemporaryDirectory() as folder:
            if any(reached[i][2] for i in items):
                write_copy(Path(folder), m.path, tree)
            by, status = _forked(attempt, int(10 * total) + 10)
        if status == 0 and by is None:
            return "survived", len(items)
        self.kills[by] += by is not None
        return ("late" if status < 0 else "killed"), len(items)


def _whole_statements(tree: ast.Module, lines: set[int]) -> None:
    """Long statements are reached as a whole, tables by whoever reaches the file."""
    if not lines:
        return
    outer = {
        id(n) for p in ast.walk(tree) if isinstance(p, ast.Module | ast.ClassDef) for n in p.body
    }
    for n in ast.walk(tree):
        if isinstance(n, ast.stmt) and not hasattr(n, "body"):
            span = range(n.lineno, (n.end_lineno or 0) + 1)
            if id(n) in outer or not lines.isdisjoint(span):
                lines.update(span)
        elif isinstance(n, ast.FunctionDef) and not lines.isdisjoint((n.body[0].lineno,)):
            lines.update(range(n.lineno, n.body[0].lineno))


def _forked(call: Callable[[], Any], seconds: int) -> tuple[Any, int]:
    """What a call in a fork gives, and its exit status; stopped after so much processor time."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        null = os.open(os.devnull, os.O_RDWR)
        for n in (1, 2):
            os.dup2(null, n)
        try:
            answer = call()
        except BaseException:  # noqa: BLE001  (a mutant that cannot even be installed)
            os._exit(1)
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        answer = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return (json.loads(answer) if not status else None), status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sample", type=int, default=150, help="mutants of a file, 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--log", default="mutate.log")
    parser.add_argument("paths", nargs="+", type=Path, help="of emlc/ to change, of tests/ to run")
    options, rest = parser.parse_known_args()
    sys.path.insert(0, str(Path.cwd()))
    plain = [p for p in options.paths if p.parts[0] == "emlc"]
    files = [f for p in plain for f in (sorted(p.rglob("*.py")) if p.is_dir() else [p])]
    tests = [str(p) for p in options.paths if p.parts[0] != "emlc"]
    without = [f"-pno:{name}" for name in ("cacheprovider", "xdist", "logging")]
    return int(pytest.main(["-q", *without, *tests, *rest], plugins=[Runner(files, options)]))


if __name__ == "__main__":
    sys.exit(main())
