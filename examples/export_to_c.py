"""Export a formula to C and call it from Python, when a C compiler is there.

Run it: python examples/export_to_c.py
"""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
import tempfile
from pathlib import Path

import emlc
from emlc.lower.export import export

SOURCE = "amplitude * exp(-(x/width)^2)"

code = export(emlc.parse(SOURCE).root, "c", name="bump")
print(code)

cc = shutil.which("cc")
if cc is None:
    print("no C compiler here: nothing to run")
    raise SystemExit

with tempfile.TemporaryDirectory() as folder:
    source, library = Path(folder, "bump.c"), Path(folder, "bump.so")
    source.write_text(code, encoding="utf-8")
    command = [cc, "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-lm"]
    subprocess.run(command, check=True)
    bump = ctypes.CDLL(str(library)).bump
    bump.argtypes = [ctypes.c_double] * 3  # the variables in alphabetical order
    bump.restype = ctypes.c_double
    for x in (-1.5, 0.0, 0.25, 3.0):
        value, expected = bump(2.0, 0.5, x), 2 * math.exp(-((x / 0.5) ** 2))
        assert math.isclose(value, expected, rel_tol=1e-14), (x, value, expected)
        print(f"bump(2, 0.5, {x}) = {value:.15g}")
