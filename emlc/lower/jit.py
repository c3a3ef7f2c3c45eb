"""How the kernels of search, regression and trees are compiled, and where they are kept."""

from __future__ import annotations

import os
import pickle
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import serialize
from numba.core.caching import FunctionCache

from emlc.lower.cache import DAMAGED, age, folder, key, seal, sealed

Array = np.ndarray[Any, Any]
KERNELS = "kernels-"
_MOST_KEPT = 100
_IMPORT = re.compile(r"^(?:from|import) (emlc[\w.]*)(?: import (\([^)]*\)|.*))?", re.MULTILINE)


class _Files:
    """One sealed file for each kernel and signature, where numba has an index and open files.

    So processes at once do not meet, and what is damaged is not loaded.
    """

    def __init__(self, folder: str, base: str) -> None:
        self.folder, self.base = Path(folder), base

    def _path(self, wanted: object) -> Path:
        return self.folder / f"{self.base}.{key(repr(wanted))}.nbc"

    def load(self, wanted: object) -> Any:
        data = sealed(self._path(wanted))
        return None if data is None else pickle.loads(data)  # noqa: S301

    def save(self, wanted: object, data: object) -> None:
        pickled: Callable[[object], bytes] = serialize.dumps
        seal(self._path(wanted), pickled(data))


class _Kept:
    """numba's cache of a function, with sealed files and a disk that may be full."""

    def __init__(self, function: Callable[..., Any]) -> None:
        made: Callable[..., Any] = FunctionCache
        self._own = made(function)
        base = self._own._cache_file._index_name.removesuffix(".nbi")
        self._own._cache_file = _Files(self._own.cache_path, base)
        self.cache_path: str = self._own.cache_path

    def load_overload(self, signature: Any, context: Any) -> Any:
        try:
            return self._own.load_overload(signature, context)
        except DAMAGED:
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        with suppress(OSError):
            self._own.save_overload(signature, data)


def compiled(function: Callable[..., Any], signature: Any = None) -> Any:
    """Compile with numba, and keep the machine code in emlc's cache folder.

    It is done on first use, or at once where the signature is given.
    """
    made: Any = numba.njit(nogil=True, error_model="numpy")(function)
    config: Any = numba.config
    before, config.CACHE_DIR = config.CACHE_DIR, _kept(Path(function.__code__.co_filename))
    try:
        made._cache = _Kept(function)  # it looks for its folder now, once
    finally:
        config.CACHE_DIR = before
    if signature is not None:
        made.compile(signature)
        made.disable_compile()
    return made


def inner(function: Callable[..., Any]) -> Any:
    """Compile for kernels alone: Python cannot call it, which halves what small ones take."""
    made: Any = numba.njit
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return made(nogil=True, error_model="numpy", **options)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """A part of the one kernel that calls it, which is compiled with that and not by itself."""
    return numba.njit(nogil=True, error_model="numpy", inline="always")(function)


@cache
def _kept(source: Path) -> str:
    """Where the machine code of this file is kept; of the others, those used last stay.

    numba compares the file that a kernel stands in alone, but a kernel holds the code of those it
    calls as well.
    """
    texts = [_read(path)[0] for path in behind(source)]
    made = folder() / f"{KERNELS}{key(numba.__version__, *texts)}"
    with suppress(OSError):
        os.utime(made)
        return str(made)
    for stale in sorted(folder().glob(f"{KERNELS}*"), key=age)[: 1 - _MOST_KEPT]:
        shutil.rmtree(stale, ignore_errors=True)
    return str(made)


def behind(source: Path) -> list[Path]:
    """The file and those of emlc whose code its kernels may hold: what it imports, and so on."""
    found: set[Path] = set()
    todo = [source]
    while todo:
        path = todo.pop()
        if path not in found and path.exists():
            found.add(path)
            todo += _read(path)[1]
    return sorted(found)


@cache
def _read(path: Path) -> tuple[str, list[Path]]:
    """The text of a file, and the files that it may import from."""
    text = path.read_text("utf-8")
    found: list[Path] = []
    own = Path(__file__)
    for module, names in _IMPORT.findall(text) if path != own else ():  # its own make no kernels
        place = own.parents[2].joinpath(*module.split("."))
        inside = ("__init__", *re.findall(r"\w+", names))
        found += [place.with_suffix(".py"), *(place / f"{name}.py" for name in inside)]
    return text, found
