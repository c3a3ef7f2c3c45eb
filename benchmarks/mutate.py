"""Mutation of one file: small changes, each of which the tests should notice.

python benchmarks/mutate.py emlc/passes/facts.py [--sample 100] [--seconds 60] tests/test_facts.py

The tests are collected once. Every mutant lives in a fork that runs, fastest first, the tests that
reach the changed line, until one fails or the seconds are over. What survives is printed; a
survivor may mean the same as the original. Files with compiled kernels cannot be judged this way.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import inspect
import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
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
Mutant = tuple[int, int, int, str]


def changes(n: ast.AST) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """What may be done to a part of the program: a name, and the change."""
    swap = SWAPS
    match n:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                if type(op) in swap:
                    yield f"operator {i}", lambda m, i=i: _put(m.ops, i, swap[type(m.ops[i])]())
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign() if type(n.op) in swap:
            yield "operator", lambda m: setattr(m, "op", swap[type(m.op)]())
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
        case ast.Return(value=ast.AST()):
            yield "nothing returned", lambda m: setattr(m, "value", ast.Constant(None))
        case ast.Name(id=name) if name in NAMES:
            yield "name", lambda m: setattr(m, "id", NAMES[m.id])
        case ast.Break() | ast.Continue():
            yield "jump", lambda m: swap[type(m)]()
        case ast.Expr(value=ast.Call() | ast.YieldFrom()) | ast.Assign() | ast.AugAssign():
            yield "left out", lambda m: ast.Pass()
        case ast.comprehension(ifs=[_, *_]):
            yield "condition", lambda m: m.ifs.pop()


def _put(items: list[Any], at: int, new: Any) -> None:
    items[at] = new


def mutants(tree: ast.Module) -> list[Mutant]:
    """Every change of functions and tables: the part, which change, and its line and words."""
    found: list[Mutant] = []
    skipped: set[int] = set()
    tables = set(map(id, tree.body))
    for at, n in enumerate(ast.walk(tree)):
        for field in ("annotation", "returns"):
            noted = getattr(n, field, None)
            skipped.update(map(id, ast.walk(noted)) if isinstance(noted, ast.AST) else ())
        if id(n) not in skipped and hasattr(n, "lineno"):
            for k, (what, _) in enumerate(changes(n)):
                if id(n) not in tables:
                    found.append((at, k, n.lineno, f"{what}: {_brief(n)}"))
    return found


def changed(tree: ast.Module, at: int, k: int) -> ast.Module:
    made = copy.deepcopy(tree)
    target = list(ast.walk(made))[at]
    new = list(changes(target))[k][1](target)
    if isinstance(new, ast.AST):
        _replace(made, target, new)
    return ast.fix_missing_locations(made)


def _brief(n: ast.AST) -> str:
    return ast.unparse(n).split("\n")[0][:90]


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(v is old for v in value):
                value[:] = [new if v is old else v for v in value]


def install(module: ModuleType, tree: ast.Module, line: int) -> None:
    """The changed code in the place of the function's or, of a table, of its value."""
    for statement in tree.body:
        if not statement.lineno <= line <= (statement.end_lineno or 0):
            continue
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            code = compile(ast.Module([statement], []), module.__file__ or "", "exec")
            _install(vars(module), code)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            code = compile(ast.Module([statement], []), module.__file__ or "", "exec")
            exec(code, vars(module))  # noqa: S102  (a line of emlc's own source)


def _install(names: Any, code: CodeType) -> None:
    for part in code.co_consts:
        if not isinstance(part, CodeType) or part.co_name not in names:
            continue
        old = names[part.co_name]
        if inspect.isclass(old):
            _install(vars(old), part)
            continue
        old = getattr(old, "fget", None) or getattr(old, "__func__", None) or inspect.unwrap(old)
        if inspect.isfunction(old) and old.__code__.co_freevars == part.co_freevars:
            old.__code__ = part


class Runner:
    """Takes the place of pytest's loop over the tests."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.path = Path(options.file).resolve()
        self.options = options
        name = ".".join(self.path.relative_to(Path.cwd()).with_suffix("").parts)
        self.module = importlib.import_module(name.removesuffix(".__init__"))

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        reached = self.reached(session)
        whole = ast.parse(self.path.read_text(encoding="utf-8"))
        every = mutants(whole)
        if self.options.sample:
            every = random.Random(self.options.seed).sample(
                every, min(self.options.sample, len(every))
            )
        told = {"killed": 0, "survived": 0, "late": 0}
        for number, (at, k, line, what) in enumerate(every):
            items, total = [], 0.0
            for seconds, i in sorted((t, i) for i, (t, at) in enumerate(reached) if line in at):
                if (total := total + seconds) < self.options.seconds:
                    items.append(session.items[i])
            end = self.judge(session, items, changed(whole, at, k), line)
            told[end] += 1
            if end != "killed":
                self.say(f"{end} ({len(items)} tests) {self.options.file}:{line} {what}")
            if number % 50 == 49:
                self.say(f"... {told} of {len(every)}")
        self.say(f"{self.options.file}: {told}")
        return True

    def say(self, text: str) -> None:
        with open(self.options.log, "a", encoding="utf-8") as log:
            log.write(text + "\n")
        sys.__stderr__.write(text + "\n")  # type: ignore[union-attr]

    def reached(self, session: pytest.Session) -> list[tuple[float, set[int]]]:
        """Of each test the time it takes and the lines of the file that it reaches."""
        found = []
        for item in session.items:
            answer, status = _forked(lambda item=item: self.traced(session, item), 120)
            found.append((999.0, set()) if status else (answer[0], set(answer[1])))
            if status:
                self.say(f"fails unchanged: {item.nodeid}")
        return found

    def traced(self, session: pytest.Session, item: pytest.Item) -> Any:
        lines, name = set(), str(self.path)
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        plain = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and not hasattr(n, "body")]

        def local(frame: Any, event: str, arg: Any) -> Any:
            lines.add(frame.f_lineno)
            return local

        def trace(frame: Any, event: str, arg: Any) -> Any:
            return local if frame.f_code.co_filename == name else None

        begun = time.process_time()
        sys.settrace(trace)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        sys.settrace(None)
        if session.testsfailed:
            os._exit(1)
        for n in plain:
            # long statements are reached as a whole, tables by whoever reaches the file
            span = range(n.lineno, (n.end_lineno or 0) + 1)
            if lines and (n in tree.body or not lines.isdisjoint(span)):
                lines.update(span)
        return time.process_time() - begun, sorted(lines)

    def judge(self, session: Any, items: list[pytest.Item], tree: ast.Module, line: int) -> str:
        def attempt() -> None:
            try:
                install(self.module, tree, line)
            except Exception:  # noqa: BLE001  (a mutant that cannot even be installed)
                os._exit(1)
            for item in items:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if session.testsfailed:
                    os._exit(1)

        _, status = _forked(attempt, int(3 * self.options.seconds))
        return "survived" if status == 0 else "killed" if status > 0 else "late"


def _forked(call: Callable[[], Any], seconds: int) -> tuple[Any, int]:
    """What a call in a fork gives, and its exit status; stopped after so much processor time."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        null = os.open(os.devnull, os.O_RDWR)
        for n in (1, 2):
            os.dup2(null, n)
        answer = call()
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        answer = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return (json.loads(answer) if not status else None), status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--log", default="mutate.log")
    parser.add_argument("tests", nargs="+")
    options = parser.parse_args()
    sys.path.insert(0, str(Path.cwd()))
    arguments = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:logging",
        *options.tests,
    ]
    return int(pytest.main(arguments, plugins=[Runner(options)]))


if __name__ == "__main__":
    sys.exit(main())
