"""The examples run, and what the README and the documentation show is what happens."""

from __future__ import annotations

import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import steady

from emlc.cli import run

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DOCS = ROOT / "docs"
# Pages that the build writes.
WRITTEN = {DOCS / "reference" / f"{n}.md" for n in ("benchmarks", "cli", "functions", "published")}
FOUND = {*DOCS.glob("*.md"), *DOCS.glob("[a-z]*/*.md")} - WRITTEN
PAGES = [ROOT / "README.md", *sorted(FOUND)]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.S | re.M)
STEP = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.M)
PYTHON = re.compile(r"^```python\n(>>>.*?)^```", re.S | re.M)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.S | re.M)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_example_runs(path: Path) -> None:
    command = [sys.executable, "-W", "error", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout and not done.stderr
    assert path.read_text(encoding="utf-8").count("\n") < 60


def test_there_is_something_to_run() -> None:
    pages = [page.read_text(encoding="utf-8") for page in PAGES]
    assert len(EXAMPLES) >= 5
    assert sum(len(STEP.findall(block)) for page in pages for block in CONSOLE.findall(page)) >= 50
    assert sum(page.count("\n>>> ") for page in pages) >= 50


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


def screen(line: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command line shows on both streams."""
    program, *words = shlex.split(line)
    if program == "python":
        command = [sys.executable, *words]
        return subprocess.check_output(command, stderr=subprocess.STDOUT, text=True, timeout=300)
    assert program == "emlc", line
    shown = io.BytesIO()
    stream = io.TextIOWrapper(shown, encoding="utf-8", write_through=True)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        run(words)
    return steady(shown.getvalue().decode())


QUICK = ("emlc render ", "emlc export ", "emlc explore ", "emlc table ")
LINES = {line for page in PAGES for block in SHELL.findall(page.read_text(encoding="utf-8"))
         for line in block.splitlines() if line.startswith(QUICK)}  # fmt: skip


@pytest.mark.parametrize("line", sorted(k for k in LINES if not re.search("--open|--serve", k)))
def test_quick_commands_without_a_transcript_run(line: str, terminal: None) -> None:
    assert run(shlex.split(line, comments=True)[1:]) == 0


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_python_in_pages_runs(path: Path) -> None:
    code = "\n".join(PYTHON.findall(path.read_text(encoding="utf-8")))
    examples = doctest.DocTestParser().get_doctest(code, {}, path.name, str(path), 0)
    assert doctest.DocTestRunner().run(examples).failed == 0


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        place = (path.parent / target).resolve()
        assert place.exists() or place in WRITTEN, target


def test_ci_runs_the_second_command_of_the_readme() -> None:
    second = re.findall(r"^```sh\n(.*?)^```", PAGES[0].read_text(encoding="utf-8"), re.S | re.M)[1]
    (program,) = re.findall(r"awk '(.*)'", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    done = subprocess.check_output(["awk", program, "README.md"], cwd=ROOT, text=True, timeout=10)
    assert done == second
