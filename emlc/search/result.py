"""What a search found, and what it proved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emlc.check import Verdict

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One tree.

    k            its size, `rpn` its tokens
    verdict      how it compares with the target over the domain
    infinities   whether an infinity occurs inside at a point that was tried
    complex128   whether plain double arithmetic agrees to 8 digits at every point that was tried
    domains      for positive, real and complex variables: {"exact": status, "complex128": bool}
    """

    k: int
    rpn: list[str]
    verdict: Verdict
    infinities: bool
    complex128: bool
    domains: dict[str, dict[str, object]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The entry of the document."""
        return {
            "k": self.k,
            "rpn": self.rpn,
            "verdict": self.verdict.to_json(),
            "infinities": self.infinities,
            "complex128": self.complex128,
            "domains": self.domains,
        }


@dataclass(slots=True)
class SearchResult:
    """The outcome of a search.

    found        trees, smallest first
    lower_bound  no tree of fewer nodes exists, under `terms`; `conditional` where values stayed
                 undecided, `undecided` of them
    nearly       trees right but for isolated points: they stand in `found` where no other does
    complete     False when time, memory or an interrupt ended it before `max_size`
    rate         candidate values compared in a second
    """

    target: str
    domain: dict[str, str]
    mode: str
    found: list[Found] = field(default_factory=list)
    lower_bound: int = 1
    undecided: int = 0
    terms: str = ""
    seconds: float = 0.0
    rate: float = 0.0
    complete: bool = True
    stopped: str = ""
    nearly: list[Found] = field(default_factory=list)
    operator: str = "eml"
    arity: int = 2

    @property
    def conditional(self) -> bool:
        """Whether values stayed undecided, so that the bound rests on them."""
        return self.undecided > 0

    @property
    def best(self) -> Found | None:
        """The smallest tree, if any."""
        return self.found[0] if self.found else None

    @property
    def proved_smallest(self) -> bool:
        """Whether the smallest tree found meets the bound."""
        return bool(self.found) and not self.conditional and self.found[0].k == self.lower_bound

    def written(self, found: Found, notation: str = "nested") -> str:
        """A tree found as text: nested, rpn, json, latex, wolfram; other operators have two."""
        if self.operator != "eml":
            return _nested(found.rpn, self.arity) if notation == "nested" else " ".join(found.rpn)
        from emlc.parse import parse_tree
        from emlc.show import show

        return show(parse_tree("".join(found.rpn)), notation)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """What a notebook shows: the trees, smallest first, and what is known of smaller ones."""
        from emlc.render.notebook import table

        bound = f"no tree has fewer than {self.lower_bound} nodes {self.terms}".strip()
        said = [f"{f.verdict.status}: {f.verdict.how}" for f in self.found[:_SHOWN]]
        trees = ["".join(f.rpn) for f in self.found[:_SHOWN]]
        rows = [[str(f.k), t, s] for f, t, s in zip(self.found, trees, said, strict=False)]
        smallest = f"K = {self.found[0].k}" if self.found else "none found"
        return {
            "text/plain": f"{self.target}: {smallest}; {bound}",
            "text/html": f"<div>{table(rows, ('K', 'tree', 'verdict'))}{table([[bound]])}</div>",
        }

    def to_json(self) -> dict[str, Any]:
        """The document of `search --json`."""
        return {
            "schema": 1,
            "target": self.target,
            "domain": self.domain,
            "mode": self.mode,
            "found": [f.to_json() for f in self.found],
            "lower_bound": self.lower_bound,
            "conditional": self.conditional,
            "undecided": self.undecided,
            "terms": self.terms,
            "seconds": round(self.seconds, 3),
        }


def _nested(rpn: list[str], arity: int) -> str:
    """A tree over some operator, op(..) written out."""
    stack: list[str] = []
    for token in rpn:
        if token == "E":
            operands = stack[-arity:]
            del stack[-arity:]
            token = f"op({', '.join(operands)})"
        stack.append(token)
    return stack.pop()
