"""Targets whose smallest size is known: what a search from a clean process finds and proves.

python benchmarks/settled.py [--seconds 60] [--mode exact|shortest] [TARGET ...]

Prints the size found, the bound, whether it is conditional, CPU and wall seconds of the whole
command, imports included; and whether it meets the size of the list.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

# The smallest sizes known in mode shortest: right except at isolated points.
SIZES = {
    "-1": 15, "2": 19, "1/2": 29, "3": 29, "4": 39, "1/e": 17, "-2": 25, "-1/2": 29, "2/3": 39,
    "-x": 15, "1/x": 15, "x-1": 11, "x+1": 19, "x/2": 29, "2*x": 19, "x^2": 17, "sqrt(x)": 35,
    "sigmoid(x)": 29, "x+y": 19, "x-y": 11, "x*y": 17, "x/y": 17, "x^y": 25, "log(y, x)": 29,
    "ln(1+x)": 25, "ln(exp(x)+exp(y))": 27, "1-x": 11, "exp(-x)": 17, "x*ln(x)": 23, "x^3": 25,
    "1-x^2": 27, "1+x^2": 31, "1/x^2": 23, "x^x": 25, "x+ln(y)": 17, "x+exp(y)": 19,
    "x*ln(y)": 23, "ln(1+exp(x))": 25, "x^4": 33, "3*x": 29, "1/(1+x)": 33, "(1+x)/(1-x)": 33,
    "2*sinh(x)": 21, "2*cosh(x)": 29, "e*x": 19, "x/e": 19, "x+e": 19, "-x*y": 29, "-x-y": 25,
    "exp(x)-1": 5, "-ln(x)": 13, "exp(-x^2)": 29, "x/(1+x)": 29, "x/3": 35, "1/sqrt(x)": 35,
}  # fmt: skip


def run(target: str, mode: str, seconds: float) -> tuple[str, bool]:
    """One line of the table, and whether the size was found and proved."""
    command = [sys.executable, "-m", "emlc", "search", target, "--json", "--mode", mode]
    before, begun = os.times(), time.monotonic()
    done = subprocess.run([*command, "--time", str(seconds)], capture_output=True, check=False)
    after, wall = os.times(), time.monotonic() - begun
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    said = json.loads(done.stdout)
    k = said["found"][0]["k"] if said["found"] else 0
    bound = f"{said['lower_bound']}{'?' if said['conditional'] else ''}"
    settled = k == said["lower_bound"] and not said["conditional"]
    fits = settled and k <= SIZES.get(target, k)
    verdict = said["found"][0]["verdict"]["status"] if k else ""
    line = f"{target:20s} {SIZES.get(target, 0):5d} {k:5d} {bound:>6s} {cpu:7.1f} {wall:7.1f}"
    return f"{line}  {verdict:8s}{'' if fits else '  <--'}", fits


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("targets", nargs="*", help="after -- if one begins with a minus")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--mode", default="shortest")
    asked = parser.parse_args()
    targets = asked.targets or list(SIZES)
    print("target               known     K  bound   CPU s  wall s  verdict", flush=True)
    fit = 0
    for target in targets:
        line, fits = run(target, asked.mode, asked.seconds)
        print(line, flush=True)
        fit += fits
    print(f"{fit} of {len(targets)} found and proved")


if __name__ == "__main__":
    main()
