"""Functions of complex numbers that numpy, C and Python lack, or spoil by rounding or overflow.

Where 1 + exp(z), 1 + z or x^2 + y^2 is small, or the value is, they keep its digits; cosh and sinh
beyond the range of doubles have reciprocals that are within it; inverse functions of 1/z are good
beside its zeros and poles, and where 1/z is beyond the range.
"""

from __future__ import annotations

# Other meanings for complex arguments, in emlc's own syntax.
MEANINGS: dict[str, str] = {
    "acot": "atan(1/x)+0/x",  # no number at 0
    "cot": "1/tan(x)",
    "coth": "1/tanh(x)",
}

# How the rows are called, in Python's words.
CALLS: dict[str, str] = {
    "acot": "1j*plane_acoth(1j*{x})",
    "acoth": "plane_acoth({x})",
    "acsc": "plane_acsc({x})",
    "acsch": "1j*plane_acsc(1j*{x})",
    "asec": "plane_asec({x})",
    "asech": "plane_asech({x})",
    "cbrt": "plane_cbrt({x})",
    "csc": "1j*plane_csch(1j*{x})",
    "csch": "plane_csch({x})",
    "exp2": "plane_exp2({x})",
    "hypot": "plane_hypot({x},{y})",
    "log1p": "plane_log1p({x})",
    "sec": "plane_sech(1j*{x})",
    "sech": "plane_sech({x})",
    "sigmoid": "plane_sigmoid({x})",
    "softplus": "plane_softplus({x})",
}

# For languages without one on the plane.
EXPM1 = {"expm1": "plane_expm1({x})"}

C_PLANE: dict[str, str] = {
    "plane_cbrt": """\
static complex double plane_cbrt(complex double z) {
    const int small = cabs(z) < 1e-290;
    const complex double u = small ? z * 0x1p150 : z;
    return (small ? 0x1p-50 : 1) * cbrt(cabs(u)) * cexp(I * (carg(u) / 3));
}""",
    "plane_exp2": """\
/* the imaginary part times ln 2 in two parts, for the digits of the turns */
static complex double plane_exp2(complex double z) {
    const double a = cimag(z), high = a * 0x1.62e42fefa39efp-1;
    const double low = fma(a, 0x1.62e42fefa39efp-1, -high) + a * 0x1.abc9e3b39803fp-56;
    const complex double turn = (cos(high) + I * sin(high)) * (cos(low) + I * sin(low));
    return exp2(creal(z)) * turn;
}""",
    "plane_expm1": """\
static complex double plane_expm1(complex double z) {
    const double a = creal(z), b = cimag(z), s = sin(b / 2);
    if (!(fabs(a) < 1)) return cexp(z) - 1;
    return expm1(a) * cos(b) - 2 * s * s + I * (exp(a) * sin(b));
}""",
    "plane_log1p": """\
static complex double plane_log1p(complex double z) {
    const double a = creal(z), b = cimag(z);
    if (!(cabs(z) < 0.5)) return clog(1 + z);
    return log1p(a * (2 + a) + b * b) / 2 + I * atan2(b, 1 + a);
}""",
    "plane_acoth": """\
static complex double plane_acoth(complex double z) {
    const double size = cabs(z);
    const complex double w = plus_zero(creal(z) < 0 ? -z : z);
    if (!(size > 0 && size < 1.5)) return catanh(0.25 / (z / 4));
    return (creal(z) < 0 ? -0.5 : 0.5) * (clog(w + 1) - clog(w - 1));
}""",
    "plane_asec": """\
static complex double plane_asec(complex double z) {
    const double size = cabs(z), more = size < 1e-290 ? 311.9162312519754 : 0;
    const complex double u = z * (size < 1e-290 ? 0x1p450 : size > 1e290 ? 0x1p-450 : 1);
    const complex double p = csqrt(plus_zero((u - 1) / u)), q = csqrt(plus_zero((u + 1) / u));
    const double imag = asinh(creal(q) * cimag(p) - cimag(q) * creal(p));
    return 2 * atan2(creal(p), creal(q)) + I * (imag + copysign(more, imag));
}""",
    "plane_acsc": """\
static complex double plane_acsc(complex double z) {
    return cabs(z) < 2 ? 1.5707963267948966 - plane_asec(z) : casin(0.25 / (z / 4));
}""",
    "plane_asech": """\
static complex double plane_asech(complex double z) {
    const int down = cimag(z) > 0 || (cimag(z) == 0 && creal(z) > 0 && creal(z) < 1);
    return (down ? -I : I) * plane_asec(z);
}""",
    "plane_hypot": """\
static complex double plane_hypot(complex double x, complex double y) {
    const double size = cabs(x) + cabs(y);
    const double by = size > 1e150 ? 0x1p-600 : size < 1e-150 ? 0x1p600 : 1;
    const double a = creal(x) * by, b = cimag(x) * by, c = creal(y) * by, d = cimag(y) * by;
    const double first = fabs(a + d) + fabs(c - b), second = fabs(a - d) + fabs(c + b);
    double im = a * b + c * d;
    if (4 * first < second) im = b * (a + d) + d * (c - b);
    if (4 * second < first) im = b * (a - d) + d * (c + b);
    im = im == 0 ? 0 : 2 * im; /* never -0 */
    return csqrt((a - d) * (a + d) + (c - b) * (c + b) + I * im) / by;
}""",
    "plane_csch": """\
static complex double plane_csch(complex double z) {
    if (fabs(creal(z)) < 100) return 1 / csinh(z);
    return creal(z) > 0 ? 2 * cexp(-z) : -2 * cexp(z);
}""",
    "plane_sech": """\
static complex double plane_sech(complex double z) {
    if (fabs(creal(z)) < 100) return 1 / ccosh(z);
    return 2 * cexp(creal(z) > 0 ? -z : z);
}""",
    "plane_sigmoid": """\
static complex double plane_sigmoid(complex double z) {
    const complex double w = creal(z) > 0 ? -z : z, t = cexp(w);
    const double a = creal(w), c = cos(cimag(w) / 2);
    return (creal(z) > 0 ? 1 : t) / (2 * exp(a) * c * c - expm1(a) + I * cimag(t));
}""",
    "plane_softplus": """\
static complex double plane_softplus(complex double z) {
    const double a = creal(z), b = cimag(z), m = -fabs(a), e = exp(m), c = cos(b / 2);
    if (a < -1) return plane_log1p(cexp(z));
    if (a > 0) return a + clog(2 * c * c + expm1(m) + I * sin(b));
    return clog(2 * c * c * e - expm1(m) + I * (e * sin(b)));
}""",
}

PYTHON_PLANE: dict[str, str] = {
    "plane_cbrt": """\
def plane_cbrt(z):
    small = abs(z) < 1e-290
    size = math.cbrt(abs(z*2.0**150))*2.0**-50 if small else math.cbrt(abs(z))
    return size*cmath.exp(1j*(math.atan2(z.imag, z.real)/3))""",
    "plane_exp2": '''\
def plane_exp2(z):
    """2^z, the imaginary part times ln 2 in parts, for the digits of the turns."""
    b = z.imag*134217729.0
    b = b - (b - z.imag)  # half the bits, times as many of ln 2 exactly
    low = (z.imag - b)*0.6931471824645996 - z.imag*1.904654299957768e-09
    turn = cmath.exp(1j*(b*0.6931471824645996))*cmath.exp(1j*low)
    return math.pow(2, z.real)*turn''',
    "plane_expm1": '''\
def plane_expm1(z):
    """exp(z) - 1, with its digits where it is small."""
    if not abs(z.real) < 1:
        return cmath.exp(z) - 1
    real = math.expm1(z.real)*math.cos(z.imag) - 2*math.sin(z.imag/2)**2
    return complex(real, math.exp(z.real)*math.sin(z.imag))''',
    "plane_log1p": '''\
def plane_log1p(z):
    """log(1 + z), with its digits where it is small."""
    if not abs(z) < 0.5:
        return cmath.log(1 + z)
    size = math.log1p(z.real*(2 + z.real) + z.imag*z.imag)/2
    return complex(size, math.atan2(z.imag, 1 + z.real))''',
    "plane_acoth": '''\
def plane_acoth(z):
    """atanh(1/z), with its digits beside 1 and -1."""
    if not 0 < math.hypot(z.real, z.imag) < 1.5:
        return cmath.atanh(0.25/(z/4))
    w = plus_zero(-z if z.real < 0 else z)
    return (-0.5 if z.real < 0 else 0.5)*(cmath.log(w + 1) - cmath.log(w - 1))''',
    "plane_asec": '''\
def plane_asec(z):
    """acos(1/z), with its digits beside 1, also where 1/z is beyond the numbers."""
    size = math.hypot(z.real, z.imag)
    more = 311.9162312519754 if size < 1e-290 else 0.0
    u = z*(2.0**450 if size < 1e-290 else 2.0**-450 if size > 1e290 else 1.0)
    p, q = cmath.sqrt(plus_zero((u - 1)/u)), cmath.sqrt(plus_zero((u + 1)/u))
    imag = math.asinh(q.real*p.imag - q.imag*p.real)
    return complex(2*math.atan2(p.real, q.real), imag + math.copysign(more, imag))''',
    "plane_acsc": '''\
def plane_acsc(z):
    """asin(1/z), with its digits beside 1 and -1."""
    far = math.hypot(z.real, z.imag) >= 2
    return cmath.asin(0.25/(z/4)) if far else math.pi/2 - plane_asec(z)''',
    "plane_asech": '''\
def plane_asech(z):
    """acosh(1/z), with its digits beside 1."""
    down = z.imag > 0 or (z.imag == 0 and 0 < z.real < 1)
    return (-1j if down else 1j)*plane_asec(z)''',
    "plane_hypot": '''\
def plane_hypot(x, y):
    """sqrt(x^2 + y^2), with its digits where the squares cancel."""
    size = abs(x) + abs(y)
    by = 2.0**-600 if size > 1e150 else 2.0**600 if size < 1e-150 else 1.0
    a, b, c, d = x.real*by, x.imag*by, y.real*by, y.imag*by
    first, second = abs(a + d) + abs(c - b), abs(a - d) + abs(c + b)
    imag = a*b + c*d
    if 4*first < second:
        imag = b*(a + d) + d*(c - b)
    if 4*second < first:
        imag = b*(a - d) + d*(c + b)
    return cmath.sqrt(complex((a - d)*(a + d) + (c - b)*(c + b), 2*imag + 0.0))/by''',
    "plane_csch": '''\
def plane_csch(z):
    """1/sinh(z), also where sinh(z) is beyond the numbers."""
    if abs(z.real) < 100:
        return 1/cmath.sinh(z)
    return 2*cmath.exp(-z) if z.real > 0 else -2*cmath.exp(z)''',
    "plane_sech": '''\
def plane_sech(z):
    """1/cosh(z), also where cosh(z) is beyond the numbers."""
    if abs(z.real) < 100:
        return 1/cmath.cosh(z)
    return 2*cmath.exp(-z if z.real > 0 else z)''',
    "plane_sigmoid": '''\
def plane_sigmoid(z):
    """1/(1 + exp(-z)), with the digits of 1 + exp(-z) where it is small."""
    w = -z if z.real > 0 else z
    t = cmath.exp(w)
    under = 2*math.exp(w.real)*math.cos(w.imag/2)**2 - math.expm1(w.real)
    return (1 if z.real > 0 else t)/complex(under, t.imag)''',
    "plane_softplus": '''\
def plane_softplus(z):
    """log(1 + exp(z)), with its digits where it or 1 + exp(z) is small."""
    if z.real < -1:
        return plane_log1p(cmath.exp(z))
    m, c = -abs(z.real), 2*math.cos(z.imag/2)**2
    e = math.exp(m)
    if z.real > 0:
        return z.real + cmath.log(complex(c + math.expm1(m), math.sin(z.imag)))
    return cmath.log(complex(e*c - math.expm1(m), e*math.sin(z.imag)))''',
}

NUMPY_PLANE: dict[str, str] = {
    "plane_cbrt": """\
def plane_cbrt(z):
    one = np.ones_like(z.real)
    up = np.where(np.abs(z) < 1e-290, 2.0**50*one, one)
    return np.cbrt(np.abs(z*up**3))/up*np.exp(1j*(np.arctan2(z.imag, z.real)/3))""",
    "plane_exp2": '''\
def plane_exp2(z):
    """2^z, the imaginary part times ln 2 in parts, for the digits of the turns."""
    b = z.imag*134217729.0
    b = b - (b - z.imag)  # half the bits, times as many of ln 2 exactly
    low = (z.imag - b)*0.6931471824645996 - z.imag*1.904654299957768e-09
    turn = np.exp(1j*(b*0.6931471824645996))*np.exp(1j*low)
    return 2.0**z.real*turn''',
    "plane_expm1": '''\
def plane_expm1(z):
    """exp(z) - 1, with its digits where it is small."""
    a, b = np.where(np.abs(z.real) < 1, z.real, 0), z.imag
    near = np.expm1(a)*np.cos(b) - 2*np.sin(b/2)**2 + 1j*(np.exp(a)*np.sin(b))
    return np.where(np.abs(z.real) < 1, near, np.exp(z) - 1)''',
    "plane_log1p": '''\
def plane_log1p(z):
    """log(1 + z), with its digits where it is small."""
    small = np.abs(z) < 0.5
    a, b = np.where(small, z.real, 0), np.where(small, z.imag, 0)
    near = np.log1p(a*(2 + a) + b*b)/2 + 1j*np.arctan2(b, 1 + a)
    return np.where(small, near, np.log(1 + z))''',
    "plane_acoth": '''\
def plane_acoth(z):
    """atanh(1/z), with its digits beside 1 and -1; no number at 0."""
    sign = np.where(z.real < 0, -1.0, 1.0)
    x, y = sign*z.real, sign*z.imag + 0.0
    size = np.where(x > np.abs(y), x, np.abs(y))
    by = np.where(size > 1, size, 1.0)
    a, b, c = (x - 1)/by, y/by, (x + 1)/by
    away = np.hypot(a, b)
    near = away < 0.25
    far = np.log1p(4*(x/by)/by/np.where(near, 1.0, away*away))
    real = np.where(near, 2*(np.log(np.hypot(c, b)) - np.log(np.where(near, away, 1.0))), far)/4
    imag = np.arctan2(-b, a*(x/2 + 0.5) + b/2*y)/2
    real = real + np.where(size > 0, 0.0, size/size)
    return sign*real + 1j*(sign*imag)''',
    "plane_roots": '''\
def plane_roots(z):
    """1/z, sqrt(1 - 1/z) and sqrt(1 + 1/z), and what they make of acos(1/z), its imaginary part.

    Where 1/z is beyond the numbers the first three are those of another z in this direction.
    """
    size, one = np.abs(z), np.ones_like(z.real)
    less = np.where(size > 1e290, 2.0**-450*one, one)
    u = z*np.where(size < 1e-290, 2.0**450*one, less)
    w, near = 1/u*less, size < 2
    p = np.sqrt(plus_zero(np.where(near, (u - 1)*w, 1 - w)))
    q = np.sqrt(plus_zero(np.where(near, (u + 1)*w, 1 + w)))
    imag = np.arcsinh(q.real*p.imag - q.imag*p.real)
    more = np.where(size < 1e-290, 311.9162312519754*one, 0*one)
    return w, p, q, imag + np.copysign(more, imag)''',
    "plane_asec": '''\
def plane_asec(z):
    """acos(1/z), with its digits beside 1."""
    _, p, q, imag = plane_roots(z)
    return 2*np.arctan2(p.real, q.real) + 1j*imag''',
    "plane_acsc": '''\
def plane_acsc(z):
    """asin(1/z), with its digits beside 1 and -1."""
    w, p, q, imag = plane_roots(z)
    return np.arctan2(w.real, p.real*q.real - p.imag*q.imag) - 1j*imag''',
    "plane_asech": '''\
def plane_asech(z):
    """acosh(1/z), with its digits beside 1."""
    down = (z.imag > 0) | ((z.imag == 0) & (z.real > 0) & (z.real < 1))
    return np.where(down, -1j, 1j)*plane_asec(z)''',
    "plane_hypot": '''\
def plane_hypot(x, y):
    """sqrt(x^2 + y^2), with its digits where the squares cancel."""
    size = np.abs(x) + np.abs(y)
    one = np.ones_like(size)
    by = np.where(size > 1e150, 2.0**-600*one, np.where(size < 1e-150, 2.0**600*one, one))
    a, b, c, d = x.real*by, x.imag*by, y.real*by, y.imag*by
    first, second = np.abs(a + d) + np.abs(c - b), np.abs(a - d) + np.abs(c + b)
    imag = np.where(4*first < second, b*(a + d) + d*(c - b), a*b + c*d)
    imag = np.where(4*second < first, b*(a - d) + d*(c + b), imag)
    return np.sqrt((a - d)*(a + d) + (c - b)*(c + b) + 2j*imag)/by''',
    "plane_csch": '''\
def plane_csch(z):
    """1/sinh(z), also where sinh(z) is beyond the numbers."""
    small, right = np.abs(z.real) < 100, z.real > 0
    far = np.where(right, 2, -2)*np.exp(np.where(right, -z, z))
    a, b = np.where(small, z.real, 1), z.imag
    return np.where(small, 1/(np.sinh(a)*np.cos(b) + 1j*(np.cosh(a)*np.sin(b))), far)''',
    "plane_sech": '''\
def plane_sech(z):
    """1/cosh(z), also where cosh(z) is beyond the numbers."""
    small = np.abs(z.real) < 100
    far = 2*np.exp(np.where(z.real > 0, -z, z))
    a, b = np.where(small, z.real, 0), z.imag
    return np.where(small, 1/(np.cosh(a)*np.cos(b) + 1j*(np.sinh(a)*np.sin(b))), far)''',
    "plane_sigmoid": '''\
def plane_sigmoid(z):
    """1/(1 + exp(-z)), with the digits of 1 + exp(-z) where it is small."""
    w = np.where(z.real > 0, -z, z)
    t = np.exp(w)
    under = 2*np.exp(w.real)*np.cos(w.imag/2)**2 - np.expm1(w.real)
    return np.where(z.real > 0, 1, t)/(under + 1j*t.imag)''',
    "plane_softplus": '''\
def plane_softplus(z):
    """log(1 + exp(z)), with its digits where it or 1 + exp(z) is small."""
    m, c, right = -np.abs(z.real), 2*np.cos(z.imag/2)**2, z.real > 0
    e = np.exp(m)
    real = np.where(right, c + np.expm1(m), e*c - np.expm1(m))
    near = np.log(real + 1j*(np.where(right, 1, e)*np.sin(z.imag)))
    far = plane_log1p(np.exp(np.where(z.real < -1, z, 0)))
    return np.where(z.real < -1, far, np.where(right, z.real, 0) + near)''',
}
