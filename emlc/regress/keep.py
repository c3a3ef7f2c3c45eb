"""A fit's state in a file, so that a fit that was stopped goes on."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emlc.arrays import load
from emlc.errors import ArgumentError, ParseError
from emlc.lower.cache import checkpoint, writable
from emlc.lower.jit import Array

State = dict[str, Array]


def mark(names: Sequence[str], data: Sequence[Array], settings: Sequence[object]) -> str:
    """What a state belongs to: data, and what gives its numbers their meaning."""
    digest = hashlib.sha256(repr((list(names), *settings)).encode())
    for array in data:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


class Kept:
    """The file of one fit; without a path it remembers nothing. `state` is what it held.

    Raises ArgumentError for a file that is no checkpoint of this fit, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, belongs: str) -> None:
        self.path = None if path is None else writable(path)
        self.belongs = belongs
        self.state: State | None = None
        if self.path is not None and self.path.exists():
            self.state = self._read(self.path)

    def _read(self, path: Path) -> State:
        hint = "name another file, or delete it to begin anew"
        try:
            arrays = load(str(path))
            if not isinstance(arrays, dict):
                raise KeyError
            found = str(arrays.pop("mark"))
        except (OSError, ParseError, KeyError):
            raise ArgumentError(f"{path} is not a checkpoint of a fit", hint=hint) from None
        if found != self.belongs:
            problem = f"{path} belongs to a fit of other data or options, or of another version"
            raise ArgumentError(problem, hint=hint)
        return arrays

    def save(self, state: State) -> None:
        """Write the state, whole or not at all."""
        if self.path is None:
            return
        buffer = io.BytesIO()
        np.savez_compressed(buffer, mark=np.array(self.belongs), **state)  # type: ignore[arg-type]
        checkpoint(self.path, buffer.getvalue())
