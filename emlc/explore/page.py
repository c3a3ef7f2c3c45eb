"""The explorer's page: one file that loads nothing, with a policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

from emlc.render.svg import xml
from emlc.render.theme import theme_of

_SCRIPTS = ("compute.js", "plots.js", "cuts.js", "page.js")


@cache
def asset(name: str) -> str:
    """The text of a file that the page is made of."""
    return (files("emlc.explore") / "assets" / name).read_text(encoding="utf-8")


def page(found: Mapping[str, Any], *, served: bool = False) -> str:
    """The document of `content` as an HTML page; `served` gives it a box for another formula.

    >>> text = page({"source": "x"})
    >>> text.count("<script"), "default-src 'none'" in text
    (5, True)
    """
    more = {"served": served, "dark": _dark()}
    data = json.dumps({**found, **more}, ensure_ascii=False, separators=(",", ":"))
    holes = {
        "policy": policy(served=served),
        "title": f"{xml(str(found['source'])[:80])} – emlc",
        "style": asset("page.css"),
        "data": data.replace("<", "\\u003c").replace("\u2028", " ").replace("\u2029", " "),
        "compute": asset("compute.js"),
        "plots": asset("plots.js"),
        "cuts": asset("cuts.js"),
        "script": asset("page.js"),
    }
    head, *rest = asset("page.html").split("{{")
    parts = [head]
    for piece in rest:
        name, text = piece.split("}}", 1)
        parts += [holes[name], text]
    return "".join(parts)


def _dark() -> dict[str, str]:
    """The colour on a dark page for each colour of the picture."""
    light, dark = (asdict(theme_of(name)) for name in ("light", "dark"))
    return {light[use]: dark[use] for use in light}


def policy(*, served: bool) -> str:
    """The content security policy: this page's own scripts and style, by their hashes."""
    scripts = " ".join(_hash(asset(name)) for name in _SCRIPTS)
    connect = "'self'" if served else "'none'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src {_hash(asset('page.css'))}; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
