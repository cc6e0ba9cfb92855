// One metric over the depth of the network: a dot a layer.
const DEPTH_FIRST = ["alpha", "alpha_hill", "stable_rank", "effective_rank_normalized", "top_to_edge", "outliers", "mp_distance"];
// Gaussian matrices of the same shape scatter by this many standard deviations at most: the bound that `bulk` is judged by.
const BAND = 4;

// Metrics that some layer has a value of, the usual ones first.
function depthMetrics(list) {
  const some = new Set(list.flatMap((m) => Object.entries(m.metrics).filter(([, c]) => c.v.some((v) => v !== null)).map(([n]) => n)));
  const order = [...DEPTH_FIRST, ...GROUPS.flatMap(([, names]) => Object.keys(names)), ...[...some].sort()];
  const beside = (n) => n.startsWith(NULL) || n.endsWith("_gaussian") || n.endsWith("_gaussian_sd");
  return [...new Set(order)].filter((n) => some.has(n) && !beside(n));
}

function drawDepth(root) {
  const names = () => depthMetrics(layersShown());
  const fig = figure(root, "Over depth", {
    what: `One dot for each layer, in the order of the ${DATA.runs.every((r) => r.layers) ? "model" : "names (numbered blocks from first to last)"}. Layers that stand far from the others of their sort, or inside the band of a random matrix, are the ones to look at.` });
  const missing = el("details", { class: "gaps" });
  const note = el("p", { class: "caption" });
  fig.box.append(note, missing);
  const select = el("select", { "aria-label": "metric", onchange: () => { options.metric = select.value; paint(); } });
  const scales = choice([["linear", "linear"], ["log", "log"]], "linear", (v) => { options.y = v; paint(); });
  const options = { metric: null, y: "linear" };
  fig.tools.prepend(el("label", {}, "metric", select), el("label", {}, "values", scales));
  const fill = () => {
    const all = names();
    select.replaceChildren(...all.map((n) => el("option", { value: n }, metricTitle(n) === n ? n : `${metricTitle(n)} (${n})`)));
    if (!all.includes(options.metric)) options.metric = all[0] || null;
    select.value = options.metric;
    fig.box.hidden = !options.metric;
  };
  const paint = () => { if (options.metric) paintDepth(fig, note, missing, options); };
  state.follow((what) => { if (what !== "step") fill(); paint(); });
  fill();
  paint();
}

function paintDepth(fig, note, missing, o) {
  const list = layersShown(), at = state.current(), name = o.metric, t = state.step;
  const labels = labelsOf(list);
  const rows = list.map((m, i) => {
    const side = (part) => { const v = valueAt(m, name + part, t); return v && v.v; };
    return { m, i, label: labels[i], value: valueAt(m, name, t), sigma: known(side("_sigma")) ? side("_sigma") : side("_error"), mean: side("_gaussian"), sd: side("_gaussian_sd"), rest: (valueAt(m, NULL + name, t) || {}).v };
  });
  const shown = rows.filter((r) => r.value && r.value.v !== null);
  const classes = codesOf(name);
  const spread = shown.flatMap((r) => [r.value.v, r.rest, r.mean, ...(known(r.mean) && known(r.sd) ? [r.mean - BAND * r.sd, r.mean + BAND * r.sd] : [])]).filter(known);
  // Error bars may leave the frame: one badly determined layer must not squeeze all others.
  const bars = shown.filter((r) => known(r.sigma)).flatMap((r) => [r.value.v - r.sigma, r.value.v + r.sigma]);
  const kind = o.y === "log" && spread.every((v) => v > 0) && !classes ? "log" : "linear";
  const plain = domain(spread, kind, classes ? classes.map((c) => c[0]) : []);
  const wide = domain([...spread, ...bars.filter((v) => kind !== "log" || v > 0)], kind);
  const range = kind === "linear" && wide[1] - wide[0] < 1.8 * (plain[1] - plain[0]) ? wide : plain;
  const line = name === "top_to_edge" ? 1 : null;
  const types = [...new Set(list.map((m) => m.type))];
  const items = Object.keys(TYPES).filter((k) => types.includes(k)).map((k) => TYPES[k]);
  if (shown.some((r) => known(r.mean))) items.push({ name: `Gaussian matrix of the same shape${shown.some((r) => known(r.sd)) ? ` (bar: \u00b1 ${BAND} standard deviations)` : ""}`, fill: "var(--grey)", opacity: 0.6 });
  if (shown.some((r) => known(r.rest))) items.push({ name: "null (shuffled displacement)", color: "var(--quiet)", shape: "circle", hollow: true });
  fig.above.replaceChildren(legend(items));
  const r0 = list.length > 120 ? 2.8 : list.length > 50 ? 3.6 : 4.6;
  const numbers = (width) => {
    const step = Math.max(1, Math.round(niceStep(list.length, Math.max(3, width / 45))));
    return list.map((_, i) => i + 1).filter((n) => n % step === 0 || (n === 1 && step > 2));
  };
  plot(fig, {
    height: 340,
    x: { kind: "linear", range: [0.4, list.length + 0.6], name: "layer, numbered as in the table", ticks: numbers },
    y: { kind, range, name: metricTitle(name) === name ? name : `${metricTitle(name)}`, ticks: classes && classes.map((c) => c[0]), texts: classes && classes.map((c) => c[1]) },
    under: (svg, x, y) => {
      const half = Math.max(2, Math.min(9, (x(2) - x(1)) * 0.42));
      const clamp = (v) => Math.max(Math.min(v, y.hi), y.lo);
      for (const r of shown) {
        if (!known(r.mean)) continue;
        const sd = r.sd || 0, a = y(clamp(r.mean + BAND * sd)), b = y(clamp(r.mean - BAND * sd));
        draw(svg, "rect", { x: x(r.i + 1) - half, width: 2 * half, y: Math.min(a, (a + b) / 2 - 1), height: Math.max(2, b - a), style: "fill:var(--grey);fill-opacity:.6" });
      }
    },
    paint: (svg, x, y) => {
      const clamp = (v) => Math.max(Math.min(v, y.hi), y.lo);
      if (line !== null && line > y.lo && line < y.hi) {
        draw(svg, "line", { x1: x.from, x2: x.to, y1: y(line), y2: y(line), style: "stroke:var(--quiet);stroke-width:1.2;stroke-dasharray:5 4" });
        draw(svg, "text", { class: "tag", x: x.to, y: y(line) - 5, "text-anchor": "end" }, "bulk edge");
      }
      const hits = [];
      for (const r of rows) {
        const px = x(r.i + 1), type = typeOf(r.m), chosen = sameMatrix(r.m, at);
        if (chosen) draw(svg, "line", { x1: px, x2: px, y1: y.to, y2: y.from, style: "stroke:var(--quiet);stroke-width:1;stroke-dasharray:2 3" });
        if (!r.value || r.value.v === null) {
          const gone = draw(svg, "path", { class: "gone", d: `M${px - 3},${y.from - 7}l6,6m0,-6l-6,6` });
          draw(gone, "title", {}, `${r.label}: ${r.value ? r.value.why : "not recorded"}`);
          hits.push({ x: px, y: y.from - 4, m: r.m, lines: [`${r.i + 1}  ${r.label}`, r.value ? r.value.why : "not recorded"] });
          continue;
        }
        const py = y(clamp(r.value.v));
        if (known(r.rest)) draw(svg, "circle", { cx: px, cy: y(clamp(r.rest)), r: r0 * 0.7, style: "fill:none;stroke:var(--quiet);stroke-width:1.2" });
        if (known(r.sigma)) draw(svg, "line", { x1: px, x2: px, y1: y(clamp(r.value.v + r.sigma)), y2: y(clamp(r.value.v - r.sigma)), style: `stroke:${type.color};stroke-width:1.3` });
        marker(svg, type.shape, px, py, chosen ? r0 * 1.35 : r0, `fill:${type.color};stroke:${chosen ? "var(--ink)" : "var(--ground)"};stroke-width:${chosen ? 1.6 : 0.6}`);
        hits.push({ x: px, y: py, m: r.m, lines: [`${r.i + 1}  ${r.label}`, `${name} = ${classes ? codeName(classes, r.value.v) : plusMinus(r.value.v, r.sigma)}`, `${type.name}${r.m.spectra ? `, ${r.m.spectra.rows} \u00d7 ${r.m.spectra.cols}` : ""}`] });
      }
      return hits;
    },
    pick: (hit) => state.choose(hit.m),
  });
  note.textContent = `${DATA.one_step ? "" : `At ${DATA.step_word} ${t}. `}Kind ${at.kind}${DATA.runs.length > 1 ? `, run ${runName(state.run)}` : ""}.${shown.some((r) => known(r.sigma)) ? " Bars: one standard error." : ""} Colours and shapes are guessed from the layers\u2019 names. A click chooses the layer for all figures.`;
  const gone = rows.filter((r) => !r.value || r.value.v === null);
  missing.hidden = !gone.length;
  missing.replaceChildren(el("summary", {}, `${gone.length} layer${gone.length > 1 ? "s" : ""} without a value (crosses on the axis)`),
    el("ul", {}, ...gone.slice(0, 60).map((r) => el("li", {}, `${r.i + 1}  ${r.label}: ${r.value ? r.value.why : "not recorded"}`))),
    ...(gone.length > 60 ? [el("p", { class: "note" }, `and ${gone.length - 60} more`)] : []));
}
