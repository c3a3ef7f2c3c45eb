"""The documentation: it builds without a warning, and everything that it shows is so."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_examples import DOCS, ROOT, name

from emlc.cli import _COMMANDS
from emlc.pipeline import compile

NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


def test_the_build_has_no_warnings(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_nb")
    words = ["-q", "-W", "--keep-going", "-d", str(tmp_path / "d"), str(DOCS)]
    command = [sys.executable, "-m", "sphinx", *words, str(tmp_path / "html")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=400)
    assert done.returncode == 0, done.stderr
    shown = tmp_path / "html" / "notebooks" / "first-steps.html"
    assert "refuted" in shown.read_text(encoding="utf-8"), "the notebooks were not executed"
    assert (tmp_path / "html" / "reference" / "cli.html").exists()
    broken = [page for page in (tmp_path / "html").rglob("*.html") if "@pages@" in page.read_text()]
    assert not broken


def test_sizes_beside_other_tools_are_true() -> None:
    """Set UPDATE_GOLDEN=1 to write them into the page."""
    path = DOCS / "comparison.md"
    text = path.read_text(encoding="utf-8")

    def k(formula: str, mode: str = "exact") -> int:
        return compile(formula, mode=mode, check=False).size

    found = re.sub(
        r"^\| `(.*?)` \| \d+ \| \d+ \|",
        lambda row: f"| `{row[1]}` | {k(row[1])} | {k(row[1], 'shortest')} |",
        re.sub(
            r"^\| K of `?(.*?)`? \| \d+ \|",
            lambda row: row[0].rsplit("|", 2)[0] + f"| {k(row[1])} |",
            text,
            flags=re.M,
        ),
        flags=re.M,
    )
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == text


DOCUMENTS = [
    ("basis", "basis --time 1"),
    ("check", "check ln(x) 11xE1EE --domain x:real"),
    ("check", "check x*y 1111xEE1EEyE1EE1E --explain"),
    ("compile", "compile ln(x) --domain x:real --no-check"),
    ("compile", "compile x*y/2 --explain --at x=1 y=2 --svg tree.svg"),
    ("completion", "completion fish"),
    ("decompile", "decompile 11xE1EE"),
    ("diff", "diff 3*x"),
    ("doctor", "doctor"),
    ("error", "compile sin("),
    ("error", "eval 1/x --at x=0"),
    ("error", "nothing"),
    ("eval", "eval ln(-2)"),
    ("eval", "eval 10^400 --digits 20"),
    ("eval", "eval 1/x --data points.csv"),
    ("explore", "explore x+a"),
    ("explore", "explore 11xE1EE"),
    ("export", "export x+1 --to c"),
    ("fit", "fit points.csv --timeout 1"),
    ("render", "render 11xE1EE"),
    ("render", "render 11xE1EE -o ln.svg"),
    ("search", "search exp(x) --time 5"),
    ("search", "search --data points.csv --time 5"),
    ("stage", "compile x/2 --emit simplify"),
    ("table", "table exp hypot"),
    ("table", "table --operator exp(x)*y;1 exp mul --memory 0.05 --time 2"),
    ("train", "train --depth 2 --seeds 1"),
    ("tree", "compile ln(x) --format json"),
]


@pytest.mark.parametrize(("schema", "line"), DOCUMENTS)
def test_documents_keep_to_their_schema(
    schema: str, line: str, emlc: Any, schemas: dict[str, Any]
) -> None:
    """What a command prints is valid, and has no key that the schema does not tell of."""
    Path("points.csv").write_text("x,y\n0,1\n1,2.718281828459045\n2,7.38905609893065\n")
    found = emlc(*line.split(), *([] if schema == "tree" else ["--json"])).json
    made = schemas[f"{schema}-1.json"]
    assert [error.message for error in made.iter_errors(found)] == []
    assert set(found) <= set(made.schema["properties"])
    assert list(made.iter_errors({"schema": 2}))


@pytest.fixture(scope="session")
def schemas() -> dict[str, Any]:
    """The published schemas, by the names of their files."""
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    folder = DOCS / "reference" / "schema"
    known = {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}
    resources = [(name, referencing.Resource.from_contents(s)) for name, s in known.items()]
    registry = referencing.Registry().with_resources(resources)
    kind = jsonschema.Draft202012Validator
    return {name: kind(schema, registry=registry) for name, schema in known.items()}


def test_every_command_has_a_schema(schemas: dict[str, Any]) -> None:
    tried = {f"{schema}-1.json" for schema, _ in DOCUMENTS}
    assert tried == set(schemas) - {"verdict-1.json"}
    assert {line.split()[0] for _, line in DOCUMENTS} > set(_COMMANDS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_notebooks_are_kept_without_output(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(NOTEBOOKS) == 2 and code
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert sum(len("".join(cell["source"]).splitlines()) for cell in code) < 60
