"""A private folder for generated source and compiled kernels, one per user.

Entries are named by what they hold, written whole or not at all, and read back only when intact.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import pickle
import shutil
import stat
import sys
import tempfile
import time
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

from emlc.files import whole

_MOST = 1000
_LEFT = 3600.0  # seconds after which an unfinished file is nobody's

# What numba and Python raise when they load a damaged or foreign entry.
DAMAGED = (pickle.UnpicklingError, EOFError, LookupError, ValueError, AttributeError, ImportError)


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
    """Write an entry whole or not at all, in the place of whatever bears its name."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    elif read(path) is None:
        path.unlink(missing_ok=True)  # its rights would be the new one's
    with whole(path) as file:
        file.write(data)


def read(path: Path) -> bytes | None:
    """What the file holds; None when it cannot be read, is no file or belongs to somebody else."""
    try:
        found = path.lstat()
        mine = os.name != "posix" or found.st_uid == os.getuid()
        return path.read_bytes() if mine and stat.S_ISREG(found.st_mode) else None
    except OSError:
        return None


class _Source(SourceFileLoader):
    """Runs the text that was checked, and leaves no byte code, which nobody would check."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        super().__init__(name, str(path))
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._source, self.path)


def module(source: str, *versions: str) -> ModuleType:
    """Import generated Python source; a file in the cache folder has it, for tracebacks and numba.

    >>> module("answer = 42").answer
    42
    """
    name = f"emlc_{key(source, *versions)}"
    found = sys.modules.get(name)
    if found is not None:
        return found
    path = folder() / f"{name}.py"
    data = source.encode()
    if read(path) != data:
        with suppress(OSError):  # a full disk; the source is run all the same
            _prune(path.parent)
            write(path, data)
    spec = spec_from_loader(name, _Source(name, path, source))
    assert spec is not None and spec.loader is not None
    made = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(made)
    except BaseException:
        del sys.modules[name]
        raise
    return made


def _prune(kept: Path) -> None:
    """Forget the older half of the entries when there are too many, and what a kill left behind."""
    for left in kept.glob(".*.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT:
                left.unlink()
    entries = [(age(path), path) for path in (*kept.glob("emlc_*.py"), *kept.glob("emlc_*.o"))]
    if len(entries) >= _MOST:
        for _, stale in sorted(entries)[: _MOST // 2]:
            with suppress(OSError):
                stale.unlink()


def age(path: Path) -> float:
    """When the file was made; another process may have deleted it by now."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


_SEAL = b"emlc object 2\n"


def sealed(path: Path) -> bytes | None:
    """What `seal` wrote under this name; None when there is nothing or when it is damaged."""
    data = read(path)
    start = len(_SEAL) + 32
    if data is None or data[: len(_SEAL)] != _SEAL:
        return None
    body = data[start:]
    return body if _digest(path, body) == data[len(_SEAL) : start] else None


def seal(path: Path, data: bytes) -> None:
    """Write data with what tells whether it is whole; a full or read-only disk is no error."""
    try:
        if "_0" in path.name:  # now and then
            _prune(path.parent)
        write(path, _SEAL + _digest(path, data) + data)
    except OSError:
        return


def _digest(path: Path, body: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + b"\n" + body).digest()
