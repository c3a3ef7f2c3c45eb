"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const FIRST = 24,
    MANY = 400,
    WORK = 4e6;
  let data,
    sizes,
    depths,
    uses,
    exactTree,
    plainTree,
    formula,
    at,
    lit,
    timer,
    drawing = 0;

  const dark = matchMedia("(prefers-color-scheme: dark)"),
    first = JSON.parse($("data").textContent),
    shades = first.dark;

  function make(tag, attributes = {}, ...children) {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
    e.append(...children);
    return e;
  }
  // MathML and SVG come from emlc, never from a person: they are parsed, not run.
  function parsed(text, type) {
    const found = new DOMParser().parseFromString(text, type).documentElement;
    return found.nodeName === "parsererror"
      ? document.createTextNode("")
      : document.importNode(found, true);
  }
  const math = (text) =>
    parsed(
      text.replace("<math", '<math xmlns="http://www.w3.org/1998/Math/MathML"'),
      "application/xml",
    );

  // -- the document ----------------------------------------------------------------------------
  function load(found) {
    data = found;
    measure();
    exactTree = compute.tree(data.tree, true, data);
    plainTree = compute.tree(data.tree, false);
    formula = data.formula && compute.formula(data.formula);
    at = {};
    lit = data.tree.length;
    document.title = `${data.source.slice(0, 80)} – emlc`;
    about();
    inputs();
    plant();
    choices();
    drawPlot();
    drawPlane();
    drawPicture();
    $("picture-box").hidden = !data.picture;
    $("text").textContent = data.text;
    $("text-box").hidden = !data.text;
  }
  function drawPicture() {
    const colour = (hex) => (dark.matches && shades[hex]) || hex;
    const shown = data.picture.replace(/#[0-9a-f]{6}\b/g, colour);
    $("picture").replaceChildren(shown ? parsed(shown, "image/svg+xml") : "");
  }
  function measure() {
    sizes = [];
    depths = [];
    uses = data.tree.map(() => 0);
    data.tree.forEach((n, k) => {
      const pair = Array.isArray(n);
      sizes[k] = pair ? sizes[n[0]] + sizes[n[1]] + 1 : 1;
      depths[k] = pair ? Math.max(depths[n[0]], depths[n[1]]) + 1 : 0;
      if (pair) {
        uses[n[0]]++;
        uses[n[1]]++;
      }
    });
  }
  const count = (n) => (n < 1e15 ? n.toLocaleString("en") : `about ${n.toExponential(1)}`);

  function about() {
    $("math").replaceChildren(data.math ? math(data.math) : make("code", {}, data.source));
    const domain = Object.entries(data.domain).map(
      ([name, set]) => `${name} ${/^[[(]/.test(set) ? "in " : ""}${set}`,
    );
    const rows = [
      ["source", data.source],
      [
        "size",
        `K = ${typeof data.k === "number" ? data.k.toLocaleString("en") : data.k} nodes, depth ${data.depth}, ${data.dag.toLocaleString("en")} distinct subtrees`,
      ],
    ];
    if (domain.length) rows.push(["domain", domain.join(", ")]);
    if (data.verdict) rows.push(["verdict", `${data.verdict.status}: ${data.verdict.how}`]);
    if (data.excluded.length) rows.push(["excluded", data.excluded.join("; ")]);
    $("about").replaceChildren(
      ...rows.flatMap(([name, words]) => [make("dt", {}, name), make("dd", {}, words)]),
    );
  }

  // -- values ----------------------------------------------------------------------------------
  function inputs() {
    $("values").replaceChildren(
      ...data.variables.map((name, k) => {
        at[name] = [data.begin[name], 0];
        const box = make("input", {
          id: `value-${k}`,
          value: compute.short(at[name][0]),
          spellcheck: "false",
        });
        box.addEventListener("input", () => {
          const value = compute.read(box.value);
          box.setAttribute("aria-invalid", String(!value));
          if (value) {
            at[name] = value;
            refresh();
          }
        });
        return make("label", { for: box.id }, `${name} = `, box);
      }),
    );
    $("flow").disabled = !data.tree.length;
  }
  const valueAt = (entry) => compute.show(compute.cartesian(exactTree(at)[entry], true));

  function refresh() {
    const values = exactTree(at);
    for (const item of $("tree").querySelectorAll("li")) {
      const entry = Number(item.dataset.entry),
        known = entry < lit;
      item.querySelector(".value").textContent =
        known && Array.isArray(data.tree[entry])
          ? `= ${compute.show(compute.cartesian(values[entry], true), 6)}`
          : "";
      item.classList.toggle("lit", lit < data.tree.length && entry === lit - 1);
    }
    describe();
  }
  function flow() {
    clearInterval(timer);
    const last = data.tree.length;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      lit = last;
      refresh();
      return;
    }
    const step = Math.max(1, Math.ceil(last / 120));
    lit = 0;
    refresh();
    timer = setInterval(
      () => {
        lit = Math.min(last, lit + step);
        if (lit === last) clearInterval(timer);
        refresh();
      },
      Math.max(30, (4000 * step) / last),
    );
  }

  // -- the tree --------------------------------------------------------------------------------
  function plant() {
    const tree = $("tree");
    tree.replaceChildren(item(data.tree.length - 1, "", 1, 1, 1));
    const waiting = [tree.firstChild];
    for (let shown = 1; waiting.length && shown < FIRST;) {
      const next = waiting.shift();
      if (!next.hasAttribute("aria-expanded")) continue;
      unfold(next);
      waiting.push(...branches(next));
      shown += 2;
    }
    select(tree.firstChild);
    refresh();
  }
  function item(entry, side, level, place, siblings) {
    const n = data.tree[entry],
      pair = Array.isArray(n),
      means = data.meanings[data.meaning[entry]];
    const row = make(
      "span",
      { class: "row" },
      make("span", { class: "sign", "aria-hidden": "true" }, pair ? "▸" : ""),
    );
    if (side) row.append(make("span", { class: side }, side));
    row.append(make("span", { class: "head" }, pair ? "eml" : n));
    if (pair && means) row.append(make("span", { class: "means" }, means));
    row.append(make("span", { class: "value" }));
    if (pair) row.append(make("span", { class: "size" }, `K ${count(sizes[entry])}`));
    const li = make(
      "li",
      {
        role: "treeitem",
        tabindex: "-1",
        "aria-level": level,
        "aria-posinset": place,
        "aria-setsize": siblings,
        "aria-selected": "false",
      },
      row,
    );
    li.dataset.entry = entry;
    if (pair) li.setAttribute("aria-expanded", "false");
    return li;
  }
  const branches = (li) =>
    [...li.children].filter((e) => e.tagName === "UL").flatMap((e) => [...e.children]);
  function unfold(li) {
    if (li.getAttribute("aria-expanded") !== "false") return;
    if (!branches(li).length) {
      const [a, b] = data.tree[li.dataset.entry],
        level = Number(li.getAttribute("aria-level")) + 1;
      li.append(
        make("ul", { role: "group" }, item(a, "exp", level, 1, 2), item(b, "ln", level, 2, 2)),
      );
    }
    [...li.children].forEach((e) => {
      if (e.tagName === "UL") e.hidden = false;
    });
    sign(li, true);
  }
  function fold(li) {
    if (li.getAttribute("aria-expanded") !== "true") return;
    [...li.children].forEach((e) => {
      if (e.tagName === "UL") e.hidden = true;
    });
    sign(li, false);
    if (li !== current() && li.contains(current())) select(li);
  }
  function sign(li, open) {
    li.setAttribute("aria-expanded", String(open));
    li.querySelector(".sign").textContent = open ? "▾" : "▸";
  }
  const current = () => $("tree").querySelector('li[aria-selected="true"]');
  const visible = () =>
    [...$("tree").querySelectorAll("li")].filter((li) => !li.closest("ul[hidden]"));
  function select(li, focus) {
    const before = current();
    if (before) {
      before.setAttribute("aria-selected", "false");
      before.tabIndex = -1;
    }
    li.setAttribute("aria-selected", "true");
    li.tabIndex = 0;
    if (focus) li.focus();
    describe();
  }
  function keys(event) {
    const li = current(),
      shown = visible(),
      k = shown.indexOf(li);
    const open = li.getAttribute("aria-expanded");
    const parent = li.parentElement.closest("li");
    const move = {
      ArrowDown: () => shown[k + 1],
      ArrowUp: () => shown[k - 1],
      Home: () => shown[0],
      End: () => shown[shown.length - 1],
      ArrowRight: () => (open === "false" ? (unfold(li), refresh(), li) : branches(li)[0]),
      ArrowLeft: () => (open === "true" ? (fold(li), li) : parent),
      Enter: () => (open === "true" ? fold(li) : unfold(li), refresh(), li),
      " ": () => (open === "true" ? fold(li) : unfold(li), refresh(), li),
      "*": () => ((parent ? branches(parent) : [li]).forEach(unfold), refresh(), li),
    }[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const next = move();
    if (next) select(next, true);
  }
  function describe() {
    const li = current();
    if (!li) return;
    const entry = Number(li.dataset.entry),
      n = data.tree[entry],
      pair = Array.isArray(n);
    const k = data.meaning[entry],
      meaning = data.meanings[k];
    const rows = [];
    if (meaning) rows.push(["computes", data.maths[k] ? math(data.maths[k]) : meaning]);
    if (pair)
      rows.push([
        "is",
        `eml of entries ${n[0]} and ${n[1]}: exp of the first less ln of the second`,
      ]);
    rows.push(["known", data.facts[data.fact[entry]]]);
    rows.push(["size", `K = ${count(sizes[entry])}, depth ${depths[entry]}`]);
    rows.push([
      "entry",
      `${entry} of ${data.tree.length}, used ${uses[entry] || 1} time${uses[entry] > 1 ? "s" : ""}`,
    ]);
    if (entry < lit) {
      rows.push(["value", valueAt(entry)]);
      const error = compute.error(exactTree(at)[entry]);
      const side = exactTree(at)[entry][4];
      if (side) rows.push(["from", `the limit from ${cuts.from(side, Object.values(at).every(([, im]) => im === 0))}, computed beside the cut`]);
      if (error > 0)
        rows.push(["error", `${side ? "about" : "at most"} ${error.toExponential(0)}`]);
      const plain = compute.show(plainTree(at)[entry]);
      if (pair && plain !== valueAt(entry)) rows.push(["in plain doubles", plain]);
    }
    $("node").replaceChildren(
      make(
        "dl",
        {},
        ...rows.flatMap(([name, words]) => [make("dt", {}, name), make("dd", {}, words)]),
      ),
    );
  }

  // -- curves ----------------------------------------------------------------------------------
  function choices() {
    for (const id of ["plot-variable", "plane-variable"]) {
      $(id).replaceChildren(...data.variables.map((name) => make("option", {}, name)));
      $(id).disabled = !data.variables.length;
    }
    const set = data.domain[data.variables[0]] || "";
    const ends = /^[[(](-?[\d.]+|-inf),(-?[\d.]+|inf)[\])]/.exec(set);
    const low =
      ends && Number.isFinite(Number(ends[1]))
        ? Number(ends[1])
        : set === "positive" || set === "nonnegative"
          ? 0
          : -4;
    const high =
      ends && Number.isFinite(Number(ends[2])) ? Number(ends[2]) : low >= 4 ? low + 4 : 4;
    $("from").value = String(low);
    $("to").value = String(high);
    $("plot-key").replaceChildren(
      ...(formula ? [make("span", {}, make("b", { class: "formula" }), "formula")] : []),
      make("span", {}, make("b", { class: "tree" }), "tree, in the exact meaning"),
    );
  }
  const off = (v, w) => Math.hypot(v[0] - w[0], v[1] - w[1]) / Math.max(1, Math.hypot(w[0], w[1]));
  const without = (n) =>
    `At ${n.toLocaleString("en")} point${n === 1 ? "" : "s"} doubles do not tell the tree's value.`;
  const last = (data) => data.tree.length - 1;

  function drawPlot() {
    const canvas = $("plot"),
      name = $("plot-variable").value;
    const low = compute.read($("from").value),
      high = compute.read($("to").value);
    const words = $("plot-words");
    if (!low || !high || !(low[0] < high[0])) {
      words.textContent = "The range needs two numbers, the smaller one first.";
      return;
    }
    const steps = Math.min(800, Math.max(100, Math.floor(WORK / data.tree.length)));
    const xs = Array.from(
      { length: steps + 1 },
      (_, k) => low[0] + ((high[0] - low[0]) * k) / steps,
    );
    const points = xs.map((x) => ({ ...at, [name]: [x, 0] }));
    const tree = points.map((p) => compute.cartesian(exactTree(p)[last(data)], true));
    const wanted = formula ? points.map((p) => formula(p)) : tree;
    const both = xs
      .map((_, k) => k)
      .filter((k) => plots.finite(tree[k]) && plots.finite(wanted[k]));
    const worst = both.reduce((most, k) => Math.max(most, off(tree[k], wanted[k])), 0);
    const beyond = tree.filter(
      (v, k) => !plots.finite(v) && (!formula || plots.finite(wanted[k])),
    ).length;
    plots.curves(canvas, xs, formula && wanted, tree, low[0], high[0]);
    words.textContent =
      (formula && both.length
        ? `Largest difference at ${both.length} points: ${worst.toExponential(1)}. `
        : "") +
      (beyond ? `${without(beyond)} ` : "") +
      ([...tree, ...wanted].some((v) => plots.finite(v) && Math.abs(v[1]) > 1e-9)
        ? "Thin lines are imaginary parts."
        : "");
    canvas.setAttribute("aria-label", `Formula and tree for ${name} from ${low[0]} to ${high[0]}`);
  }
  // -- the plane -------------------------------------------------------------------------------
  function drawPlane() {
    const turn = ++drawing,
      name = $("plane-variable").value,
      radius = compute.read($("radius").value);
    drawCuts(name);
    const words = $("plane-words"),
      exact = $("arithmetic").value === "exact",
      mark = $("mark").checked;
    if (!name) {
      words.textContent = "There is no variable.";
      return;
    }
    if (!radius || !(radius[0] > 0)) {
      words.textContent = "The window needs a positive number.";
      return;
    }
    const side = Math.max(41, Math.min(201, Math.floor(Math.sqrt(WORK / data.tree.length)) | 1));
    const pens = ["plane-formula", "plane-tree"].map((id) => {
      const canvas = $(id);
      canvas.width = canvas.height = side;
      canvas.setAttribute(
        "aria-label",
        `${id === "plane-tree" ? "Tree" : "Formula"}, ${name} within ${radius[0]} of 0, coloured by argument`,
      );
      return canvas.getContext("2d");
    });
    $("plane-formula").parentElement.hidden = !formula;
    const middle = (side - 1) / 2,
      onAxis = (row, k) => row === middle || k === middle;
    let row = 0,
      compared = 0,
      apart = 0,
      beyond = 0;
    words.textContent = "drawing";
    const rows = () => {
      if (turn !== drawing) return;
      for (const until = performance.now() + 30; row < side && performance.now() < until; row++) {
        const images = pens.map((pen) => pen.createImageData(side, 1));
        const y = radius[0] * (1 - (2 * row) / (side - 1)) + 0;
        for (let k = 0; k < side; k++) {
          const p = {
            ...at,
            [name]: [radius[0] * ((2 * k) / (side - 1) - 1), Math.abs(y) < 1e-12 ? 0 : y],
          };
          const t = compute.cartesian((exact ? exactTree : plainTree)(p)[last(data)], exact),
            f = formula ? formula(p) : t;
          let differ = false;
          if (plots.finite(t) && plots.finite(f)) {
            compared++;
            differ = off(t, f) > 1e-6;
            apart += differ;
          } else if (!plots.finite(t) && (!formula || plots.finite(f))) beyond++;
          plots.pixel(images[0].data, 4 * k, f, false);
          plots.pixel(images[1].data, 4 * k, t, differ && mark && (onAxis(row, k) || (row + k) % 3 === 0));
        }
        images.forEach((image, k) => pens[k].putImageData(image, 0, row));
      }
      if (row < side) setTimeout(rows, 0);
      else
        words.textContent =
          (formula
            ? !compared
              ? ""
              : apart
                ? `They differ at ${apart.toLocaleString("en")} of ${compared.toLocaleString("en")} points, marked white. `
                : `They agree at all ${compared.toLocaleString("en")} points where both have a value. `
            : "") + (beyond ? without(beyond) : "");
    };
    setTimeout(rows, 0);
  }
  function drawCuts(name) {
    $("cuts-box").hidden = !name || !data.sides[name];
    if ($("cuts-box").hidden) return;
    const begin = Object.fromEntries(data.variables.map((v) => [v, [data.begin[v], 0]]));
    const rows = cuts.table(data, name, begin, formula),
      others = data.variables.filter((v) => v !== name);
    const row = (tag, words) =>
      make("tr", {}, ...words.map((word) => make(tag, tag === "th" ? { scope: "col" } : {}, word)));
    const heads = ["where", ...(formula ? ["formula"] : []), "tree"];
    $("cuts").previousElementSibling.replaceChildren(row("th", [...heads, ...(formula ? [""] : [])]));
    $("cuts").replaceChildren(
      ...rows.map(([...cells]) => {
        const differ = cells.pop();
        return row("td", [...cells, ...(formula ? [differ ? make("b", {}, "differ") : "alike"] : [])]);
      }),
    );
    $("cuts").parentElement.hidden = !rows.length;
    $("cuts-words").textContent =
      (rows.length ? "" : `${formula ? "Neither has a cut" : "No cut"} on the axes. `) +
      "The tree was computed exactly at places of both axes" +
      (others.length ? `, ${others.map((v) => `${v} = ${compute.short(data.begin[v])}`).join(", ")}.` : ".");
  }
  function pick(event) {
    const box = event.target.getBoundingClientRect(),
      radius = compute.read($("radius").value),
      name = $("plane-variable").value;
    if (!radius || !name) return;
    const unit = (v, size) => Number((radius[0] * ((2 * v) / size - 1)).toPrecision(3));
    const value = [
      unit(event.clientX - box.left, box.width),
      0 - unit(event.clientY - box.top, box.height) || 0,
    ];
    at[name] = value;
    const input = $(`value-${data.variables.indexOf(name)}`);
    input.value = compute.show(value);
    input.setAttribute("aria-invalid", "false");
    refresh();
  }

  // -- another formula -------------------------------------------------------------------------
  async function ask(event) {
    event.preventDefault();
    const button = $("ask").querySelector("button");
    button.disabled = true;
    button.textContent = "Compiling…";
    $("error").textContent = "";
    try {
      const answer = await fetch("compile", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ source: $("source").value, domains: $("domains").value }),
      });
      const found = await answer.json();
      if (found.error) complain(found.error);
      else load(found);
    } catch (failure) {
      complain({ message: "the server does not answer" });
    } finally {
      button.disabled = false;
      button.textContent = "Compile";
    }
  }
  function complain(error) {
    const lines = [`error: ${error.message}`],
      text = $("source").value;
    if (error.span)
      lines.push(
        `  ${text}`,
        `  ${" ".repeat(error.span[0])}${"^".repeat(Math.max(1, error.span[1] - error.span[0]))}`,
      );
    if (error.hint) lines.push(`  hint: ${error.hint}`);
    $("error").textContent = lines.join("\n");
  }

  const quietly = (draw) => (event) => {
    event.preventDefault();
    draw();
  };
  $("tree").addEventListener("keydown", keys);
  $("tree").addEventListener("click", (event) => {
    const li = event.target.closest("li");
    if (!li) return;
    select(li, true);
    if (event.target.closest(".sign") || event.detail === 2) {
      li.getAttribute("aria-expanded") === "true" ? fold(li) : unfold(li);
      refresh();
    }
  });
  $("flow").addEventListener("click", flow);
  $("fold").addEventListener("click", () => {
    const root = $("tree").firstChild;
    branches(root).forEach(fold);
    select(root);
  });
  $("deeper").addEventListener("click", () => {
    const folded = visible().filter((li) => li.getAttribute("aria-expanded") === "false");
    folded.slice(0, MANY).forEach(unfold);
    refresh();
  });
  $("range").addEventListener("submit", quietly(drawPlot));
  $("window").addEventListener("submit", quietly(drawPlane));
  for (const id of ["plane-variable", "arithmetic", "mark"])
    $(id).addEventListener("change", drawPlane);
  $("plot-variable").addEventListener("change", drawPlot);
  for (const id of ["plane-formula", "plane-tree"]) $(id).addEventListener("click", pick);
  $("ask").addEventListener("submit", ask);
  dark.addEventListener("change", () => [drawPicture, drawPlot].forEach((draw) => draw()));
  if (first.served) {
    $("ask").hidden = false;
    $("source").value = first.source;
  }
  load(first);
})();
