"""Files that are written whole or not at all, and checkpoints that say whether they are intact."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from emlc.errors import ArgumentError

_HINT = "name another file, or delete it to begin anew"
_SEAL = re.compile(rb"\nemlc (\S+) sha256 [0-9a-f]{64}\n\Z")


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes its place when the block has ended well, and not before.

    Its rights are those of the file that it replaces. Raises OSError.
    """
    made = path.with_name(f".{path.name[:100]}.{os.urandom(6).hex()}.tmp")
    try:
        with open(made, "xb") as file:
            yield file
        with suppress(FileNotFoundError):
            made.chmod(stat.S_IMODE(path.stat().st_mode))
        os.replace(made, path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


@contextmanager
def output(name: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file for a result: whole or not at all, unless it is a device or its folder is read-only.

    Raises OSError with the name that was given.
    """
    path = Path(os.path.realpath(name))
    usual = not path.exists() or (path.is_file() and os.access(path, os.W_OK))
    try:
        if usual and os.access(path.parent, os.W_OK):
            with whole(path) as file:
                yield file
        else:
            with open(path, "wb") as file:
                yield file
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(name)) from None


class Checkpoint:
    """The file of one run, which goes on from it. Raises ArgumentError where it cannot be written.

    `kind` is what the run is, in words.
    """

    def __init__(self, path: str | os.PathLike[str], kind: str) -> None:
        self.name, self.kind = os.fspath(path), kind
        self.path = Path(os.path.realpath(path))
        folder = self.path.parent
        if not (os.access(folder, os.W_OK) and (_when(self.path) is None or self.path.is_file())):
            raise ArgumentError(f"the checkpoint {self.name} cannot be written")
        for left in folder.glob(f".{glob.escape(self.path.name[:100])}.*.tmp"):
            left.unlink(missing_ok=True)  # by a run that was killed while it wrote
        self._seen: tuple[int, int] | None = None
        self._ours = True

    def read(self) -> bytes | None:
        """What was saved; None where there is no file. Raises ArgumentError for any other file."""
        self._seen = _when(self.path)
        if self._seen is None:
            return None
        try:
            data = self.path.read_bytes()
        except OSError:
            raise self.refusal() from None
        found = _SEAL.search(data)
        if found is None or data != _sealed(data[: found.start()], found[1]):
            raise self.refusal()
        if found[1] != _version():
            raise self.refusal(f"was written by emlc {found[1].decode()}, which this is not")
        return data[: found.start()]

    def refusal(self, why: str = "") -> ArgumentError:
        """The error for a file that this run cannot go on from."""
        why = why or f"is not a checkpoint of {self.kind}, or damaged"
        return ArgumentError(f"{self.name} {why}", hint=_HINT)

    def save(self, body: bytes) -> None:
        """Write it whole or not at all; a full disk and a second writer cost a warning, no result.

        What a second run has written meanwhile stays.
        """
        if not self._ours:
            return
        if _when(self.path) not in (None, self._seen):
            self._ours = False
            self._warn("another run writes to it")
            return
        try:
            with whole(self.path) as file:
                file.write(_sealed(body, _version()))
            self._seen = _when(self.path)
        except OSError as error:
            self._warn(error.strerror)

    def _warn(self, why: str | None) -> None:
        problem = f"the checkpoint {self.name} was not written: {why}"
        warnings.warn(problem, RuntimeWarning, stacklevel=4)


def _version() -> bytes:
    return str(sys.modules[__package__].__version__).encode()


def _sealed(body: bytes, version: bytes) -> bytes:
    """The body with what tells which version wrote it, and whether it is as it was written."""
    data = body + b"\nemlc " + version + b" sha256 "
    return data + hashlib.sha256(data).hexdigest().encode() + b"\n"


def _when(path: Path) -> tuple[int, int] | None:
    """What tells one version of a file from the next."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
