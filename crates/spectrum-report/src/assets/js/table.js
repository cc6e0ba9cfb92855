// The layers as a table that can be sorted by any column; a click on a row chooses the layer.
function layerRow(m, i, name, t) {
  const v = (name) => { const at = valueAt(m, name, t); return at && at.v; };
  const tail = tailAt(m, t), s = m.spectra;
  const alpha = v("alpha"), size = tail ? tail.size : null;
  const fitted = tail && known(tail.alpha);
  return {
    m, number: i + 1, name, rows: s ? s.rows : null, cols: s ? s.cols : null, route: s ? s.route : null,
    alpha: fitted ? tail.alpha : alpha, sigma: fitted ? tail.sigma : v("alpha_sigma"), size, n: tail ? tail.n : null,
    distance: tail ? tail.distance : v("alpha_distance"), best: tail ? tail.best : null,
    stable: v("stable_rank"), effective: v("effective_rank"), outliers: v("outliers"), top: v("top_to_edge"),
    shape: v("shape_class"), warnings: [m.why, tail && tail.why && !m.why ? `no fit: ${tail.why}` : null, tail && tail.warning_short, tail && tail.rule_of_thumb && tail.rule_of_thumb.split(" (")[0]].filter(Boolean).join("; "),
  };
}

const dash = (v, digits) => (known(v) ? text(v, digits || 3) : "\u2013");
const COLUMNS = [
  ["#", (r) => r.number, (r) => String(r.number), "n"],
  ["layer", (r) => r.number, null, "name"],
  ["shape", (r) => (known(r.rows) ? r.rows * r.cols : null), (r) => (known(r.rows) ? `${r.rows}\u00a0\u00d7\u00a0${r.cols}` : "\u2013"), "n"],
  ["route", (r) => r.route, (r) => r.route || "\u2013", ""],
  ["\u03b1 \u00b1 \u03c3", (r) => r.alpha, (r) => plusMinus(r.alpha, r.sigma), "n"],
  ["n tail", (r) => r.size, (r) => (known(r.size) ? `${r.size}${known(r.n) ? `\u00a0/\u00a0${r.n}` : ""}` : "\u2013"), "n"],
  ["D", (r) => r.distance, (r) => dash(r.distance, 2), "n"],
  ["against other laws", (r) => r.best, (r) => (r.best ? r.best.replace(/-/g, "\u2011") : "\u2013"), "words wide"],
  ["stable rank", (r) => r.stable, (r) => dash(r.stable), "n"],
  ["eff. rank", (r) => r.effective, (r) => dash(r.effective), "n"],
  ["outliers", (r) => r.outliers, (r) => dash(r.outliers), "n"],
  ["top / edge", (r) => r.top, (r) => dash(r.top), "n"],
  ["shape class", (r) => r.shape, (r) => (known(r.shape) ? codeName(codesOf("shape_class"), r.shape) : "\u2013"), "words"],
  ["warnings", (r) => r.warnings || null, (r) => r.warnings, "words last"],
];

function drawTable(root) {
  const order = { column: 0, down: false };
  const box = el("div", { class: "scroll layers" });
  root.append(el("h3", {}, "All layers"), el("p", { class: "what" }, "A click on a row shows that layer in all figures; a click on a heading sorts. \u03b1: exponent of the fitted tail, n tail: how many eigenvalues it rests on, D: its distance to the fit, outliers: eigenvalues beyond the noise edge."), box);
  // Rows by their matrices, and what they are rows of: another layer of the same ones only moves the mark.
  const rowOf = new Map();
  let shown = "";
  const paint = () => {
    rowOf.clear();
    const list = layersShown(), at = state.current(), labels = labelsOf(list);
    const rows = list.map((m, i) => layerRow(m, i, labels[i], state.step));
    const by = COLUMNS[order.column][1], sign = order.down ? -1 : 1;
    // Missing values stand last, whichever way the others are sorted.
    rows.sort((a, b) => {
      const x = by(a), y = by(b);
      if (!known(x) || !known(y)) return known(x) ? -1 : known(y) ? 1 : a.number - b.number;
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y) || a.number - b.number;
    });
    // Columns that no layer has anything in are left out.
    const used = COLUMNS.filter((c, i) => i < 2 || rows.some((r) => known(c[1](r))));
    const head = el("tr", {}, ...used.map((c) => {
      const i = COLUMNS.indexOf(c), on = i === order.column;
      const turn = () => { order.down = on ? !order.down : c[3] === "n" && i > 0; order.column = i; paint(); };
      return el("th", { class: c[3], "aria-sort": on ? (order.down ? "descending" : "ascending") : "none" },
        el("button", { type: "button", onclick: turn }, c[0], on ? (order.down ? " \u25be" : " \u25b4") : ""));
    }));
    const cells = (r) => used.map((c) => (c[2] ? el("td", { class: c[3] }, c[2](r)) : el("td", { class: "name" }, typeMark(r.m), ...breakable(r.name))));
    const body = rows.map((r) => rowOf.set(r.m, el("tr", { class: sameMatrix(r.m, at) ? "chosen" : null, tabindex: 0, onclick: () => state.choose(r.m),
      onkeydown: (e) => { if (e.key === "Enter") state.choose(r.m); } }, ...cells(r))).get(r.m));
    shown = `${state.run} ${at && at.kind} ${state.step}`;
    const top = box.scrollTop, left = box.scrollLeft;
    box.replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, ...body)));
    box.scrollTop = top;
    box.scrollLeft = left;
  };
  state.follow(() => {
    const at = state.current();
    if (shown !== `${state.run} ${at && at.kind} ${state.step}`) { paint(); return; }
    for (const [m, row] of rowOf) row.classList.toggle("chosen", sameMatrix(m, at));
  });
  paint();
}

// A long name may break after each of its parts.
function breakable(name) {
  return name.split(/(?<=[._/])/).flatMap((part) => [part, el("wbr", {})]);
}

function typeMark(m) {
  const type = typeOf(m), svg = draw(null, "svg", { viewBox: "0 0 12 12", class: "type" });
  marker(svg, type.shape, 6, 6, 4, `fill:${type.color}`);
  draw(svg, "title", {}, type.name);
  return svg;
}
