"""Columns of numbers by variable name, from CSV, npz and npy files, a block of rows at a time."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TextIO

from emlc.arrays import load
from emlc.cli.report import number
from emlc.errors import ArgumentError, ParseError, shorten
from emlc.parse.names import canonical

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 8192
_FORMATS = "data files are .csv, .tsv, .npz and .npy (.parquet for fit); - reads CSV"
_SIGNS = (",", ";", "\t")
_UTF8 = "save it as UTF-8, as iconv -f latin1 -t utf-8 does"
_WITH_COMMA = re.compile(r"\s*[+-]?\d*,\d*(?:[eE][+-]?\d+)?\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: the columns of the variables, and what stands in every cell."""

    columns: dict[str, NDArray[Any]]
    cells: list[list[str]]


@dataclass(frozen=True, slots=True)
class Data:
    """The names of all columns, and the rows in blocks.

    `share` is the part that is read after so many rows, 0 where nobody knows; `commas` says whether
    numbers may have decimal commas.
    """

    names: list[str]
    blocks: Iterator[Block]
    share: Callable[[int], float] = lambda rows: 0.0
    commas: bool = False


@contextmanager
def open_data(name: str, variables: Sequence[str] | None) -> Iterator[Data]:
    """Open a data file that has a column for each of the variables; None takes every column.

    Raises ArgumentError where it has not, ParseError where a cell is no number, OSError.
    """
    suffix = os.path.splitext(name)[1].lower()
    if name == "-":
        text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        yield _from_csv(text, "standard input", variables)
    elif suffix in (".csv", ".tsv", ".txt"):
        with open(name, encoding="utf-8-sig", newline="") as stream:
            raw, size = stream.buffer.raw, os.fstat(stream.fileno()).st_size  # type: ignore[attr-defined]
            data = _from_csv(stream, name, variables)
            yield replace(data, share=lambda rows: raw.tell() / max(1, size))
    elif suffix in (".npz", ".npy"):
        yield _from_arrays(read_arrays(name, variables or ()), name, variables)
    else:
        raise ArgumentError(f"{name} is no data file by its name", hint=_FORMATS)


def _spelled(names: Sequence[str]) -> list[str]:
    """The names as formulas spell them."""
    return [canonical(written) or written for written in names]


def _places(names: Sequence[str], file: str, variables: Sequence[str]) -> dict[str, int]:
    """The number of the column of each variable."""
    known: dict[str, int] = {}
    for place, written in enumerate(names):
        spelled = canonical(written) or written
        if spelled in known and spelled in variables:
            raise ArgumentError(f"{file} has two columns named {written}")
        known[spelled] = place
    missing = [v for v in variables if v not in known]
    if missing:
        shown = ", ".join(names[:12]) or "unnamed"
        raise ArgumentError(
            f"{file} has no column for {', '.join(missing)}", hint=f"its columns are {shown}"
        )
    return {v: known[v] for v in variables}


# -- CSV -----------------------------------------------------------------------------------------


def _from_csv(stream: TextIO, name: str, variables: Sequence[str] | None) -> Data:
    try:
        first = stream.readline()
        sign = "\t" if name.lower().endswith(".tsv") else _sign(first)
        reader = csv.reader(chain([first], stream), delimiter=sign)
        names = [n.strip() for n in next(reader)]
    except UnicodeDecodeError:
        raise ParseError(f"{name} is not UTF-8 text", hint=_UTF8) from None
    except csv.Error as error:
        raise ParseError(f"{name} is not CSV text: {error}") from None
    if not names or all(_cell(with_point(n)) is not None for n in names):
        wanted = sign.join(variables or ("x", "y"))
        hint = f"its first line names the columns, as in {wanted}"
        raise ArgumentError(f"{name} does not name its columns", hint=hint)
    places = _places(names, name, _spelled(names) if variables is None else variables)
    blocks = _csv_blocks(reader, places, len(names), name, sign != ",")
    return Data(names, blocks, commas=sign != ",")


def _sign(first: str) -> str:
    """What stands between the names of the first line: the commonest sign outside quotes."""
    return max(_SIGNS, key=re.sub(r'"[^"]*"', "", first).count)


def with_point(text: str) -> str:
    """A number's decimal comma as a point; any other text as it is."""
    return text.replace(",", ".") if "," in text and _WITH_COMMA.fullmatch(text) else text


def _csv_blocks(
    reader: Iterator[list[str]], places: Mapping[str, int], width: int, file: str, commas: bool
) -> Iterator[Block]:
    first = 2
    while True:
        try:
            rows = list(enumerate(islice(reader, BLOCK), first))
        except csv.Error as error:
            raise ParseError(f"{file} is not CSV text: {error}") from None
        except UnicodeDecodeError:
            raise ParseError(f"{file} is not UTF-8 text", hint=_UTF8) from None
        if not rows:
            return
        first += len(rows)
        rows = [(n, cells) for n, cells in rows if cells]
        for n, cells in rows:
            if len(cells) != width:
                message = f"{file}, row {n}: {len(cells)} cells, but the first row names {width}"
                raise ParseError(message, hint="a cell that holds a comma stands in quotes")
        columns = {
            v: _column(rows, place, f"{file}, column {v}", commas) for v, place in places.items()
        }
        yield Block(columns, [cells for _, cells in rows])


def _column(
    rows: list[tuple[int, list[str]]], place: int, where: str, commas: bool
) -> NDArray[Any]:
    """One column as numbers; an empty cell is nan."""
    import numpy as np

    texts = [cells[place] for _, cells in rows]
    if commas:
        texts = [with_point(text) for text in texts]
    try:
        return np.array(texts, dtype=np.float64)
    except ValueError:
        pass
    values = [_cell(text) if text.strip() else float("nan") for text in texts]
    for (n, _), text, value in zip(rows, texts, values, strict=True):
        if value is None:
            hint = "cells are numbers such as 2, 0.1, 1e-3 or 1+2i"
            raise ParseError(f"{where}, row {n}: {shorten(text)!r} is not a number", hint=hint)
    return np.array(values)


def _cell(text: str) -> complex | None:
    """The number in a cell, None when it is none."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return complex(text.replace(" ", "").replace("i", "j"))
    except ValueError:
        return None


# -- numpy's files -------------------------------------------------------------------------------


def read_arrays(name: str, variables: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz or .npy file by name."""
    found = load(name)
    if isinstance(found, dict):
        return found
    if found.dtype.names is not None:
        return {key: found[key] for key in found.dtype.names}
    if len(variables) == 1:
        return {variables[0]: found}
    hint = "save named arrays with np.savez, or a structured array"
    raise ArgumentError(f"{name} does not name its columns", hint=hint)


def _from_arrays(
    arrays: dict[str, NDArray[Any]], name: str, variables: Sequence[str] | None
) -> Data:
    import numpy as np

    names = list(arrays)
    places = _places(names, name, _spelled(names) if variables is None else variables)
    used = {v: np.ravel(arrays[names[place]]) for v, place in places.items()}
    lengths = {v: a.size for v, a in used.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{v} has {n}" for v, n in lengths.items())
        raise ArgumentError(f"the arrays of {name} differ in length: {listed}")
    for v, a in used.items():
        if a.dtype.kind not in "biufc":
            raise ArgumentError(f"the array {v} of {name} holds no numbers but {a.dtype}")
    rows = max(1, *lengths.values()) if lengths else 1
    return Data(list(used), _array_blocks(used), share=lambda done: done / rows)


def _array_blocks(used: dict[str, NDArray[Any]]) -> Iterator[Block]:
    size = max((a.size for a in used.values()), default=1)
    for start in range(0, size, BLOCK):
        columns = {v: a[start : start + BLOCK] for v, a in used.items()}
        texts = [[number(z) for z in a.tolist()] for a in columns.values()]
        yield Block(columns, [list(row) for row in zip(*texts, strict=True)])
