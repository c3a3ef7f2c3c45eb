"""Formulas from data: the exact solver, evolution, the estimator."""

from __future__ import annotations

import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emlc import files
from emlc.errors import ArgumentError, EmlcError
from emlc.ir.tape import flatten, is_pure, measure
from emlc.parse import parse
from emlc.regress.constants import near
from emlc.regress.exact import solve
from emlc.regress.fit import Fit, fit
from emlc.regress.options import Options
from emlc.regress.predict import OfTree
from emlc.regress.train import TARGETS, paper_data
from emlc.regress.trees import values

X = np.linspace(0.3, 2.7, 41)
NOISE = np.random.default_rng(8).normal(size=41)


def at(rpn: list[str], **columns: Any) -> Any:
    """A tree's real parts, and that nothing went wrong."""
    made, status = values(rpn, list(columns), np.array(list(columns.values())))
    assert not status.any()
    return made[:, 0]


# -- the exact solver ------------------------------------------------------------------------------


@pytest.mark.parametrize(("depth", "rpn", "published"), TARGETS)
def test_solver_recovers_the_papers_targets(depth: int, rpn: str, published: str) -> None:
    columns, y = paper_data(rpn)
    found = solve(columns, y, seconds=20)
    assert found is not None and found.k == len(rpn) and found.smallest
    x = np.linspace(0.6, 2.0, 7)
    assert at(found.rpn, x=x, y=x + 0.4) == pytest.approx(at(list(rpn), x=x, y=x + 0.4))


@pytest.mark.parametrize(
    ("y", "size"),
    [(X, 1), (0 * X + 1, 1), (np.exp(X), 3), (-X, 15), (X**2, 17), (1 / X, 15), (np.log1p(X), 25)],
    ids=["x", "1", "exp", "neg", "sqr", "inv", "log1p"],
)  # fmt: skip
def test_solver_finds_the_smallest_tree(y: Any, size: int) -> None:
    found = solve({"x": X}, y, seconds=20)
    assert found is not None and found.k == size
    assert at(found.rpn, x=np.array([1.7])) == pytest.approx(np.interp([1.7], X, y), rel=5e-3)


def test_solver_follows_complex_values() -> None:
    x = np.linspace(-2.0, -0.5, 9)
    found = solve({"x": x}, np.exp(1) - np.log(x + 0j), seconds=5)
    assert found is not None and "".join(found.rpn) == "1xE"


def test_solver_finds_nothing_in_noise() -> None:
    y = np.random.default_rng(1).normal(size=len(X))
    assert solve({"x": X}, y, seconds=0.5) is None


@pytest.mark.parametrize(
    ("columns", "target", "said"),
    [
        ({"x": [1.0, 2.0]}, [1.0], "x has 2 values"),
        ({"x": [1.0, math.nan]}, [1.0, 2.0], "not finite"),
        ({"x": [1.0]}, [[1.0]], "not a column"),
    ],
)
def test_solver_refuses_bad_data(columns: Any, target: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        solve(columns, target)


# -- fits ------------------------------------------------------------------------------------------


def fitted(columns: Any, y: Any, weights: Any = None, **options: Any) -> Fit:
    """A fit that nearly always ends long before its minute."""
    return fit(columns, y, weights, options=Options(**{"timeout": 60.0, **options}))


@pytest.mark.parametrize(
    ("text", "y"),
    [
        ("2*ln(x)", 2 * np.log(X)),
        ("3*exp(-x/2) + 1", 3 * np.exp(-X / 2) + 1),
        ("5*x^2 - 7/3", 5 * X**2 - 7 / 3),
    ],
)
def test_exact_data_give_exact_formulas(text: str, y: Any) -> None:
    found = fitted({"x": X}, y)
    assert (found.stopped, found.best.exact, found.best.constants) == ("exact", True, {})
    assert found.best.r2 == pytest.approx(1.0)
    from emlc.pipeline import check

    tree = found.best.tree
    assert tree is not None and is_pure(flatten(tree))
    assert measure(flatten(tree)).size == found.best.k == len(found.best.rpn or ())
    assert check(text, tree, {"x": "positive"}).status in ("proved", "agrees")


def test_two_variables_under_noise() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(1, 4, (2, 150))
    y = 1.7 * a / b + 0.3
    found = fitted({"a": a, "b": b}, y + 0.01 * y.std() * rng.normal(size=150), max_fits=40_000)
    assert not found.best.exact and found.best.loss > 0
    assert np.std(found.best.predict(np.array([a, b])) - y) < 0.5 * 0.01 * y.std()
    sizes = [e.k for e in found.equations]
    losses = [e.loss for e in found.equations if e is not found.best]
    assert sizes == sorted(sizes) and losses == sorted(losses, reverse=True)
    assert found.best.length == min(e.length for e in found.equations)
    x = parse(found.best.text).root  # the text reads back, with the numbers that predict has
    from emlc.lower.direct import direct

    assert direct(x)(a=a, b=b) == pytest.approx(found.best.predict(np.array([a, b])), rel=1e-9)


def test_the_true_tree_is_chosen_under_noise() -> None:
    columns, y = paper_data("1yxEE1E")
    noisy = y + 0.01 * y.std() * np.random.default_rng(2).normal(size=len(y))
    found = fitted(columns, noisy, max_fits=2_000, timeout=10.0)
    assert "".join(found.best.rpn or ()) == "1yxEE1E"


def test_snapping_is_told() -> None:
    found = fitted({"x": X}, 2.5 * np.sqrt(X + 3), solve=False)
    assert found.best.exact
    assert found.best.snapped and all(" to " in said for said in found.best.snapped)


def test_a_constant_target() -> None:
    found = fitted({"x": X}, np.full(41, 0.25), max_fits=1)
    assert found.best.text == "1/4" and found.best.exact


def test_exact_numbers() -> None:
    assert near(0.75, 1e-9)[0].factor == pytest.approx(0.75)
    assert str(near(2 * math.pi, 1e-12)[0]) == "2*pi"
    assert near(0.123456789, 1e-12) == []


@pytest.mark.parametrize(
    ("columns", "target", "options", "said"),
    [
        ({"x": [1.0, math.nan]}, [1.0, 2.0], {}, "x has 1 missing"),
        ({"x": ["a", "b"]}, [1.0, 2.0], {}, "x is not a column"),
        ({"x": [1.0]}, [1.0, 2.0], {}, "x has 1 values"),
        ({"x": [1.0, 2.0]}, [1e300, 2e300], {}, "the target goes to 2e.300, whose square"),
        ({"x": [1.0, 2.0]}, [0.0, 3e-310], {}, "the target goes to 3e-310, whose square"),
        ({"x": [1.0, 2.0]}, [1.0, 2.0], {"operators": ["erf"]}, "no operator erf"),
        ({"x": [1.0, 2.0]}, [1.0, 2.0], {"operators": ["pi"]}, "no operator pi"),
    ],
)
def test_fit_refuses_bad_data(columns: Any, target: Any, options: Any, said: str) -> None:
    with pytest.raises(EmlcError, match=said):
        fitted(columns, target, **options)


def test_a_stopped_fit_goes_on_from_its_file(tmp_path: Path) -> None:
    file = str(tmp_path / "state.npz")
    rng = np.random.default_rng(3)
    y = np.sin(3 * X) + 0.1 * rng.normal(size=41)
    asked = {"solve": False, "checkpoint": file}
    first = fitted({"x": X}, y, max_fits=3_000, **asked)
    second = fitted({"x": X}, y, max_fits=3_000, **asked)
    assert second.fits == first.fits and second.best.text == first.best.text
    third = fitted({"x": X}, y, max_fits=6_000, **asked)
    assert third.fits > first.fits and third.best.length <= first.best.length
    with pytest.raises(ArgumentError, match="other data"):
        fitted({"x": X}, y + 1, max_fits=1, **asked)
    with pytest.raises(ArgumentError, match="belongs to a fit with the seed 0"):
        fitted({"x": X}, y, max_fits=1, seed=1, **asked)
    assert fitted({"x": X}, y, max_fits=3_000, seed=1, any_seed=True, **asked).fits == third.fits


def write_state(file: Path, state: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **state)
    files.Checkpoint(file, "a fit").save(buffer.getvalue())


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A state of a fit of noise, in which a population has been bred once."""
    state = fitted({"x": X}, NOISE, max_fits=1, solve=False).state
    code = np.full((400, state["0.people.code"].shape[1]), -1, dtype=np.int64)
    state |= {"0.counters": np.array([1, 0, 400]), "0.people.code": code}
    state |= {"0.people.const": code * 2.0, "0.people.score": code[:, 0] * 1.0}
    state["0.people.length"] = code[:, 0] * -1
    file = tmp_path_factory.mktemp("begun") / "state"
    write_state(file, state)
    assert fitted({"x": X}, NOISE, max_fits=1, checkpoint=file).fits > 400
    return state


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("kept.code", lambda a: a.astype(np.int32)),
        ("kept.code", lambda a: a[:, :-1]),
        ("kept.code", lambda a: np.full_like(a, 9_000)),
        ("kept.length", lambda a: a * 0 + 10**6),
        ("0.people.code", lambda a: a * 0 - 40),
        ("0.people.code", lambda a: a * 0),
        ("0.people.length", lambda a: a * 0 - 1),
        ("0.people.score", lambda a: a[1:]),
        ("0.low", lambda a: np.array("low")),
        ("counters", lambda a: a * 0 + 2**62),
        ("counters", lambda a: a.astype(float)),
        ("seed", lambda a: np.array([0, 1])),
        ("solved", lambda a: np.array(["E", "E"])),
        ("solved", lambda a: np.array(["x", "1", "E"])),
        ("solved", lambda a: np.array(3.0)),
        ("more", lambda a: np.array(0)),
    ],
)  # fmt: skip
def test_no_forged_state_reaches_the_loops(
    tmp_path: Path, begun: dict[str, Any], name: str, change: Any
) -> None:
    file = tmp_path / "state"
    held = {**begun, **({"proof": np.array("")} if name == "solved" else {})}
    held[name] = change(held.get(name))
    write_state(file, held)
    with pytest.raises(ArgumentError, match="is not a checkpoint of a fit, or damaged"):
        fitted({"x": X}, NOISE, max_fits=1, checkpoint=file)


def test_any_number_of_processes_gives_the_same() -> None:
    y = np.random.default_rng(4).normal(size=41)
    asked = {"solve": False, "max_fits": 25_000, "timeout": 200.0}
    one, two = (fitted({"x": X}, y, n_jobs=jobs, **asked) for jobs in (1, 2))
    assert one.fits == two.fits >= 25_000
    assert [e.to_json() for e in one.equations] == [e.to_json() for e in two.equations]


# -- the estimator ---------------------------------------------------------------------------------


def regressor(**options: Any) -> Any:
    from emlc import EMLRegressor

    return EMLRegressor(**{"timeout": 20.0, "random_state": 0, **options})


def test_the_estimator_passes_scikit_learns_checks() -> None:
    from sklearn.utils.estimator_checks import check_estimator

    done = check_estimator(regressor(max_fits=500, solve=False), on_skip=None, on_fail=None)
    failed = {d["check_name"]: d["exception"] for d in done if d["status"] == "failed"}
    assert len(done) > 40 and not failed


def test_the_estimator_tells_what_it_found() -> None:
    import pandas as pd
    import sympy

    frame = pd.DataFrame({"body mass": X, "sin": np.sin(9 * X)})
    y = 2 * np.exp(X)
    model = regressor().fit(frame, y)
    assert model.feature_names_ == ["body_mass", "x1"]
    assert model.score(frame, y) == pytest.approx(1.0)
    assert model.sympy() == 2 * sympy.exp(sympy.Symbol("body_mass"))
    assert model.latex().startswith("2")
    table = model.equations_
    assert {"k", "loss", "score", "formula", "latex", "domain"} <= set(table.columns)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own bytes
    assert again.best_.text == model.best_.text
    assert again.predict(frame) == pytest.approx(model.predict(frame))


def test_predictions_outside_the_domain_are_nan_and_said() -> None:
    """The tree of 2 ln x has a real value at -1, and x y dies of exp(exp(x)): neither shows."""
    model = regressor(timeout=40.0).fit(X[:, None], 2 * np.log(X))
    with pytest.warns(RuntimeWarning, match="x0 positive, has no finite value at 2 of 3 rows, row"):
        made = model.predict([[-1.0], [0.0], [math.e]])
    assert np.isnan(made[:2]).all() and made[2] == pytest.approx(2)
    x = np.column_stack([X, X[::-1] ** 2])
    model = regressor(timeout=40.0).fit(x, x[:, 0] * x[:, 1])
    assert model.best_.exact and model.predict([[700.0, 700.0]]) == pytest.approx(490_000)
    values_ = OfTree(list("x1E1E"), ["x"])(np.array([[1.0, 7.0, -800.0]]))
    assert np.isnan(values_[1]) and values_[[0, 2]] == pytest.approx([math.exp(math.e), 1.0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": "a"}, "timeout is 'a'"),
        ({"timeout": math.nan}, "timeout is nan"),
        ({"max_size": 2.5}, "max_size is 2.5, which is no positive whole"),
        ({"max_fits": 0}, "max_fits is 0"),
        ({"n_jobs": 0}, "processes is 0"),
        ({"n_jobs": 1.5}, "processes is 1.5"),
        ({"operators": "add exp"}, "one text"),
        ({"operators": []}, "must be an operator"),
        ({"checkpoint": "/nowhere/state"}, "cannot be written"),
    ],
)
def test_the_estimator_refuses_settings_at_once(options: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        regressor(**options).fit(X[:, None], X)


def test_columns_whose_names_clash_are_all_used() -> None:
    import pandas as pd

    frame = pd.DataFrame({"x1": X, "sin": np.sin(9 * X), "x 1": X[::-1]})
    model = regressor(max_fits=1, solve=False).fit(frame, X)
    assert model.feature_names_ == ["x1", "x2", "x_1"]


def test_one_row_is_told_by_its_value() -> None:
    assert fitted({"x": [1.5]}, [2.94313], max_fits=1).best.text == "2.94313"


def test_warm_start_goes_on() -> None:
    y = np.random.default_rng(5).normal(size=41)
    model = regressor(solve=False, max_fits=2_000, warm_start=True).fit(X[:, None], y)
    first, length = model.n_iter_, model.best_.length
    model.set_params(max_fits=4_000).fit(X[:, None], y)
    assert model.n_iter_ > first and model.best_.length <= length
    model.set_params(max_size=20, max_fits=1).fit(X[:, None], y)
    assert model.n_iter_ <= first  # other settings: from the beginning
    exact = regressor(warm_start=True).fit(X[:, None], np.exp(X))
    assert exact.fit(X[:, None], np.exp(X)).best_.proof
