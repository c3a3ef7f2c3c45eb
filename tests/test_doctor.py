"""What `emlc doctor` finds, and what it deletes."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import emlc.cli.doctor as doctor


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder with three files of emlc's and one of somebody else's."""
    folder = tmp_path / "kept"
    (folder / "__pycache__").mkdir(parents=True)
    name = "emlc_" + "0" * 32
    for path in (f"{name}.py", f"{name}.o", f"__pycache__/{name}.f-1.py311.1.nbc"):
        (folder / path).write_bytes(b"x" * 1000)
    (folder / "thesis.tex").write_text("mine")
    monkeypatch.setenv("EMLC_CACHE_DIR", str(folder))
    return folder


def test_what_is_installed(emlc: Any, kept: Path) -> None:
    done = emlc("doctor", "--json")
    assert done.status == 0 and done.json["ok"]
    assert done.json["packages"]["numpy"] == {"ok": True, "text": metadata.version("numpy")}
    assert set(done.json["extras"]) >= {"dot", "png", "test"}
    assert done.json["cache"]["folder"]["text"] == str(kept)
    assert done.json["cache"]["holds"]["text"] == "3 files, 3.0 kB"
    assert "  ok  numpy " in emlc("doctor").out


def test_the_cache_is_cleared_of_what_emlc_put_there(emlc: Any, kept: Path) -> None:
    assert "deleted  3 files, 3.0 kB" in emlc("doctor", "--clear-cache").out
    assert [path.name for path in kept.rglob("*") if path.is_file()] == ["thesis.tex"]


def test_a_missing_package_is_named(emlc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["numpy>=999", "nowhere-to-be-found>=1.2", "absent>=3; extra == 'more'"]
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: needs)
    done = emlc("doctor", "--json")
    assert done.status == 1 and not done.json["ok"]
    assert done.json["packages"]["nowhere-to-be-found"]["text"] == "not installed; at least 1.2"
    assert done.json["packages"]["numpy"]["text"].endswith("at least 999")
    assert done.json["extras"]["more"]["text"] == "lacks absent: pip install 'emlc[more]'"
