"""On which side of its cuts numpy, C and Python take a complex function.

They read the side off the sign of a zero part, and emlc's zeros are all +0. Where the principal
value lies on the other side, the argument goes through a helper first, which gives its zero the
sign that asks for it.
"""

from __future__ import annotations

# real_side: cuts on the real axis, above left of 0 and below right of 0
# imaginary_side: cuts on the imaginary axis, right of it above 0 and left of it below
SIDES: dict[str, str] = {
    "asin": "real_side",
    "acos": "real_side",
    "atanh": "real_side",
    "asinh": "imaginary_side",
    "atan": "imaginary_side",
}

C_HELPERS: dict[str, str] = {
    "plus_zero": """\
/* zero parts become +0, which says on which side of a cut a point lies */
static complex double plus_zero(complex double z) {
    const complex double zero = 0.0;
    return z + zero;
}""",
    "real_side": """\
/* on the real axis right of 0 the zero part becomes -0: the cut is met from below */
static complex double real_side(complex double z) {
    return cimag(z) == 0.0 && creal(z) > 0.0 ? conj(z) : z;
}""",
    "imaginary_side": """\
/* on the imaginary axis below 0 the zero part becomes -0: the cut is met from the left */
static complex double imaginary_side(complex double z) {
    return creal(z) == 0.0 && cimag(z) < 0.0 ? -conj(z) : z;
}""",
}

PYTHON_HELPERS: dict[str, str] = {
    "plus_zero": '''\
def plus_zero(z):
    """Zero parts become +0, which says on which side of a cut a point lies."""
    return z + 0j''',
    "real_side": '''\
def real_side(z):
    """On the real axis right of 0 the zero part becomes -0: the cut is met from below."""
    return z.conjugate() if z.imag == 0 and z.real > 0 else z''',
    "imaginary_side": '''\
def imaginary_side(z):
    """On the imaginary axis below 0 the zero part becomes -0: the cut is met from the left."""
    return -z.conjugate() if z.real == 0 and z.imag < 0 else z''',
}

NUMPY_HELPERS: dict[str, str] = {
    "plus_zero": PYTHON_HELPERS["plus_zero"],
    "real_side": '''\
def real_side(z):
    """On the real axis right of 0 the zero part becomes -0: the cut is met from below."""
    return np.where((z.imag == 0) & (z.real > 0), np.conj(z), z)''',
    "imaginary_side": '''\
def imaginary_side(z):
    """On the imaginary axis below 0 the zero part becomes -0: the cut is met from the left."""
    return np.where((z.real == 0) & (z.imag < 0), -np.conj(z), z)''',
}
