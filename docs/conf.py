"""How the documentation is built: `sphinx-build -W docs docs/_build`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generated  # noqa: E402

import emlc  # noqa: E402

project = "emlc"
author = "The emlc authors"
copyright = author
version = release = emlc.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build", "generated.py"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["emlc.css"]
html_title = f"emlc {version}"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072b2", "color-brand-content": "#0072b2"},
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#56b4e9"},
}
myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
html_show_sphinx = False
html_extra_path = ["reference/schema", "_explorer"]
_FIELD = re.compile(r"^(\w[\w, ]*?)\s{2,}(\S.*)$")

# Links that lead out of this folder, as the pages have them on a forge, and where they lead here.
_OUTSIDE = {
    "../examples": "examples.md",
    "../README.md": "index.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../CHANGELOG.md": "changelog.md",
}
# Pages that are files of the folder above, and their links.
_ABOVE = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}
_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)(?:docs/)?([^)]*)\)")


def _fields(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """The columns of a docstring, a name and its meaning, as a list of fields."""
    out: list[str] = []
    shown = False
    for k, line in enumerate(lines):
        shown = bool(line) and (shown or line.lstrip().startswith(">>>"))
        if not shown and "`" not in line:
            line = line.replace("*", "\\*")
        line = re.sub(r"(?<=\w)_(?![\w`])", r"\\_", line)
        field = _FIELD.match(line)
        if field:
            if out and out[-1] and not out[-1].startswith((":", "    ")):
                out.append("")
            out.append(f":{field[1]}: {field[2]}")
        elif re.match(r"^\s{4,}\S", line) and out and out[-1].startswith((":", "    ")):
            out.append("    " + line.strip())
        else:
            if out and line and out[-1].startswith((":", "    ")) and k:
                out.append("")
            out.append(line)
    lines[:] = out


def _inside(app: Any, page: str, source: list[str]) -> None:
    """Fill in what pages leave open, and lead their links to where things are here."""
    if page in _ABOVE:
        above = (HERE.parent / _ABOVE[page]).read_text(encoding="utf-8")
        source[0] = _LINK.sub(_from_above, above)
        return
    text = source[0].replace("@pages@", "\n".join(generated.further(HERE)))
    text = text.replace("@examples@", generated.examples(HERE.parent / "examples"))
    up = "../" * page.count("/")
    for outside, inside in _OUTSIDE.items():
        target = re.escape(up + outside)
        text = re.sub(rf"\]\({target}(/[^)]*)?\)", f"]({up}{inside})", text)
    source[0] = text


def _from_above(link: re.Match[str]) -> str:
    """A link of a page of the folder above, or its words where there is nothing to lead to."""
    here = _OUTSIDE.get("../" + link[2], link[2])
    return f"[{link[1]}]({here})" if (HERE / here).exists() else link[1]


def setup(app: Any) -> None:
    """Write the pages that come from emlc itself, and fit docstrings and links."""
    generated.write(HERE / "reference")
    generated.explorers(HERE / "_explorer")
    app.connect("autodoc-process-docstring", _fields)
    app.connect("source-read", _inside)
