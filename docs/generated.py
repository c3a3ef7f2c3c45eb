"""Pages that say what emlc itself knows: the commands, the functions, the rows."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from emlc.tables.primitives import ROWS, Primitive
from emlc.tables.witnesses import BODIES, TREES

# Pages of this folder that the index names in sections of their own.
_PLACED = {
    "index", "tutorial", "walkthrough", "exact-meaning", "how-rows-work", "design", "examples",
    "contributing", "changelog", "comparison",
}  # fmt: skip


# Pages of the explorer: file, formula or tree.
_EXPLORED = (("explore-atan", "atan(x)"), ("explore-ln", "11xE1EE"))


def explorers(folder: Path) -> None:
    """Write pages of the explorer to try."""
    from emlc.explore import content, page

    folder.mkdir(exist_ok=True)
    for name, text in _EXPLORED:
        (folder / f"{name}.html").write_text(page(content(text)), encoding="utf-8")


def write(folder: Path) -> None:
    """Write the pages into a folder, where they differ from what is there."""
    made = {
        "cli.md": commands(),
        "functions.md": functions(),
        "benchmarks.md": benchmarks(folder.parent.parent / "benchmarks"),
        "published.md": published(folder.parent.parent / "tests" / "data" / "published.json"),
    }
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def further(folder: Path) -> list[str]:
    """The pages of a folder that no section of the index names."""
    return sorted({path.stem for path in folder.glob("*.md")} - _PLACED)


def examples(folder: Path) -> str:
    """The programs of a folder, each under the first sentence of what it says of itself."""
    out = []
    for path in sorted(folder.glob("*.py")):
        says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem
        title = says.split("\n\n")[0].replace("\n", " ").rstrip(".")
        out += [f"## {title}", "", f"```{{literalinclude}} ../examples/{path.name}",
                ":language: python", "```", ""]  # fmt: skip
    return "\n".join(out)


def benchmarks(folder: Path) -> str:
    """What the programs that measure say of themselves."""
    out = ["# Benchmarks", "", "Run by hand, never by the tests. Each prints its figures beside",
           "those of named peers, measured in the same run on the same machine.", ""]  # fmt: skip
    for path in sorted(folder.glob("*.py")):
        says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        out += [f"## {path.stem}", "", "```text", says, "```", ""]
    return "\n".join(out)


def published(data: Path) -> str:
    """Trees as others published them, with their verdicts."""
    out = ["# Published trees and their verdicts", "",
           "Trees that others published, each checked in the exact meaning against the formula",
           "that it was published for: on the formula's natural real domain, and on the whole",
           "complex plane, where most trees over eml leave the principal branch somewhere. A",
           "refutation names one point, with the value of the formula and what the tree is there;",
           "*else right* means that it is right at the generic points of the real domain. The",
           "tests derive every verdict again, by an interpreter that shares no code with emlc.", "",
           "| formula | K | by | natural real domain | complex plane |",
           "| --- | --- | --- | --- | --- |"]  # fmt: skip
    told = json.loads(data.read_text(encoding="utf-8"))
    for row in told["trees"]:
        real = _verdict(row["real"], row.get("elsewhere"))
        note = f"; {row['note']}" if "note" in row else ""
        cells = (f"`{row['formula']}`", str(len(row["rpn"])), row["source"])
        out.append(f"| {' | '.join(cells)} | {real}{note} | {_verdict(row.get('plane'))} |")
    out += ["", "## The author's chain", "",
            "The author's searches also give each function by those found before it, in one chain",
            "from eml and 1. Each step as a formula of its own, at 300 points; its first three are",
            "in the table above. Steps that the author's search did not accept are not listed.", "",
            "| formula | step | natural real domain | complex plane |",
            "| --- | --- | --- | --- |"]  # fmt: skip
    for row in told["chain"]:
        cells = [f"`{row[name]}`" for name in ("formula", "witness")]
        cells += [_verdict(row.get(w)).replace("the tree", "the step") for w in ("real", "plane")]
        out.append(f"| {' | '.join(cells)} |")
    return "\n".join([*out, ""])


def _verdict(told: dict[str, Any] | str | None, elsewhere: str | None = None) -> str:
    if not isinstance(told, dict):
        return told or ""
    point = ", ".join(f"{name} = {value}" for name, value in told["at"].items())
    where = f" at {point}" if point else ""
    rest = {None: "", "right": "; else right", "wrong": "; wrong everywhere"}[elsewhere]
    tree = told["tree"].partition(" exp of")[0]
    return f"**refuted**{where}: {told['formula']}, the tree {tree}{rest}"


def commands() -> str:
    """What every command says of itself."""
    from click.testing import CliRunner

    from emlc.cli import emlc

    runner = CliRunner(env={"COLUMNS": "88", "TERMINAL_WIDTH": "88"})
    out = ["# Commands", "", "Every command: `-` reads standard input; `--json` prints one JSON",
           "document on standard output; text for people, progress and warnings go to standard",
           "error. Exit status: 0 done, 1 the input or the claim is wrong, 2 the command line is",
           "wrong, 3 a limit was reached, 130 Ctrl-C or SIGTERM ended it, with what was known by",
           "then. Colours are off when the output is not a terminal, or where `NO_COLOR` is set.",
           ""]  # fmt: skip
    for name in emlc.list_commands(None):  # type: ignore[arg-type]
        shown = runner.invoke(emlc, [name, "--help"], prog_name="emlc").output
        out += [f"## emlc {name}", "", "```text", shown.rstrip(), "```", ""]
    return "\n".join(out)


def functions() -> str:
    """Every row of the table of primitives."""
    out = ["# Functions and constants", "",
           "Every function and constant that formulas may name, from `emlc/tables/primitives.py`.",
           "The meaning is what the name stands for, for all complex arguments, principal values;",
           "the others are built in. The last column counts the trees and the formulas that the",
           "compiler chooses from, rows of `emlc/tables/witnesses.py`.", "",
           "| name | also | meaning | real where | rows |",
           "| --- | --- | --- | --- | --- |"]  # fmt: skip
    out += [_row(row) for row in ROWS]
    return "\n".join([*out, ""])


def _row(row: Primitive) -> str:
    called = f"{row.name}({', '.join(row.params)})" if row.params else row.name
    also = ", ".join(f"`{_safe(a)}`" for a in (row.infix, *row.aliases) if a)
    where = row.domain if isinstance(row.domain, str) else "by cases"
    count = len(TREES.get(row.name, ())) + len(BODIES.get(row.name, ()))
    cells = (f"`{called}`", also, _code(row.meaning), _code(where), str(count or ""))
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    return f"`{_safe(text)}`" if text else ""


def _safe(text: str) -> str:
    return text.replace("|", "\\|")
