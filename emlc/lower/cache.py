"""A private folder for generated source and compiled kernels, one per user.

Entries are named by what they hold, written whole or not at all, and read back only when intact.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import pickle
import shutil
import stat
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from types import ModuleType

_MOST = 1000

# What numba raises when it reads a damaged entry.
_DAMAGED = (pickle.UnpicklingError, EOFError, LookupError, ValueError, AttributeError, ImportError)


def folder() -> Path:
    """The cache folder: $EMLC_CACHE_DIR, else emlc under $XDG_CACHE_HOME, else ~/.cache/emlc.

    It is made with mode 0700. A folder that cannot be written, is a symbolic link, or belongs to
    somebody else is not used: a folder that lives as long as the process takes its place.
    """
    named = os.environ.get("EMLC_CACHE_DIR")
    if named:
        return _private(Path(named))
    base = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    return _private(base / "emlc") if base.is_absolute() else _passing()


@lru_cache(maxsize=8)
def _private(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
        if os.name == "posix":
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                return _passing()
            if stat.S_IMODE(found.st_mode) & 0o077:
                path.chmod(0o700)
        if os.access(path, os.W_OK | os.X_OK):
            return path
    except OSError:
        pass
    return _passing()


@lru_cache(maxsize=1)
def _passing() -> Path:
    made = Path(tempfile.mkdtemp(prefix="emlc-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def key(*parts: str) -> str:
    """The name of an entry: a hash of what makes it, the versions of Python and emlc included.

    >>> key("a", "b") == key("ab", "")
    False
    """
    digest = hashlib.sha256()
    for part in (sys.version, *parts):
        data = part.encode()
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()[:32]


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(made, path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def read(path: Path) -> bytes | None:
    """What the file holds; None when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def module(source: str, *versions: str) -> ModuleType:
    """Import generated Python source from the cache folder.

    numba keeps what it compiles next to the file, so the next process finds it. Compiled entries
    that do not load are thrown away and made again.
    """
    name = f"emlc_{key(source, *versions)}"
    found = sys.modules.get(name)
    if found is not None:
        return found
    path = folder() / f"{name}.py"
    data = source.encode()
    if read(path) != data:
        _prune(path.parent)
        write(path, data)
    try:
        return _load(name, path)
    except _DAMAGED:
        for stale in (path.parent / "__pycache__").glob(f"{name}*"):
            stale.unlink(missing_ok=True)
        return _load(name, path)


def _prune(kept: Path) -> None:
    """Forget the older half of the entries when there are too many."""
    sources = [*kept.glob("emlc_*.py"), *kept.glob("emlc_*.o")]
    if len(sources) < _MOST:
        return
    sources.sort(key=lambda path: path.stat().st_mtime)
    for source in sources[: _MOST // 2]:
        for stale in (source, *(kept / "__pycache__").glob(f"{source.stem}*")):
            stale.unlink(missing_ok=True)


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    made = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(made)
    except BaseException:
        del sys.modules[name]
        raise
    return made


_SEAL = b"emlc object 1\n"


def sealed(path: Path) -> bytes | None:
    """What `seal` wrote; None when there is nothing or when it is damaged."""
    data = read(path)
    start = len(_SEAL) + 32
    if data is None or data[: len(_SEAL)] != _SEAL:
        return None
    body = data[start:]
    return body if hashlib.sha256(body).digest() == data[len(_SEAL) : start] else None


def seal(path: Path, data: bytes) -> None:
    """Write data with what tells whether it is whole; a full or read-only disk is no error."""
    try:
        if "_0" in path.name:  # now and then
            _prune(path.parent)
        write(path, _SEAL + hashlib.sha256(data).digest() + data)
    except OSError:
        return
