"""A fit's state in a file, so that a fit that was stopped goes on."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence

import numpy as np

from emlc import files
from emlc.arrays import read
from emlc.errors import ArgumentError, ParseError
from emlc.lower.jit import Array
from emlc.regress.archive import CONSTANT, UNIT

State = dict[str, Array]


def mark(names: Sequence[str], data: Sequence[Array], settings: Sequence[object]) -> str:
    """What a state belongs to: data, and what gives its numbers their meaning."""
    digest = hashlib.sha256(repr((list(names), *settings)).encode())
    for array in data:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


class Kept:
    """The file of one fit; without a path it remembers nothing. `state` is what it held.

    Without a seed, a state of any seed is gone on from. Raises ArgumentError for a file that is no
    checkpoint of this fit, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, belongs: str, seed: int | None) -> None:
        self._file = None if path is None else files.Checkpoint(path, "a fit")
        self.belongs = belongs
        self.state: State | None = None
        data = self._file.read() if self._file else None
        if self._file is None or data is None:
            return
        try:
            arrays = read(io.BytesIO(data), self._file.name)
        except ParseError:
            raise self._file.refusal() from None
        if not isinstance(arrays, dict) or not {"mark", "seed"} <= arrays.keys():
            raise self._file.refusal()
        if arrays["seed"].shape or arrays["seed"].dtype != np.int64:
            raise self._file.refusal()
        if str(arrays.pop("mark")) != belongs:
            raise self._file.refusal("belongs to a fit of other data or options")
        if seed is not None and str(arrays["seed"]) != str(seed):
            raise self._file.refusal(f"belongs to a fit with the seed {arrays['seed']}")
        self.state = arrays

    def refuse(self) -> None:
        """Raise the error for a state that no fit has."""
        if self._file is None:
            raise ArgumentError("the state is not one of a fit")
        raise self._file.refusal()

    def save(self, state: State) -> None:
        """Write the state, whole or not at all."""
        if self._file is None:
            return
        buffer = io.BytesIO()
        np.savez_compressed(buffer, mark=np.array(self.belongs), **state)  # type: ignore[arg-type]
        self._file.save(buffer.getvalue())


def alike(state: State, usual: State) -> bool:
    """Whether the arrays have the names, shapes and types of others; a shape's 0 is any length."""
    return state.keys() == usual.keys() and all(
        state[name].dtype == a.dtype
        and state[name].ndim == a.ndim
        and all(n in (0, m) for n, m in zip(a.shape, state[name].shape, strict=True))
        for name, a in usual.items()
    )


def are_formulas(code: Array, length: Array, arity: Array, variables: int) -> bool:
    """Whether the rows are formulas in postfix: compiled loops look at no bounds."""
    inside = np.arange(code.shape[1]) < length[:, None]
    code = np.where(inside, code.astype(np.int64), CONSTANT)
    plain = (code == CONSTANT) | (code == UNIT)
    known = plain | ((code < CONSTANT) & (-code - 2 < 2 * variables))
    known |= (code >= 0) & (code < arity.size)
    taken = np.where(code < 0, 0, arity[np.clip(code, 0, arity.size - 1)])
    depth = np.cumsum(1 - taken, axis=1)
    last = np.clip(length - 1, 0, code.shape[1] - 1)[:, None]
    return bool(
        np.all((length > 0) & (length <= code.shape[1]))
        and np.all(known & (depth > 0))
        and np.all(np.take_along_axis(depth, last, axis=1) == 1)
    )
