"use strict";
/* What the explorer paints: curves over a real range, and pixels coloured by argument. */
const plots = (() => {
  const finite = (v) => Number.isFinite(v[0]) && Number.isFinite(v[1]);
  function curves(canvas, xs, wanted, tree, low, high) {
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement),
      ink = (v) => style.getPropertyValue(v).trim();
    const W = canvas.width,
      H = canvas.height;
    const all = [...(wanted || []), ...tree]
      .filter(finite)
      .flatMap((v) => (Math.abs(v[1]) > 1e-9 ? v : [v[0]]))
      .sort((a, b) => a - b);
    let bottom = all.length ? all[Math.floor(all.length * 0.02)] : -1;
    let top = all.length ? all[Math.floor((all.length - 1) * 0.98)] : 1;
    const room = (top - bottom) * 0.12 || Math.abs(top) * 0.1 || 1;
    bottom -= room;
    top += room;
    pen.font = "22px system-ui,sans-serif";
    const pad = 16 + Math.max(...ticks(bottom, top).map((t) => pen.measureText(tick(t)).width));
    const X = (x) => pad + ((W - pad - 16) * (x - low)) / (high - low),
      Y = (y) => H - 44 - ((H - 60) * (y - bottom)) / (top - bottom);
    pen.clearRect(0, 0, W, H);
    const shade = (t) => ink(t === 0 ? "--faint" : "--line");
    for (const t of ticks(low, high)) {
      line(
        pen,
        [
          [X(t), Y(bottom)],
          [X(t), Y(top)],
        ],
        shade(t),
        1,
      );
      text(pen, t, X(t), H - 14, "center", ink("--faint"));
    }
    for (const t of ticks(bottom, top)) {
      line(
        pen,
        [
          [X(low), Y(t)],
          [X(high), Y(t)],
        ],
        shade(t),
        1,
      );
      text(pen, t, pad - 8, Y(t) + 7, "right", ink("--faint"));
    }
    pen.save();
    pen.beginPath();
    pen.rect(pad, 8, W - pad - 16, H - 52);
    pen.clip();
    const curve = (values, part) =>
      values.map((v, k) => (finite(v) ? [X(xs[k]), Y(v[part])] : null));
    const complex = (values) => values.some((v) => finite(v) && Math.abs(v[1]) > 1e-9);
    if (wanted) {
      line(pen, curve(wanted, 0), ink("--left"), 7);
      if (complex(wanted)) line(pen, curve(wanted, 1), ink("--left"), 3);
    }
    line(pen, curve(tree, 0), ink("--right"), 4, [12, 8]);
    if (complex(tree)) line(pen, curve(tree, 1), ink("--right"), 2, [5, 5]);
    pen.restore();
  }
  function ticks(low, high) {
    const step = 10 ** Math.floor(Math.log10((high - low) / 2.5));
    const by = [1, 2, 5, 10].map((m) => m * step).find((s) => (high - low) / s <= 8);
    const out = [];
    for (let k = Math.ceil(low / by); k * by <= high; k++)
      out.push(Number((k * by).toPrecision(6)));
    return out;
  }
  const tick = (value) => (Math.abs(value) >= 1e5 ? value.toExponential(0) : compute.short(value));
  function text(pen, value, x, y, align, colour) {
    pen.fillStyle = colour;
    pen.textAlign = align;
    pen.fillText(tick(value), x, y);
  }
  function line(pen, points, colour, width, dash = []) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.lineJoin = "round";
    pen.beginPath();
    let down = false,
      before = null;
    for (const p of points) {
      const jump = before && p && Math.abs(p[1] - before[1]) > 400;
      if (p && down && !jump) pen.lineTo(p[0], p[1]);
      else if (p) pen.moveTo(p[0], p[1]);
      down = Boolean(p);
      before = p;
    }
    pen.stroke();
    pen.setLineDash([]);
  }

  function pixel(pixels, k, v, white) {
    let rgb = [150, 150, 150];
    if (white) rgb = [255, 255, 255];
    else if (finite(v)) {
      const hue = (Math.atan2(v[1], v[0]) / Math.PI) * 180,
        size = Math.log2(Math.hypot(v[0], v[1]));
      const shade = Number.isFinite(size) ? size - Math.floor(size) : 0;
      rgb = colour((hue + 360) % 360, 0.42 + 0.22 * shade);
    }
    pixels[k] = rgb[0];
    pixels[k + 1] = rgb[1];
    pixels[k + 2] = rgb[2];
    pixels[k + 3] = 255;
  }
  function colour(hue, light) {
    const a = 0.75 * Math.min(light, 1 - light);
    return [0, 8, 4].map((n) => {
      const t = (n + hue / 30) % 12;
      return Math.round(255 * (light - a * Math.max(-1, Math.min(t - 3, 9 - t, 1))));
    });
  }
  return { curves, pixel, finite };
})();
