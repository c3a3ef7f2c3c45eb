"""A fit's state in a file, so that a fit that was stopped goes on."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Sequence

import numpy as np

from emlc.errors import ArgumentError
from emlc.lower.jit import Array


class Kept:
    """The file of one fit; without a path it remembers nothing. `states` are what it held."""

    def __init__(
        self, path: str | None, names: Sequence[str], x: Array, y: Array,
        operators: Sequence[str], max_size: int,
    ) -> None:  # fmt: skip
        self.path = path
        digest = hashlib.sha256(repr((list(names), max_size, list(operators))).encode())
        digest.update(np.ascontiguousarray(x).tobytes() + np.ascontiguousarray(y).tobytes())
        self.mark = digest.hexdigest()
        self.states: list[dict[str, Array]] = []
        if path is not None and os.path.exists(path):
            self._load(path)

    def _load(self, path: str) -> None:
        try:
            with np.load(path, allow_pickle=False) as held:
                arrays = {key: held[key] for key in held.files}
            mark, count = str(arrays.pop("mark")), int(arrays.pop("islands"))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            raise ArgumentError(f"{path} is not a checkpoint of a fit") from None
        if mark != self.mark:
            raise ArgumentError(
                f"{path} belongs to a fit of other data or options", hint="give another file"
            )
        for k in range(count):
            head = f"{k}."
            self.states.append(
                {key[len(head) :]: a for key, a in arrays.items() if key.startswith(head)}
            )

    def save(self, states: Sequence[dict[str, Array]]) -> None:
        """Write the states, whole or not at all."""
        if self.path is None:
            return
        held: dict[str, Array] = {"mark": np.array(self.mark), "islands": np.array(len(states))}
        for k, state in enumerate(states):
            held |= {f"{k}.{key}": a for key, a in state.items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **held)  # type: ignore[arg-type]
        with open(self.path + ".new", "wb") as file:
            file.write(buffer.getvalue())
        os.replace(self.path + ".new", self.path)
