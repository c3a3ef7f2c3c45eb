"""An operator as a list of steps, and the steps that undo it for each of its parameters.

Registers hold values: first the inputs, then the constants, then the result of each step. The
inputs of the operator are its parameters; those of an inverse are the result and the parameters,
of which the one sought is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from emlc.errors import ArgumentError
from emlc.ir.node import Lit, Node, Var, fold, node, postorder, substitute, variables
from emlc.parse import parse
from emlc.tables.operators import BY_NAME, REWRITTEN, STEPS, Operator
from emlc.tables.primitives import Primitive

EXP, LN, ADD, SUB, MUL, DIV, TURNED, CUT = range(8)
CODES = {"exp": EXP, "ln": LN, "add": ADD, "sub": SUB, "mul": MUL, "div": DIV}


class Step(NamedTuple):
    """One step: its code and the registers it reads (j is -1 where there is only one).

    TURNED is a logarithm with any multiple of 2 pi i added: which one is the branch asked for.
    CUT is an exponential that has no value unless its argument is a principal logarithm.
    """

    code: int
    i: int
    j: int = -1


@dataclass(frozen=True, slots=True)
class Program:
    """Steps over `inputs` inputs and some constants; the last register is the result."""

    inputs: int
    constants: tuple[Fraction, ...]
    steps: tuple[Step, ...]

    @property
    def first(self) -> int:
        """The register of the first step's result."""
        return self.inputs + len(self.constants)


def operator(text: str) -> Operator:
    """An operator by its name, or by a formula: `exp(x)/ln(y)`, or `exp(x)/ln(y); e` with leaves.

    Raises ArgumentError for an unknown name, EmlcError for a formula that cannot be read.

    >>> operator("edl").leaves, operator("exp(y)-ln(x); 1, e").params
    (('e',), ('x', 'y'))
    """
    row = BY_NAME.get(text.strip())
    if row is not None:
        return row
    formula, _, leaves = text.partition(";")
    root = parse(formula).root
    if isinstance(root.head, Var) and len(root.head.name) > 1:
        names = ", ".join(BY_NAME)
        raise ArgumentError(f"no operator {text!r}", hint=f"one of {names}, or a formula")
    params = variables(root)
    if not 2 <= len(params) <= 3:
        raise ArgumentError("an operator's formula has two or three variables")
    given = tuple(leaf.strip() for leaf in leaves.split(",") if leaf.strip())
    return Operator(formula.strip(), params, formula, given or ("1",), source="the user")


def program(row: Operator) -> Program:
    """The steps of an operator; raises ArgumentError for functions that no step computes."""
    root = _by_steps(parse(row.formula).root)
    constants: list[Fraction] = []
    steps: list[Step] = []
    seen: dict[Node, int] = {}
    ordered = list(postorder(root))
    for n in ordered:
        if isinstance(n.head, Lit) and n.head.value not in constants:
            constants.append(n.head.value)
    for n in ordered:
        if isinstance(n.head, Var):
            seen[n] = row.params.index(n.head.name)
        elif isinstance(n.head, Lit):
            seen[n] = len(row.params) + constants.index(n.head.value)
        else:
            assert isinstance(n.head, Primitive)
            code = CODES[STEPS[n.head.name]]
            steps.append(Step(code, *(seen[a] for a in n.args)))
            seen[n] = len(row.params) + len(constants) + len(steps) - 1
    return Program(len(row.params), tuple(constants), tuple(steps))


def _by_steps(root: Node) -> Node:
    """The formula with every function written by the steps alone."""

    def expand(n: Node, args: list[Node]) -> Node:
        head = n.head
        if not isinstance(head, Primitive):
            return n
        if head.name in STEPS:
            return node(head, *args)
        written = REWRITTEN.get(head.name)
        if written is None:
            known = ", ".join([*STEPS, *REWRITTEN])
            raise ArgumentError(f"an operator cannot use {head.name}", hint=f"it may use {known}")
        values = dict(zip(head.params, args, strict=True))
        return substitute(_by_steps(parse(written).root), values)

    return fold(root, expand)


def inverse(p: Program, param: int) -> Program | None:
    """The steps from the result and the other parameters back to one; None where it occurs twice.

    >>> p = program(operator("edl"))
    >>> [s.code for s in inverse(p, 1).steps]
    [0, 5, 7]
    """
    reads = {param}
    path: list[int] = []
    for k, step in enumerate(p.steps):
        used = [r for r in (step.i, step.j) if r in reads]
        if len(used) > 1:
            return None
        if used:
            reads.add(p.first + k)
            path.append(k)
    if any(sum(r in (s.i, s.j) for s in p.steps) > 1 for r in reads):
        return None
    # inputs: the result, then the parameters; registers above them move by one
    steps = [
        Step(s.code, s.i + 1, s.j + 1 if s.j >= 0 else -1)
        for k, s in enumerate(p.steps)
        if k not in path
    ]
    place = {p.first + k: p.first + 1 + n for n, k in enumerate(
        k for k in range(len(p.steps)) if k not in path)}  # fmt: skip
    moved = [
        Step(s.code, place.get(s.i - 1, s.i), place.get(s.j - 1, s.j) if s.j >= 0 else -1)
        for s in steps
    ]
    current = 0
    for k in reversed(path):
        s = p.steps[k]
        onto = s.i if s.i in reads else s.j
        other = s.j if onto == s.i else s.i
        known = place.get(other, other + 1)
        moved.append(_undone(s.code, onto == s.i, current, known))
        current = p.first + 1 + len(moved) - 1
    return Program(p.inputs + 1, p.constants, tuple(moved))


@dataclass(frozen=True, slots=True)
class Split:
    """A program in two stages: what each parameter is made of by itself, then the rest.

    alone   for each parameter the steps that read no other one
    outs    for each parameter the registers of those steps that the rest reads
    rest    the steps over all these, in order, as inputs
    """

    alone: tuple[Program, ...]
    outs: tuple[tuple[int, ...], ...]
    rest: Program

    def column(self, param: int) -> int:
        """The first input of the rest that comes from a parameter."""
        return sum(map(len, self.outs[:param]))


def split(p: Program) -> Split:
    """The two stages of an operator: the first need be done once a value.

    >>> s = split(program(operator("edl")))
    >>> [len(a.steps) for a in s.alone], len(s.rest.steps)
    ([1, 1], 1)
    """
    needs = [{k} for k in range(p.inputs)] + [set[int]() for _ in p.constants]
    for s in p.steps:
        needs.append(needs[s.i] | (needs[s.j] if s.j >= 0 else set()))
    late = [k for k, s in enumerate(p.steps) if len(needs[p.first + k]) != 1]
    read = {r for k in late for r in (p.steps[k].i, p.steps[k].j) if r >= 0}
    alone: list[Program] = []
    outs: list[tuple[int, ...]] = []
    place: dict[int, int] = {}
    for param in range(p.inputs):
        own = [param, *range(p.inputs, p.first)]
        mine = [k for k in range(len(p.steps)) if needs[p.first + k] == {param}]
        at = {r: n for n, r in enumerate([*own, *(p.first + k for k in mine)])}
        alone.append(_moved(p, 1, mine, at))
        given = [r for r in at if r in read and needs[r] == {param}]
        outs.append(tuple(at[r] for r in given))
        place |= {r: len(place) + n for n, r in enumerate(given)}
    inputs = len(place)
    place |= {r: inputs + r - p.inputs for r in range(p.inputs, p.first)}
    place |= {p.first + k: inputs + len(p.constants) + n for n, k in enumerate(late)}
    return Split(tuple(alone), tuple(outs), _moved(p, inputs, late, place))


def _moved(p: Program, inputs: int, steps: list[int], place: dict[int, int]) -> Program:
    """Some of the steps, reading other registers."""
    made = (p.steps[k] for k in steps)
    moved = (Step(s.code, place[s.i], place[s.j] if s.j >= 0 else -1) for s in made)
    return Program(inputs, p.constants, tuple(moved))


def _undone(code: int, left: bool, t: int, known: int) -> Step:
    """The step back through one of this code, to its left operand or its right one."""
    if code == EXP:
        return Step(TURNED, t)
    if code == LN:
        return Step(CUT, t)
    if code == ADD:
        return Step(SUB, t, known)
    if code == MUL:
        return Step(DIV, t, known)
    if code == SUB:
        return Step(ADD, t, known) if left else Step(SUB, known, t)
    return Step(MUL, t, known) if left else Step(DIV, known, t)
