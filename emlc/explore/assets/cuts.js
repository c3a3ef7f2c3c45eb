"use strict";
/* Where a formula and a tree jump on the axes of the plane, and which limit each has there. */
const cuts = (() => {
  const GRID = [0.02, 0.5, 0.98, 1.02, 2, 5, 30].flatMap((t) => [-t, t]),
    CLOSE = 1e-5,
    STEPS = 30;
  const from = (side, real) =>
    side === "+" ? (real ? "above" : "the right") : real ? "below" : "the left";
  const off = (v, w) => Math.hypot(v[0] - w[0], v[1] - w[1]);

  // Which limit the formula has: from above or the right, from below or the left, both or neither.
  function side(formula, point, t) {
    const step = 1e-9 * Math.max(1e-3, Math.abs(t)),
      [on, first, second] = [0, step, -step].map((beside) => formula(point(t, beside)));
    const most = CLOSE * Math.max(1, Math.hypot(...on));
    const [a, b] = [off(on, first) <= most, off(on, second) <= most];
    return a && b ? "=" : a ? "+" : b ? "-" : "?";
  }
  function refined(state, low, high) {
    const here = state(low);
    for (let k = 0; k < STEPS; k++) {
      const mid = (low + high) / 2;
      if (state(mid) === here) low = mid;
      else high = mid;
    }
    return [low, high];
  }
  // What the tree does, from the places where it was computed exactly.
  const stated = (places) => (t) => {
    const next = places.findIndex(([place]) => place >= t);
    if (next < 0 || (next === 0 && places[0][0] !== t)) return "?";
    const last = ([, text]) => text[text.length - 1];
    const before = places[next][0] === t ? next : next - 1;
    return last(places[before]) === last(places[next]) ? last(places[next]) : "?";
  };
  // The number of fewest digits in an interval.
  function simplest(low, high) {
    for (let digits = 0; digits < 9; digits++) {
      const found = Number(((low + high) / 2).toFixed(digits));
      if (found >= low && found <= high) return found + 0;
    }
    return (low + high) / 2;
  }
  /* Parts of an axis as {low, high, formula, tree}, where either jumps; an end is null where the
     part goes on beyond the places looked at. */
  function parts(places, formula, point) {
    const tree = stated(places),
      state = formula ? (t) => side(formula, point, t) : () => "=";
    let ts = [...GRID, ...places.map(([t]) => t)].sort((a, b) => a - b);
    ts = ts.flatMap((t, k) =>
      k && state(ts[k - 1]) !== state(t) ? [...refined(state, ts[k - 1], t), t] : [t],
    );
    const seen = ts.map((t) => ({ low: t, high: t, formula: state(t), tree: tree(t) }));
    const joined = [];
    for (const one of seen.filter((s) => s.formula !== "?" && s.tree !== "?")) {
      const before = joined[joined.length - 1];
      if (before && before.formula === one.formula && before.tree === one.tree)
        before.high = one.high;
      else joined.push({ ...one });
    }
    const ends = joined.map((part, k) => (k ? simplest(joined[k - 1].high, part.low) : null));
    return joined
      .map((part, k) => ({ ...part, low: ends[k], high: k + 1 < ends.length ? ends[k + 1] : null }))
      .filter((part) => part.formula !== "=" || part.tree !== "=");
  }
  function where(name, part, real) {
    const [low, high] = [part.low, part.high].map((t) => t !== null && compute.short(t)),
      at = real ? name : "t";
    const range =
      low && high ? `${low} < ${at} < ${high}` : low ? `${at} > ${low}` : high ? `${at} < ${high}` : "";
    if (real) return range || `${name} real`;
    return `${name} = i t${range && `, ${range}`}`;
  }
  const does = (state, real) => (state === "=" ? "no cut" : `from ${from(state, real)}`);

  /* The rows of a table: where, what the formula does, what the tree does, whether they differ. */
  function table(data, name, at, formula) {
    return (data.sides[name] || []).flatMap((places, turned) => {
      const point = (t, beside) => ({ ...at, [name]: turned ? [beside, t] : [t, beside] });
      return parts(places, formula, point).map((part) => [
        where(name, part, !turned),
        ...(formula ? [does(part.formula, !turned)] : []),
        does(part.tree, !turned),
        Boolean(formula) && part.formula !== part.tree,
      ]);
    });
  }
  return { from, table };
})();
