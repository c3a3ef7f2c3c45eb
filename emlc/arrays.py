"""Files of numpy's arrays, which anybody may have written or damaged."""

from __future__ import annotations

import struct
import tokenize
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from emlc import limits
from emlc.errors import LimitError, ParseError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What numpy and zipfile raise when they read what is no such file.
_DAMAGED = (
    ValueError, TypeError, LookupError, AttributeError, EOFError, SyntaxError, ArithmeticError,
    RuntimeError, struct.error, zlib.error, tokenize.TokenError, zipfile.BadZipFile,
)  # fmt: skip


def load(path: str) -> dict[str, NDArray[Any]] | NDArray[Any]:
    """The array of an .npy file, or those of an .npz file by name; no objects are unpickled.

    Raises ParseError for what is no such file, LimitError for one beyond `limits.ARRAY_BYTES`,
    OSError.
    """
    with open(path, "rb") as file:
        return read(file, path)


def read(file: BinaryIO, name: str) -> dict[str, NDArray[Any]] | NDArray[Any]:
    """What `load` makes of an open file, which is called by that name in errors."""
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if zipfile.is_zipfile(file):
                _check_size(name, zipfile.ZipFile(file).infolist())
            file.seek(0)
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return found
            with found:
                return {key: found[key] for key in found.files}
        except _DAMAGED as error:
            raise ParseError(f"{name} is not an array file: {error}") from None


def _check_size(path: str, members: list[zipfile.ZipInfo]) -> None:
    size = sum(member.file_size for member in members)
    if size > limits.ARRAY_BYTES:
        raise LimitError(
            f"{path} holds {size:,} bytes of arrays, beyond the limit of {limits.ARRAY_BYTES:,}",
            hint=limits.another("ARRAY_BYTES"),
        )
