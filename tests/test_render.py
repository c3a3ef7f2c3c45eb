"""Pictures: what they show, what they leave out and say so, and that no tape hangs them."""

from __future__ import annotations

import os
import re
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
from conftest import contrast
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emlc.errors import ArgumentError, MissingError
from emlc.ir.node import ONE, Node, Param, eml, lit, node, var
from emlc.ir.tape import Tape, flatten, measure
from emlc.parse import parse, parse_tree
from emlc.passes.ranges import Ranges, declare
from emlc.pipeline import compile
from emlc.render import FORMATS, draw, picture, to_dot, to_svg, to_text
from emlc.render import dot as dot_module
from emlc.render.blocks import blocks, parts_of, spoken
from emlc.render.layout import tidy
from emlc.render.mathml import mathml
from emlc.render.scene import Style, scene
from emlc.render.theme import THEMES
from emlc.tables.primitives import BY_NAME, ROWS, Primitive

GOLDEN = Path(__file__).parent / "golden" / "render"
SVG = "{http://www.w3.org/2000/svg}"

LN = "11xE1EE"
MUL = "x11xyEE1EExE1EE1E"
SQRT = "1111xE1EEE11111E1EEEE111xE1EEE1E1EE1EEE1E1E"
SINH = "111111111EEE1EE11EE1EEEE1EE1x111x1EEE1EE11E1EE1E1EEE1EE1E"


def tree(rpn: str) -> Node:
    """The expression of compact RPN text."""
    return parse_tree(rpn, "rpn")


def chain(levels: int) -> Node:
    """A tree as deep as its nodes allow."""
    top = var("x")
    for _ in range(levels):
        top = eml(top, ONE)
    return top


@cache
def doubled(levels: int) -> Tape:
    """A chain of `levels` nodes whose written-out size doubles at every other one."""
    top = var("x")
    for level in range(levels):
        top = eml(top, top if level % 2 else ONE)
    return flatten(top)


def attributes(svg: str, name: str) -> list[str]:
    """The values of an attribute throughout the document."""
    return [e.attrib[name] for e in ElementTree.fromstring(svg).iter() if name in e.attrib]


def texts(svg: str) -> list[str]:
    """The words of the picture, in document order."""
    return ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def drawn(text: str, fmt: str, **options: Any) -> str | bytes:
    """The picture of a formula in blocks."""
    made = compile(text, check=False)
    return draw(made.tape, fmt, "macro", title=text, ranges=made.ranges, **options)


# A loaded machine is slow to make examples, and none of them is timed here.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

trees = st.recursive(
    st.sampled_from([ONE, var("x"), var("temperature")]),
    lambda below: st.tuples(below, below).map(lambda pair: eml(*pair)),
    max_leaves=60,
)


# What is drawn

GOLDENS: dict[str, Callable[[], str | bytes]] = {
    "ln.svg": lambda: draw(flatten(tree(LN)), "svg", title="ln(x)"),
    "mul-dark.svg": lambda: draw(flatten(tree(MUL)), "svg", title="x*y", theme="dark"),
    "sqrt-dag.svg": lambda: to_svg(flatten(tree(SQRT)), "dag", engine="own", title="sqrt(x)"),
    "sinh-clipped.svg": lambda: to_svg(flatten(tree(SINH)), limit=31, highlight=[20]),
    "sqrt-tree.dot": lambda: draw(flatten(tree(SQRT)), "dot", title="sqrt(x)"),
    "sqrt-dag.dot": lambda: to_dot(flatten(tree(SQRT)), "dag", direction="LR", highlight=[4]),
    "mul.txt": lambda: draw(flatten(tree(MUL)), "txt", title="x*y"),
    "mul-circuit.svg": lambda: to_svg(flatten(tree(MUL)), "circuit", title="x*y", size=400),
    "sin-macro.svg": lambda: drawn("sin(x)", "svg", direction="LR", theme="safe"),
    "sin-macro.txt": lambda: drawn("sin(x)", "txt"),
    "sqrt-dag.mmd": lambda: draw(
        flatten(tree(SQRT)), "mermaid", "dag", highlight=[4], theme="print"
    ),
    "ln.tex": lambda: drawn("ln(β_1 + Ω)", "tikz", direction="BT", theme="dark"),
    "ln.html": lambda: draw(flatten(tree(LN)), "html", title="ln(x)"),
    "sinh-dag.txt": lambda: draw(flatten(tree(SINH)), "txt", "dag", width=40),
    "sinh-clipped.txt": lambda: to_text(flatten(tree(SINH)), limit=31, unicode=False),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_golden(name: str) -> None:
    """Set UPDATE_GOLDEN=1 to write the files anew, then look at every picture."""
    drawn = GOLDENS[name]()
    assert isinstance(drawn, str)
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(drawn, encoding="utf-8")
    assert drawn == (GOLDEN / name).read_text(encoding="utf-8")


@PATIENT
@given(trees)
def test_tidy_layout(root: Node) -> None:
    spots = scene(flatten(root)).spots
    widths = [10.0 + 6 * len(s.label) for s in spots]
    xs = tidy(spots, widths, 5.0)
    levels: dict[int, list[int]] = defaultdict(list)
    for number, spot in enumerate(spots):
        levels[spot.depth].append(number)
        if spot.children():
            assert xs[number] == pytest.approx((xs[spot.left] + xs[spot.right]) / 2)
    for row in levels.values():
        for a, b in pairwise(row):
            assert xs[b] - xs[a] >= (widths[a] + widths[b]) / 2 + 5.0 - 1e-6
    assert min(x - w / 2 for x, w in zip(xs, widths, strict=True)) == pytest.approx(0.0)


@PATIENT
@given(trees, st.sampled_from(["tree", "dag"]), st.integers(1, 40))
def test_nothing_is_lost_or_left_unsaid(root: Node, style: Style, limit: int) -> None:
    tape = flatten(root)
    seen = scene(tape, style, limit=limit)
    drawn = [s for s in seen.spots if s.kind not in ("more", "again")]
    said = sum(int(re.sub(r"\D", "", note)) for note in seen.notes)
    if style == "tree":
        assert len(drawn) + said == measure(tape).size
        hidden = [int(s.label.replace(",", "")) for s in seen.spots if s.kind == "more"]
        assert sum(hidden) == said
    else:
        assert len({s.entry for s in drawn}) + said == len(tape)
        inner = [s.entry for s in drawn if s.children()]
        assert len(inner) == len(set(inner))
        assert all(seen.spots[s.target].tag == s.label for s in seen.spots if s.kind == "again")
    assert len(seen.spots) <= limit


def test_every_kind_of_node_is_drawn() -> None:
    formula = node(BY_NAME["add"], node(BY_NAME["sin"], node(Param("a"))), lit(3))
    tape = flatten(eml(formula, node(BY_NAME["pi"])))
    assert set(texts(to_svg(tape))) >= {"eml", "+", "sin", "a", "3", "pi"}
    assert to_text(tape).startswith("eml(↓, pi)\n╰─ +(↓, 3)\n   ╰─ sin(a)\n")
    for label in ("eml", "+", "sin", "a", "3", "pi"):
        assert f'[label="{label}",' in to_dot(tape)


def test_highlight_marks_the_whole_subtree() -> None:
    tape = flatten(tree(LN))
    inner = next(k for k in range(len(tape)) if measure_of(tape, k) == 5)
    plain, marked = to_svg(tape), to_svg(tape, highlight=[inner])
    hot = [fill for fill in attributes(marked, "fill") if fill not in attributes(plain, "fill")]
    assert len(hot) == 5


def measure_of(tape: Tape, k: int) -> int:
    """The written-out size of one entry."""
    part = Tape(tape.heads, tape.op[: k + 1], tape.left[: k + 1], tape.right[: k + 1])
    return measure(part).size


# What the documents are

HOSTILE = ['"><script>alert(1)</script>', "a&b", "\x00\x1b[31m", "\\N", "ж" * 300, "\ud800", "]]>"]


@pytest.mark.parametrize("engine", ["own", "dot"])
@pytest.mark.parametrize("name", HOSTILE)
def test_svg_is_well_formed_inert_and_described(name: str, engine: str) -> None:
    tape = flatten(eml(var(name), ONE))
    svg = to_svg(tape, engine=engine, title=name)
    svg.encode()
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert "K = 3, depth 1, 3 distinct subtrees." in "".join(root[1].itertext())
    tags = {e.tag.removeprefix(SVG) for e in root.iter()}
    assert not tags & {"script", "style", "a", "image", "foreignObject"}
    assert not {key for e in root.iter() for key in e.attrib if key.startswith("on") or key == "id"}


@PATIENT
@given(trees)
def test_svg_stays_in_its_frame(root: Node) -> None:
    svg = to_svg(flatten(root), title="a title that is longer than a small tree is wide")
    width, height = (float(v) for v in attributes(svg, "viewBox")[0].split()[2:])
    for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
        assert all(0 < float(v) < most for v in attributes(svg, name))


@PATIENT
@given(trees, st.integers(20, 60), st.booleans(), st.sampled_from(["tree", "dag"]))
def test_text_keeps_to_the_width(root: Node, width: int, unicode: bool, style: Style) -> None:
    drawn = to_text(flatten(root), style, width=width, unicode=unicode)
    assert max(len(line) for line in drawn.splitlines()) <= width
    assert unicode or drawn.isascii()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda t: to_svg(t, "forest"), "no style 'forest'"),
        (lambda t: to_svg(t, engine="magic"), "no engine 'magic'"),
        (lambda t: to_svg(t, theme="pink"), "no theme 'pink'"),
        (lambda t: to_svg(t, limit=0), "a limit of 0 nodes"),
        (lambda t: to_dot(t, direction="up"), "no direction 'up'"),
        (lambda t: to_text(t, width=3), "a width of 3 is too narrow"),
        (lambda t: draw(t, "gif"), "no picture format 'gif'"),
    ],
)
def test_bad_arguments(call: Callable[[Tape], object], says: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(says)) as caught:
        call(flatten(ONE))
    assert caught.value.hint or "limit" in says


# Blocks


@pytest.mark.parametrize(
    ("domain", "rpn", "meaning"),
    [
        ("positive", LN, "ln(x)"),
        ("real nonzero", LN, "e - ln(exp(e - ln(x)))"),
        ("positive", "1111xEE1EEyE1EE1E", "x*y"),
        ("real", "xy1EE", "exp(x) - y"),
        ("complex", "xy1EE", "exp(x) - ln(exp(y))"),
    ],
)
def test_a_block_is_named_only_where_it_is_right(domain: str, rpn: str, meaning: str) -> None:
    known = Ranges(declare({"x": domain, "y": domain}), frozenset())
    assert spoken(blocks(flatten(tree(rpn)), known).meaning[-1]) == meaning


def test_parts_of_a_formula_are_found_in_its_tree() -> None:
    made = compile("y^2*sin(x) + 1", check=False)
    parts = parts_of(made.formula, made.ranges, made.mode)
    said = {spoken(n) for n in blocks(made.tape, made.ranges, parts).meaning}
    assert said >= {"sin(x)", "y^2*sin(x) + 1"}


def test_circuits_mark_every_first_input() -> None:
    svg = to_svg(flatten(tree(SQRT)), "circuit")
    tags = [e.tag for e in ElementTree.fromstring(svg).iter()]
    assert tags.count(f"{SVG}polygon") == tags.count(f"{SVG}circle") == tree_size(SQRT) // 2


@pytest.mark.parametrize(("levels", "way"), [(17, "RL"), (18, "TB")])
def test_circuits_run_to_the_right_while_they_fit_a_page(levels: int, way: str) -> None:
    tape = flatten(chain(levels))
    assert to_svg(tape, "circuit") == to_svg(tape, "circuit", direction=way)


def tree_size(rpn: str) -> int:
    return measure(flatten(tree(rpn))).size


@pytest.mark.parametrize("style", get_args(Style))
def test_directions_turn_the_picture(style: Style) -> None:
    tape = flatten(tree(SQRT))
    wide = {}
    for way in ("TB", "BT", "LR", "RL"):
        root = ElementTree.fromstring(to_svg(tape, style, direction=way, engine="own"))
        wide[way] = float(root.attrib["width"]) / float(root.attrib["height"])
    assert wide["TB"] == pytest.approx(wide["BT"]) and wide["LR"] == pytest.approx(wide["RL"])
    assert wide["LR"] > 1 > wide["TB"]


# MathML


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("sqrt(x)/2", "<mfrac><msqrt><mi>x</mi></msqrt><mn>2</mn></mfrac>"),
        ("cbrt(y)", "<mroot><mi>y</mi><mn>3</mn></mroot>"),
        ("alpha_1^2", "<msup><msub><mi>α</mi><mn>1</mn></msub><mn>2</mn></msup>"),
        ("-pi", "<mrow><mo>−</mo><mi>π</mi></mrow>"),
        ("abs(x)", '<mrow><mo stretchy="false">|</mo><mi>x</mi><mo stretchy="false">|</mo></mrow>'),
        ("mass", '<mi mathvariant="normal">mass</mi>'),
    ],
)
def test_mathml(text: str, inside: str) -> None:
    assert mathml(parse(text).root) == f"<math>{inside}</math>"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_mathml_of_every_row_is_well_formed(row: Primitive) -> None:
    root = node(row, *(node(BY_NAME["neg"], var(name)) for name in row.params))
    made = ElementTree.fromstring(mathml(root, display=True))
    words = "".join(made.itertext())
    assert not re.search(r"[\\{}_^&]|left|right|operatorname", words), words
    assert all(name in words for name in row.params)


# PDF


def test_pdf_is_a_file_whose_table_is_right() -> None:
    data = draw(flatten(tree(SQRT)), "pdf", title="√x (π)", highlight=[4])
    assert isinstance(data, bytes)
    table = data.index(b"xref\n")
    assert data.rstrip().endswith(b"startxref\n%d\n%%%%EOF" % table)
    places = [int(line[:10]) for line in data[table:].splitlines()[3:] if line.endswith(b" n ")]
    assert all(data[p:].startswith(b"%d 0 obj" % k) for k, p in enumerate(places, 1))
    page = zlib.decompress(data.split(b"stream\n")[1].split(b"\nendstream")[0])
    assert page.count(b"<%s>" % b"eml".hex().encode()) == tree_size(SQRT) // 2
    assert page.split().count(b"q") == page.split().count(b"Q") > 0


def test_png_needs_a_painter(monkeypatch: pytest.MonkeyPatch, no_graphviz: Path) -> None:
    monkeypatch.setattr(picture, "_resvg", lambda: None)
    for options in ({}, {"engine": "own"}, {"style": "circuit"}):
        with pytest.raises(MissingError):
            draw(flatten(tree(LN)), "png", **options)


# How long it takes


@pytest.mark.parametrize(
    ("fmt", "style"),
    [*((fmt, "tree") for fmt in FORMATS), *(("svg", style) for style in get_args(Style))],
)
def test_deep_and_huge_trees_are_clipped(fmt: str, style: Style) -> None:
    drawn = draw(doubled(100_000), fmt, style, limit=None if fmt == "svg" else 200)
    if isinstance(drawn, bytes):
        assert drawn.startswith((b"\x89PNG", b"%PDF"))
    else:
        assert "depth 100,000, 100,002 distinct subtrees" in drawn
        assert re.search(r"(about 10.*15052|\d\d,\d{3}) more (nodes|distinct subtrees)", drawn)


def test_ten_thousand_nodes_take_less_than_a_second() -> None:
    row = [var("x") if k % 3 else ONE for k in range(5_000)]
    while len(row) > 1:
        row = [eml(a, b) for a, b in zip(row[::2], row[1::2], strict=False)] + row[len(row) & ~1 :]
    tape = flatten(row[0])
    before = time.process_time()
    svg = to_svg(tape)
    assert time.process_time() - before < 1.0
    assert texts(svg).count("eml") == 4_999
    assert "more" not in svg


def test_what_others_draw_is_no_more_than_they_can() -> None:
    """Mermaid refuses more than 500 links, TeX knows no length of 16,384 points."""
    tape = flatten(chain(20_000))
    links = re.findall(r" -.- n", str(draw(tape, "mermaid")))
    assert 490 < len(links) <= 500
    tikz = str(draw(tape, "tikz"))
    (scale,) = re.findall(r"y=-([\d.]+)pt", tikz)
    (height,) = re.findall(r"\(0,0\) rectangle \([\d.]+,([\d.]+)\)", tikz)
    assert 15_000 < float(scale) * float(height) < 16_384


# Colours


@pytest.mark.parametrize("name", THEMES)
def test_colours_are_told_apart(name: str) -> None:
    """WCAG 2.2, AA: 4.5 for words, 3 for lines."""
    theme = THEMES[name]
    fills = (theme.paper, theme.node, theme.number, theme.variable, theme.block, theme.hot)
    words = [*((theme.ink, fill) for fill in fills), (theme.faint, theme.paper),
             (theme.shared, theme.paper)]  # fmt: skip
    lines = [(line, theme.paper) for line in (theme.ink, theme.faint, theme.left, theme.right)]
    for least, pairs in ((4.5, words), (3.0, lines)):
        for front, back in pairs:
            assert contrast(front, back) >= least, (front, back)


# Graphviz


@pytest.fixture
def no_graphviz(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose only programs are those that a test puts into this folder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return tmp_path


def program(folder: Path, body: str) -> None:
    """A stand-in for Graphviz."""
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_without_graphviz(no_graphviz: Path) -> None:
    tape = flatten(tree(SQRT))
    assert to_svg(tape, "dag") == to_svg(tape, "dag", engine="own")
    for call in (lambda: to_svg(tape, engine="dot"), lambda: draw(tape, "png", engine="dot")):
        with pytest.raises(MissingError, match="need Graphviz") as caught:
            call()
        assert "install Graphviz" in str(caught.value.hint)


def test_slow_graphviz_is_given_up(no_graphviz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(no_graphviz, "exec /bin/sleep 30")
    monkeypatch.setattr(dot_module, "SECONDS", 0.2)
    said = texts(to_svg(flatten(tree(SQRT)), "dag"))
    assert "dot did not finish in 0.2 s; drawn by emlc instead" in said
    assert "#1" in said


def test_failing_graphviz_is_reported(no_graphviz: Path) -> None:
    program(no_graphviz, "echo 'no such format' >&2; exit 1")
    with pytest.raises(MissingError, match="dot cannot write png: no such format"):
        draw(flatten(tree(LN)), "png", engine="dot")


def test_graphviz_joins_shared_subtrees() -> None:
    svg = to_svg(flatten(tree(SQRT)), "dag")
    assert texts(svg).count("eml") == 17
    assert "#1" not in texts(svg)


def test_formats_are_the_drawable_ones() -> None:
    made = {fmt: draw(flatten(tree(LN)), fmt) for fmt in FORMATS}
    assert {fmt for fmt, found in made.items() if isinstance(found, bytes)} == {"png", "pdf"}
