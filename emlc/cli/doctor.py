"""emlc doctor: what is installed, and what emlc can do with it."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import click

from emlc import __version__
from emlc.cli.command import Command, common
from emlc.cli.report import document, fitted, paint, result
from emlc.errors import EmlcError

# Programs that emlc calls where they are installed, and what for.
_PROGRAMS = {
    "dot": "joins shared subtrees in pictures",
    "cc": "compiles exported C",
    "chromium": "tests of the explorer's page",
}
_FEATURES = ("sse4_2", "avx", "avx2", "fma", "avx512f", "asimd", "sve")
_PATHS = re.compile(r"emlc_\w+\.(?:py|o|so)|emlc_\w+\.\S+\.(?:pyc|nbi|nbc)")
_KERNELS = "kernels-*/*/*.nb[ic]"


class Found(NamedTuple):
    """One line of the report: ok is None for what nothing depends on."""

    name: str
    ok: bool | None
    text: str


@click.command(cls=Command, short_help="Say what is installed and where the cache is.")
@click.option("--clear-cache", is_flag=True, help="Delete what emlc compiled and kept.")
@common
def command(clear_cache: bool, as_json: bool) -> int:
    """Say what is installed, what the machine has, and where compiled code is kept.

    Exit status 1 says that a package emlc cannot do without is missing or too old.
    """
    freed = _clear() if clear_cache else None
    sections = {
        "emlc": _itself(),
        "packages": _packages(""),
        "extras": _extras(),
        "programs": [_program(*item) for item in _PROGRAMS.items()],
        "cache": _cache(freed),
    }
    good = all(line.ok is not False for name in ("emlc", "packages") for line in sections[name])
    if as_json:
        document(ok=good, **{name: _entries(lines) for name, lines in sections.items()})
    else:
        result("\n\n".join(_section(name, lines) for name, lines in sections.items()))
    return 0 if good else EmlcError.exit_code


def _entries(lines: list[Found]) -> dict[str, dict[str, Any]]:
    return {line.name: {"ok": line.ok, "text": line.text} for line in lines}


def _section(name: str, lines: list[Found]) -> str:
    wide = max(len(line.name) for line in lines)
    marks: dict[bool | None, str] = {
        True: paint("ok", "green", sys.stdout),
        False: paint("--", "red", sys.stdout),
    }
    shown = (
        f"  {marks.get(line.ok, '  ')}  {line.name:<{wide}}  {fitted(line.text, wide + 8)}"
        for line in lines
    )
    return "\n".join([paint(name, "bold", sys.stdout), *(text.rstrip() for text in shown)])


# -- what there is -----------------------------------------------------------------------------


def _itself() -> list[Found]:
    from emlc.lower.threads import processors

    python = platform.python_version()
    return [
        Found("emlc", None, __version__),
        Found("python", sys.version_info >= (3, 11), f"{python} ({sys.executable})"),
        Found("system", None, f"{platform.system()} {platform.release()}, {platform.machine()}"),
        Found(
            "processor", None, f"{processors()} cores, {' '.join(_features()) or 'no vector units'}"
        ),
    ]


def _features() -> list[str]:
    """The vector units that the system names."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    words = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.M)
    known = set(words[1].split()) if words else set()
    return [name for name in _FEATURES if name in known]


def _needs() -> list[tuple[str, str, str]]:
    """Name, least version and extra of every package in emlc's own description."""
    try:
        texts = metadata.requires("emlc") or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for text in texts:
        match = re.match(r"([\w.-]+)(?:\[[^\]]*\])?\s*(?:>=\s*([\d.]+))?[^;]*(.*)", text)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", text)
        if match and match[1] != "emlc":
            found.append((match[1], match[2] or "0", extra[1] if extra else ""))
    return found


def _packages(extra: str) -> list[Found]:
    """The packages of an extra, the needed ones without."""
    return [_package(name, least) for name, least, of in _needs() if of == extra]


def _package(name: str, least: str) -> Found:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Found(name, False, f"not installed; at least {least}")
    enough = _numbers(version) >= _numbers(least)
    return Found(name, enough, version if enough else f"{version}; at least {least}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def _extras() -> list[Found]:
    """Every extra, with the packages that it lacks."""
    lines = []
    for extra in dict.fromkeys(of for _, _, of in _needs() if of):
        missing = [line.name for line in _packages(extra) if not line.ok]
        text = f"lacks {', '.join(missing)}: pip install 'emlc[{extra}]'" if missing else ""
        lines.append(Found(extra, not missing, text))
    return lines


def _program(name: str, use: str) -> Found:
    if name == "dot":
        from emlc.render.dot import dot_program

        path = dot_program()
    else:
        path = shutil.which(name)
    return Found(name, path is not None, f"{use}; {path or 'not installed'}")


# -- the cache ---------------------------------------------------------------------------------


def _files() -> list[Path]:
    """What emlc keeps; nothing else that lies in the folder."""
    from emlc.lower.cache import folder

    places = (folder(), folder() / "__pycache__")
    files = [path for place in places if place.is_dir() for path in place.iterdir()]
    kept = [path for path in files if _PATHS.fullmatch(path.name) and path.is_file()]
    return [*kept, *folder().glob(_KERNELS)]


def _cache(freed: tuple[int, int] | None) -> list[Found]:
    from emlc.lower.cache import folder

    files = _files()
    lines = [
        Found("folder", None, str(folder())),
        Found("holds", None, f"{len(files)} files, {_size(_bytes(files))}"),
    ]
    if freed is not None:
        lines.append(Found("deleted", None, f"{freed[0]} files, {_size(freed[1])}"))
    return lines


def _clear() -> tuple[int, int]:
    """Delete the kept files; how many they were, and how large."""
    files = _files()
    size = _bytes(files)
    for path in files:
        path.unlink(missing_ok=True)
    return len(files), size


def _bytes(files: list[Path]) -> int:
    return sum(path.stat().st_size for path in files if path.exists())


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
