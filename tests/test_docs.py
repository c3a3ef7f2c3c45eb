"""The documentation: it builds without a warning, and everything that it shows is so."""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_examples import CONSOLE, PYTHON, STEP, name, screen

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.glob("[a-z]*/*.md") if "_build" not in page.parts)
WRITTEN = {DOCS / "reference" / f"{page}.md" for page in ("cli", "functions", "benchmarks")}
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


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_transcripts_are_true(path: Path, terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set UPDATE_GOLDEN=1 to write what happens into the pages, then read every one."""
    text = path.read_text(encoding="utf-8")

    def told(step: re.Match[str]) -> str:
        return f"$ {step[1]}\n{screen(step[1], monkeypatch)}"

    found = CONSOLE.sub(lambda block: f"```console\n{STEP.sub(told, block[1])}```", text)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == text


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_python_in_pages_runs(path: Path) -> None:
    code = "\n".join(PYTHON.findall(path.read_text(encoding="utf-8")))
    examples = doctest.DocTestParser().get_doctest(code, {}, path.name, str(path), 0)
    assert doctest.DocTestRunner().run(examples).failed == 0


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("compile-1", ["compile", "ln(x)", "--domain", "x:real", "--no-check"]),
        ("compile-1", ["compile", "x*y/2"]),
        ("compile-1", ["diff", "3*x"]),
        ("tree-1", ["compile", "ln(x)", "--format", "json"]),
        ("error-1", ["compile", "sin("]),
        ("error-1", ["eval", "1/x", "--at", "x=0"]),
        ("error-1", ["nothing"]),
    ],
)
def test_documents_keep_to_their_schema(schema: str, words: list[str], emlc: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    folder = DOCS / "reference" / "schema"
    known = {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}
    resources = [(name, referencing.Resource.from_contents(s)) for name, s in known.items()]
    done = emlc(*words, *([] if "--format" in words else ["--json"]))
    found = json.loads(done.out)
    registry = referencing.Registry().with_resources(resources)
    made = jsonschema.Draft202012Validator(known[f"{schema}.json"], registry=registry)
    assert list(made.iter_errors(found)) == []
    assert list(made.iter_errors({"schema": 2})) != []


def test_there_is_something_to_read() -> None:
    read = [page for page in PAGES if page not in WRITTEN]
    assert len(read) >= 10 and len(NOTEBOOKS) == 2
    assert sum(page.read_text(encoding="utf-8").count("\n>>> ") for page in read) >= 15


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_notebooks_are_kept_without_output(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code and not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert sum(len("".join(cell["source"]).splitlines()) for cell in code) < 60
