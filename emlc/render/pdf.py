"""A drawing as a PDF page: vectors, and text in the fonts that every PDF reader has.

PDF 1.4 (ISO 32000-1), one page, standard 14 fonts. Letters outside WinAnsi come from the Symbol
font where it has them; others are replaced by a question mark.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import groupby

from emlc.render.drawing import Box, Circle, Drawing, Look, Mark, Path, Polygon, Text
from emlc.render.frame import Point

_POINTS = 0.75
_ROUND = 0.5523
_FONTS = ("Helvetica", "Helvetica-Bold", "Times-Roman", "Times-Italic", "Symbol")
_SYMBOL = 4
_GREEK = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
_CAPITALS = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"
_IN_SYMBOL = {
    **dict(zip(_GREEK, b"abcdefghijklmnopqrstuvwxyz", strict=True)),
    **dict(zip(_CAPITALS, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", strict=True)),
    "−": 0x2D, "≈": 0xBB, "∞": 0xA5, "↓": 0xAF, "√": 0xD6,
}  # fmt: skip

# Widths of the characters from space to ~ in thousandths of the size, by Adobe's font metrics.
_HELVETICA = """
278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556
556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778
667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556
556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584
"""
_ROMAN = """
250 333 408 500 500 833 778 180 333 333 500 564 250 333 250 278 500 500 500 500 500 500 500 500
500 500 278 278 564 564 564 444 921 722 667 667 722 611 556 722 722 333 389 722 611 889 722 722
556 722 667 556 611 722 722 944 722 722 611 333 278 333 469 500 333 444 500 444 500 444 333 500
500 278 278 500 278 778 500 500 500 500 333 389 278 500 500 722 500 500 444 480 200 480 541
"""
_ITALIC = """
250 333 420 500 500 833 778 214 333 333 500 675 250 333 250 278 500 500 500 500 500 500 500 500
500 500 333 333 675 675 675 500 920 611 611 667 722 611 611 722 722 333 444 667 556 833 667 722
611 722 611 500 556 722 611 833 611 556 556 389 278 389 422 500 333 500 500 444 500 444 278 500
500 278 278 444 278 722 500 500 500 500 389 389 278 500 444 667 444 444 389 400 275 400 541
"""
_WIDTHS = [[int(w) for w in t.split()] for t in (_HELVETICA, _HELVETICA, _ROMAN, _ITALIC)]
_OTHER = 550


def write_pdf(made: Drawing, size: float | None) -> bytes:
    """The drawing as a PDF file of one page, `size` points wide where it is given."""
    scale = _POINTS if size is None else size / made.width
    width, height = made.width * scale, made.height * scale
    page = [f"{_n(scale)} 0 0 {_n(-scale)} 0 {_n(height)} cm 1 J 1 j"]
    page += [_colour(made.theme.paper, "rg"), f"0 0 {_n(made.width)} {_n(made.height)} re f"]
    for name, look in made.looks.items():
        marks = made.marks.get(name)
        if marks:
            page += ["q", *_look(look), *(line for m in marks for line in _mark(m, look)), "Q"]
    return _file("\n".join(page).encode("ascii"), width, height, made.title)


def _look(look: Look) -> Iterator[str]:
    if look.fill:
        yield _colour(look.fill, "rg")
    if look.stroke:
        yield _colour(look.stroke, "RG") + f" {_n(look.width)} w"
    if look.dash:
        yield f"[{' '.join(map(_n, look.dash))}] 0 d"


def _mark(mark: Mark, look: Look) -> Iterator[str]:
    """The operators that paint one mark."""
    if isinstance(mark, Text):
        yield from _text(mark, look)
        return
    own = "" if isinstance(mark, Path) else mark.fill
    if own:
        yield "q " + _colour(own, "rg")
    yield from _outline(mark)
    yield ("b" if look.fill and look.stroke else "f" if look.fill else "S") + (" Q" if own else "")


def _outline(mark: Path | Circle | Box | Polygon) -> Iterator[str]:
    if isinstance(mark, Path):
        yield f"{_pair(mark.start)} m"
        for step in mark.steps:
            yield f"{' '.join(map(_pair, step))} {'c' if len(step) == 3 else 'l'}"
    elif isinstance(mark, Polygon):
        yield f"{_pair(mark.points[0])} m"
        yield from (f"{_pair(p)} l" for p in mark.points[1:])
    elif isinstance(mark, Circle):
        side = 2 * mark.radius
        yield from _outline(Box(mark.at, side, side, mark.radius))
    else:
        yield from _rounded(mark)


def _rounded(box: Box) -> Iterator[str]:
    """A rectangle with round corners, clockwise from its upper left."""
    x, y = box.at
    left, right = x - box.width / 2, x + box.width / 2
    top, low = y - box.height / 2, y + box.height / 2
    r = min(box.corner, box.width / 2, box.height / 2)
    k = r * (1 - _ROUND)
    yield f"{_pair((left + r, top))} m"
    turns = (
        ((right - r, top), (right - k, top), (right, top + k), (right, top + r)),
        ((right, low - r), (right, low - k), (right - k, low), (right - r, low)),
        ((left + r, low), (left + k, low), (left, low - k), (left, low - r)),
        ((left, top + r), (left, top + k), (left + k, top), (left + r, top)),
    )
    for straight, *curve in turns:
        yield f"{_pair(straight)} l {' '.join(map(_pair, curve))} c"


def _text(mark: Text, look: Look) -> Iterator[str]:
    """The words at their anchor; the page is upside down, so letters are turned back."""
    font = (2 + look.italic) if look.font == "serif" else int(look.bold)
    runs = [_run(place, "".join(text)) for place, text in groupby(mark.words, _is_symbol)]
    total = sum(_width(code, place, font) for place, code in runs) * look.size / 1000
    anchor = mark.anchor or ("middle" if look.middle else "start")
    x = mark.at[0] - total * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
    shown = "".join(
        f"/F{_SYMBOL if place else font} {_n(look.size)} Tf <{code.hex()}> Tj "
        for place, code in runs
    )
    yield f"BT 1 0 0 -1 {_n(x)} {_n(mark.at[1])} Tm {shown}ET"


def _is_symbol(letter: str) -> bool:
    return letter in _IN_SYMBOL


def _run(symbol: bool, text: str) -> tuple[bool, bytes]:
    if symbol:
        return True, bytes(_IN_SYMBOL[c] for c in text)
    return False, text.encode("cp1252", "replace")


def _width(code: bytes, symbol: bool, font: int) -> int:
    known = [] if symbol else _WIDTHS[font]
    return sum(known[c - 32] if 0 <= c - 32 < len(known) else _OTHER for c in code)


def _file(page: bytes, width: float, height: float, title: str) -> bytes:
    """The objects of the file and the table of where they are."""
    fonts = " ".join(f"/F{k} {k + 6} 0 R" for k in range(len(_FONTS)))
    packed = zlib.compress(page, 9)
    name = title.encode("utf-16-be", "replace").hex()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {_n(width)} {_n(height)}]/Contents 4 0 R"
        f"/Resources<</Font<<{fonts}>>>>>>".encode(),
        b"<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream" % (len(packed), packed),
        f"<</Title<feff{name}>/Producer(emlc)>>".encode(),
        *(_font(k) for k in range(len(_FONTS))),
    ]
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R/Info 5 0 R>>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _font(number: int) -> bytes:
    encoding = "" if number == _SYMBOL else "/Encoding/WinAnsiEncoding"
    return f"<</Type/Font/Subtype/Type1/BaseFont/{_FONTS[number]}{encoding}>>".encode()


def _colour(text: str, operator: str) -> str:
    parts = (int(text[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return f"{' '.join(f'{p:.3f}' for p in parts)} {operator}"


def _pair(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
