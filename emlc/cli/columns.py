"""A table of data for a fit: which columns are numbers, how formulas call them, what is missing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emlc.cli.data import open_data
from emlc.errors import ArgumentError, MissingError, ParseError, shorten
from emlc.parse.names import canonical, variable_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EMPTY = ("", "na", "n/a", "nan", "null", "none", "?")


@dataclass(slots=True)
class Columns:
    """The variables by the names that formulas use, the target, and what a person should know."""

    variables: dict[str, NDArray[Any]]
    target: NDArray[Any]
    target_name: str
    renamed: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    dropped: int = 0


def read(
    file: str, target: str | None, variables: Sequence[str] = (), *, drop_missing: bool = False
) -> Columns:
    """The columns of a .csv, .tsv, .parquet, .npz or .npy file, or of CSV on standard input.

    The target is the column y, or else the last one; the variables are all other columns that hold
    numbers. Raises ArgumentError and ParseError, which name the column.
    """
    import numpy as np

    held = _held(file)
    if not held:
        raise ArgumentError(f"{file} has no columns")
    wanted = _place(file, held, target) if target else ("y" if "y" in held else list(held)[-1])
    chosen = [_place(file, held, v) for v in variables] or [n for n in held if n != wanted]
    if wanted in chosen:
        raise ArgumentError(f"{wanted} is the target and cannot be a variable as well")
    y = _numbers(file, wanted, held[wanted], required=True)
    assert y is not None
    found = Columns({}, y, wanted)
    for name in dict.fromkeys(chosen):
        column = _numbers(file, name, held[name], required=bool(variables))
        if column is None:
            found.left_out.append(name)
            continue
        short = _variable(name, found.variables)
        if short != name:
            found.renamed[name] = short
        found.variables[short] = column
    if not found.variables:
        raise ArgumentError(f"{file} has no column of numbers besides {wanted}")
    gaps = {n: np.isnan(c) for n, c in (*found.variables.items(), (wanted, y))}
    _fill(found, gaps, drop_missing)
    return found


def _fill(found: Columns, gaps: dict[str, NDArray[Any]], drop_missing: bool) -> None:
    """Drop rows with missing values, or say where they are."""
    import numpy as np

    missing = np.any(list(gaps.values()), axis=0)
    if not missing.any():
        return
    if not drop_missing:
        said = ", ".join(f"{n} {int(g.sum())}" for n, g in gaps.items() if g.any())
        row = int(np.flatnonzero(missing)[0]) + 1
        raise ArgumentError(
            f"values are missing ({said}), first in data row {row}",
            hint="--drop-missing leaves out such rows",
        )
    if missing.all():
        raise ArgumentError("every row has a missing value")
    found.dropped = int(missing.sum())
    found.target = found.target[~missing]
    found.variables = {n: c[~missing] for n, c in found.variables.items()}


def _held(file: str) -> dict[str, Any]:
    """Every column by its written name, as numbers or as texts."""
    import numpy as np

    if os.path.splitext(file)[1].lower() in (".parquet", ".pq"):
        return _parquet(file)
    if os.path.splitext(file)[1].lower() in (".npz", ".npy"):
        with open_data(file, None) as data:
            blocks = [block.columns for block in data.blocks]
        return {n: np.concatenate([b[n] for b in blocks]) for n in (blocks[0] if blocks else ())}
    with open_data(file, ()) as data:
        names = data.names
        cells = [row for block in data.blocks for row in block.cells]
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise ArgumentError(f"{file} has two columns named {twice}")
    if not cells:
        raise ArgumentError(f"{file} has no rows")
    return {n: [row[k] for row in cells] for k, n in enumerate(names)}


def _parquet(file: str) -> dict[str, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingError(
            "Parquet files need pyarrow", hint='pip install "emlc[regress]"'
        ) from None
    try:
        table = parquet.read_table(file)
    except pyarrow.ArrowInvalid as error:
        said = str(error).partition("\n")[0]
        raise ParseError(f"{file} is not a Parquet file: {said}") from None
    return {n: table.column(n).to_pylist() for n in table.column_names}


def _place(file: str, held: dict[str, Any], name: str) -> str:
    """The written name of a column that may be given as formulas spell it."""
    for written in held:
        if name in (written, canonical(written), variable_of(written)):
            return written
    shown = ", ".join(list(held)[:12])
    raise ArgumentError(f"{file} has no column {name}", hint=f"its columns are {shown}")


def _numbers(file: str, name: str, cells: Any, *, required: bool) -> NDArray[Any] | None:
    """A column as doubles, nan where a value is missing; None for text that is not required."""
    import numpy as np

    if isinstance(cells, np.ndarray):
        if cells.dtype.kind == "c":
            raise ArgumentError(f"the column {name} holds complex numbers")
        return cells.astype(np.float64)
    values = np.empty(len(cells))
    for k, cell in enumerate(cells):
        try:
            values[k] = _number(cell)
        except (TypeError, ValueError):
            if not required:
                return None
            shown = shorten(str(cell))
            hint = "a column of numbers is needed; code categories as 0 and 1"
            raise ParseError(
                f"{file}, column {name}, data row {k + 1}: {shown!r} is not a number", hint=hint
            ) from None
    return values


def _number(cell: Any) -> float:
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in _EMPTY):
        return float("nan")
    return float(cell)


def _variable(name: str, taken: dict[str, Any]) -> str:
    made = variable_of(name)
    if made is not None and made not in taken:
        return made
    return next(v for k in range(1, len(taken) + 2) if (v := f"x{k}") not in taken)
