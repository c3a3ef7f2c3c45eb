"use strict";
/* Complex arithmetic for the explorer. Where a tree is computed in the exact meaning, a value is
   [a, b, da, db]: a + i pi b, give or take da and i pi db. In these half-turns multiples of i pi/2
   are exact, and a branch is taken only where the error bounds leave no other; a value that doubles
   do not tell is NaN. Elsewhere a value is [re, im]. */
const compute = (() => {
  const PI = Math.PI,
    U = 2.3e-16, // of each rounding, with room for the library's
    TOLD = 1e-6, // a value is told if its error is smaller, relative to it or to 1
    NONE = [NaN, NaN, 0, 0];
  const zero = (v) => (v + 0 === 0 ? 0 : v); // -0 becomes +0

  // -- trees, in the exact meaning -----------------------------------------------------------
  function quarters(t) {
    const f0 = t - 2 * Math.round(0.5 * t),
      q = Math.round(2 * f0);
    return [f0 - 0.5 * q, ((q % 4) + 4) % 4];
  }
  function expTurns(x) {
    if (x[0] === -Infinity) return [0, 0, 0, 0];
    const [f, q] = quarters(x[1]);
    if (x[0] === Infinity) {
      const straight = f === 0 && q % 2 === 0 && x[3] === 0;
      return straight ? [q ? -Infinity : Infinity, 0, 0, 0] : NONE;
    }
    const r = Math.exp(x[0]),
      c = Math.cos(PI * f),
      s = Math.sin(PI * f);
    if (!(r < Infinity)) return NONE;
    const re = [c, -s, -c, s][q],
      im = [s, c, -s, -c][q];
    const one = x[0] === 0 && x[2] === 0, // of modulus 1 exactly
      straight = f === 0 && x[3] === 0, // along an axis exactly
      length = one ? 0 : r * (x[2] + 4 * U),
      swing = r * (PI * x[3] + (f === 0 ? 0 : U)),
      least = 5e-324;
    const da = straight && (one || re === 0) ? 0 : length * Math.abs(re) + swing + least,
      db = straight && (one || im === 0) ? 0 : (length * Math.abs(im) + swing) / PI + least;
    return [zero(r * re), zero((r * im) / PI), da, db];
  }
  function lnTurns(y) {
    const im = PI * y[1],
      slack = PI * y[3];
    if (y[1] === 0 && y[3] === 0) {
      if (Math.abs(y[0]) <= y[2] && y[2] > 0) return NONE;
      const size = Math.log(Math.abs(y[0]));
      const d = y[2] === 0 ? 0 : y[2] / (Math.abs(y[0]) - y[2]);
      return [size, y[0] < 0 ? 1 : 0, Number.isFinite(size) ? d + U * Math.abs(size) : 0, 0];
    }
    if (!Number.isFinite(y[0])) return NONE;
    const length = Math.hypot(y[0], im),
      miss = Math.hypot(y[2], slack + U * Math.abs(im));
    if (miss >= length || (y[0] - y[2] <= 0 && Math.abs(im) <= slack)) return NONE;
    const turn = y[0] === 0 && y[2] === 0 ? Math.sign(im) * 0.5 : Math.atan2(im, y[0]) / PI;
    const d = miss / (length - miss),
      size = Math.log(length);
    return [size, turn, d + U * (1 + Math.abs(size)), y[0] === 0 && y[2] === 0 ? 0 : d + U];
  }
  function less(e, l) {
    const a = e[0] - l[0],
      b = zero(e[1] - l[1]);
    if (Number.isNaN(a)) return NONE;
    const da = Number.isFinite(a) ? e[2] + l[2] + rounding(e[0], l[0], a) : 0;
    const whole = e[3] === 0 && l[3] === 0 && Number.isInteger(4 * b);
    return [a, b, da, whole ? 0 : e[3] + l[3] + U * Math.abs(b)];
  }
  // How far the rounded difference of x and y is from the exact one, itself exact (Knuth).
  function rounding(x, y, difference) {
    const back = difference - x;
    return Math.abs(x - (difference - back) - (y + back));
  }
  // ln(exp w): w less the full turns that take its imaginary part into (-pi, pi].
  function unwound(w) {
    const turns = (w[1] - 1) / 2,
      near = Math.round(turns);
    if (w[3] > 0 && Math.abs(turns - near) <= w[3]) return null;
    return 2 * Math.ceil(turns);
  }

  /* A tree ready to be computed. Round trips are left out: the exp of e - ln(exp(e - ln z)) is z,
     ln(exp w) is w less full turns, and where both meet the difference is full turns exactly. */
  function planned(nodes) {
    const one = (k) => nodes[k] === "1";
    const expOf = nodes.map((n) => (Array.isArray(n) && one(n[1]) ? n[0] : -1));
    const lnOf = nodes.map((n) => {
      const inner = Array.isArray(n) && one(n[0]) ? nodes[expOf[n[1]]] : null;
      return Array.isArray(inner) && one(inner[0]) ? inner[1] : -1;
    });
    return (values, k) => {
      const [a, b] = nodes[k],
        z = lnOf[a],
        w = expOf[b];
      const straight = z >= 0 && Number.isFinite(values[z][0]);
      const turns = w >= 0 && Number.isFinite(values[w][0]) ? unwound(values[w]) : null;
      if (straight && turns !== null && z === w) return [0, turns, 0, 0];
      if (!straight && Number.isNaN(values[a][0])) return NONE;
      if (turns === null && Number.isNaN(values[b][0])) return NONE;
      const e = straight ? values[z] : expTurns(values[a]);
      if (turns === null) return less(e, lnTurns(values[b]));
      const [re, im, da, db] = values[w];
      return less(e, [re, zero(im - turns), da, db]);
    };
  }

  // -- trees, as plain complex doubles have them ---------------------------------------------
  function emlPlain(x, y) {
    const r = Math.exp(x[0]);
    const size = Math.hypot(y[0], y[1]),
      turn = Math.atan2(y[1], y[0]);
    return [r * Math.cos(x[1]) - Math.log(size), r * Math.sin(x[1]) - turn];
  }

  /* `real` are the entries that are real wherever the variables lie in the `sets`, each a formula
     with its bounds: whether they are open, and whether 0 is taken out. */
  function tree(nodes, exact, { constants = [], real = [], sets = [], sides, begin } = {}) {
    const proved = new Set(exact ? real : []);
    const parts = sets.map(([steps, ...bounds]) => [formula(steps), bounds]);
    const within = (at) =>
      parts.every(([part, [low, high, above, below, nonzero]]) => {
        const [re, im] = part(at);
        return (
          im === 0 &&
          (low === null || re > low || (re === low && !above)) &&
          (high === null || re < high || (re === high && !below)) &&
          !(nonzero && re === 0)
        );
      });
    const known = new Map(
      exact ? constants.map(([k, a, ...rest]) => [k, [a === null ? NaN : Number(a), ...rest]]) : [],
    );
    const values = new Array(nodes.length),
      scale = exact ? 1 / PI : 1;
    const plain = (values, k) => emlPlain(values[nodes[k][0]], values[nodes[k][1]]);
    const step = exact ? planned(nodes) : plain;
    const run = (at) => {
      const inside = proved.size && within(at);
      for (let k = 0; k < nodes.length; k++) {
        const n = nodes[k];
        if (known.has(k)) values[k] = known.get(k);
        else if (n === "1") values[k] = [1, 0, 0, 0];
        else if (typeof n === "string") {
          const turns = zero(at[n][1] * scale);
          values[k] = [at[n][0], turns, 0, exact ? U * Math.abs(turns) : 0];
        } else {
          const [a, b, da, db] = (values[k] = step(values, k));
          if (inside && proved.has(k) && Math.abs(b) <= db) values[k] = [a, 0, da, 0];
        }
      }
      return values;
    };
    if (!exact || !sides) return run;
    return (at) => {
      const values = run(at).slice();
      limits(run, values, axis(sides, begin, at), at);
      return values;
    };
  }
  /* On an axis of the plane doubles may not tell a value. `sides` says at which places of the axis
     an entry has the limit from above (+), from below (-), from both (=): between two such places
     the value is this limit, taken by points beside the axis. The fifth part of a value says so. */
  function axis(sides, begin, at) {
    for (const [name, [real, imaginary]] of Object.entries(sides)) {
      const [re, im] = at[name],
        t = im === 0 ? re : im;
      const alone = Object.keys(at).every((n) => n === name || (at[n][0] === begin[n] && !at[n][1]));
      const places = im === 0 ? real : re === 0 ? imaginary : [];
      const next = alone ? places.findIndex(([place]) => place >= t) : -1;
      if (next < 0 || (next === 0 && places[0][0] !== t)) continue;
      const before = places[next][0] === t ? next : next - 1,
        [low, high] = [places[before][1], places[next][1]];
      return { name, t, turned: im !== 0, side: (k) => (low[k] === high[k] ? low[k] : "?") };
    }
    return null;
  }
  const told = (v) => Math.max(v[2], v[3]) <= TOLD * Math.max(1, Math.abs(v[0]), Math.abs(v[1]));
  function limits(run, values, where, at) {
    if (!where) return;
    const found = {};
    const beside = (step) => {
      const z = where.turned ? [step, where.t] : [where.t, step];
      return run({ ...at, [where.name]: z }).slice();
    };
    values.forEach((v, k) => {
      const side = where.side(k);
      if (told(v) || side === "?") return;
      const step = 1e-6 * Math.max(1e-3, Math.abs(where.t)) * (side === "-" ? -1 : 1);
      found[side] ??= [1, 2, 4].map((n) => beside(n * step));
      values[k] = extrapolated(...found[side].map((near) => near[k]), side);
    });
  }
  // The limit of values at one, two and four steps, give or take how far two guesses are apart.
  function extrapolated(v1, v2, v4, side) {
    const part = (n) => {
      const guess = 2 * v1[n] - v2[n];
      const slack = 2 * v1[n + 2] + v2[n + 2];
      return [guess, Math.abs(guess - 2 * v2[n] + v4[n]) + slack + 4 * U * Math.abs(guess)];
    };
    const [[a, da], [b, db]] = [part(0), part(1)];
    return [a, b, da, db, side];
  }
  // A value for people: nothing where its error is large, and no part that is all error.
  function cartesian(v, exact) {
    if (!exact) return v;
    const found = [Math.abs(v[0]) <= v[2] ? 0 : v[0], Math.abs(v[1]) <= v[3] ? 0 : v[1] * PI];
    const most = TOLD * Math.max(1, Math.hypot(...found));
    return Math.max(v[2], PI * v[3]) <= most ? found : [NaN, NaN];
  }
  const error = (v) => Math.max(v[2], PI * v[3]);

  // -- formulas ------------------------------------------------------------------------------
  const c = (re, im) => [re, zero(im)];
  const add = (x, y) => c(x[0] + y[0], x[1] + y[1]);
  const sub = (x, y) => c(x[0] - y[0], x[1] - y[1]);
  const mul = (x, y) => c(x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0]);
  const neg = (x) => c(-x[0], -x[1]);
  const real = (x) => [x, 0],
    I = [0, 1],
    ONE = [1, 0],
    HALF = [0.5, 0];
  const times = (x, k) => c(x[0] * k, x[1] * k);
  function div(x, y) {
    if (y[1] === 0) return c(x[0] / y[0], x[1] / y[0]);
    const s = Math.max(Math.abs(y[0]), Math.abs(y[1])),
      p = y[0] / s,
      q = y[1] / s;
    const d = (p * p + q * q) * s;
    return c((x[0] * p + x[1] * q) / d, (x[1] * p - x[0] * q) / d);
  }
  function exp(x) {
    const r = Math.exp(x[0]);
    return x[1] === 0 ? [r, 0] : c(r * Math.cos(x[1]), r * Math.sin(x[1]));
  }
  const ln = (x) => c(Math.log(Math.hypot(x[0], x[1])), Math.atan2(zero(x[1]), x[0]));
  function sqrt(x) {
    if (x[1] === 0) return x[0] < 0 ? [0, Math.sqrt(-x[0])] : [Math.sqrt(x[0]), 0];
    const r = Math.hypot(x[0], x[1]),
      re = Math.sqrt((r + Math.abs(x[0])) / 2);
    const im = Math.abs(x[1]) / (2 * re),
      sign = x[1] < 0 ? -1 : 1;
    return x[0] >= 0 ? [re, sign * im] : [im, sign * re];
  }
  function pow(x, y) {
    if (y[1] === 0 && Number.isInteger(y[0]) && Math.abs(y[0]) <= 64) {
      let left = Math.abs(y[0]),
        out = ONE,
        base = x;
      for (; left; left = Math.floor(left / 2), base = mul(base, base))
        if (left % 2) out = mul(out, base);
      return y[0] < 0 ? div(ONE, out) : out;
    }
    if (x[0] === 0 && x[1] === 0) return y[0] > 0 ? [0, 0] : NONE;
    if (x[1] === 0 && y[1] === 0 && x[0] > 0) return [Math.pow(x[0], y[0]), 0];
    return exp(mul(y, ln(x)));
  }
  const isReal = (x) => x[1] === 0;
  const sinh = (x) =>
    isReal(x)
      ? real(Math.sinh(x[0]))
      : c(Math.sinh(x[0]) * Math.cos(x[1]), Math.cosh(x[0]) * Math.sin(x[1]));
  const cosh = (x) =>
    isReal(x)
      ? real(Math.cosh(x[0]))
      : c(Math.cosh(x[0]) * Math.cos(x[1]), Math.sinh(x[0]) * Math.sin(x[1]));
  const sin = (x) =>
    isReal(x)
      ? real(Math.sin(x[0]))
      : c(Math.sin(x[0]) * Math.cosh(x[1]), Math.cos(x[0]) * Math.sinh(x[1]));
  const cos = (x) =>
    isReal(x)
      ? real(Math.cos(x[0]))
      : c(Math.cos(x[0]) * Math.cosh(x[1]), -Math.sin(x[0]) * Math.sinh(x[1]));
  function tanh(x) {
    if (isReal(x)) return real(Math.tanh(x[0]));
    if (Math.abs(x[0]) > 20) return c(Math.sign(x[0]), 0);
    return div(sinh(x), cosh(x));
  }
  const turned = (f, x) => {
    const v = f(c(-x[1], x[0]));
    return c(v[1], -v[0]);
  }; // -i f(ix)
  const tan = (x) => (isReal(x) ? real(Math.tan(x[0])) : turned(tanh, x));
  function asinh(x) {
    if (isReal(x)) return real(Math.asinh(x[0]));
    return ln(add(x, sqrt(add(mul(x, x), ONE))));
  }
  function asin(x) {
    if (isReal(x) && Math.abs(x[0]) <= 1) return real(Math.asin(x[0]));
    const v = ln(add(mul(I, x), sqrt(sub(ONE, mul(x, x)))));
    return c(v[1], -v[0]);
  }
  const acos = (x) =>
    isReal(x) && Math.abs(x[0]) <= 1 ? real(Math.acos(x[0])) : sub(real(PI / 2), asin(x));
  const acosh = (x) =>
    times(ln(add(sqrt(mul(add(x, ONE), HALF)), sqrt(mul(sub(x, ONE), HALF)))), 2);
  const atanh = (x) =>
    isReal(x) && Math.abs(x[0]) < 1
      ? real(Math.atanh(x[0]))
      : times(sub(ln(add(ONE, x)), ln(sub(ONE, x))), 0.5);
  function atan(x) {
    if (isReal(x)) return real(Math.atan(x[0]));
    const w = mul(I, x),
      v = sub(ln(add(ONE, w)), ln(sub(ONE, w)));
    return c(v[1] / 2, -v[0] / 2);
  }
  const rows = {
    e: () => real(Math.E),
    pi: () => real(PI),
    i: () => I,
    exp,
    ln,
    add,
    sub,
    mul,
    neg,
    div,
    pow,
    sqr: (x) => mul(x, x),
    sqrt,
    sinh,
    cosh,
    tanh,
    asinh,
    acosh,
    atanh,
    sin,
    cos,
    tan,
    asin,
    acos,
    atan,
  };

  function formula(steps) {
    const values = new Array(steps.length);
    return (at) => {
      for (let k = 0; k < steps.length; k++) {
        const [name, a, b] = steps[k];
        if (name === "number") values[k] = [a, 0];
        else if (name === "variable") values[k] = at[a];
        else values[k] = rows[name](values[a], values[b]);
      }
      return values[steps.length - 1];
    };
  }

  // -- numbers as text -----------------------------------------------------------------------
  /* Sums of products and quotients of numbers, pi and i: 1/2, -3pi/4, 2 + i/3, 1e-3. */
  const FACTOR = /^([*/]?)(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|pi|i)/i;
  function read(text) {
    let rest = text
      .replace(/\s+/g, "")
      .replace(/[−–]/g, "-")
      .replace(/π/g, "pi")
      .replace(/[·×]/g, "*");
    let sum = [0, 0];
    if (!rest) return null;
    for (let first = true; rest; first = false) {
      const sign = /^[+-]/.exec(rest);
      if (!sign && !first) return null;
      rest = rest.slice(sign ? 1 : 0);
      let term = null;
      for (let found; (found = FACTOR.exec(rest)); rest = rest.slice(found[0].length)) {
        const [, join, name] = found,
          word = name.toLowerCase();
        if (join ? !term : term && /^[\d.]/.test(name)) return null;
        const factor = word === "i" ? I : [word === "pi" ? PI : Number(name), 0];
        term = join === "/" ? div(term, factor) : mul(term || ONE, factor);
      }
      if (!term) return null;
      sum = sign && sign[0] === "-" ? sub(sum, term) : add(sum, term);
    }
    return sum.every(Number.isFinite) ? sum : null;
  }
  const short = (v, digits = 12) =>
    Number.isFinite(v)
      ? String(Number(v.toPrecision(digits))).replace(/-/g, "−")
      : v > 0
        ? "∞"
        : v < 0
          ? "−∞"
          : "none";
  function show(v, digits = 12) {
    if (Number.isNaN(v[0]) || Number.isNaN(v[1])) return "not told by doubles";
    if (v[1] === 0) return short(v[0], digits);
    const im = short(Math.abs(v[1]), digits) + "i";
    if (v[0] === 0) return (v[1] < 0 ? "−" : "") + im;
    return `${short(v[0], digits)} ${v[1] < 0 ? "−" : "+"} ${im}`;
  }
  return { tree, formula, cartesian, error, read, show, short, rows };
})();
if (typeof module !== "undefined") module.exports = compute;
