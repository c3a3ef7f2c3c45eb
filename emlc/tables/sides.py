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
    "real_value": """\
/* the real number, nan when it is not real */
static double real_value(complex double z) {
    return fabs(cimag(z)) <= 1e-9 * fmax(1.0, fabs(creal(z))) ? creal(z) : NAN;
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
    "real_value": '''\
def real_value(z):
    """The real number, nan when it is not real."""
    return z.real if abs(z.imag) <= 1e-9 * max(1.0, abs(z.real)) else math.nan''',
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
    "real_value": '''\
def real_value(z):
    """The real numbers, nan where they are not real."""
    real = np.abs(z.imag) <= 1e-9 * np.maximum(1.0, np.abs(z.real))
    return np.where(real, z.real, np.nan)[()]''',
}

# XLA's functions do not heed the sign of a zero: the value goes through the helper instead.
JAX_HELPERS: dict[str, str] = {
    "plus_zero": PYTHON_HELPERS["plus_zero"],
    "real_side": '''\
def real_side(z, value):
    """On the real axis right of 0 the cut is met from below."""
    return jnp.where((z.imag == 0) & (z.real > 0), jnp.conj(value), value)''',
    "imaginary_side": '''\
def imaginary_side(z, value):
    """On the imaginary axis below 0 the cut is met from the left."""
    return jnp.where((z.real == 0) & (z.imag < 0), -jnp.conj(value), value)''',
    "real_value": NUMPY_HELPERS["real_value"].replace("np.", "jnp."),
}

TORCH_HELPERS: dict[str, str] = {
    "plus_zero": PYTHON_HELPERS["plus_zero"],
    "real_side": NUMPY_HELPERS["real_side"].replace("np.", "torch."),
    # torch's vectors make -(+0) of a complex number +0
    "imaginary_side": '''\
def imaginary_side(z):
    """On the imaginary axis below 0 the zero part becomes -0: the cut is met from the left."""
    return torch.where((z.real == 0) & (z.imag < 0), torch.complex(-z.real, z.imag), z)''',
    "real_value": '''\
def real_value(z):
    """The real numbers, nan where they are not real."""
    real = torch.abs(z.imag) <= 1e-9 * torch.clamp(torch.abs(z.real), min=1.0)
    return torch.where(real, z.real, math.nan)''',
}

MPMATH_HELPERS: dict[str, str] = {
    "real_value": '''\
def real_value(z):
    """The real number, nan when it is not real."""
    z = mpmath.mpmathify(z)
    slack = mpmath.sqrt(mpmath.eps) * max(1, abs(z.real))
    return z.real if abs(z.imag) <= slack else mpmath.nan''',
}
