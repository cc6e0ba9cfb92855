// The empirical spectral density at the chosen step, over the initial one, with the Marchenko-Pastur law.
function binned(values, edges, log, total) {
  const n = edges.length - 1, counts = new Float64Array(n);
  const f = log ? Math.log : (v) => v;
  const a = f(edges[0]), b = f(edges[n]);
  for (const v of values) {
    if (!(v >= edges[0] && v <= edges[n])) continue;
    counts[Math.min(n - 1, Math.floor(((f(v) - a) / (b - a)) * n))] += 1;
  }
  return counts.map((c, i) => c / (total * (edges[i + 1] - edges[i])));
}

// Bars of a step's density: of all values, or of a huge matrix's estimated density where only the leading values are there.
function bars(matrix, i, frame) {
  const s = spectraOf(matrix), part = matrix.density && matrix.density[i], total = Math.min(s.rows, s.cols);
  if (!part) return { edges: frame.edges, heights: binned(eigenvalues(matrix, i), frame.edges, frame.log, total) };
  const edges = [...curve(part, "s")].map((v) => (isKernel(matrix) ? v : v * v)), above = curve(part, "above");
  const heights = edges.slice(1).map((b, j) => Math.max(0, above[j] - above[j + 1]) / (total * (b - edges[j])));
  return frame.log ? { edges: edges.slice(1), heights: heights.slice(1) } : { edges, heights };
}

const facts = (s, i) => Object.fromEntries(Object.entries(s.facts).map(([k, v]) => [k, v[i]]));

// Axes stay the same over all steps, so that the slider shows movement and not rescaling.
function esdFrame(matrix, mode, range) {
  const s = spectraOf(matrix);
  s.frames = s.frames || {};
  const key = `${mode} ${range}`;
  if (s.frames[key]) return s.frames[key];
  let lo = Infinity, hi = 0, bulk = 0;
  s.t.forEach((_, i) => {
    const floor = isKernel(matrix) ? s.floor[i] : s.floor[i] ** 2;
    for (const v of eigenvalues(matrix, i)) {
      if (v > hi && isFinite(v)) hi = v;
      if (v > Math.max(floor, 0) && v < lo) lo = v;
    }
    const f = facts(s, i), part = matrix.density && matrix.density[i];
    const edge = matrix.law ? f.law_upper_edge : f.mp_edge;
    if (edge > bulk) bulk = edge;
    if (part) lo = Math.min(lo, isKernel(matrix) ? curve(part, "s")[1] : curve(part, "s")[1] ** 2);
  });
  if (!(hi > 0)) return (s.frames[key] = null);
  if (!isFinite(lo)) lo = hi / 10;
  const log = mode === "log";
  // The edge is always in sight, also where no value reaches it.
  hi = Math.max(hi, 1.04 * bulk);
  if (!log) { lo = 0; hi = range === "bulk" && bulk ? Math.min(hi, 1.25 * bulk) : hi; }
  else { lo = Math.max(lo, hi * 1e-14); if (lo >= hi) lo = hi / 10; }
  const bins = Math.max(20, Math.min(100, Math.round(2.5 * Math.sqrt(Math.min(s.rows, s.cols)))));
  const edges = Array.from({ length: bins + 1 }, (_, i) => (log ? lo * (hi / lo) ** (i / bins) : lo + ((hi - lo) * i) / bins));
  let top = 0, least = Infinity;
  s.t.forEach((_, i) => {
    for (const d of bars(matrix, i, { edges, log }).heights) {
      if (d > top) top = d;
      if (d > 0 && d < least) least = d;
    }
  });
  // A law may be unbounded: it stretches the axis a little.
  if (matrix.law) top = Math.max(top, Math.min(1.3 * top, Math.max(...curve(matrix.law, "density"))));
  return (s.frames[key] = { edges, log, lo, hi, top: top || 1, least: isFinite(least) ? least : 0.1, bulk });
}

const MATRIX_WHAT = "How the eigenvalues of the layer spread. A matrix of pure noise fills the Marchenko\u2013Pastur curve and nothing beyond its edge; values to the right of it (outliers) do not come from noise of that size.";
const KERNEL_WHAT = "How the eigenvalues of the kernel spread. The law of a network at its start depends on its activation and its depth; values beyond the bulk are directions of the sample that training, or the data themselves, have made strong.";

function drawEsd(root) {
  const head = el("div", {}), two = el("div", { class: "two" }), note = el("p", { class: "note" });
  root.append(head, two, note);
  const what = el("p", { class: "what" });
  root.prepend(what);
  const linear = figure(two, "Eigenvalue density, linear"), log = figure(two, "Eigenvalue density, log\u2013log");
  const options = { range: "bulk" };
  const rangeChoice = choice([["bulk", "bulk"], ["all", "all values"]], "bulk", (v) => { options.range = v; update(); });
  linear.tools.prepend(rangeChoice);

  const update = () => {
    const matrix = state.current(), s = spectraOf(matrix);
    head.hidden = two.hidden = !s;
    what.textContent = isKernel(matrix) ? KERNEL_WHAT : MATRIX_WHAT;
    note.className = s ? "note" : "instead";
    if (!s) { note.textContent = noFit(matrix); return; }
    const i = s.t.indexOf(state.step), f = facts(s, i), now = eigenvalues(matrix, i);
    // Outliers are those of the law that is drawn.
    const limit = limitLaw(matrix), beyond = limit ? f.law_outliers : f.outliers;
    const k = known(beyond) ? Math.min(now.length, Math.round(beyond)) : 0;
    // The law is that of the rows and columns that are not zero throughout.
    const live = [s.rows - (f.dead_rows || 0), s.cols - (f.dead_cols || 0)], dead = live[0] < s.rows || live[1] < s.cols;
    const law = limit || (f.mp_variance ? marchenkoPastur(...live, f.mp_variance, k, Math.min(s.rows, s.cols)) : null);
    const edge = limit ? f.law_upper_edge || limit.b : f.mp_edge;
    const alone = s.t.length < 2;
    const firstName = s.t[0] === 0 && !DATA.checkpoints ? "initial spectrum (step 0)" : `first spectrum (${DATA.step_word} ${s.t[0]})`;
    const read = el("div", { class: "readout" });
    const item = (name, v) => read.append(el("div", {}, el("span", {}, `${name} `), el("b", {}, v)));
    item("shape", `${s.rows} \u00d7 ${s.cols}`);
    item("route", s.route);
    item("largest \u03bb", text(now.length ? now[0] : null, 5));
    if (known(edge)) item(limit ? "edge of the law" : "bulk edge", text(edge, 5));
    if (known(f.mp_variance)) item("fitted entry variance", text(f.mp_variance, 4));
    if (known(beyond)) item("outliers", String(k));
    if (known(f.alpha_hill)) item("Hill \u03b1", text(f.alpha_hill, 4));
    head.replaceChildren(read, legend([
      { name: alone ? "eigenvalues" : `${DATA.step_word} ${state.step}`, fill: colour(0), opacity: 0.55 }, ...(alone ? [] : [{ name: firstName, fill: "var(--grey-fill)" }]),
      ...(law ? [{ name: limit ? `limit law of the network at ${DATA.step_word} ${matrix.law.step}` : "Marchenko\u2013Pastur density fitted to the bulk", color: colour(1) }, { name: limit ? "its upper edge" : "bulk edge", color: colour(1), dash: "5 4", width: 1.4 }] : []),
      ...(k ? [{ name: `outliers (${k})`, color: colour(3), width: 3 }] : [])]));
    let drawn = false;
    for (const [fig, mode] of [[linear, "linear"], [log, "log"]]) {
      const frame = esdFrame(matrix, mode, options.range);
      fig.box.hidden = !frame;
      fig.paint = frame ? (svg, width) => paintEsd(svg, width, { matrix, s, i, now, frame, law, k, edge }) : null;
      if (frame) fig.redraw();
      drawn = drawn || frame;
    }
    rangeChoice.hidden = !(drawn && esdFrame(matrix, "linear", "all").hi > drawn.bulk * 1.25 && drawn.bulk);
    const n = Math.min(s.rows, s.cols);
    const notes = drawn ? [`\u03bb are the eigenvalues ${isKernel(matrix) ? "of the kernel K itself (n \u00d7 n)" : "of W\u1d40W (squared singular values, no 1/n)"}; areas are fractions of all ${n} values. ${alone ? "" : ` Axes are the same at every ${DATA.step_word}.`}`]
      : ["All values of this matrix are zero or not finite."];
    if (drawn && now.length < n) notes.push(`Only the ${now.length} largest values were computed${matrix.density && matrix.density[i] ? "; the density of all of them is an estimate (stochastic Lanczos)" : ": nothing is known of the others"}.`);
    if (law && !limit && k) notes.push(`The density is that of the ${Math.max(...live) - k} \u00d7 ${Math.min(...live) - k} law that ${k} outlier${k > 1 ? "s leave" : " leaves"}; the edge, against which outliers are counted, is that of the whole matrix with the same variance.`);
    if (law && !limit && dead) notes.push(`${f.dead_rows} rows and ${f.dead_cols} columns are zero throughout; the law is that of the others.`);
    if (s.all > s.t.length) notes.push(`The slider holds ${s.t.length} of ${s.all} recorded spectra, evenly thinned; the run directory holds all of them.`);
    if (!law && !isKernel(matrix)) notes.push(f.why_mp_variance ? `No Marchenko\u2013Pastur law here: ${f.why_mp_variance}.` : "No Marchenko\u2013Pastur fit was recorded for this matrix.");
    note.textContent = notes.join(" ");
  };
  state.follow(update);
  update();
}

function paintEsd(svg, width, o) {
  const height = 320, frame = o.frame;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const y0 = frame.log ? frame.least / 2 : 0;
  const kind = frame.log ? "log" : "linear";
  const y = scale(kind, y0, frame.log ? frame.top * 2 : frame.top * 1.08, height - 44, 24);
  const ticks = y.ticks(Math.max(3, Math.floor((height - 66) / 45)));
  const x = scale(kind, frame.lo, frame.hi, leftMargin(tickTexts(ticks, kind)), width - 12);
  axes(svg, x, y, { x: isKernel(o.matrix) ? "eigenvalue \u03bb of K" : "eigenvalue \u03bb = s\u00b2", y: "density per unit of \u03bb" }, width, height);
  const outline = (i) => {
    const { edges, heights } = bars(o.matrix, i, frame);
    const clamp = (v) => x(Math.max(frame.lo, Math.min(frame.hi, v))).toFixed(1);
    let p = `M${clamp(edges[0])},${y.from}`;
    heights.forEach((v, j) => {
      const at = (v > y0 ? y(Math.min(v, y.hi)) : y.from).toFixed(1);
      p += `V${at}H${clamp(edges[j + 1])}`;
    });
    return `${p}V${y.from}Z`;
  };
  if (o.s.t.length > 1) draw(svg, "path", { d: outline(0), style: "fill:var(--grey-fill);stroke:var(--grey);stroke-width:.8" });
  if (o.i > 0 || o.s.t.length < 2) draw(svg, "path", { d: outline(o.i), style: `fill:${colour(0)};fill-opacity:.42;stroke:${colour(0)};stroke-width:1.1` });
  const inside = (v) => v >= frame.lo && v <= frame.hi;
  const floor = isKernel(o.matrix) ? o.s.floor[o.i] : o.s.floor[o.i] ** 2;
  if (frame.log && inside(floor) && floor > frame.lo * 1.0001) {
    draw(svg, "line", { x1: x(floor), x2: x(floor), y1: y.to, y2: y.from, style: "stroke:var(--grey);stroke-dasharray:1 3" });
    draw(svg, "text", { class: "tag", x: x(floor) + 4, y: y.to + 10 }, "floor of trust");
  }
  if (o.law) {
    const curve = o.law.points(240, frame.log).filter((p) => inside(p[0]) && (!frame.log || p[1] > y0));
    draw(svg, "path", { class: "line", d: path(curve.map((p) => [p[0], Math.min(p[1], y.hi)]), x, y), style: `stroke:${colour(1)};stroke-width:2.2` });
    const edge = o.edge || o.law.b;
    if (inside(edge)) {
      draw(svg, "line", { x1: x(edge), x2: x(edge), y1: y.to, y2: y.from, style: `stroke:${colour(1)};stroke-width:1.4;stroke-dasharray:5 4` });
      const right = x(edge) < x.to - 90;
      draw(svg, "text", { class: "tag", x: x(edge) + (right ? 5 : -5), y: y.to + 10, "text-anchor": right ? "start" : "end", style: `fill:${colour(1)}` }, `edge ${text(edge, 4)}`);
    }
  }
  let beyond = 0;
  for (let j = 0; j < Math.min(o.k, o.now.length); j++) {
    if (!inside(o.now[j])) { beyond++; continue; }
    const at = x(o.now[j]).toFixed(1), tick = draw(svg, "line", { x1: at, x2: at, y1: y.from - 12, y2: y.from, style: `stroke:${colour(3)};stroke-width:1.6` });
    draw(tick, "title", {}, `outlier ${j + 1}: \u03bb = ${text(o.now[j], 6)}`);
  }
  if (beyond) draw(svg, "text", { class: "tag", x: x.to, y: y.to + 26, "text-anchor": "end", style: `fill:${colour(3)}` }, `${beyond} outlier${beyond > 1 ? "s" : ""} to the right, up to ${text(o.now[0], 3)} \u2192`);
}
