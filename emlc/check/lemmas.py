"""The rows' proofs, as data that the tests re-derive."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import lru_cache
from importlib import resources

from emlc.check.verdict import Verdict
from emlc.tables.witnesses import Witness


def row_key(row: Witness) -> str:
    """The name of a row in the file of lemmas."""
    return f"{row.computes} <- {row.tree or row.body} on {row.where or 'constants'}"


@lru_cache(maxsize=1)
def lemmas() -> dict[str, str]:
    """How each proved row was proved."""
    text = resources.files("emlc.check").joinpath("lemmas.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text)["proved"]
    return found


def proved_by_rows(used: Collection[Witness]) -> Verdict:
    """Proved when every row that a tree rests on is, and the ranges place each on its domain."""
    known = lemmas()
    open_rows = sorted(
        row.computes for row in used if row.source != "meaning" and row_key(row) not in known
    )
    if open_rows:
        names = ", ".join(dict.fromkeys(open_rows))
        return Verdict("unknown", f"no proof is known for the rows {names}")
    if len(used) < 2:
        what = "one row, proved on the values it meets here" if used else "it is a leaf"
        return Verdict("proved", what)
    return Verdict("proved", f"{len(used)} rows, each proved on the values it meets here")
