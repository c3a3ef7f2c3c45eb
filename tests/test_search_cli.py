"""emlc search and emlc basis on the command line: documents, statuses, an interrupt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
KEYS = {
    "schema", "target", "domain", "mode", "found", "lower_bound", "conditional", "undecided",
    "terms", "seconds",
}  # fmt: skip


def test_the_document_of_a_search(emlc: Any) -> None:
    done = emlc("search", "x*y", "--memory", "0.2", "--json")
    assert (done.status, set(done.json)) == (0, KEYS)
    first = done.json["found"][0]
    assert first["k"] == len(first["rpn"]) == done.json["lower_bound"] == 17
    assert first["domains"]["real"] == {"exact": "proved", "complex128": True}
    assert first["domains"]["complex"]["exact"] == "refuted"


def test_trees_go_to_standard_output_and_nothing_else(emlc: Any) -> None:
    done = emlc("search", "x-1", "--memory", "0.2", "--format", "rpn")
    assert done.out == "11xE1EE11EE\n"
    assert "no tree has fewer than 11 nodes: this is the smallest size" in done.err


def test_a_bound_above_a_tree_says_why(emlc: Any) -> None:
    done = emlc("search", "111111E1E1EEEEE1E1E1E1E", "--memory", "0.2", "--max-size", "25")
    assert "nodes but outside the terms, as this one" in " ".join(done.err.split())


def test_all_lists_every_tree_of_the_size(emlc: Any) -> None:
    done = emlc("search", "1/x", "--memory", "0.2", "--all", "--format", "rpn")
    trees = done.out.split()
    assert len(set(trees)) == len(trees) > 1
    assert {len(t) for t in trees} == {15}


@pytest.mark.parametrize(
    ("words", "k"),
    [
        (["11x1EE1EE"], 1),
        (["7.38905609893065"], 21),
        (["1/x", "--mode", "finite"], 17),
        (["exp(x)", "--operator", "edl"], 3),
        (["x", "--operator", "exp(x)-ln(y); 1"], 1),
        (["0", "--operator", "ternary"], 7),
    ],
)
def test_targets_of_every_kind(words: list[str], k: int, emlc: Any) -> None:
    done = emlc("search", *words, "--memory", "0.3", "--json")
    assert done.status == 0, done.err
    assert done.json["found"][0]["k"] <= k


def test_samples(emlc: Any, tmp_path: Path) -> None:
    file = tmp_path / "d.csv"
    file.write_text("x,y\n1.5,2.25\n2.5,6.25\n0.3,0.09\n0.7,0.49\n")
    for words in (["@" + str(file)], ["--data", str(file), "--target", "y"]):
        document = emlc("search", *words, "--time", "30", "--json").json
        assert document["found"][0]["k"] == 17
    assert emlc("search", "@" + str(file), "--target", "z").status == 1


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([], 2),
        (["x", "--mode", "best"], 2),
        (["x", "--target", "y"], 2),
        (["x", "--data", "f.csv"], 2),
        (["x", "--operator", "edl", "--plan"], 2),
        (["x", "--operator", "edl", "--all"], 1),
        (["x", "--operator", "nothing"], 1),
        (["x", "--operator", "sin(x)+y"], 1),
        (["sin("], 1),
        (["sin(x)", "--max-size", "9", "--memory", "0.2"], 3),
        (["sin(x)", "--time", "0.2", "--memory", "0.2"], 3),
    ],
)
def test_statuses(words: list[str], status: int, emlc: Any) -> None:
    done = emlc("search", *words)
    assert done.status == status
    assert done.out == ""
    assert "Traceback" not in done.err


def test_the_plan_comes_first(emlc: Any) -> None:
    done = emlc("search", "x*y", "--plan", "--memory", "0.2", "--max-size", "17")
    head, *rows = done.err.splitlines()
    assert head.split()[:4] == ["size", "way", "values", "needs"]
    assert [int(row.split()[0]) for row in rows[:9]] == list(range(1, 18, 2))


def test_being_told_to_end_keeps_what_is_known() -> None:
    command = [sys.executable, "-m", "emlc", "search", "sin(x)", "--json", "--memory", "1"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as child:
        time.sleep(6)
        begun = time.monotonic()
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert child.returncode == 130, err
    assert json.loads(out)["lower_bound"] >= 9


def test_a_killed_search_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """Killed at any moment, and killed again: the document is that of a search left alone."""
    kept = tmp_path / "kept.json"
    command = [sys.executable, "-m", "emlc", "search", "x*y", "--json", "--memory", "0.2"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    resumed = [*command, "--jobs", "1", "--checkpoint", str(kept)]
    for delay in (0.9, 1.7):
        with subprocess.Popen(resumed, stdout=subprocess.DEVNULL, env=env) as child:
            time.sleep(delay)
            child.kill()
    documents = []
    for words, seed in ((resumed, "1"), ([*command, "--jobs", "2"], "2")):
        seeded = {**env, "PYTHONHASHSEED": seed}
        done = subprocess.run(words, capture_output=True, env=seeded, check=True)
        documents.append({**json.loads(done.stdout), "seconds": 0})
    assert documents[0] == documents[1]


def test_no_progress_in_a_pipe(emlc: Any) -> None:
    done = emlc("search", "x", "--memory", "0.2")
    assert "\r" not in done.err
    assert "\x1b" not in done.err


def test_the_smallest_trees_over_an_operator(emlc: Any) -> None:
    words = ["exp", "ln", "sub", "--json"]
    rows = emlc("table", "--operator", "edl", *words).json["rows"]
    found = {row["name"]: (row["k"], row["lower_bound"], row["not_right_at"]) for row in rows}
    assert found["exp"] == (3, 3, [])
    assert found["ln"] == (7, 7, ["x = 1"])
    assert found["sub"] == (13, 13, ["x - y = 0"])
    assert {row["verdict"]["status"] for row in rows} == {"proved"}
    assert emlc("table", "--operator", "edl", "nothing").err.startswith("error: nothing is no")
    shown = emlc("table", "--operator", "edl", "e")
    assert [line.split() for line in shown.out.splitlines()] == [
        ["name", "K", "K", ">=", "dag", "verdict", "not", "at", "domain"],
        ["e", "1", "1", "1", "proved"],
    ]


def test_a_search_over_an_operator_goes_on_from_its_checkpoint(emlc: Any) -> None:
    words = ["x+y", "--operator", "edl", "--memory", "0.2", "--checkpoint", "kept.json", "--json"]
    first = emlc("search", *words, "--max-size", "11")
    assert (first.status, first.json["found"], first.json["lower_bound"]) == (3, [], 13)
    again = emlc("search", *words, "--max-size", "1")
    assert again.json["lower_bound"] == 13
    other = emlc("search", "x*y", *words[1:-1])
    assert (other.status, other.err.count("belongs to another search")) == (1, 1)


@pytest.mark.parametrize("command", ["search x --operator", "basis --operator", "table --operator"])
@pytest.mark.parametrize("text", ["nothing", "sin(x)+y", "x+", "2", "exp(x)-ln(y); z+"])
def test_a_bad_operator_gives_one_message(command: str, text: str, emlc: Any) -> None:
    done = emlc(*command.split(), text)
    assert (done.status, done.out, done.err.count("error:")) == (1, "", 1)


def test_basis_documents_what_it_reached_when_time_is_over(emlc: Any) -> None:
    done = emlc("basis", "--time", "3", "--json")
    names = [row["name"] for row in done.json["reached"]]
    assert names[:3] == ["x", "y", "1"]
    assert {*names} | {*done.json["missing"]} >= {"exp", "atan", "pow", "-1"}
    assert done.status == (3 if done.json["missing"] else 0)
    assert emlc("basis", "--operator", "sin(x)+y").status == 1
    shown = emlc("basis", "--time", "0.5")
    assert shown.out.split("\n")[0].split() == ["1", "x", "1", "proved", "x"]
    said = " ".join(shown.err.split())
    assert said.startswith("operator (x, y) -> exp(x)-ln(y); leaves 1 reached ")
    assert "atan: the time is over (--time) time " in said
