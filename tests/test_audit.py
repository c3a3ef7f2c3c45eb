"""No input reaches what runs text: every call that could is listed here with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from emlc.errors import EmlcError
from emlc.ir.node import node, variables
from emlc.lower.export import export
from emlc.parse import parse
from emlc.tables.primitives import BY_NAME

ROOT = Path(__file__).parent.parent / "emlc"

# Calls that run text, load code or objects, or start a program.
SUSPECT = {
    "eval", "exec", "compile", "__import__", "breakpoint", "input", "open_code",
    "system", "popen", "execv", "execve", "spawnv", "startfile", "fork", "forkserver",
    "run", "Popen", "call", "check_call", "check_output", "getoutput", "run_check",
    "loads", "load", "Unpickler", "load_module", "exec_module", "source_to_code",
    "import_module", "spec_from_file_location", "sympify", "parse_expr", "S", "lambdify",
    "literal_eval", "runpy", "run_path", "run_module", "getattr", "setattr", "from_address",
    "CFUNCTYPE", "CDLL", "mktemp",
}  # fmt: skip

# (file, call): why it is no way in.
ALLOWED = {
    ("__init__.py", "getattr"): "a name of __all__, from a module that the table there names",
    ("__init__.py", "import_module"): "the table there",
    ("arrays.py", "load"): "numpy's, with allow_pickle=False",
    ("check/lemmas.py", "loads"): "JSON of the package itself",
    ("check/prove.py", "getattr"): "the sympy name of a row of the tables",
    ("child.py", "Popen"): "our own program: fixed commands, the formula on its input",
    ("check/reference.py", "getattr"): "the mpmath name of a row of the tables",
    ("check/zero.py", "load"): "JSON from the parent process",
    ("cli/search.py", "setattr"): "the options of click by their names",
    ("cli/__init__.py", "import_module"): "a command of the table of commands",
    ("exchange.py", "getattr"): "the sympy name of a row of the tables, or a constant name",
    ("exchange.py", "sympify"): "a number that is an int, a float or a Fraction, never text",
    ("explore/server.py", "loads"): "JSON, of at most 20,000 bytes",
    ("lower/cache.py", "exec_module"): "source that emlc generated from its tables",
    ("lower/cache.py", "source_to_code"): "the same",
    ("lower/careful.py", "getattr"): "a function of the module generated there",
    ("lower/jit.py", "loads"): "machine code that numba kept in the user's private folder, sealed",
    ("lower/native/plane.py", "from_address"): "the arguments of numpy's loops",
    ("lower/native/plane.py", "load"): "machine code of our own text, sealed on disk",
    ("lower/native/ufunc.py", "CFUNCTYPE"): "our own machine code",
    ("lower/native/ufunc.py", "from_address"): "the head of a ufunc just made",
    ("lower/native/ufunc.py", "load"): "machine code of our own text, sealed on disk",
    ("lower/native/plan.py", "getattr"): "a row of the tables, from a module of the package",
    ("lower/native/run.py", "from_address"): "the arguments of numpy's loops",
    ("lower/native/ufunc.py", "import_module"): "a constant name",
    ("passes/ranges.py", "getattr"): "the name of a row of the tables, from math",
    ("render/dot.py", "run_check"): "Graphviz's dot: a fixed command, the drawing on its input",
    ("parse/reader.py", "getattr"): "a rule of the grammar, from emlc's builder",
    ("regress/equation.py", "getattr"): "a field of the class",
    ("regress/equation.py", "setattr"): "the same, where an equation is unpickled by its owner",
    ("search/checkpoint.py", "loads"): "JSON",
    ("search/members.py", "getattr"): "the name of a row of the tables, from numpy",
    ("search/shards.py", "import_module"): "a constant name",
    ("lower/export/__init__.py", "loads"): "JSON that emlc wrote a line above",
    ("parse/trees.py", "loads"): "JSON",
}


@cache
def parts(path: Path) -> list[ast.AST]:
    """Every part of the syntax of a file."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def calls(path: Path) -> Iterator[tuple[int, str, ast.Call]]:
    """Line and last name of every call in a file."""
    for part in parts(path):
        if isinstance(part, ast.Call):
            if isinstance(part.func, ast.Name):
                yield part.lineno, part.func.id, part
            elif isinstance(part.func, ast.Attribute):
                yield part.lineno, part.func.attr, part


def harmless(name: str, call: ast.Call) -> bool:
    """getattr of a name that stands there; a method of an object of emlc's that is called alike."""
    if name in ("getattr", "setattr"):
        return len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name == "compile":
        return owner is not None
    if name == "system":
        return isinstance(owner, ast.Name) and owner.id == "platform"
    if name in ("run", "call"):
        return not (isinstance(owner, ast.Name) and owner.id in ("subprocess", "runpy"))
    return False


def test_every_suspect_call_is_known() -> None:
    found: dict[tuple[str, str], int] = {}
    for path in sorted(ROOT.rglob("*.py")):
        own = {d.name for d in parts(path) if isinstance(d, ast.FunctionDef)}
        imported = {alias.asname or alias.name for s in parts(path)
                    if isinstance(s, ast.ImportFrom) and (s.module or "").startswith("emlc")
                    for alias in s.names}  # fmt: skip
        for line, name, call in calls(path):
            if name not in SUSPECT or harmless(name, call):
                continue
            if isinstance(call.func, ast.Name) and name in own | imported:
                continue
            found.setdefault((path.relative_to(ROOT).as_posix(), name), line)
    unknown = {f"{file}:{line}: {name}" for (file, name), line in found.items()
               if (file, name) not in ALLOWED}  # fmt: skip
    assert sorted(unknown) == []
    assert sorted(set(ALLOWED) - set(found)) == [], "allowed, but no longer there"


def test_no_shell_and_no_pickle_in_arrays() -> None:
    for path in ROOT.rglob("*.py"):
        for line, name, call in calls(path):
            words = {k.arg: k.value for k in call.keywords}
            if name in ("run", "Popen", "call", "check_output"):
                assert "shell" not in words, f"{path}:{line}"
            if name == "load" and isinstance(call.func, ast.Attribute):
                owner = call.func.value
                if isinstance(owner, ast.Name) and owner.id == "np":
                    value = words.get("allow_pickle")
                    assert isinstance(value, ast.Constant) and value.value is False, (
                        f"{path}:{line}"
                    )


# -- generated code --------------------------------------------------------------------------------

NAMES = ("x", "alpha", "import", "lambda", "__class__", "math", "cmath", "np", "v1", "x1", "print",
         "os", "f", "α", "eval", "None", "double", "return", "M_PI", "exp", "y_1")  # fmt: skip
PYTHON = ("python", "numpy", "jax", "torch", "mpmath")


@pytest.mark.parametrize("to", PYTHON)
def test_generated_code_holds_only_names_that_we_made(to: str) -> None:
    """Whatever the variables are called, the code has its own names and those of its library."""
    seen = 0
    for name in NAMES:
        try:
            root = parse(f"sin({name})^2/({name}+1)", "infix").root
        except EmlcError:
            continue
        if not variables(root):
            continue
        tree = ast.parse(export(root, to))
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        takes = {a.arg for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)
                 for a in f.args.args}  # fmt: skip
        libraries = {"math", "cmath", "np", "jnp", "torch", "mpmath", "mp"}
        made = {n for n in names if n[0] in "vxz" and n[1:].isdigit()}
        assert names <= takes | libraries | made, (name, names)
        assert not takes & (libraries | {"print", "eval"} - {name}), (name, takes)
        seen += 1
    assert seen >= 12


def test_a_row_that_no_table_has_is_not_compiled() -> None:
    """Code is made of the tables' spellings alone; heads are rows, never text."""
    with pytest.raises(EmlcError):
        parse("os.system(x)")
    assert all(row.name.isidentifier() for row in BY_NAME.values())
    assert variables(node(BY_NAME["sin"], parse("x").root)) == ("x",)
