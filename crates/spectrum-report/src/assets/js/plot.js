// Figures whose horizontal axis is not time, markers of several shapes, legends that switch curves.

// o: { x: {kind, range, name, ticks(width)}, y: {kind, range, name}, height, paint(svg, x, y) -> hits, pick(hit) }
// A hit is {x, y, lines: [first in bold, ...]} in pixels: what the pointer finds nearest.
function plot(fig, o) {
  fig.paint = (svg, width) => {
    const height = o.height || 320;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const y = scale(o.y.kind, o.y.range[0], o.y.range[1], height - 42, 24);
    const ticks = o.y.ticks || y.ticks(Math.max(3, Math.floor((height - 66) / 45)));
    const texts = o.y.texts || tickTexts(ticks, o.y.kind);
    const x = scale(o.x.kind, o.x.range[0], o.x.range[1], leftMargin(texts), width - 12);
    const xticks = o.x.ticks && o.x.ticks(x.to - x.from);
    if (o.under) o.under(svg, x, y);
    axes(svg, x, y, { x: o.x.name, y: o.y.name, yticks: ticks, ytexts: texts, xticks, xtexts: xticks && xticks.map(String) }, width, height);
    hoverHits(fig, svg, o.paint(svg, x, y) || [], o.pick);
  };
  fig.redraw();
}

function hoverHits(fig, svg, hits, pick) {
  const nearest = (event) => {
    const box = svg.getBoundingClientRect(), k = svg.viewBox.baseVal.width / box.width;
    const px = (event.clientX - box.left) * k, py = (event.clientY - box.top) * k;
    let best = null, least = pick ? 60 : 30;
    for (const h of hits) {
      // A cell is hit anywhere inside its box [left, top, width, height], a dot from near by.
      const d = h.box ? (px >= h.box[0] && px < h.box[0] + h.box[2] && py >= h.box[1] && py < h.box[1] + h.box[3] ? 0 : 1e9) : Math.hypot(h.x - px, (h.y - py) * (h.flat ? 0.2 : 1));
      if (d < least) { least = d; best = h; }
    }
    return best;
  };
  const ring = draw(svg, "circle", { r: 6, fill: "none", stroke: "var(--ink)", "stroke-width": 1.2, visibility: "hidden" });
  svg.onpointermove = (event) => {
    const h = nearest(event);
    ring.setAttribute("visibility", h ? "visible" : "hidden");
    if (!h) { fig.tip.hidden = true; return; }
    ring.setAttribute("cx", h.x);
    ring.setAttribute("cy", h.y);
    fig.tip.replaceChildren(el("b", {}, h.lines[0]), ...h.lines.slice(1).map((l) => el("div", {}, l)));
    place(fig.tip, svg, h.x, h.y);
  };
  svg.onpointerleave = () => { fig.tip.hidden = true; ring.setAttribute("visibility", "hidden"); };
  svg.onclick = pick ? (event) => { const h = nearest(event); if (h) pick(h); } : null;
}

// Shapes as well as colours: a figure in grey can still be read.
const SHAPES = {
  circle: (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`,
  square: (r) => `M${-r * 0.9},${-r * 0.9}h${1.8 * r}v${1.8 * r}h${-1.8 * r}Z`,
  up: (r) => `M0,${-1.2 * r}L${1.15 * r},${0.85 * r}H${-1.15 * r}Z`,
  down: (r) => `M0,${1.2 * r}L${1.15 * r},${-0.85 * r}H${-1.15 * r}Z`,
  diamond: (r) => `M0,${-1.3 * r}L${1.3 * r},0L0,${1.3 * r}L${-1.3 * r},0Z`,
  plus: (r) => `M${-r * 0.4},${-r * 1.2}h${r * 0.8}v${r * 0.8}h${r * 0.8}v${r * 0.8}h${-r * 0.8}v${r * 0.8}h${-r * 0.8}v${-r * 0.8}h${-r * 0.8}v${-r * 0.8}h${r * 0.8}Z`,
};

function marker(parent, shape, x, y, r, style) {
  return draw(parent, "path", { d: SHAPES[shape](r), transform: `translate(${x.toFixed(1)},${y.toFixed(1)})`, style });
}

// The sample of a legend: a line, a filled box, or a marker.
function sample(s) {
  const mark = draw(null, "svg", { viewBox: "0 0 26 10", "aria-hidden": "true" });
  if (s.shape) marker(mark, s.shape, 13, 5, 3.8, `fill:${s.hollow ? "none" : s.color};stroke:${s.color};stroke-width:1.2`);
  else if (s.fill) draw(mark, "rect", { x: 2, y: 0, width: 22, height: 10, style: `fill:${s.fill};fill-opacity:${s.opacity || 1}` });
  else draw(mark, "line", { x1: 1, x2: 25, y1: 5, y2: 5, style: `stroke:${s.color};stroke-width:${s.width || 2};stroke-dasharray:${s.dash || "none"}` });
  return mark;
}

// A legend whose entries with a `key` are switches. `off` is the set of keys that are switched off.
function switches(items, off, change) {
  return el("div", { class: "legend" }, ...items.map((s) => {
    if (!s.key) return el("span", {}, sample(s), s.name);
    const button = el("button", { type: "button", "aria-pressed": String(!off.has(s.key)), title: `Show or hide: ${s.name}`, onclick: () => {
      if (!off.delete(s.key)) off.add(s.key);
      button.setAttribute("aria-pressed", String(!off.has(s.key)));
      change();
    } }, sample(s), s.name);
    return button;
  }));
}

// Upright lines with their texts one below the other: [{at, word, color, dash}]. All to the right with the leftmost on top, or all
// to the left with the rightmost on top, and each line from its own text down: so no line crosses a text. Where neither has room,
// each text stands on the side that has some.
function marks(svg, x, y, list) {
  const shown = list.filter((m) => m.at >= x.lo && m.at <= x.hi).sort((a, b) => a.at - b.at);
  const long = (m) => (m.word ? 6.6 * m.word.length + 8 : 0);
  const right = shown.every((m) => x(m.at) + long(m) < x.to), left = !right && shown.every((m) => x(m.at) - long(m) > x.from);
  const order = left ? [...shown].reverse() : shown, tagged = order.filter((m) => m.word);
  for (const m of order) {
    const row = Math.max(0, tagged.indexOf(m));
    draw(svg, "line", { x1: x(m.at), x2: x(m.at), y1: y.to + (right || left ? 15 * row : 0), y2: y.from, style: `stroke:${m.color};stroke-width:1.4;stroke-dasharray:${m.dash || "5 4"}` });
  }
  tagged.forEach((m, row) => {
    const after = right || (!left && x(m.at) + long(m) < x.to);
    draw(svg, "text", { class: "tag", x: x(m.at) + (after ? 5 : -5), y: y.to + 10 + 15 * row, "text-anchor": after ? "start" : "end", style: `fill:${m.color}` }, m.word);
  });
}

// The range of a curve without the few values that shoot out of it, and with what must be seen.
function robustRange(values, must, kind) {
  const v = values.filter((a) => a !== null && isFinite(a) && (kind !== "log" || a > 0)).sort((a, b) => a - b);
  const keep = (must || []).filter((a) => a !== null && a !== undefined && isFinite(a));
  if (!v.length && !keep.length) return [0, 1];
  const at = (q) => v[Math.round(q * (v.length - 1))];
  const inner = v.length ? [at(0.03), at(0.92)] : [];
  return domain([...inner, ...keep], kind || "linear");
}

// Values outside a range are left out of a line, so that it stops at the frame.
const within = (points, y) => points.map(([a, b]) => [a, b !== null && b >= Math.min(y.lo, y.hi) && b <= Math.max(y.lo, y.hi) ? b : null]);
