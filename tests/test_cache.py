"""The cache folder: private, whole at any moment, and of no harm when it is damaged."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from emlc.lower import cache, jit


def test_folder_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMLC_CACHE_DIR", str(tmp_path / "mine"))
    assert cache.folder() == tmp_path / "mine"
    monkeypatch.delenv("EMLC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache.folder() == tmp_path / "cache" / "emlc"
    if os.name == "posix":
        assert stat.S_IMODE(cache.folder().stat().st_mode) == 0o700


def test_a_folder_that_is_not_ours_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        monkeypatch.setenv("EMLC_CACHE_DIR", str(tmp_path / name))
        used = cache.folder()
        assert used.is_dir()
        assert tmp_path not in used.parents


def test_entries_are_found_again_and_damage_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMLC_CACHE_DIR", str(tmp_path))
    code = (
        "from emlc.parse import parse; from emlc.lower.direct import direct;"
        "print(direct(parse('x*x - 3').root)(2.0))"
    )

    def run() -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        return done.stdout + done.stderr

    assert run() == "1.0\n"
    kept = {p: p.stat().st_mtime_ns for p in tmp_path.glob("emlc_*.o")}
    assert len(kept) >= 2
    assert not any(b"x*x" in path.read_bytes() for path in kept)
    assert run() == "1.0\n"
    assert {p: p.stat().st_mtime_ns for p in tmp_path.glob("emlc_*.o")} == kept
    for k, path in enumerate(kept):
        path.write_bytes(b"\x7fELFdamaged" if k else path.read_bytes()[:-9])
    assert run() == "1.0\n"


# -- many processes, kills and damage ------------------------------------------------------------

_WRITER = """
import sys, random
from pathlib import Path
from emlc.lower.cache import seal, sealed
folder, rng, size = Path(sys.argv[1]), random.Random(sys.argv[2]), int(sys.argv[4])
for _ in range(int(sys.argv[3])):
    path = folder / f"emlc_{rng.randrange(4)}.o"
    seal(path, path.name.encode() * size)
    path = folder / f"emlc_{rng.randrange(4)}.o"
    assert sealed(path) in (None, path.name.encode() * size), path
"""


def writer(folder: Path, seed: int, rounds: int, size: int) -> subprocess.Popen[bytes]:
    words = [str(folder), str(seed), str(rounds), str(size)]
    return subprocess.Popen([sys.executable, "-c", _WRITER, *words])


def test_eight_processes_at_once(tmp_path: Path) -> None:
    running = [writer(tmp_path, seed, 150, 2000) for seed in range(8)]
    assert [process.wait() for process in running] == [0] * 8
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"emlc_{k}.o" for k in range(4)]


def test_a_kill_in_the_middle_of_a_write_leaves_what_was_there(tmp_path: Path) -> None:
    """Entries of 8 MB, killed at a random moment after a write began."""
    rng = random.Random(1)
    size = 1_000_000
    for k in range(4):
        cache.seal(tmp_path / f"emlc_{k}.o", f"emlc_{k}.o".encode() * size)
    unfinished = 0
    for seed in range(40):
        process = writer(tmp_path, seed, 10_000, size)
        while not list(tmp_path.glob(".*.tmp")):
            time.sleep(0.001)
        time.sleep(0.01 * rng.random())
        process.kill()
        process.wait()
        unfinished += len(list(tmp_path.glob(".*.tmp")))
        for k in range(4):
            path = tmp_path / f"emlc_{k}.o"
            assert cache.sealed(path) == path.name.encode() * size
        if seed >= 5 and unfinished:
            return
    raise AssertionError("no kill met a write")


def test_the_older_half_of_a_thousand_entries_and_old_leavings_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMLC_CACHE_DIR", str(tmp_path))
    entries = [tmp_path / f"emlc_{k}.{'o' if k % 2 else 'py'}" for k in range(1000)]
    left, fresh = tmp_path / ".left.tmp", tmp_path / ".fresh.tmp"
    for age, path in enumerate((*entries, left)):
        path.touch()
        os.utime(path, (age, age))
    fresh.touch()
    made = Path(str(cache.module("answer = 43\n").__file__))
    assert {*tmp_path.iterdir()} == {*entries[500:], fresh, made}
    # one fewer than a thousand stay as they are
    for path in entries[:498]:
        path.touch()
    cache.module("answer = 44\n")
    assert len(list(tmp_path.glob("emlc_*"))) == 1000


def _other(path: Path) -> None:
    """A whole entry, but of another name."""
    twin = path.with_name(f"twin{path.suffix}")
    cache.seal(twin, b"\x80\x04]\x94.")
    twin.replace(path)


def _link(path: Path) -> None:
    """A link to a whole entry that stands elsewhere."""
    (path.parent / "elsewhere").mkdir(exist_ok=True)
    path.replace(path.parent / "elsewhere" / path.name)
    path.symlink_to(path.parent / "elsewhere" / path.name)


def _folder(path: Path) -> None:
    path.unlink()
    (path / "below").mkdir(parents=True)


def _pipe(path: Path) -> None:
    """Reading it would wait for ever."""
    path.unlink()
    os.mkfifo(path)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "one bit": lambda path: path.write_bytes(
        path.read_bytes()[:-200] + bytes([path.read_bytes()[-200] ^ 1]) + path.read_bytes()[-199:]
    ),
    "foreign": lambda path: path.write_text("import os; os._exit(9)"),
    "another entry": _other,
    "folder": _folder,
}
if os.name == "posix":
    DAMAGE |= {"link": _link, "pipe": _pipe, "locked": lambda path: path.chmod(0)}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_seen(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "emlc_1.o"
    cache.seal(path, bytes(1000))
    assert cache.sealed(path) == bytes(1000)
    DAMAGE[damage](path)
    assert cache.sealed(path) is None or (damage == "locked" and os.getuid() == 0)
    cache.seal(path, b"new")
    assert cache.sealed(path) == b"new"


_KERNEL = "from emlc.lower.slots import mixed; import sys; sys.stdout.write(str(mixed(5)))"


def test_damaged_kernels_are_made_again(tmp_path: Path) -> None:
    """A kernel of numba's, damaged and mended in one way after the other."""
    environment = {**os.environ, "EMLC_CACHE_DIR": str(tmp_path)}

    def run() -> str:
        done = subprocess.run(
            [sys.executable, "-c", _KERNEL], capture_output=True, text=True, env=environment
        )
        return done.stdout + done.stderr

    want = run()
    assert want.isdigit()
    for name in ("one bit", "another entry"):
        (path,) = tmp_path.rglob("*.nbc")
        assert cache.sealed(path), name
        DAMAGE[name](path)
        assert run() == want, name
    assert cache.sealed(path)


def test_a_kernel_is_kept_by_the_files_whose_code_it_holds() -> None:
    """Whatever compiled function it calls; and not by the files that only call it."""
    home = Path(jit.__file__).parents[1]
    called = 0
    for source in sorted(home.rglob("*.py")):
        if "lower.jit import" not in source.read_text("utf-8"):
            continue
        module = import_module(".".join(source.relative_to(home.parent).with_suffix("").parts))
        kernels = [f for f in vars(module).values() if hasattr(f, "py_func")]
        own = [f.py_func.__code__ for f in kernels if f.py_func.__module__ == module.__name__]
        held = {path.name for path in jit.behind(source)}
        for name in {name for code in own for name in code.co_names}:
            function = getattr(getattr(module, name, None), "py_func", None)
            if function is not None:
                called += function.__module__ != module.__name__
                assert Path(function.__code__.co_filename).name in held, (source.name, name)
    assert called > 50


def test_an_edit_elsewhere_leaves_kernels_as_they_are(tmp_path: Path) -> None:
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text("from emlc.regress.values import (\n    eml,\n    difference,\n)\n")
    second.write_text("import emlc.regress.order\n")
    held = [{path.name for path in jit.behind(path)} for path in (first, second)]
    assert {"first.py", "values.py"} < held[0]
    assert {"second.py", "order.py"} < held[1]
    assert "fit.py" not in held[0] | held[1]


def test_generated_source_runs_from_a_disk_that_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMLC_CACHE_DIR", str(tmp_path / "gone"))
    cache.folder().rmdir()
    assert cache.module("answer = 45\n").answer == 45


def test_generated_source_that_somebody_changed_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMLC_CACHE_DIR", str(tmp_path))
    made = cache.module("answer = 41\n")
    path = Path(str(made.__file__))
    path.write_text("raise SystemExit\n")
    del sys.modules[made.__name__]
    assert cache.module("answer = 41\n").answer == 41
    assert path.read_text() == "answer = 41\n"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give files away")
def test_an_entry_that_belongs_to_somebody_else_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "emlc_1.o"
    cache.seal(path, b"data")
    assert cache.sealed(path) == b"data"
    os.chown(path, 12345, 12345)
    assert cache.sealed(path) is None


def test_a_full_disk_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder can be made below a file."""
    (tmp_path / "file").touch()
    cache.seal(tmp_path / "file" / "emlc_1.o", b"data")
    assert cache.sealed(tmp_path / "file" / "emlc_1.o") is None
