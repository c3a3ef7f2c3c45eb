"""The explorer: what its page says and may do, who may ask its server, how a browser finds it."""

from __future__ import annotations

import base64
import cmath
import hashlib
import http.client
import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import contrast

import emlc
from emlc import child, limits
from emlc.check.reference import Reference
from emlc.errors import LimitError
from emlc.explore import content, page
from emlc.explore.constants import constants
from emlc.explore.content import KNOWN
from emlc.explore.server import Places, Server
from emlc.ir.node import ONE, eml, node, var
from emlc.show import show
from emlc.tables.primitives import BY_NAME, Primitive

# What the document says


def test_every_node_says_what_it_computes() -> None:
    found = content("y^2*sin(x)")
    said = {found["meanings"][k] for k in found["meaning"]}
    assert said >= {"x", "sin(x)", "y^2*sin(x)"}
    known = [found["facts"][k] for k in found["fact"]]
    assert known[-1] == "real"
    assert known[found["meaning"].index(found["meanings"].index("sin(x)"))] == "[-1,1]"
    assert found["verdict"]["status"] == "proved"
    assert len(found["tree"]) == len(found["meaning"]) == len(known) == found["dag"]


def test_a_tree_is_read_back_where_it_can_be() -> None:
    found = content("11xE1EE")
    assert found["meanings"][found["meaning"][-1]] == "ln(x)"
    assert found["verdict"]["status"] == "proved" and found["domain"] == {"x": "positive"}
    assert found["formula"] == [["variable", "x"], ["ln", 0]]
    for domains in ({"x": "real"}, {"x": "negative"}):
        other = content("11xE1EE", domains)
        assert other["meanings"][other["meaning"][-1]] != "ln(x)"


def test_nodes_are_read_back_where_no_row_says() -> None:
    found = content("sqrt(x)", {"x": "positive"}, "shortest")
    said = [found["meanings"][k] for k in found["meaning"]]
    assert said[-1] == "sqrt(x)"
    assert not [text for text in said if text.startswith("e - ln(e")]


def test_rows_that_the_page_does_not_know_are_written_out() -> None:
    names = {step[0] for step in content("sigmoid(x) + log10(x)")["formula"]}
    assert names <= KNOWN | {"number", "variable"}


def test_large_trees_are_refused_and_middling_ones_stay_small() -> None:
    sums = "sinh(x)*tanh(y)/atan(x) + asin(y/9)*acosh(x+2)^3 - sin(x)*cos(y)*tan(x*y)"
    found = content(f"({sums})*acos(x/9)*cosh(x/y)^2 + atan(x*y)^3*sin(x^2+y)*cos(y^2-x)")
    assert 3000 < found["k"] < 5000
    assert len(page(found).encode()) < 300_000
    deep = var("x")
    for _ in range(20_000):
        deep = eml(deep, ONE)
    with pytest.raises(LimitError, match=r"20,002 distinct subtrees"):
        content(show(deep, "json"))


# What the page is


def test_the_page_allows_its_own_scripts_and_nothing_else() -> None:
    text = page(content("ln(x)"))
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)[0]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    inline = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", text, re.S)
    for code in inline:
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert len(inline) == 5
    assert not re.search(r'\bon\w+="|src=|href=|style="|@import|url\(', text)


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "<!--", "a&b", "\u2028"])
def test_names_stay_text(name: str) -> None:
    text = page({**content("ln(x)"), "source": name, "variables": [name]})
    assert text.count("<script") == 5 and text.count("</script") == 5
    data = re.findall(r'id="data">(.*?)</script>', text, re.S)[0]
    assert "<" not in data and "<!--" not in re.sub("<!doctype.*?>", "", text)
    assert json.loads(data)["source"] == name.replace("\u2028", " ")


# Who may ask the server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(content("ln(x)"), seconds=30) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(
    server: Server, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """The answer to one request; headers are written with _ for -."""
    link = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=40)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    link.request(method, path, body, named)
    answer = link.getresponse()
    found = answer.status, answer.read(), answer.headers
    link.close()
    return found


JSON = "application/json"


def formula(text: str, domains: str = "") -> bytes:
    return json.dumps({"source": text, "domains": domains}).encode()


def test_the_server_is_on_this_machine_alone(server: Server) -> None:
    assert server.server_address[0] == "127.0.0.1"
    status, text, headers = ask(server, "GET", "/")
    assert status == 200 and b'id="ask"' in text
    assert "connect-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Host": "evil.example"}, 403),
        ("GET", {"Host": "127.0.0.1:1"}, 403),
        ("POST", {"Host": "evil.example", "Content_Type": JSON}, 403),
        ("POST", {"Origin": "http://evil.example", "Content_Type": JSON}, 403),
        ("POST", {"Origin": "null", "Content_Type": JSON}, 403),
        ("POST", {"Sec_Fetch_Site": "cross-site", "Content_Type": JSON}, 403),
        ("POST", {"Content_Type": "text/plain"}, 415),
        ("POST", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ("PUT", {}, 501),
    ],
)
def test_others_are_refused(
    server: Server, method: str, headers: dict[str, str], status: int
) -> None:
    body = None if method == "GET" else formula("x")
    assert ask(server, method, "/compile" if body else "/", body, **headers)[0] == status


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"x" * (limits.REQUEST_BYTES + 1), 413, "too long"),
        (b"[" * 10_000, 400, "not a formula"),
        (b"[]", 400, "not a formula"),
        (b"\xff", 400, "not a formula"),
        (b"9" * 5000, 400, "not a formula"),
        (formula("x", "x:real\0"), 400, "not a formula"),
        (formula("  "), 400, "not a formula"),
        (formula("x", "x:real --open"), 400, "not a formula"),
        (formula("sin("), 200, "the formula ends where"),
        (formula("x", "x:nowhere"), 200, "is not a domain"),
        (formula("\ud800"), 200, "not text"),
    ],
)
def test_what_is_no_formula_is_an_answer(
    server: Server, body: bytes, status: int, says: str
) -> None:
    found, answer, _ = ask(server, "POST", "/compile", body, Content_Type=JSON)
    assert (found, says in json.loads(answer)["error"]["message"]) == (status, True)


def test_a_formula_is_compiled(server: Server) -> None:
    origin = f"http://localhost:{server.server_port}"
    host = origin.removeprefix("http://")
    body = formula("--x*y", "x:positive y:[0,1]")
    headers = {"Content_Type": JSON, "Origin": origin, "Host": host}
    status, answer, _ = ask(server, "POST", "/compile", body, **headers)
    assert status == 200 and json.loads(answer)["domain"] == {"x": "positive", "y": "[0,1]"}


def test_time_and_number_are_limited() -> None:
    with Server({"source": ""}, seconds=0.01, at_once=1) as made:
        assert b"takes more than" in made.compiled(formula("x"))[1]
        assert made.places.take(1)
        assert made.compiled(formula("x"))[0] == 503


def test_two_hundred_at_once_are_answered(server: Server) -> None:
    """Pages, refusals and what is no formula, all at one time."""
    kinds = (
        ("GET", "/", None, 200, {}),
        ("GET", "/nowhere", None, 404, {}),
        ("GET", "/", None, 403, {"Host": "evil.example"}),
        ("POST", "/compile", b"[]", 400, {"Content_Type": JSON}),
    )
    found: list[bool] = []

    def one(k: int) -> None:
        method, path, body, want, headers = kinds[k % len(kinds)]
        found.append(ask(server, method, path, body, **headers)[0] == want)

    threads = [threading.Thread(target=one, args=(k,)) for k in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 200


def test_a_hostile_formula_does_not_hang_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its time while nobody waits, and little once somebody does."""
    monkeypatch.setattr("emlc.explore.server._SHARE", 0.5)
    hostile = formula("+".join(f"sin(x{k})^cos(x{k + 1})" for k in range(600)))
    said: list[bytes] = []
    with Server({"source": ""}, seconds=60, at_once=1) as made:
        slow = threading.Thread(target=lambda: said.append(made.compiled(hostile)[1]))
        slow.start()
        time.sleep(0.2)
        status, answer = made.compiled(formula("x"))
        slow.join()
    assert status == 200 and "error" not in json.loads(answer)
    assert "others wait" in json.loads(said[0])["error"]["message"]


def test_the_newest_that_waits_comes_first() -> None:
    """Who floods the server waits behind the next one to come, and gives up in time."""
    places, came = Places(1), list[int]()

    def one(k: int) -> None:
        if places.take(20):
            came.append(k)
            places.leave()

    assert places.take(1)
    threads = [threading.Thread(target=one, args=(k,)) for k in range(3)]
    for k, thread in enumerate(threads):
        thread.start()
        while len(places.waiting) <= k:
            time.sleep(0.01)
    assert not places.take(0.05)
    places.leave()
    for thread in threads:
        thread.join()
    assert came == [2, 1, 0] and not places.waiting


def test_many_open_connections_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that say nothing take up no more than their number, and not for long."""
    monkeypatch.setattr(limits, "REQUESTS", 3)
    with Server({"source": ""}) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        silent = [socket.create_connection(("127.0.0.1", made.server_port)) for _ in range(3)]
        time.sleep(0.3)
        with pytest.raises(ConnectionError):
            ask(made, "GET", "/")
        for one in silent:
            one.close()
        time.sleep(0.3)
        assert ask(made, "GET", "/")[0] == 200
        made.shutdown()
        thread.join()


def test_a_request_that_drips_is_read_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emlc.explore.server._IDLE", 0.5)
    with Server({"source": ""}) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        with socket.create_connection(("127.0.0.1", made.server_port), timeout=20) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: ")
            end = time.monotonic() + 20
            with suppress(ConnectionError):
                while time.monotonic() < end:
                    slow.sendall(b"x")
                    time.sleep(0.1)
            assert time.monotonic() < end
        made.shutdown()
        thread.join()


def test_constants_beyond_doubles_are_not_known() -> None:
    found = constants(emlc.compile("9^9^9", check=False).tape)
    assert [None, None, 0.0, 0.0] in [row[1:] for row in found]
    json.dumps(found, allow_nan=False)


def test_the_child_runs_what_this_process_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what lies in the folder that a person happens to be in, and within its memory."""
    (tmp_path / "emlc").mkdir()
    (tmp_path / "emlc" / "__main__.py").write_text("print('not emlc')")
    (tmp_path / "json.py").write_text("raise SystemExit('not json')")
    monkeypatch.chdir(tmp_path)
    words = ["compile", "x*y", "--no-check", "--format", "rpn"]
    assert child.run("emlc", words, b"", 60) == b"1111xEE1EEyE1EE1E\n"
    monkeypatch.setattr(limits, "CHILD_MEMORY", 1 << 20)
    assert child.run("emlc", words, b"", 60) == b""
    assert child.run("emlc", words, b"", 0.001) is None


# In a browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium here")
    with playwright.sync_playwright() as running:
        made = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A tab that must not say anything on its console, nor load anything from elsewhere."""
    context = browser.new_context(reduced_motion="reduce")
    made = context.new_page()
    said: list[str] = []
    made.on("console", lambda message: said.append(message.text))
    made.on("pageerror", lambda error: said.append(str(error)))
    made.on("request", lambda r: said.append(r.url) if "127.0.0.1" not in r.url else None)
    yield made
    context.close()
    assert [text for text in said if not text.startswith("file:")] == []


def shown(tab: Any, tmp_path: Path, text: str, domains: dict[str, str] | None = None) -> Any:
    """The tab with the page of a formula."""
    path = tmp_path / "page.html"
    path.write_text(page(content(text, domains)), encoding="utf-8")
    tab.goto(path.as_uri())
    return tab


def node_facts(tab: Any) -> dict[str, str]:
    """What the page says of the selected node."""
    names, words = (tab.locator(f"#node {tag}").all_inner_texts() for tag in ("dt", "dd"))
    return dict(zip(names, words, strict=True))


def test_folding_by_keyboard_and_mouse(tab: Any, tmp_path: Path) -> None:
    shown(tab, tmp_path, "x*y")
    items = tab.locator("#tree li:visible")
    root = items.first
    assert root.get_attribute("aria-expanded") == "true" and items.count() == 17
    root.focus()
    tab.keyboard.press("ArrowLeft")
    assert (root.get_attribute("aria-expanded"), items.count()) == ("false", 1)
    tab.keyboard.press("Enter")
    tab.keyboard.press("ArrowDown")
    focused = tab.locator("#tree li:focus")
    assert focused.get_attribute("aria-level") == "2"
    assert focused.get_attribute("aria-posinset") == "1"
    tab.keyboard.press("End")
    assert tab.locator("#tree li:focus .head").inner_text() == "1"
    tab.keyboard.press("Home")
    assert node_facts(tab)["size"] == "K = 17, depth 8"
    items.nth(1).locator(".sign").first.click()
    assert items.nth(1).get_attribute("aria-expanded") == "false"
    assert tab.locator('#tree [aria-selected="true"]').count() == 1
    assert tab.locator('#tree [tabindex="0"]').count() == 1


def test_typed_values_flow_through_the_tree(tab: Any, tmp_path: Path) -> None:
    shown(tab, tmp_path, "x*y")
    box = tab.get_by_label("x =")
    box.fill("1+2i")
    tab.get_by_label("y =").fill("-1/2")
    assert node_facts(tab)["value"] == "−0.5 − 1i"
    box.fill("what")
    assert box.get_attribute("aria-invalid") == "true"
    box.fill("2pi")
    tab.get_by_role("button", name="Let the values flow").click()
    assert node_facts(tab)["value"].startswith("−3.1415926535")


def test_branches_are_compared(tab: Any, tmp_path: Path) -> None:
    shown(tab, tmp_path, "ln(x)", {"x": "(-4,4)"})
    tab.locator("#plane-words").filter(has_text="points").wait_for()
    tab.get_by_label("x =").fill("-1")
    assert node_facts(tab)["value"] == "3.14159265359i"
    assert "Largest difference at 800 points" in tab.locator("#plot-words").inner_text()
    assert "differ at" in tab.locator("#plane-words").inner_text()
    shown(tab, tmp_path, "11xE1EE")
    tab.get_by_label("x =").fill("-1")
    facts = node_facts(tab)
    assert (facts["value"], facts["in plain doubles"]) == ("−3.14159265359i", "3.14159265359i")
    assert cuts(tab) == [["x < 0", "from above", "from below", "differ"]]


def test_a_value_on_a_cut_is_the_limit_that_the_tree_has_there(tab: Any, tmp_path: Path) -> None:
    """Where doubles cannot tell the side, in the tree, its nodes, the plots and the table."""
    made = emlc.compile("atan(x)", check=False)
    shown(tab, tmp_path, "atan(x)")
    assert cuts(tab) == [
        ["x = i t, t < −1", "from the left", "from the left", "alike"],
        ["x = i t, t > 1", "from the right", "from the left", "differ"],
    ]
    tab.locator("#plane-words").filter(has_text="They differ at 75 of").wait_for()
    for text, z in (("2i", (0, 2)), ("-3i", (0, -3)), ("i/2", (0, Fraction(1, 2)))):
        tab.get_by_label("x =").fill(text)
        wanted = complex(emlc.evaluate(made.tape, {"x": (Fraction(z[0]), Fraction(z[1]))}))
        read = tab.evaluate("text => compute.read(text)", node_facts(tab)["value"])
        assert complex(*read) == pytest.approx(wanted, rel=1e-9)


def cuts(tab: Any) -> list[list[str]]:
    """The rows of the table of cuts."""
    return [row.split("\t") for row in tab.locator("#cuts tr").all_inner_texts()]


def test_the_served_page_compiles_and_complains(tab: Any, server: Server) -> None:
    tab.goto(server.address)
    tab.get_by_label("Formula or tree").fill("gama(x)")
    tab.get_by_role("button", name="Compile").click()
    alert = tab.get_by_role("alert")
    alert.filter(has_text="unknown function gama").wait_for()
    assert alert.inner_text().split("\n")[1:3] == ["  gama(x)", "  ^^^^"]
    tab.get_by_label("Formula or tree").fill("sqrt(t)")
    tab.get_by_role("button", name="Compile").click()
    tab.get_by_label("t =").wait_for()
    assert alert.inner_text() == ""
    assert tab.locator("#math math").count() == 1
    assert "sqrt(t)" in tab.locator("#about").inner_text()


def test_everything_has_a_name_and_contrast_enough(tab: Any, tmp_path: Path) -> None:
    shown(tab, tmp_path, "sin(x)")
    nameless = """() => [...document.querySelectorAll('input,select,button,canvas,section,[role]')]
        .filter(e => e.checkVisibility() && !(e.labels?.length || e.textContent.trim()
            || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')))
        .filter(e => !['status', 'alert', 'group'].includes(e.getAttribute('role'))).length"""
    assert tab.evaluate(nameless) == 0
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        style = "getComputedStyle(document.documentElement)"
        colour = {
            name: tab.evaluate(f"{style}.getPropertyValue('--{name}').trim()")
            for name in ("ink", "faint", "left", "right", "bad", "paper", "soft", "hot")
        }
        pairs = [(name, "paper") for name in ("ink", "faint", "left", "right", "bad")]
        for front, back in (*pairs, ("ink", "soft"), ("ink", "hot")):
            assert contrast(colour[front], colour[back]) >= 4.5, (scheme, front, back)


def test_the_page_computes_every_row_that_it_claims(tab: Any, tmp_path: Path) -> None:
    shown(tab, tmp_path, "x")
    points = [0.3 + 0.2j, -1.2 + 0.7j, 2.5 - 0.4j, 0.5 + 0j, -0.5 + 0j, 2 + 0j, -2 + 0j, 1.5j]
    arities = {name: len(BY_NAME[name].params) for name in sorted(KNOWN)}
    script = "([n, a, b]) => compute.rows[n](a, b)"
    for name, arity in arities.items():
        row = BY_NAME[name]
        for k, z in enumerate(points if arity else points[:1]):
            w = points[(k + 3) % len(points)]
            got = tab.evaluate(script, [name, [z.real, z.imag], [w.real, w.imag]])
            assert complex(*got) == pytest.approx(reference(row, z, w), rel=1e-12, abs=1e-12)


TREES = [("asin(x)", "complex"), ("sin(x)", "complex"), ("ln(x)", "real"), ("1/x", "complex"),
         ("x*x", "real"), ("cos(x)", "real"), ("tanh(x)", "real")]  # fmt: skip


@pytest.mark.parametrize(("text", "where"), TREES)
def test_the_page_takes_the_exact_branch_or_none(
    text: str, where: str, tab: Any, tmp_path: Path
) -> None:
    """On cuts and beside them, at zero and where doubles overflow: right, or no value."""
    made = emlc.compile(text, domain={"x": where}, check=False)
    shown(tab, tmp_path, text, {"x": where})
    parts = (-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.0, 800.0)
    points = [(a, b) for a in parts for b in (0.0, -0.5, 1e-9, 3.0)]
    script = """points => {
        const data = JSON.parse(document.getElementById("data").textContent);
        const values = compute.tree(data.tree, true, data);
        return points.map(x => compute.cartesian(values({x})[data.tree.length - 1], true));
    }"""
    told = 0
    for (a, b), (real, turn) in zip(points, tab.evaluate(script, points), strict=True):
        ball = emlc.evaluate(made.tape, {"x": (Fraction(a), Fraction(b))})
        on_domain = where == "real" and b == 0 and abs(a) < 9
        assert real == real or ball.kind != "finite" or not on_domain, (a, b)
        if ball.kind == "finite" and real == real:
            told += 1
            assert complex(real, turn) == pytest.approx(complex(ball), rel=1e-5, abs=1e-5), (a, b)
    assert told >= 20


def reference(row: Primitive, z: complex, w: complex) -> complex:
    """The row's value to 30 digits."""
    args = [var(name) for name in ("z", "w")][: len(row.params)]
    values = {"z": exact(z), "w": exact(w)}
    found = Reference(node(row, *args)).at(values, 30)
    assert found is not None and not cmath.isnan(complex(found))
    return complex(found)


def exact(z: complex) -> tuple[Fraction, Fraction]:
    return Fraction(z.real), Fraction(z.imag)
