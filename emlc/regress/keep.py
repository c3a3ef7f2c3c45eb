"""A fit's state in a file, so that a fit that was stopped goes on."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence

import numpy as np

from emlc.arrays import load
from emlc.errors import ArgumentError, ParseError
from emlc.lower.jit import Array


class Kept:
    """The file of one fit; without a path it remembers nothing. `state` is what it held."""

    def __init__(
        self, path: str | None, names: Sequence[str], x: Array, y: Array,
        operators: Sequence[str], max_size: int,
    ) -> None:  # fmt: skip
        self.path = path
        digest = hashlib.sha256(repr((list(names), max_size, list(operators))).encode())
        digest.update(np.ascontiguousarray(x).tobytes() + np.ascontiguousarray(y).tobytes())
        self.mark = digest.hexdigest()
        self.state: dict[str, Array] | None = None
        if path is not None and os.path.exists(path):
            self._load(path)

    def _load(self, path: str) -> None:
        try:
            arrays = load(path)
            if not isinstance(arrays, dict):
                raise KeyError
            mark = str(arrays.pop("mark"))
        except (OSError, ParseError, KeyError, TypeError, ValueError):
            raise ArgumentError(f"{path} is not a checkpoint of a fit") from None
        if mark != self.mark:
            raise ArgumentError(
                f"{path} belongs to a fit of other data or options", hint="give another file"
            )
        self.state = arrays

    def save(self, state: dict[str, Array]) -> None:
        """Write the state, whole or not at all."""
        if self.path is None:
            return
        held = {"mark": np.array(self.mark), **state}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **held)  # type: ignore[arg-type]
        with open(self.path + ".new", "wb") as file:
            file.write(buffer.getvalue())
        os.replace(self.path + ".new", self.path)
