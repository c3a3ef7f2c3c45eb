"""A compiler for one-operator mathematics: eml(x, y) = exp(x) - ln(y).

>>> import emlc
>>> c = emlc.compile("x*y")
>>> c.size, c.show("rpn")
(17, '1111xEE1EEyE1EE1E')
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emlc.calculus import diff, jacobian
    from emlc.check import Verdict
    from emlc.errors import EmlcError
    from emlc.evaluation import evaluator
    from emlc.exchange import from_sympy, lambdify, to_sympy
    from emlc.ir.tape import flatten, measure
    from emlc.lower.balls import evaluate
    from emlc.parse import parse, parse_tree
    from emlc.pipeline import Compiled, check, compile, decompile
    from emlc.regress.estimator import EMLRegressor
    from emlc.regress.fit import fit
    from emlc.search import search
    from emlc.show import show

__version__ = "0.1.0"

__all__ = [
    "Compiled",
    "EMLRegressor",
    "EmlcError",
    "Verdict",
    "check",
    "compile",
    "decompile",
    "diff",
    "evaluate",
    "evaluator",
    "fit",
    "flatten",
    "from_sympy",
    "jacobian",
    "lambdify",
    "measure",
    "parse",
    "parse_tree",
    "search",
    "show",
    "to_sympy",
]

_HOME = {
    "Compiled": "emlc.pipeline",
    "EMLRegressor": "emlc.regress.estimator",
    "EmlcError": "emlc.errors",
    "Verdict": "emlc.check",
    "check": "emlc.pipeline",
    "compile": "emlc.pipeline",
    "decompile": "emlc.pipeline",
    "diff": "emlc.calculus",
    "evaluate": "emlc.lower.balls",
    "evaluator": "emlc.evaluation",
    "fit": "emlc.regress.fit",
    "flatten": "emlc.ir.tape",
    "from_sympy": "emlc.exchange",
    "jacobian": "emlc.calculus",
    "lambdify": "emlc.exchange",
    "measure": "emlc.ir.tape",
    "parse": "emlc.parse",
    "parse_tree": "emlc.parse",
    "search": "emlc.search",
    "show": "emlc.show",
    "to_sympy": "emlc.exchange",
}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'emlc' has no attribute {name!r}")
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _show_in_notebooks() -> None:
    """Let a notebook draw nodes, which know nothing of pictures themselves."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        shell.display_formatter.mimebundle_formatter.for_type_by_name(
            "emlc.ir.node",
            "Node",
            lambda node: import_module("emlc.render.notebook").node_bundle(node),
        )


_show_in_notebooks()


class _Package(ModuleType):
    """Keeps the verbs: importing emlc.check or emlc.parse does not hide the functions so named."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
