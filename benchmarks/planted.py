"""Random trees of up to 31 nodes, planted as targets: the search must never need more nodes.

python benchmarks/planted.py [--count 500]

Each target is the value of a random tree within the terms of the bounds; it is missed when no tree
of that size or less is found. The raw enumeration of the tests agrees with the table besides.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from test_search import planted, table

from emlc.search.meet import meeting
from emlc.search.table import find

ALPHABETS = (("1", 21, 31, 0.6), ("1x", 15, 31, 0.4))
MEMORY_NEEDS = 4_000_000


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=500)
    count = options.parse_args().count
    missed = 0
    for alphabet, size, most, share in ALPHABETS:
        t = table(alphabet, size)
        begun, smaller, tried = time.process_time(), 0, 0
        for rpn, target in planted(alphabet, most, int(share * count)):
            tried += 1
            n = int(find(t.slots, t.value, target[None, :]))
            if n >= 0:
                smaller += len(t.rpn(n)) < len(rpn)
                continue
            m = meeting(t, target[None, :], MEMORY_NEEDS)
            sizes = range(t.size + 2, len(rpn) + 1, 2)
            found = next((k for k in sizes if m.through(k, len(rpn))), 0)
            smaller += 0 < found < len(rpn)
            if not found:
                missed += 1
                print("missed:", rpn)
        seconds = time.process_time() - begun
        print(
            f"{{{', '.join(alphabet)}}}: {tried} planted, up to {most} nodes, {smaller} have "
            f"smaller trees, {missed} missed, {seconds:.1f} CPU s"
        )
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
