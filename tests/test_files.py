"""Files that are written whole or not at all, and checkpoints that nobody has touched."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emlc.errors import ArgumentError
from emlc.files import Checkpoint, output


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond a page."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_output_is_whole_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "out.txt"
    with full_disk(), pytest.raises(OSError, match=r"out\.txt"), output(file) as stream:
        stream.write(bytes(10_000))
    assert names(tmp_path) == []
    file.write_bytes(b"before")
    file.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(file)
    with pytest.raises(KeyboardInterrupt), output(link) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert file.read_bytes() == b"before" and names(tmp_path) == ["link", "out.txt"]
    with output(link) as stream:
        stream.write(b"whole")
    assert link.is_symlink() and file.read_bytes() == b"whole"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    with output("/dev/null") as stream:
        stream.write(b"gone")
    with pytest.raises(OSError, match="nowhere"), output(tmp_path / "nowhere" / "out.txt"):
        pass


BODY = b"what is\nknown \0\xff"


def kept(path: Path) -> Checkpoint:
    return Checkpoint(path, "a test")


def test_a_checkpoint_is_read_as_it_was_saved_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    first = kept(file)
    assert first.read() is None
    first.save(BODY)
    data = file.read_bytes()
    assert kept(file).read() == BODY
    for place in range(len(data)):
        for bad in (data[:place], data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]):
            file.write_bytes(bad)
            with pytest.raises(ArgumentError, match="is not a checkpoint of a test, or damaged"):
                kept(file).read()
    older = data[: -len("sha256 ") - 65].replace(b"\nemlc ", b"\nemlc 0.0.") + b"sha256 "
    file.write_bytes(older + hashlib.sha256(older).hexdigest().encode() + b"\n")
    with pytest.raises(ArgumentError, match=r"was written by emlc 0\.0\."):
        kept(file).read()


def test_a_checkpoint_that_cannot_be_written_costs_no_result(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    run = kept(file)
    run.save(BODY)
    with full_disk(), pytest.warns(RuntimeWarning, match="kept was not written: File too large"):
        run.save(bytes(10_000))
    assert names(tmp_path) == ["kept"] and kept(file).read() == BODY
    run.save(b"more")
    assert kept(file).read() == b"more"
    (tmp_path / ".kept.0.tmp").write_bytes(b"by a run that was killed")
    kept(file)
    assert names(tmp_path) == ["kept"]
    for bad in (tmp_path, tmp_path / "nowhere" / "kept", Path(os.devnull)):
        with pytest.raises(ArgumentError, match="cannot be written"):
            kept(bad)


def test_of_two_runs_the_second_leaves_the_checkpoint_alone(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    first, second = kept(file), kept(file)
    assert first.read() is second.read() is None
    first.save(b"1")
    with pytest.warns(RuntimeWarning, match="another run writes to it"):
        second.save(b"2")
    second.save(b"3")
    first.save(b"4")
    assert kept(file).read() == b"4"
