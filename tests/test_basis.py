"""Operators as data, and the bootstrap of the primitives from them."""

from __future__ import annotations

import random
import time
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from emlc.errors import EmlcError
from emlc.parse import parse
from emlc.search import search
from emlc.search.bootstrap import Bootstrap, bootstrap, text
from emlc.search.general import coded
from emlc.search.goal import goal
from emlc.search.members import group_of
from emlc.search.other import Trees
from emlc.search.program import inverse, operator, program
from emlc.search.progress import Pulse, TimeUp
from emlc.search.steps import run
from emlc.search.values import Values

POINT = {"x": (Fraction(7, 10), Fraction(0)), "y": (Fraction(13, 10), Fraction(0))}


def half(z: complex) -> list[float]:
    return [z.real, 0.0, float(z.imag / np.pi), 0.0, 1e-28 * abs(z), 0.0]


def applied(p: Any, inputs: list[complex], branch: int) -> tuple[int, complex]:
    registers = np.zeros((p.first + len(p.steps), 6))
    registers[: p.inputs] = [half(z) for z in inputs]
    for k, c in enumerate(p.constants):
        registers[p.inputs + k] = half(complex(float(c)))
    status = int(run(coded(p), registers, branch))
    return status, complex(registers[-1, 0], registers[-1, 2] * np.pi)


@pytest.mark.parametrize("name", ["eml", "edl", "-eml", "ternary", "x*y-1", "exp(x)/(y+2)"])
def test_an_inverse_undoes_its_operator(name: str) -> None:
    """One of the branches gives back what stood there; none gives anything that does not fit."""
    p = program(operator(name))
    rng = random.Random(3)
    for param in range(p.inputs):
        back = inverse(p, param)
        if back is None:
            assert (name, param) == ("ternary", 0)
            continue
        for _ in range(20):
            values = [complex(rng.uniform(0.2, 2), rng.uniform(-1, 1)) for _ in range(p.inputs)]
            status, t = applied(p, values, 0)
            assert status == 0
            found = [applied(back, [t, *values], branch) for branch in range(3)]
            assert any(s == 0 and abs(v - values[param]) < 1e-9 for s, v in found)


@pytest.mark.parametrize("name", ["eml", "edl", "ternary"])
def test_steps_agree_with_mpmath(name: str) -> None:
    trees, p = Trees(operator(name), 40), program(operator(name))
    rng = random.Random(5)
    for _ in range(30):
        values = [complex(rng.uniform(-2, 2), rng.choice((0, rng.uniform(-3, 3))))
                  for _ in range(p.inputs)]  # fmt: skip
        a, b = trees.apply([trees.half(mpmath.mpc(z)) for z in values])
        status, got = applied(p, values, 0)
        want = complex(a, b * mpmath.pi)
        assert status == 0
        assert abs(got - want) <= 1e-12 * abs(want)


@pytest.mark.parametrize(
    ("target", "name", "k"),
    [
        ("exp(x)", "edl", 3),
        ("1", "edl", 7),
        ("ln(x)", "-eml", 3),
        ("0", "-eml", 7),
        ("1", "ternary", 4),
        ("-x", "exp(x)-ln(y); 1", 15),
        ("x*y", "exp(x)-ln(y); 1", 17),
    ],
)
def test_search_over_operators(target: str, name: str, k: int) -> None:
    """The slow general engine finds the same sizes for eml as the one made for it."""
    r = search(target, operator=name, seconds=60, memory=4e8)
    assert r.best is not None
    assert (r.best.k, r.lower_bound, r.best.verdict.status) == (k, k, "agrees")
    trees = Trees(operator(name), 40)
    want = goal(parse(target).root).value(POINT)
    assert abs(trees.at(r.best.rpn, POINT) - want) < 1e-30


@pytest.mark.parametrize("text", ["nothing", "sin(x)+y", "exp(x)", "x+y+z+t", "exp(x"])
def test_operators_that_are_none(text: str) -> None:
    with pytest.raises(EmlcError):
        program(operator(text))


def test_nearly_all_steps_over_eml_are_proved() -> None:
    pulse = Pulse(lambda progress: None, time.monotonic() + 120)
    members = list(bootstrap(operator("eml"), pulse))
    assert len(members) == 36
    assert [m.name for m in members if m.verdict.status != "proved"] == ["acosh"]


@pytest.mark.parametrize(("name", "least"), [("eml", 10), ("edl", 14)])
def test_members_are_right_where_they_say(name: str, least: int) -> None:
    """Each tree, evaluated from its tape alone, is its primitive at points of the domain."""
    row = operator(name)
    trees = Trees(row, 40)
    members = []
    pulse = Pulse(lambda progress: None, time.monotonic() + 60)
    try:
        for member in bootstrap(row, pulse):
            members.append(member)
            if len(members) == least:
                break
    except TimeUp:
        pass
    assert len(members) == least
    for m in members:
        called = f"{m.name}({','.join(m.params)})" if m.params and m.name not in "xy" else m.name
        want = goal(parse(called).root).value(POINT)
        got = trees.of_tape(m.tape, POINT)
        assert abs(got - want) < 1e-30, m.name
        assert m.k >= m.dag


def test_what_no_route_tells_is_found_by_values_that_meet() -> None:
    """Two values, under a function of two whose other operand is a constant perhaps."""
    known = Bootstrap(operator("eml"), Pulse(lambda progress: None, time.monotonic() + 60))
    next(member for member in known.reached() if member.name == "half")
    for name in ("add", "avg", "div"):
        wanted = {name: known.goals[name]}
        values = Values(known, group_of(wanted[name]), wanted[name].names)
        for _ in range(3):
            values.extend(wanted)
        for look in (values.met, values.met_wide):
            found = look(wanted)[name]
            assert len(found) > 3
            for e in found[:6]:
                written = goal(parse(text(e, known.operator, ())).root)
                assert abs(written.value(POINT) - wanted[name].value(POINT)) < 1e-30
