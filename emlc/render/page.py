"""A drawing as a page of its own, for a browser; it loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib

from emlc.render.svg import xml

_STYLE = "body{margin:0}svg{display:block;max-width:100%;height:auto;margin:auto}"


def write_page(svg: str, title: str, paper: str) -> str:
    """The SVG document in an HTML page that allows nothing but its own style."""
    style = f"{_STYLE}html{{background:{paper}}}"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'sha256-{digest}'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{xml(title or 'EML tree')}</title>\n<style>{style}</style>\n"
        f"</head>\n<body>\n{svg}</body>\n</html>\n"
    )
