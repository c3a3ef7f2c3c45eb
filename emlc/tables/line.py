"""Functions of real numbers that languages lack, or that lose digits as their meaning has them."""

from __future__ import annotations

# How the rows are called, in Python's words.
CALLS: dict[str, str] = {"root": "line_root({x},{n})"}

C_LINE: dict[str, str] = {
    "line_root": """\
/* x^(1/n), with the part of 1/n that rounding loses */
static double line_root(double x, double n) {
    const double y = 1 / n, by = log(x) * (fma(-y, n, 1) / n);
    return pow(x, y) * (fabs(by) < 1 ? 1 + by : 1);
}""",
}

PYTHON_LINE: dict[str, str] = {
    "line_root": '''\
def line_root(x, n):
    """x^(1/n), with the part of 1/n that rounding loses."""
    y = 1/n
    c, d = 134217729.0*y, 134217729.0*n
    a, b = c - (c - y), d - (d - n)  # what is left of each has half the bits
    lost = ((1 - a*b) - a*(n - b)) - (y - a)*b - (y - a)*(n - b)
    by = math.log(x)*(lost/n) if x > 0 else 0.0
    return math.pow(x, y)*(1 + by if abs(by) < 1 else 1)''',
}

NUMPY_LINE: dict[str, str] = {
    "line_root": '''\
def line_root(x, n):
    """x^(1/n), with the part of 1/n that rounding loses."""
    y = 1/n
    c, d = 134217729.0*y, 134217729.0*n
    a, b = c - (c - y), d - (d - n)  # what is left of each has half the bits
    lost = ((1 - a*b) - a*(n - b)) - (y - a)*b - (y - a)*(n - b)
    by = np.log(np.where(x > 0, x, 1.0))*(lost/n)
    return x**y*(1 + np.where(np.abs(by) < 1, by, 0.0))''',
}
