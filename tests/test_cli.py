"""The command line as people and programs meet it: what is printed where, and with what status."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from conftest import steady

from emlc.cli.report import count
from emlc.cli.watch import working
from emlc.deadline import stage
from emlc.ir.tape import flatten, measure
from emlc.lower.export import LANGUAGES
from emlc.parse import parse_tree
from emlc.passes.compile import MODES
from emlc.render import FORMATS
from emlc.render.frame import DIRECTIONS
from emlc.render.scene import Style
from emlc.render.theme import THEMES
from emlc.tables.primitives import ROWS

GOLDEN = Path(__file__).parent / "golden" / "cli"
ROOT = Path(__file__).parent.parent


def program(*args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs the program itself."""
    command = [sys.executable, "-m", "emlc", *args]
    env = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, **options)


# -- golden files: a command line, what it printed on both streams, its status ---------------------


def transcript(words: str, done: Any) -> str:
    text = f"$ {words}\n-- stdout\n{done.out}-- stderr\n{done.err}-- status {done.status}\n"
    return steady(text)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda p: p.stem)
def test_golden(path: Path, emlc: Any) -> None:
    expected = path.read_text(encoding="utf-8")
    words = expected.partition("\n")[0].removeprefix("$ ")
    found = transcript(words, emlc(*shlex.split(words)[1:]))
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == expected


# -- what a person sees who waits ------------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_wait_says_when_it_should_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with working("compiling") as waiting:
        stage("proving", 60.0)
        time.sleep(1.1)
    line = r"compiling: proving, \d s, about \d+ s more"
    assert re.fullmatch(rf"(\r\x1b\[K{line})+\r\x1b\[K", screen.getvalue())
    waiting.share(0.01)
    assert int(re.findall(r"about (\d+)", str(waiting))[0]) >= 100
    with working("no time at all"):
        stage("proving", 60.0)
    assert "no time" not in screen.getvalue()


# -- words on the command line -------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula", ["-x", "-x^2", "-1", "-(x+1)", "-ln(x)", "--x", "-.5x", "-e^-x", "−x", "-"]
)
def test_a_formula_may_begin_with_a_sign(formula: str, emlc: Any) -> None:
    done = emlc("compile", formula, "--no-check", "--json", stdin=" x + 1\n")
    assert done.status == 0, done.err
    assert done.json["source"] == ("x + 1" if formula == "-" else formula)


@pytest.mark.parametrize(
    "words",
    [
        "compile -x*y --domain x:[0,1] y:positive --no-check --json",
        "compile --domain x:[0,1] y:positive --no-check -x*y --json",
        "compile --json --domain x:[0,1] --no-check --domain y:positive -x*y",
        "compile --json --domain=x:[0,1] y:positive --no-check -- -x*y",
        "compile --domain 'y : positive' 'x : [0, 1]' -x*y --json --no-check",
    ],
)
def test_options_stand_anywhere_and_take_several_values(words: str, emlc: Any) -> None:
    document = emlc(*shlex.split(words)).json
    assert document["source"] == "-x*y"
    assert document["domain"] == {"x": "[0,1]", "y": "positive"}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("compile x", 0),
        ("check ln(x) 11xE1EE --domain x:positive", 0),
        ("check ln(x) 11xE1EE --domain x:real", 1),
        ("compile sin(", 1),
        ("compile x --domain x:nowhere", 1),
        ("eval 1/x --at x=0", 1),
        ("render x -o missing/x.svg", 1),
        ("compile", 2),
        ("compile x y", 2),
        ("compile x --jsn", 2),
        ("compile x --at", 2),
        ("compile x --mode best", 2),
        ("compile x --emit parse --at x=1", 2),
        ("check - -", 2),
        ("eval x+y --at x=1", 2),
        ("eval x --at x=1 --data x.csv", 2),
        ("eval x --at x=1 --digits 20 --evaluator direct", 2),
        ("eval 11xE1EE --at x=1 --domain x:real", 2),
        ("render x -o x.gif", 2),
        ("guess x", 2),
        ("compile 1e-400000000", 3),
    ],
)
def test_status_and_error_document(words: str, status: int, emlc: Any) -> None:
    args = shlex.split(words)
    done = emlc(*args)
    assert done.status == status
    assert "Traceback" not in done.err
    if status and args[0] != "check":
        assert done.out == ""
        assert done.err.startswith("error: ")
    if status and args[:3] != ["check", "ln(x)", "11xE1EE"]:
        again = emlc(args[0], "--json", *args[1:])
        assert again.status == status
        assert again.err == ""
        assert again.json["schema"] == 1
        error = again.json["error"]
        assert set(error) == {"kind", "message", "span", "hint"}
        assert done.err.startswith(f"error: {error['message']}\n")


def test_every_choice_is_one_that_exists() -> None:
    def choices(command: str, option: str) -> tuple[str, ...]:
        found = __import__(f"emlc.cli.{command}", fromlist=["command"]).command
        kind = next(p.type for p in found.params if p.name == option)
        assert isinstance(kind, click.Choice)
        return tuple(kind.choices)

    from emlc.cli import render
    from emlc.pipeline import EVALUATORS

    assert choices("compile", "mode") == MODES
    assert choices("export", "to") == LANGUAGES
    assert {*choices("eval", "evaluator"), "auto"} == set(EVALUATORS)
    assert set(render.ENDINGS.values()) == set(FORMATS)
    assert choices("render", "style") == get_args(Style)
    assert choices("render", "theme") == tuple(THEMES)
    assert choices("render", "direction") == DIRECTIONS


# -- compile -------------------------------------------------------------------------------------


def test_only_the_tree_goes_to_standard_output(emlc: Any) -> None:
    done = emlc("compile", "x*y", "--format", "rpn")
    assert measure(flatten(parse_tree(done.out.strip()))).size == 17
    assert done.out.count("\n") == 1
    for word in ("K = 17", "x real, y real", "proved", " points"):
        assert word in done.err


def test_compile_document(emlc: Any) -> None:
    document = emlc("compile", "y/x", "--json", "--domain", "x:real").json
    types = {
        "schema": int, "source": str, "variables": list, "domain": dict, "mode": str, "k": int,
        "depth": int, "dag": int, "rpn": list, "nodes": list, "excluded_points": list,
        "verdict": dict,
    }  # fmt: skip
    assert {key: type(value) for key, value in document.items()} == types
    verdict = document["verdict"]
    assert list(verdict) == ["status", "how", "points", "worst", "witness"]
    assert verdict["points"] >= 50 and verdict["worst"] < 1e-12 and verdict["witness"] is None
    tree = parse_tree("".join(document["rpn"]))
    assert parse_tree(json.dumps(document["nodes"])) is tree
    assert measure(flatten(tree)) == (document["k"], document["depth"], document["dag"])
    assert any("x = 0" in point for point in document["excluded_points"])


@pytest.mark.parametrize("notation", ["nested", "rpn", "json", "wolfram", "latex", "infix"])
def test_a_printed_tree_is_read_back(notation: str, emlc: Any) -> None:
    printed = emlc("compile", "x-1", "--no-check", "--format", notation).out
    again = emlc("compile", "x-1", "--no-check", "--format", "rpn").out
    assert parse_tree(printed.strip()) is parse_tree(again.strip())


def test_compile_also_evaluates_and_draws(emlc: Any, tmp_path: Path) -> None:
    words = ("compile", "x/y", "--no-check", "--at", "x=1", "y=-3", "--svg", "tree.svg")
    done = emlc(*words, "-o", "tree.txt", "--format", "rpn")
    assert done.out == ""
    assert "-0.3333333333333333 at x = 1, y = -3" in done.err
    assert (tmp_path / "tree.svg").read_text().startswith("<svg")
    assert parse_tree((tmp_path / "tree.txt").read_text().strip())
    document = emlc(*words, "--json").json
    assert (document["value"], document["svg"]) == (-1 / 3, "tree.svg")


def test_a_size_beyond_digits_is_told_as_a_power_of_ten() -> None:
    assert count(10**30 - 1) == "9" * 30
    assert count(31415 * 10**1230) == "about 3.14*10^1234 (1235 digits)"
    tower = "sin(" * 120 + "x" + ")" * 120
    done = program("compile", tower, "--no-check")
    assert done.returncode == 0 and done.stdout == ""
    assert re.search(r"K = about \d\.\d\d\*10\^\d+ \(\d+ digits\)", done.stderr)
    assert "too large to write out" in done.stderr
    asked = program("compile", tower, "--no-check", "--format", "rpn")
    assert asked.returncode == 3 and asked.stdout == "" and "limit" in asked.stderr


# -- the other commands --------------------------------------------------------------------------


def test_check_document(emlc: Any) -> None:
    done = emlc("check", "ln(x)", "-", "--domain", "x:real", "--json", stdin="11xE1EE\n")
    assert done.status == 1
    assert done.json["verdict"]["status"] == "refuted"
    assert done.json["verdict"]["witness"]["at"]
    assert done.json["tree"] == "11xE1EE"


@pytest.mark.parametrize("ending", ["svg", "dot", "txt"])
def test_render_writes_a_file(ending: str, emlc: Any, tmp_path: Path) -> None:
    done = emlc("render", "11xE1EE", "-o", f"ln.{ending}", "--style", "dag")
    assert done.status == 0 and done.out == "" and f"ln.{ending}" in done.err
    text = (tmp_path / f"ln.{ending}").read_text()
    assert "eml" in text.lower()
    again = emlc("render", "11xE1EE", "-o", f"ln.{ending}", "--style", "dag", "--json")
    assert again.json["file"] == f"ln.{ending}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_export_writes_source_text(language: str, emlc: Any, tmp_path: Path) -> None:
    printed = emlc("export", "x-ln(y)", "--to", language, "--name", "g").out
    assert printed.strip()
    emlc("export", "x-ln(y)", "--to", language, "--name", "g", "-o", "g.txt")
    assert (tmp_path / "g.txt").read_text() == printed
    document = emlc("export", "x-ln(y)", "--to", language, "--name", "g", "--json").json
    assert document["text"].strip() == printed.strip()


def test_table_document(emlc: Any) -> None:
    rows = emlc("table", "exp", "ln", "x*y", "2", "--json").json["rows"]
    assert [row["name"] for row in rows] == ["exp", "ln", "x*y", "2"]
    assert [row["k"] for row in rows] == [3, 7, 17, 19]
    for row in rows:
        assert list(row) == ["name", "mode", "k", "dag", "depth", "domain", "lower_bound", "rpn",
                             "verdict"]  # fmt: skip
        assert len(row["rpn"]) == row["k"] >= row["lower_bound"]
        assert row["verdict"]["status"] in ("proved", "agrees")


def test_the_table_lists_the_primitives_of_the_paper() -> None:
    from emlc.cli.table import default_names

    names = default_names()
    assert len(set(names)) == len(names)
    assert {"1", "-1", "2", "x", "y", *(r.name for r in ROWS if r.paper)} <= set(names)


def test_the_shell_completes() -> None:
    script = program("completion", "bash")
    assert script.returncode == 0 and "_EMLC_COMPLETE" in script.stdout
    words = {"emlc compile --mode ": "finite", "emlc table si": "sinh", "emlc ren": "render"}
    for line, expected in words.items():
        env = {
            "_EMLC_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        }
        with pytest.MonkeyPatch.context() as patch:
            for key, value in env.items():
                patch.setenv(key, value)
            assert f"plain,{expected}" in program().stdout.splitlines()


# -- the program in its surroundings -------------------------------------------------------------


def test_debug_shows_where_an_error_comes_from() -> None:
    done = program("compile", "sin(", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "\nerror: the formula ends" in done.stderr


def test_colours_stay_out_of_pipes() -> None:
    done = program("compile", "x*y", "--no-check")
    assert "\033" not in done.stdout + done.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    command = [sys.executable, "-m", "emlc", "compile", "+".join(["x"] * 3000), "--no-check"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        said = child.stderr.read()
    assert child.returncode == 141 and b"Error" not in said


def test_interruption_is_quiet() -> None:
    command = [sys.executable, "-m", "emlc", "compile", "-"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as child:
        time.sleep(1.5)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
    assert (child.returncode, out, err) == (130, b"", b"")


def test_a_terminal_without_unicode_is_written_to() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONIOENCODING", "ascii")
        drawn = program("render", "ln(α)")
        told = program("compile", "α+1", "--no-check")
        document = program("compile", "α+1", "--no-check", "--json")
    assert drawn.returncode == told.returncode == 0
    assert "eml" in drawn.stdout and "\\u03b1" in told.stdout
    assert json.loads(document.stdout)["variables"] == ["α"]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000 + "x" + ")" * 100_000,
        "((" * 100_000,
        "x\0+\1",
        "__import__('os').system('true')",
        "\udc80",
        "1" * 20_000,
        "x" * 5_000_000,
    ],
    ids=["deep", "open", "control", "code", "surrogate", "digits", "long"],
)
def test_hostile_text_gets_one_clear_answer(text: str, emlc: Any) -> None:
    data = text.encode("utf-8", "surrogatepass")
    done = emlc("compile", "-", "--no-check", "--json", stdin=data)
    assert done.status in (0, 1, 3)
    assert ("error" in done.json) == (done.status != 0)


@pytest.mark.parametrize(("word", "hint"), [("sinn", "sin?"), ("qqq", "write a formula")])
def test_a_function_that_the_table_lacks(emlc: Any, word: str, hint: str) -> None:
    done = emlc("table", word)
    assert done.status == 2
    assert f"no function {word} in the table" in done.err
    assert hint in done.err
