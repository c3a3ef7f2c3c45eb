"""The eml in half-turn form for arrays, tensors and numbers of any precision, as source text."""

from __future__ import annotations

NUMPY_EML = '''\
import numpy as np


@np.errstate(all="ignore")
def eml(x, y):
    """exp(x) - ln(y) of pairs (a, b) that mean a + i pi b: the branches taken are exact."""
    (a, b), (c, d) = x, y
    t = b - 2 * np.rint(b / 2)
    quarter = np.rint(2 * t)
    f = t - quarter / 2
    k = quarter % 4
    r = np.where(np.isfinite(a), np.maximum(np.exp(a), 1e-308), np.exp(a))
    r = np.where(np.isfinite(a) & np.isinf(r), np.nan, r)
    cos, sin = np.cos(np.pi * f), np.sin(np.pi * f)
    re = r * np.select([k == 0, k == 1, k == 2], [cos, -sin, -cos], sin)
    im = r * np.select([k == 0, k == 1, k == 2], [sin, cos, -sin], -cos) / np.pi
    # exp(-inf + it) = 0, exp(+inf) = +inf, exp(+inf + i pi) = -inf
    pole = np.where((f == 0) & (k % 2 == 0), np.where(k == 0, np.inf, -np.inf), np.nan)
    re = np.where(a == np.inf, pole, np.where(a == -np.inf, 0.0, re))
    im = np.where(np.isinf(a) | ((k % 2 == 0) & (f == 0)), 0.0, im)
    size = np.hypot(c, np.pi * d)
    size = np.where((size > 0) & (size < 1e-307), np.nan, size)
    turn = np.arctan2(np.pi * d, c) / np.pi
    turn = np.where(d == 0, np.where(c < 0, 1.0, 0.0), np.where(c == 0, np.copysign(0.5, d), turn))
    re = re - np.log(size)
    bad = np.isnan(re) | np.isnan(turn) | ~(np.abs(b) < 1e15)
    return np.where(bad, np.nan, re), np.where(bad, np.nan, im - turn)
'''

NUMPY_REAL = '''

def real_part(z):
    """The real numbers, nan where they are not real."""
    a, b = z
    real = np.pi * np.abs(b) <= 1e-9 * np.maximum(1.0, np.abs(a))
    return np.where(real, np.where(np.abs(a) <= 1e-308, 0.0, a), np.nan)[()]
'''

NUMPY_TURNS = '''

def turns(z):
    """The complex numbers as a pair."""
    return np.real(z), np.imag(z) / np.pi
'''

NUMPY_COMPLEX = '''

def value(z):
    """The pair as complex numbers."""
    made = np.array(np.where(np.abs(z[0]) <= 1e-308, 0.0, z[0]), dtype=complex)
    made.imag = np.pi * z[1]
    return made[()]
'''


def _jax(text: str) -> str:
    text = text.replace('@np.errstate(all="ignore")\n', "").replace("np.", "jnp.")
    return text.replace("import numpy as np", "import jax.numpy as jnp")


JAX_EML = "# in doubles, after jax.config.update('jax_enable_x64', True)\n" + _jax(NUMPY_EML)
JAX_REAL, JAX_TURNS = _jax(NUMPY_REAL), _jax(NUMPY_TURNS)
JAX_COMPLEX = '''

def value(z):
    """The pair as complex numbers."""
    return jnp.where(jnp.abs(z[0]) <= 1e-308, 0.0, z[0]) + 1j * (jnp.pi * z[1])
'''

TORCH_EML = '''\
import math
import torch


def pair(a):
    """Real numbers as a pair."""
    a = torch.as_tensor(a, dtype=torch.float64)
    return a, torch.zeros_like(a)


def eml(x, y):
    """exp(x) - ln(y) of pairs (a, b) that mean a + i pi b: the branches taken are exact."""
    (a, b), (c, d) = x, y
    where = torch.where
    t = b - 2 * torch.round(b / 2)
    quarter = torch.round(2 * t)
    f = t - quarter / 2
    k = quarter % 4
    r = where(torch.isfinite(a), torch.clamp(torch.exp(a), min=1e-308), torch.exp(a))
    r = where(torch.isfinite(a) & torch.isinf(r), math.nan, r)
    cos, sin = torch.cos(math.pi * f), torch.sin(math.pi * f)
    re = r * where(k == 0, cos, where(k == 1, -sin, where(k == 2, -cos, sin)))
    im = r * where(k == 0, sin, where(k == 1, cos, where(k == 2, -sin, -cos))) / math.pi
    # exp(-inf + it) = 0, exp(+inf) = +inf, exp(+inf + i pi) = -inf
    pole = where((f == 0) & (k % 2 == 0), where(k == 0, math.inf, -math.inf), math.nan)
    re = where(a == math.inf, pole.to(re.dtype), where(a == -math.inf, 0.0, re))
    im = where(torch.isinf(a) | ((k % 2 == 0) & (f == 0)), 0.0, im)
    size = torch.hypot(c, math.pi * d)
    size = where((size > 0) & (size < 1e-307), math.nan, size)
    turn = torch.atan2(math.pi * d, c) / math.pi
    half = torch.copysign(torch.full_like(d, 0.5), d)
    turn = where(d == 0, where(c < 0, 1.0, 0.0).to(d.dtype), where(c == 0, half, turn))
    re = re - torch.log(size)
    bad = torch.isnan(re) | torch.isnan(turn) | ~(torch.abs(b) < 1e15)
    return where(bad, math.nan, re), where(bad, math.nan, im - turn)
'''

TORCH_REAL = '''

def real_part(z):
    """The real numbers, nan where they are not real."""
    a, b = z
    real = math.pi * torch.abs(b) <= 1e-9 * torch.clamp(torch.abs(a), min=1.0)
    return torch.where(real, torch.where(torch.abs(a) <= 1e-308, 0.0, a), math.nan)
'''

TORCH_TURNS = '''

def turns(z):
    """The complex numbers as a pair."""
    z = torch.as_tensor(z, dtype=torch.complex128)
    return z.real, z.imag / math.pi
'''

TORCH_COMPLEX = '''

def value(z):
    """The pair as complex numbers."""
    return torch.complex(torch.where(torch.abs(z[0]) <= 1e-308, 0.0, z[0]), math.pi * z[1])
'''

MPMATH_EML = '''\
import mpmath


def eml(x, y):
    """exp(x) - ln(y) of pairs (a, b) that mean a + i pi b: the branches taken are exact."""
    (a, b), (c, d) = x, y
    none = mpmath.nan, mpmath.nan
    re = im = mpmath.mpf(0)
    if any(map(mpmath.isnan, (a, b, c, d))) or (mpmath.isfinite(a) and mpmath.mag(a) > 10000):
        return none
    if a == mpmath.inf:  # exp(+inf) = +inf, exp(+inf + i pi) = -inf
        if b % 1:
            return none
        re = -a if b % 2 else a
    elif a != -mpmath.inf:  # exp(-inf + it) = 0
        r = mpmath.exp(a)
        re, im = r * mpmath.cospi(b), r * mpmath.sinpi(b) / mpmath.pi
    size = mpmath.hypot(c, mpmath.pi * d) if d else abs(c)
    turn = mpmath.mpf(c < 0)
    if d:
        turn = mpmath.atan2(mpmath.pi * d, c) / mpmath.pi if c else mpmath.sign(d) / 2
    re -= mpmath.log(size) if size else -mpmath.inf
    return none if mpmath.isnan(re) else (re, im - turn)
'''

MPMATH_REAL = '''

def real_part(z):
    """The real number, nan when it is not real."""
    a, b = z
    slack = mpmath.sqrt(mpmath.eps) * max(1, abs(a))
    return a if mpmath.pi * abs(b) <= slack else mpmath.nan
'''

MPMATH_TURNS = '''

def turns(z):
    """The complex number as a pair."""
    z = mpmath.mpmathify(z)
    return z.real, z.imag / mpmath.pi
'''

MPMATH_COMPLEX = '''

def value(z):
    """The pair as a complex number."""
    return mpmath.mpc(z[0], mpmath.pi * z[1])
'''
