"""Search: the table against raw enumeration in exact arithmetic, planted trees, public results."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emlc import files
from emlc.errors import ArgumentError, EmlcError
from emlc.ir.tape import flatten
from emlc.parse import parse, parse_tree
from emlc.search import search, work
from emlc.search.exact import (
    TooLarge,
    Undefined,
    exp_exact,
    ln_exact,
    minus_exact,
    over_exact,
    times_exact,
)
from emlc.search.goal import first_failure, goal
from emlc.search.halfturn import RANGE
from emlc.search.meet import meeting
from emlc.search.progress import Progress
from emlc.search.shards import Shard, run_shard
from emlc.search.table import CELL_BITS, Table, begin, find, grow

X = 0.5772156649015329
ALPHABETS = {"1": {"1": 1.0}, "1x": {"1": 1.0, "x": X}}


def evaluate_exact(rpn: Iterable[str], values: Mapping[str, Any], mp: Any) -> Any:
    """The value of a tree; raises Undefined or TooLarge."""
    stack: list[Any] = []
    for token in rpn:
        if token == "E":
            y, x = stack.pop(), stack.pop()
            stack.append(minus_exact(mp, exp_exact(mp, x), ln_exact(mp, y)))
        else:
            stack.append((mp.mpf(1), mp.mpf(0)) if token == "1" else values[token])
    return stack.pop()


@cache
def exact_context() -> Any:
    from mpmath import MPContext

    mp = MPContext()
    mp.dps = 60
    return mp


def row(v: Any) -> np.ndarray[Any, Any]:
    """An exact value as a row of six doubles, plain or, when huge or tiny, its logarithm."""
    mp = exact_context()
    form = 0.0
    if not mp.isinf(v[0]) and (v[0] or v[1]):
        size = max(abs(v[0]), abs(v[1]))
        if abs(mp.log(size)) > 600:
            v, form = ln_exact(mp, v), 1.0
    a, b = float(v[0]), float(v[1])
    low = 0.0 if mp.isinf(v[0]) else float(v[0] - mp.mpf(a))
    return np.array([a, low, b, float(v[1] - mp.mpf(b)), 1e-28 * max(abs(a), abs(b)), form])


@cache
def table(alphabet: str, size: int) -> Table:
    leaves = {t: np.array([[v, 0.0, 0.0, 0.0, 0.0, 0.0]]) for t, v in ALPHABETS[alphabet].items()}
    made = begin(leaves, finite=False, capacity=2_000_000)
    assert grow(made, size)
    return made


def within_terms(e: Any, n: Any, v: Any) -> bool:
    mp = exact_context()
    if any(mp.isinf(z[0]) for z in (e, n, v)):
        return True
    sizes = [s for s in (max(abs(z[0]), abs(z[1])) for z in (e, n, v)) if s]
    return not sizes or max(sizes) <= RANGE * min(sizes)


def raw_trees(alphabet: str, size: int) -> Iterator[tuple[str, Any]]:
    """Every tree of up to `size` nodes within the terms, with its exact value; nothing merged."""
    mp = exact_context()
    by_size: list[list[tuple[str, Any, Any, Any]]] = []

    def entry(rpn: str, v: Any) -> tuple[str, Any, Any, Any]:
        out = []
        for f in (exp_exact, ln_exact):
            try:
                # beyond e^600 a value has the form of a logarithm, whose exp is outside the terms
                inside = f is ln_exact or mp.isinf(v[0]) or not v[0] or row(v)[5] == 0.0
                out.append(f(mp, v) if inside else None)
            except (Undefined, TooLarge):
                out.append(None)
        return rpn, v, out[0], out[1]

    by_size.append([entry(t, (mp.mpf(v), mp.mpf(0))) for t, v in ALPHABETS[alphabet].items()])
    yield from ((rpn, v) for rpn, v, _, _ in by_size[0])
    for s in range(1, (size + 1) // 2):
        made = []
        for i in range(s):
            for left, _, e, _ in by_size[i]:
                for right, _, _, n in by_size[s - 1 - i]:
                    if e is None or n is None:
                        continue
                    try:
                        v = minus_exact(mp, e, n)
                    except Undefined:
                        continue
                    if within_terms(e, n, v):
                        made.append(entry(left + right + "E", v))
                        yield made[-1][:2]
        by_size.append(made)


@pytest.mark.parametrize(("alphabet", "size"), [("1", 15), ("1x", 11)])
def test_table_agrees_with_raw_enumeration(alphabet: str, size: int) -> None:
    t = table(alphabet, size)
    smallest: dict[int, int] = {}
    for rpn, v in raw_trees(alphabet, size):
        n = int(find(t.slots, t.value, row(v)[None, :]))
        assert n >= 0, rpn
        smallest[n] = min(smallest.get(n, 99), len(rpn))
    assert len(smallest) == t.start[-1]
    for n, k in smallest.items():
        assert len(t.rpn(n)) == k


def test_products_and_quotients_in_the_exact_meaning() -> None:
    mp = exact_context()

    def half(z: complex) -> tuple[Any, Any]:
        return mp.mpf(z.real), mp.mpf(z.imag) / mp.pi

    for x, y in ((2 + 1j, 3 - 4j), (1j, 1j), (-2 + 0j, 0.5 + 0j), (3 + 0j, -1j)):
        for f, want in ((times_exact, mp.mpc(x) * y), (over_exact, mp.mpc(x) / y)):
            a, b = f(mp, half(x), half(y))
            assert abs(mp.mpc(a, b * mp.pi) - want) < mp.mpf(10) ** -50
    assert times_exact(mp, half(1 + 1j), half(1 - 1j))[1] == 0  # what cancels is 0
    infinite, zero, two = (mp.inf, mp.mpf(0)), half(0j), half(2 + 0j)
    assert times_exact(mp, infinite, half(-2 + 0j)) == (-mp.inf, 0)
    assert over_exact(mp, two, infinite) == (0, 0)
    for f, x, y in (
        (times_exact, infinite, zero), (times_exact, infinite, half(1j)), (over_exact, two, zero),
        (over_exact, infinite, infinite), (over_exact, two, (mp.inf, mp.mpf(1))),
    ):  # fmt: skip
        with pytest.raises(Undefined):
            f(mp, x, y)


@pytest.mark.parametrize("alphabet", ["1", "1x"])
def test_entries_have_the_value_of_their_tree(alphabet: str) -> None:
    mp = exact_context()
    t = table(alphabet, 15)
    values = {n: (mp.mpf(v), mp.mpf(0)) for n, v in ALPHABETS[alphabet].items()}
    for n in random.Random(5).sample(range(t.start[-1]), min(600, t.start[-1])):
        if t.value[n, 0, 5] == 1.0:
            continue
        want = row(evaluate_exact(t.rpn(n), values, mp))
        got = t.value[n, 0]
        scale = 1e-14 * max(abs(want[0]), abs(want[2]))
        assert got[0] == want[0] or abs(got[0] - want[0]) <= scale, t.rpn(n)
        assert abs(got[2] - want[2]) <= scale or np.isinf(want[0]), t.rpn(n)


def random_tree(rng: random.Random, leaves: str, size: int) -> str:
    if size == 1:
        return rng.choice(leaves)
    left = rng.randrange(1, size - 1, 2)
    return random_tree(rng, leaves, left) + random_tree(rng, leaves, size - 1 - left) + "E"


def planted(alphabet: str, most: int, count: int) -> Iterator[tuple[str, Any]]:
    """Random trees within the terms, with their values."""
    mp = exact_context()
    rng = random.Random(most)
    values = {n: (mp.mpf(v), mp.mpf(0)) for n, v in ALPHABETS[alphabet].items()}
    while count:
        rpn = random_tree(rng, alphabet, rng.randrange(13, most + 1, 2))
        stack: list[Any] = []
        good = True
        try:
            for token in rpn:
                if token != "E":
                    stack.append(values[token])
                    continue
                y, x = stack.pop(), stack.pop()
                e, n = exp_exact(mp, x), ln_exact(mp, y)
                stack.append(minus_exact(mp, e, n))
                good &= mp.isinf(x[0]) or not x[0] or row(x)[5] == 0.0
                good &= within_terms(e, n, stack[-1]) and not mp.isinf(stack[-1][0])
        except (Undefined, TooLarge):
            continue
        if good and row(stack[-1])[5] == 0.0 and abs(stack[-1][1]) < 2.9:
            count -= 1
            yield rpn, row(stack[-1])


@pytest.mark.parametrize(
    ("alphabet", "size", "most", "count"), [("1", 21, 31, 150), ("1x", 13, 21, 60)]
)
def test_planted_trees_are_found(alphabet: str, size: int, most: int, count: int) -> None:
    t = table(alphabet, size)
    for rpn, target in planted(alphabet, most, count):
        if find(t.slots, t.value, target[None, :]) >= 0:
            continue
        m = meeting(t, target[None, :], 200_000)
        sizes = range(t.size + 2, len(rpn) + 1, 2)
        assert any(m.through(k, len(rpn)) for k in sizes), rpn


def near_a_border(v: np.ndarray[Any, Any]) -> bool:
    """Whether the cell of the real part ends within 2 units of its last place."""
    low = int(v[0].view(np.int64)) % 2**CELL_BITS
    return bool(np.isfinite(v[0])) and v[0] != 0.0 and not 2 <= low < 2**CELL_BITS - 2


ONE_UNIT = (1 - 2.0**-52, 1 + 2.0**-52)


def test_values_on_either_side_of_a_border_are_one() -> None:
    t = table("1x", 11)
    tried = 0
    for n in range(t.start[-1]):
        for factor in ONE_UNIT if near_a_border(t.value[n, 0]) else ():
            tried += 1
            v = t.value[n].copy()
            v[0, 0] *= factor
            assert find(t.slots, t.value, v) >= 0, t.rpn(n)
    assert tried > 10


# The last step needs more bits than doubles carry: a difference, an exponential above exp(600).
LOSSY_TREES = ("1111E11E1E11E1E1EEEEE", "111111E1E1EEEEE1E1E1E1E")


@pytest.mark.parametrize("rpn", LOSSY_TREES)
def test_values_that_need_more_bits_are_kept(rpn: str) -> None:
    t = table("1", len(rpn))
    n = int(find(t.slots, t.value, row(evaluate_exact(rpn, {}, exact_context()))[None, :]))
    assert n >= 0
    assert len(t.rpn(n)) == len(rpn)


@pytest.mark.parametrize("way", ["STREAM", "ASK", "UNDO"])
def test_every_way_to_compare_finds_what_is_hard_to_find(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values that need more bits, and those whose parts lie at the border of a cell."""
    for dear in {"STREAM", "ASK", "UNDO"} - {way}:
        monkeypatch.setattr(work, f"_{dear}_NS", 1e15)
    for rpn in LOSSY_TREES:
        target = row(evaluate_exact(rpn, {}, exact_context()))
        m = meeting(table("1", len(rpn) - 2), target[None, :], 1000)
        assert m.through(len(rpn), len(rpn)), rpn
    small, large = table("1x", 11), table("1x", 13)
    tried = 0
    for n in range(*large.block(13)):
        parts = large.value[n, 0], large.exp[large.left[n], 0], large.ln[large.right[n], 0]
        # where a unit of the target is about a unit of the parts, and none of them is ln of 1
        fair = all(0.05 < abs(v[0]) < 8 and v[0] != 1.0 for v in parts)
        for factor in ONE_UNIT if fair and any(map(near_a_border, parts)) else ():
            tried += 1
            target = large.value[n].copy()
            target[0, 0] *= factor
            assert meeting(small, target, 10).through(13, 13), large.rpn(n)
    assert tried > 20


def test_every_branch_of_a_logarithm_is_followed() -> None:
    """Inside, an imaginary part of -pi, which is no principal one: only a turn finds the tree."""
    rpn, t = "11xE1EExEx11E1EEExE", table("1x", 7)
    mp = exact_context()
    values = {n: (mp.mpf(v), mp.mpf(0)) for n, v in ALPHABETS["1x"].items()}
    m = meeting(t, row(evaluate_exact(rpn, values, mp))[None, :], 200_000)
    found = [m.rpn(hit) for size in range(9, 20, 2) for hit in m.through(size, 19)]
    assert found == [list(rpn)]


@pytest.mark.parametrize(
    ("target", "options", "k"),
    [
        ("-x", {}, 15),
        ("-x", {"mode": "finite"}, 17),
        ("x^2", {}, 17),
        ("2", {}, 19),
        ("x*y", {}, 17),
        ("x-y", {}, 11),
        ("x+exp(y)", {}, 19),
        ("-x-y", {}, 25),
        ("ln(x)", {}, 7),
        ("ln(x)", {"domain": {"x": "real"}}, 15),
        ("0", {}, 7),
        ("e", {}, 3),
    ],
)
def test_smallest_trees(target: str, options: dict[str, Any], k: int) -> None:
    r = search(target, seconds=120, memory=5e8, **options)
    assert r.best is not None
    assert r.best.k == k
    assert r.best.verdict.status in ("proved", "agrees")
    assert not r.conditional
    assert r.lower_bound == k
    if options.get("mode") == "finite":
        assert not r.best.infinities


def test_a_tree_as_target_is_shortened_or_kept() -> None:
    longer = search("11x1EE1EE", seconds=30, memory=2e8)
    assert ["x"] in [f.rpn for f in longer.found]
    ended = search("1111x1EEE1EEy1EE1EE", max_size=3, memory=2e8)
    assert [f.k for f in ended.found] == [19]
    assert ended.lower_bound == 5


@pytest.mark.parametrize(("target", "k"), [("x-1", 11), ("e-x", 5), ("exp(x)-1", 5), ("ln(x)", 7)])
def test_all_smallest_trees(target: str, k: int) -> None:
    """Those of raw enumeration that have the value, no more and no fewer."""
    found = search(target, seconds=60, memory=2e8, every=True, mode="shortest").found
    value = goal(parse(target).root).value({"x": (Fraction(X), Fraction(0))})
    raw = {rpn for rpn, v in raw_trees("1x", k) if abs(v[0] - value) < 1e-25 and not v[1]}
    assert {"".join(f.rpn) for f in found} == {rpn for rpn in raw if len(rpn) == k}


def test_document() -> None:
    r = search("x-1", seconds=30, memory=2e8).to_json()
    assert set(r) == {
        "schema", "target", "domain", "mode", "found", "lower_bound", "conditional",
        "undecided", "terms", "seconds",
    }  # fmt: skip
    assert r["found"][0]["k"] == len(r["found"][0]["rpn"]) == r["lower_bound"] == 11
    assert "within a factor" in r["terms"]


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("x", {"mode": "best"}),
        ("x", {"max_size": 0}),
        ("x", {"domain": {"z": "real"}}),
        ("sin(", {}),
        ("3.14159", {"domain": {"x": "real"}}),
        ("3.14159", {"operator": "edl"}),
    ],
)
def test_bad_calls(target: str, options: dict[str, Any]) -> None:
    with pytest.raises(EmlcError):
        search(target, **options)


@pytest.mark.parametrize(
    ("text", "k", "status"),
    [("7.38905609893065", 21, "agrees"), ("3.14159265358979", 91, "agrees")],
)
def test_numbers(text: str, k: int, status: str) -> None:
    r = search(text, seconds=20, memory=2e8)
    assert r.best is not None
    assert (r.best.k <= k, r.best.verdict.status) == (True, status)


def test_a_number_without_a_closed_form_is_not_explained() -> None:
    r = search("0.577215664901532", seconds=20, memory=2e8)
    assert all(f.verdict.status == "unknown" for f in r.found)


def test_checkpoint_resumes(tmp_path: Path) -> None:
    kept = str(tmp_path / "kept.json")
    first = search("x*y", max_size=13, memory=2e8, checkpoint=kept)
    assert (first.found, first.lower_bound) == ([], 15)
    said: list[Progress] = []
    again = search("x*y", memory=2e8, checkpoint=kept, progress=said.append)
    assert again.best is not None
    assert (again.best.k, again.lower_bound) == (17, 17)
    assert {p.size for p in said} == {15, 17}
    for target, options in (
        ("x/y", {}), ("x*y", {"domain": {"x": "[1,2]"}}), ("x*y", {"mode": "finite"}),
        ("x*y", {"operator": "edl"}),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match="belongs to another search"):
            search(target, memory=2e8, checkpoint=kept, **options)


def test_a_checkpoint_is_of_one_operator_with_its_leaves(tmp_path: Path) -> None:
    asked: Any = {"memory": 1e8, "max_size": 3, "checkpoint": str(tmp_path / "kept")}
    search("x*y", operator="exp(x)*y; 1", **asked)
    with pytest.raises(ArgumentError, match="belongs to another search"):
        search("x*y", operator="exp(x)*y; 2", **asked)


_KEPT = {
    "schema": 2, "search": {"target": "x", "domain": {"x": "real"}, "mode": "exact"},
    "settled": 3, "undecided": 0, "passed": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    "forged",
    [
        b"", b"[]", b"{}", b"[" * 100_000, b"\xff", _KEPT | {"schema": 1}, _KEPT | {"settled": "3"},
        _KEPT | {"settled": True}, _KEPT | {"settled": -3}, _KEPT | {"passed": 0.5},
        _KEPT | {"undecided": None}, {k: v for k, v in _KEPT.items() if k != "search"},
    ],
)  # fmt: skip
def test_no_forged_checkpoint_is_believed(tmp_path: Path, forged: Any) -> None:
    data = forged if isinstance(forged, bytes) else json.dumps(forged).encode()
    files.Checkpoint(tmp_path / "kept", "a search").save(data)
    with pytest.raises(ArgumentError, match="is not a checkpoint of a search, or damaged"):
        search("x", memory=1e8, checkpoint=str(tmp_path / "kept"))


def test_shards_together_find_what_one_search_finds() -> None:
    shards = [Shard("x/2", (), "exact", 4e8, 61, 17, 29, part, 5) for part in range(5)]
    outcomes = [run_shard(s) for s in shards]
    found = {"".join(rpn) for o in outcomes for rpn in o.trees}
    assert "11xE11111E1EEEE1xE1E1EE1EEE1E" in found
    assert [len(o.trees) for o in outcomes].count(0) > 0


def test_an_answer_does_not_depend_on_earlier_searches() -> None:
    def found(target: str, **options: Any) -> list[list[str]]:
        return [f.rpn for f in search(target, memory=1e8, **options).found]

    fresh = found("x*x")
    assert search("sin(x)", memory=1e8, max_size=25).lower_bound == 27
    assert found("x*x") == fresh and len(fresh) > 1


@pytest.mark.parametrize(
    ("formula", "tree", "right"),
    [("exp(x)", "x1E", True), ("exp(x)*(1+1/10^20)", "x1E", False), ("e-1/10^30", "11E", False)],
)
def test_what_doubles_do_not_tell_apart_is_not_found(formula: str, tree: str, right: bool) -> None:
    wanted = goal(parse(formula).root)
    failure = first_failure(wanted, flatten(parse_tree(tree)), wanted.trial_points(), False)
    assert (failure is None) == right


def test_another_operator_does_not_find_what_differs_in_the_21st_digit() -> None:
    assert not search("e-1/10^21", operator="edl", max_size=3, memory=2e7).found


def test_targets_that_are_too_large_somewhere() -> None:
    with pytest.raises(EmlcError, match="no value to search for"):
        goal(parse_tree("1111EE1E1E1EE"))
    assert len(goal(parse_tree("1xxE1EE1E"), {}, "shortest").trial_points()) > 40
