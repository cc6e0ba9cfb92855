// Heat maps over steps, drawn as one image, and the colours of ordered values: viridis (S. van der Walt and N. Smith, 2015),
// which grows evenly lighter for every eye.
const VIRIDIS = ["440154", "482475", "414487", "355f8d", "2a788e", "21918c", "22a884", "44bf70", "7ad151", "bddf26", "fde725"].map((h) => [0, 2, 4].map((i) => parseInt(h.slice(i, i + 2), 16)));

function viridisParts(u) {
  const at = Math.max(0, Math.min(1, u)) * (VIRIDIS.length - 1), i = Math.min(VIRIDIS.length - 2, Math.floor(at)), f = at - i;
  return VIRIDIS[i].map((a, c) => Math.round(a + f * (VIRIDIS[i + 1][c] - a)));
}
const viridis = (u) => `rgb(${viridisParts(u).join(",")})`;

// An upright colour bar with its range and its name beside it. `y` is a scale of the values whose pixels are its height.
const BAR_ROOM = 80;
function colourBar(svg, at, y, name) {
  const n = 80, h = y.from - y.to;
  for (let q = 0; q < n; q++) draw(svg, "rect", { x: at, y: (y.from - (h * (q + 1)) / n).toFixed(2), width: 13, height: (h / n + 0.4).toFixed(2), "shape-rendering": "crispEdges", style: `fill:${viridis((q + 0.5) / n)}` });
  const ticks = y.ticks(Math.max(2, Math.floor(h / 45))).filter((t) => y(t) <= y.from + 0.5 && y(t) >= y.to - 0.5), texts = tickTexts(ticks, y.kind);
  ticks.forEach((t, i) => {
    draw(svg, "line", { class: "axis", x1: at + 13, x2: at + 16, y1: y(t), y2: y(t) });
    draw(svg, "text", { x: at + 19, y: y(t) + 4 }, texts[i]);
  });
  const [x0, middle] = [at + BAR_ROOM - 18, (y.from + y.to) / 2];
  draw(svg, "text", { class: "name", x: x0, y: middle, "text-anchor": "middle", transform: `rotate(-90 ${x0} ${middle})` }, name);
}

// A name of at most n letters: what stands between its ends goes first.
const clipped = (name, n) => (name.length <= n ? name : `${name.slice(0, Math.ceil((n - 1) / 2))}\u2026${name.slice(name.length - Math.floor((n - 1) / 2))}`);

// Edges of a row's cells: half-way between neighbours, at most `reach` pixels beyond the first and the last.
function cellEdges(at, reach) {
  const n = at.length;
  if (n === 1) return [at[0] - reach, at[0] + reach];
  const mid = at.slice(1).map((p, i) => (p + at[i]) / 2);
  return [Math.max(at[0] - reach, 2 * at[0] - mid[0]), ...mid, Math.min(at[n - 1] + reach, 2 * at[n - 1] - mid[n - 2])];
}

// Height of a row, and of the whole picture.
const heatCell = (n) => Math.max(170 / n, Math.max(3, Math.min(24, 330 / n)));
const heatHeight = (n) => 24 + n * heatCell(n) + 42;

// o: { rows: [{label, points: [[step, value|null]], missing: [[step, reason]]}], lo, hi, log, bar, x: "linear"|"log1p", ylabel,
//      numbered: which rows have their label (default: as many as fit), marks: [{at, dash}] }
function heatOverTime(fig, o) {
  fig.paint = (svg, width) => {
    const n = o.rows.length, cell = heatCell(n);
    const most = Math.max(10, Math.floor((0.3 * width) / 6.6));
    const words = o.rows.map((r) => clipped(r.label, most));
    const left = Math.max(34, 14 + 6.6 * Math.max(...words.map((w) => w.length))), right = width - BAR_ROOM - 12, top = 24, bottom = top + n * cell;
    svg.setAttribute("viewBox", `0 0 ${width} ${bottom + 42}`);
    const ts = [...new Set(o.rows.flatMap((r) => r.points.map((p) => p[0])))].sort((a, b) => a - b), last = ts.length - 1;
    const unit = scale(o.x, ts[0], ts[last], 0, 1);
    // The outer cells have their other half too, as far as it is not most of the picture.
    const air = (a, b) => Math.min(0.03, (unit(b) - unit(a)) / 2);
    const [before, after] = last > 0 ? [air(ts[0], ts[1]), air(ts[last - 1], ts[last])] : [0.5, 0.5];
    const length = (right - left) / (1 + before + after), reach = 0.03 * length;
    const x = scale(o.x, ts[0], ts[last], left + before * length, left + (1 + before) * length);
    const value = scale(o.log ? "log" : "linear", o.lo, o.hi, 0, 1);
    const edges = o.rows.map((r) => cellEdges(r.points.map((p) => x(p[0])), reach));
    draw(svg, "rect", { x: left, y: top, width: right - left, height: bottom - top, style: "fill:var(--grid)" });
    draw(svg, "image", { x: left, y: top, width: right - left, height: bottom - top, preserveAspectRatio: "none", style: "image-rendering:pixelated", href: raster(o.rows, edges, left, right, cell, value) });
    draw(svg, "rect", { class: "axis", x: left, y: top, width: right - left, height: bottom - top });
    for (const m of (o.marks || []).filter((m) => m.at >= ts[0] && m.at <= ts[last])) {
      for (const [stroke, w, dash] of [["#fff", 3, "none"], ["#000", 1.5, m.dash]]) draw(svg, "line", { x1: x(m.at), x2: x(m.at), y1: top - 4, y2: bottom, style: `stroke:${stroke};stroke-width:${w};stroke-dasharray:${dash}` });
    }
    const every = Math.ceil(14 / cell);
    const labelled = o.numbered || ((i) => i % every === 0);
    words.forEach((w, i) => {
      if (labelled(i)) draw(svg, "text", { x: left - 6, y: top + (i + 0.5) * cell + 4, "text-anchor": "end" }, w);
    });
    axes(svg, x, scale("linear", 0, 1, bottom, bottom), { x: DATA.checkpoints ? "checkpoint" : "optimizer steps done, t", y: o.ylabel, yticks: [] }, width, bottom + 42);
    colourBar(svg, right + 14, scale(value.kind, o.lo, o.hi, bottom, top), o.bar);
    svg.onpointermove = (event) => {
      const box = svg.getBoundingClientRect(), k = svg.viewBox.baseVal.width / box.width;
      const px = (event.clientX - box.left) * k, i = Math.floor(((event.clientY - box.top) * k - top) / cell);
      const j = i >= 0 && i < n ? edges[i].findIndex((e, q) => q + 1 < edges[i].length && px >= e && px < edges[i][q + 1]) : -1;
      if (j < 0) { fig.tip.hidden = true; return; }
      const [t, v] = o.rows[i].points[j], why = (o.rows[i].missing || []).find((q) => q[0] === t);
      fig.tip.replaceChildren(el("b", {}, o.rows[i].title || o.rows[i].label), el("div", {}, `t = ${t}: ${v === null ? (why ? why[1] : "no value") : text(v, o.digits || 4)}`));
      place(fig.tip, svg, px, top + (i + 1) * cell);
    };
    svg.onpointerleave = () => { fig.tip.hidden = true; };
  };
  fig.redraw();
}

// The cells as a PNG at twice the drawn size; a cell without a value stays clear.
function raster(rows, edges, left, right, cell, value) {
  const width = Math.round(2 * (right - left)), tall = Math.max(1, Math.round(2 * cell));
  const canvas = el("canvas", { width, height: tall * rows.length }), pen = canvas.getContext("2d");
  const image = pen.createImageData(width, tall * rows.length), pixels = new Uint32Array(image.data.buffer);
  // Bytes stand in the order red, green, blue, opacity on every machine that has a browser.
  const table = Array.from({ length: 256 }, (_, i) => { const [r, g, b] = viridisParts(i / 255); return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; });
  const column = (p) => Math.max(0, Math.min(width, Math.round(2 * (p - left))));
  rows.forEach((row, i) => {
    const start = i * tall * width;
    row.points.forEach(([, v], j) => {
      if (v === null || !isFinite(v) || (value.kind === "log" && v <= 0)) return;
      const u = Math.max(0, Math.min(255, Math.round(255 * value(v))));
      pixels.fill(table[u], start + column(edges[i][j]), start + Math.max(column(edges[i][j]) + 1, column(edges[i][j + 1])));
    });
    for (let q = 1; q < tall; q++) pixels.copyWithin(start + q * width, start, start + width);
  });
  pen.putImageData(image, 0, 0);
  return canvas.toDataURL();
}
