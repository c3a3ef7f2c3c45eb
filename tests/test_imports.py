"""The house's own rules about imports: they point down, are declared, and heavy ones wait."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "emlc").rglob("*.py"))

# From the ground up; a part may import itself and what stands on earlier lines.
LAYERS = (
    ("deadline", "errors", "limits", "grammar"),
    ("tables", "arrays", "child", "files"),
    ("ir",),
    ("parse",),
    ("show",),
    ("passes",),
    ("lower", "render"),
    ("check",),
    ("exchange",),
    ("evaluation",),
    ("search", "regress", "pipeline"),
    ("calculus",),
    ("explore",),
    ("__init__",),
    ("cli",),
    ("__main__",),
)
LEVEL = {part: level for level, layer in enumerate(LAYERS) for part in layer}

HEAVY = {"flint", "graphviz", "lark", "llvmlite", "mpmath", "numba", "numpy", "rich", "sympy"}
DISTRIBUTION = {"flint": "python-flint", "resvg_py": "resvg-py", "sklearn": "scikit-learn"}


def part_of(path: Path) -> str:
    """The part of emlc that a file belongs to."""
    return path.relative_to(ROOT / "emlc").parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, at any depth."""
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            yield from ((statement.lineno, alias.name) for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            assert statement.level == 0, f"{path}:{statement.lineno}: relative import"
            module = statement.module or ""
            for alias in statement.names:
                yield statement.lineno, f"emlc.{alias.name}" if module == "emlc" else module


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_part_has_its_place() -> None:
    assert {part_of(path) for path in FILES} <= LEVEL.keys()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_down(path: Path) -> None:
    part = part_of(path)
    for line, module in imports(path):
        if module.split(".")[0] != "emlc":
            continue
        below = [*module.split("."), "__init__"][1]
        target = below if below in LEVEL else "__init__"
        assert target == part or LEVEL[target] < LEVEL[part], f"{name(path)}:{line}: {module}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_are_declared(path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [need for name, some in project["optional-dependencies"].items()
              for need in some if name != "test"]  # fmt: skip
    declared = {re.split(r"[^\w-]", need)[0] for need in (*project["dependencies"], *extras)}
    for line, module in imports(path):
        top = module.split(".")[0]
        known = top == "emlc" or top in sys.stdlib_module_names
        assert known or DISTRIBUTION.get(top, top) in declared, f"{name(path)}:{line}: {module}"


@pytest.mark.parametrize(("module", "unwanted"), [("emlc", HEAVY | {"click"}), ("emlc.cli", HEAVY)])
def test_heavy_modules_wait_until_they_are_used(module: str, unwanted: set[str]) -> None:
    listing = f"import sys, {module}; print(*(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not unwanted & set(done.stdout.split())
