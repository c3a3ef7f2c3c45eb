"""A table of data for a fit: which columns are numbers, how formulas call them, what is missing."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emlc.cli.data import open_data, read_arrays, with_point
from emlc.errors import ArgumentError, MissingError, ParseError, shorten
from emlc.parse.names import canonical, variable_of
from emlc.regress.data import variable_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EMPTY = ("", "na", "n/a", "nan", "null", "none", "?")
_WORDS = {"true": 1.0, "false": 0.0}
_WHOLE = 2.0**53


@dataclass(slots=True)
class Columns:
    """The variables by the names that formulas use, the target, and what a person should know.

    written    how the file writes the name of each variable
    left_out   columns of text, with their first one
    """

    variables: dict[str, NDArray[Any]]
    target: NDArray[Any]
    target_name: str
    written: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(
    file: str, target: str | None, variables: Sequence[str] = (), *, drop_missing: bool = False
) -> Columns:
    """The columns of a .csv, .tsv, .parquet, .npz or .npy file, or of CSV on standard input.

    The target is the column y, or else the last one; the variables are all other columns that hold
    numbers. Raises ArgumentError and ParseError, which name the column.
    """
    import numpy as np

    held, said = _held(file)
    named = [n for n in held if n.strip()]
    if not named:
        raise ArgumentError(f"{file} has no columns")
    wanted = _place(file, held, target) if target else ("y" if "y" in held else named[-1])
    chosen = [_place(file, held, v) for v in variables] or [n for n in named if n != wanted]
    if wanted in chosen:
        raise ArgumentError(f"{wanted} is the target and cannot be a variable as well")
    y = _numbers(file, wanted, held[wanted], said)
    found = Columns({}, y, wanted, warnings=said)
    columns = {}
    for name in dict.fromkeys(chosen):
        try:
            columns[name] = _numbers(file, name, held[name], said)
        except _Text as error:
            if variables:
                raise
            found.left_out.append(f"{name} ({error.where})")
    if not columns:
        hint = f"left out: {', '.join(found.left_out)}" if found.left_out else None
        raise ArgumentError(f"{file} has no column of numbers besides {wanted}", hint=hint)
    found.written = dict(zip(variable_names(list(columns)), columns, strict=True))
    found.variables = {short: columns[name] for short, name in found.written.items()}
    gaps = {n: np.isnan(c) for n, c in (*columns.items(), (wanted, y))}
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
    found.warnings.append(f"{int(missing.sum())} rows with missing values are left out")
    found.target = found.target[~missing]
    found.variables = {n: c[~missing] for n, c in found.variables.items()}


def _held(file: str) -> tuple[dict[str, Any], list[str]]:
    """Every column by its written name, as numbers or as texts, and what to say of them."""
    ending = os.path.splitext(file)[1].lower()
    if ending in (".parquet", ".pq"):
        return _parquet(file), []
    if ending in (".npz", ".npy"):
        return _arrays(file), []
    with open_data(file, ()) as data:
        names = data.names
        columns = list(zip(*(row for block in data.blocks for row in block.cells), strict=True))
    twice = next((n for n in names if n and names.count(n) > 1), None)
    if twice is not None:
        raise ArgumentError(f"{file} has two columns named {twice}")
    if not columns:
        raise ArgumentError(f"{file} has no rows")
    said = []
    if data.commas and any("," in text for column in columns for text in column):
        columns = [tuple(with_point(text) for text in column) for column in columns]
        said = ["decimal commas are read as points"]
    return dict(zip(names, columns, strict=True)), said


def _arrays(file: str) -> dict[str, Any]:
    """Arrays of one dimension and one length."""
    held = read_arrays(file)
    for name, array in held.items():
        if array.ndim != 1:
            raise ArgumentError(
                f"the array {name} of {file} is no column: its shape is {array.shape}",
                hint="save each column by its name",
            )
    if len({len(array) for array in held.values()}) > 1:
        listed = ", ".join(f"{name} has {len(array)}" for name, array in held.items())
        raise ArgumentError(f"the arrays of {file} differ in length: {listed}")
    if not all(len(array) for array in held.values()):
        raise ArgumentError(f"{file} has no rows")
    return held


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


class _Text(ParseError):
    """A cell that is no number."""

    def __init__(self, file: str, name: str, row: int, cell: object) -> None:
        self.where = f"{shorten(str(cell))!r} in data row {row}"
        hint = "a column of numbers is needed; code categories as 0 and 1"
        super().__init__(f"{file}, column {name}: {self.where} is not a number", hint=hint)


def _numbers(file: str, name: str, cells: Any, said: list[str]) -> NDArray[Any]:
    """A column as doubles, nan where a value is missing. Raises `_Text`."""
    import numpy as np

    if isinstance(cells, np.ndarray) and cells.dtype.kind == "c":
        raise ArgumentError(f"the column {name} holds complex numbers")
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "mM":
        raise _Text(file, name, 1, cells[0])
    try:
        values = np.array(cells, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.empty(len(cells))
        for k, cell in enumerate(cells):
            try:
                values[k] = _number(cell)
            except (TypeError, ValueError, OverflowError):
                raise _Text(file, name, k + 1, cell) from None
    if any(_rounded(cells[k], values[k]) for k in np.flatnonzero(np.abs(values) >= _WHOLE)):
        said.append(f"whole numbers beyond 2^53 in {name} are rounded to doubles")
    return values


def _rounded(cell: Any, value: float) -> bool:
    digits = str(cell).strip().lstrip("+-")
    return digits.isdecimal() and abs(value) < math.inf and int(digits) != int(abs(value))


def _number(cell: Any) -> float:
    if cell is None:
        return math.nan
    if isinstance(cell, str):
        word = cell.strip().lower()
        return math.nan if word in _EMPTY else _WORDS[word] if word in _WORDS else float(cell)
    return float(cell)
