// A figure with what it shows, its legend and its axes inside the drawing, so that a saved file explains itself.
const wide = (t) => 6.5 * t.length;

// Words in lines that fit.
function wrapped(words, width) {
  const out = [""];
  for (const w of words.split(" ")) {
    const last = out[out.length - 1];
    if (last && wide(`${last} ${w}`) > width) out.push(w); else out[out.length - 1] = last ? `${last} ${w}` : w;
  }
  return out;
}

function drawSample(g, s, x, y) {
  if (s.fill) draw(g, "rect", { x, y: y - 6, width: 20, height: 12, style: `fill:${s.fill};fill-opacity:${s.opacity || 1};stroke:var(--line);stroke-width:.5` });
  if (s.hatch) hatch(g, x, y - 6, 20, 12, "var(--ink)");
  if (s.color && !s.only) draw(g, "line", { x1: x, x2: x + 20, y1: y, y2: y, style: `stroke:${s.color};stroke-width:${s.width || 2};stroke-dasharray:${s.dash || "none"}` });
  if (s.shape) marker(g, s.shape, x + 10, y, s.r || 3.6, `fill:${s.hollow ? "var(--ground)" : s.color};fill-opacity:${s.opacity || 1};stroke:${s.color};stroke-width:1.3`);
  if (s.cross) draw(g, "path", { class: "gone", d: `M${x + 7},${y - 3}l6,6m0,-6l-6,6` });
}

// Slanted lines over a box: seeds disagree.
function hatch(g, x, y, w, h, color) {
  let d = "";
  for (let c = 6; c < w + h; c += 6) {
    const x1 = Math.max(0, c - h), y1 = Math.min(h, c), x2 = Math.min(w, c), y2 = Math.max(0, c - w);
    d += `M${(x + x1).toFixed(1)},${(y + y1).toFixed(1)}L${(x + x2).toFixed(1)},${(y + y2).toFixed(1)}`;
  }
  draw(g, "path", { d, style: `stroke:${color};stroke-width:1.2;fill:none` });
}

// Lines of words and the legend at the top; returns the height that they take. Entries with a `key` are switches.
function preface(svg, width, o) {
  let y = 12;
  for (const words of o.strong || []) for (const line of wrapped(words, width)) { draw(svg, "text", { class: "strong", x: 0, y }, line); y += 16; }
  for (const words of o.says || []) for (const line of wrapped(words, width)) { draw(svg, "text", { class: "says", x: 0, y }, line); y += 16; }
  const items = o.legend || [];
  if (!items.length) return y - 8;
  let x = 0;
  y += 2;
  if (o.legendTitle) {
    draw(svg, "text", { class: "says", x, y }, o.legendTitle);
    x = wide(o.legendTitle) + 10;
    if (x > 0.5 * width) { x = 0; y += 18; }
  }
  for (const s of items) {
    const w = 26 + wide(s.name) + 12;
    if (x > 0 && x + w - 12 > width) { x = 0; y += 18; }
    const g = draw(svg, "g", s.key === undefined ? {} : { class: `entry${o.off.has(s.key) ? " off" : ""}`, role: "button", tabindex: 0, "aria-pressed": String(!o.off.has(s.key)) });
    draw(g, "rect", { x: x - 2, y: y - 13, width: w - 6, height: 18, fill: "transparent" });
    drawSample(g, s, x, y - 4);
    draw(g, "text", { class: "item", x: x + 26, y }, s.name);
    if (s.key !== undefined) {
      draw(g, "title", {}, `Show or hide ${s.name}`);
      const turn = () => { if (!o.off.delete(s.key)) o.off.add(s.key); o.change(); };
      g.addEventListener("click", turn);
      g.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); turn(); } });
    }
    x += w;
  }
  return y + 8;
}

// o: { strong, says, legend, legendTitle, off, change, x: {kind, range, name, ticks, texts}, y: the same, height, paint(svg, x, y) -> hits, wide }
function frame(fig, o) {
  fig.instead.hidden = true;
  fig.svg.style.display = "";
  fig.paint = (svg, width) => {
    const words = preface(svg, width, o), top = words + (o.bar ? colourBar(svg, width, words, o.bar) : 0), height = (o.height || 330) + top;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const y = scale(o.y.kind, o.y.range[0], o.y.range[1], height - 42, top + 26);
    const ticks = o.y.ticks || y.ticks(Math.max(3, Math.floor((y.from - y.to) / 45)));
    const texts = o.y.texts || tickTexts(ticks, o.y.kind);
    const x = scale(o.x.kind, o.x.range[0], o.x.range[1], leftMargin(texts), width - 14);
    if (o.under) o.under(svg, x, y);
    axes(svg, x, y, { x: o.x.name, y: o.y.name, yticks: ticks, ytexts: texts, xticks: o.x.ticks, xtexts: o.x.texts, top: top + 12 }, width, height);
    hoverHits(fig, svg, o.paint(svg, x, y) || []);
  };
  fig.redraw();
}

// A figure that can say why it is empty.
function sweepFigure(root, title, what) {
  const fig = figure(root, title, { what });
  fig.box.classList.add("sweep");
  fig.controls = el("div", { class: "bar controls" });
  fig.instead = el("p", { class: "instead", hidden: "" });
  fig.above.append(fig.controls, fig.instead);
  return fig;
}

function empty(fig, words) {
  fig.paint = null;
  fig.svg.replaceChildren();
  fig.svg.style.display = "none";
  fig.tip.hidden = true;
  fig.instead.textContent = words;
  fig.instead.hidden = false;
}

// The axis of a swept key: numbers on their own scale, words (and numbers with 0 among decades) side by side.
function keyAxis(k, kind) {
  const key = DATA.keys[k], v = key.values.map((w) => w.v), texts = key.values.map((w) => w.text);
  if (key.numeric && kind !== "order") return { at: (i) => v[i], kind, range: domain(v, kind), name: `${keyName(k)}${kind === "log" ? ", log scale" : ""}`, span: v, ...(v.length <= 16 ? { ticks: v, texts } : {}) };
  return { at: (i) => i, kind: "linear", range: [-0.5, v.length - 0.5], name: `${keyName(k)}${key.numeric ? ", values side by side" : ""}`, ticks: texts.map((_, i) => i), texts };
}
function keyKinds(k) {
  const key = DATA.keys[k], v = key.values.map((w) => w.v);
  if (!key.numeric) return [["order", "side by side"]];
  return v.every((a) => a > 0) ? [["linear", "linear"], ["log", "log"], ["order", "side by side"]] : [["linear", "linear"], ["order", "side by side"]];
}
// Log where values span decades; side by side where they do but one is 0.
function keyKind(k) {
  const key = DATA.keys[k], v = key.values.map((w) => w.v), positive = v.filter((a) => a > 0);
  if (!key.numeric) return "order";
  const decades = positive.length > 1 && Math.max(...positive) / Math.min(...positive) >= 10;
  return !decades ? "linear" : positive.length === v.length ? "log" : v.every((a) => a >= 0) ? "order" : "linear";
}
function valueKind(values, asked) {
  const known = values.filter((v) => v !== null), positive = known.every((v) => v > 0);
  if (!positive || !known.length) return "linear";
  if (asked !== "auto") return asked;
  return Math.max(...known) / Math.min(...known) > 100 ? "log" : "linear";
}
