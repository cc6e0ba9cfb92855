// A line chart over optimizer steps: axes, gaps with their reasons, legend, hover.
const DASH = ["", "7 4", "2 4", "9 3 2 3"];
const colour = (i) => `var(--c${((i % 7) + 7) % 7})`;

function axes(svg, x, y, names, width, height, count) {
  const g = draw(svg, "g");
  const xt = names.xticks || x.ticks(count || Math.max(3, Math.floor((x.to - x.from) / (x.kind === "linear" ? 85 : 60))));
  const yt = names.yticks || y.ticks(Math.max(3, Math.floor((y.from - y.to) / 45)));
  const yn = names.ytexts || tickTexts(yt, y.kind);
  yt.forEach((t, i) => {
    draw(g, "line", { class: "grid", x1: x.from, x2: x.to, y1: y(t), y2: y(t) });
    draw(g, "text", { x: x.from - 7, y: y(t) + 4, "text-anchor": "end" }, yn[i]);
  });
  let last = -1e9;
  (names.xtexts || tickTexts(xt, x.kind)).forEach((t, i) => {
    const at = x(xt[i]);
    draw(g, "line", { class: "axis", x1: at, x2: at, y1: y.from, y2: y.from + 4 });
    if (names.bare || at - last < t.length * 7 + 10) return;
    draw(g, "text", { x: Math.min(at, width - 4.2 * t.length), y: y.from + 17, "text-anchor": "middle" }, t);
    last = at;
  });
  draw(g, "path", { class: "axis", d: `M${x.from},${y.to}V${y.from}H${x.to}` });
  draw(g, "text", { class: "name", x: (x.from + x.to) / 2, y: height - 4, "text-anchor": "middle" }, names.x);
  draw(g, "text", { class: "name", x: 0, y: names.top || 12 }, names.y);
  return g;
}

const leftMargin = (texts) => Math.max(34, 12 + 7.2 * Math.max(...texts.map((t) => t.length)));

// With `steps` a value holds from the step before up to its own.
function path(points, x, y, steps) {
  let d = "", pen = false;
  for (const [a, b] of points) {
    if (b === null || !isFinite(b) || (y.kind === "log" && b <= 0)) { pen = false; continue; }
    const px = x(a).toFixed(1), py = y(b).toFixed(1);
    d += !pen ? `M${px},${py}` : steps ? `V${py}H${px}` : `L${px},${py}`;
    pen = true;
  }
  return d;
}

// Puts a text above or below a horizontal line where it covers least of what is drawn.
function placeTag(svg, word, at, x, y, color, dots, tags) {
  const w = 6.3 * word.length, spots = [];
  for (const up of [-5, 13]) for (const left of [x.to - w - 2, x.from + 6, (x.from + x.to - w) / 2]) spots.push([Math.max(x.from + 2, left), at + up]);
  const cost = ([l, b]) => dots.filter((p) => p[0] > l - 3 && p[0] < l + w + 3 && p[1] > b - 12 && p[1] < b + 4).length
    + 1000 * tags.filter((t) => l < t[0] + t[2] + 6 && t[0] < l + w + 6 && Math.abs(t[1] - b) < 14).length + (b > y.from - 2 || b < y.to + 8 ? 500 : 0);
  const [l, b] = spots.reduce((best, s) => (cost(s) < cost(best) ? s : best));
  tags.push([l, b, w]);
  draw(svg, "text", { class: "tag", x: l, y: b, style: `fill:${color}` }, word);
}

// Points every few pixels along the drawn curves and horizontal lines.
function inked(o, x, y) {
  const dots = [];
  for (const s of o.series) {
    let last = null;
    for (const [a, b] of s.points) {
      const ok = b !== null && isFinite(b) && (y.kind !== "log" || b > 0), p = ok ? [x(a), y(b)] : null;
      if (p && last) {
        const n = Math.ceil((p[0] - last[0]) / 6) || 1;
        for (let i = 0; i < n; i++) dots.push([last[0] + ((p[0] - last[0]) * i) / n, last[1] + ((p[1] - last[1]) * i) / n]);
      }
      if (p) dots.push(p);
      last = p;
    }
  }
  for (const h of o.hlines || []) for (let p = x.from; p < x.to; p += 8) dots.push([p, y(h.y)]);
  return dots;
}

function legend(items) {
  return el("div", { class: "legend" }, ...items.map((s) => el("span", {}, sample(s), s.name)));
}

// o: { series: [{name, color, dash, points: [[step, value|null]], missing: [[step, reason]]}], bands, hlines: [{y, name, color}],
//      xlabel, ylabel, x: "linear"|"log1p", y: "linear"|"log", height, cursor, pick(step), yticks, ytexts, include, legend }
function lines(fig, o) {
  fig.above.replaceChildren();
  const named = o.legend || o.series.filter((s) => s.legend !== false);
  if (named.length > 1 || o.legend) fig.above.append(legend(named));
  fig.paint = (svg, width) => {
    const height = o.height || 260;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const xs = o.series.flatMap((s) => s.points.map((p) => p[0]));
    const before = o.steps && xs.length ? [Math.max(0, Math.min(...xs) - 1)] : [];
    const ys = o.series.flatMap((s) => s.points.map((p) => p[1])).concat((o.bands || []).flatMap((b) => b.points.flatMap((p) => [p[1], p[2]])));
    const kind = o.y === "log" && ys.some((v) => v !== null && v > 0) ? "log" : "linear";
    const [ylo, yhi] = o.ydomain || domain(ys.concat((o.hlines || []).map((h) => h.y)), kind, o.include);
    const probe = scale(kind, ylo, yhi, height - 42, 22);
    const left = leftMargin(o.ytexts || tickTexts(o.yticks || probe.ticks(Math.max(3, Math.floor((height - 64) / 45))), kind));
    const xlo = Math.min(...xs, ...before), xhi = Math.max(...xs);
    const x = scale(o.x || "linear", xs.length ? xlo : 0, xs.length ? xhi : 1, left, width - 10);
    const y = probe;
    axes(svg, x, y, { x: o.xlabel || (DATA.checkpoints ? "checkpoint" : "optimizer steps done, t"), y: o.ylabel, yticks: o.yticks, ytexts: o.ytexts }, width, height);
    for (const b of o.bands || []) {
      const ok = b.points.filter((p) => kind !== "log" || p[1] > 0);
      if (ok.length < 1) continue;
      const up = ok.map((p) => `${x(p[0]).toFixed(1)},${y(p[2]).toFixed(1)}`);
      const down = ok.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).reverse();
      draw(svg, "polygon", { points: up.concat(down).join(" "), style: `fill:${b.color};fill-opacity:${b.opacity}` });
    }
    for (const h of o.hlines || []) draw(svg, "line", { x1: x.from, x2: x.to, y1: y(h.y), y2: y(h.y), style: `stroke:${h.color};stroke-width:1.4;stroke-dasharray:5 4` });
    const few = xs.length && Math.max(...o.series.map((s) => s.points.length)) <= 40;
    for (const s of o.series) {
      draw(svg, "path", { class: "line", d: path(before.length && s.points.length ? [[before[0], s.points[0][1]], ...s.points] : s.points, x, y, o.steps), style: `stroke:${s.color};stroke-width:${s.width || 1.8};stroke-dasharray:${s.dash || "none"};stroke-opacity:${s.opacity || 1}` });
      const dots = few && s.dots !== false ? s.points : alone(s.points);
      for (const [a, b] of dots) {
        if (b !== null && (kind !== "log" || b > 0)) draw(svg, "circle", { cx: x(a).toFixed(1), cy: y(b).toFixed(1), r: few ? 2.4 : 2, style: `fill:${s.color}` });
      }
      for (const [a, why] of s.missing || []) {
        const at = x(a), m = draw(svg, "path", { class: "gone", d: `M${at - 3},${y.from - 7}l6,6m0,-6l-6,6` });
        draw(m, "title", {}, `${s.name}, t = ${a}: ${why}`);
      }
    }
    if (o.hlines && o.hlines.length) {
      const dots = inked(o, x, y), tags = [];
      o.hlines.forEach((h) => placeTag(svg, h.name, y(h.y), x, y, h.color, dots, tags));
    }
    if (o.cursor !== undefined && o.cursor !== null) {
      fig.cursor = { line: draw(svg, "line", { class: "cursor", y1: y.to, y2: y.from }), x, lo: xlo, hi: xhi };
      moveCursor(fig, state.step);
    }
    hover(fig, svg, o, x, y, xs);
  };
  fig.redraw();
}

// The chosen step, without drawing the figure again.
function moveCursor(fig, t) {
  const c = fig.cursor;
  if (!c) return;
  c.line.setAttribute("visibility", t >= c.lo && t <= c.hi ? "visible" : "hidden");
  c.line.setAttribute("x1", c.x(t));
  c.line.setAttribute("x2", c.x(t));
}

// Values that stand between two gaps draw no line: they get a dot.
function alone(points) {
  return points.filter((p, i) => p[1] !== null && (i === 0 || points[i - 1][1] === null) && (i === points.length - 1 || points[i + 1][1] === null));
}

function hover(fig, svg, o, x, y, xs) {
  if (!xs.length) return;
  const steps = [...new Set(xs)].sort((a, b) => a - b);
  const mark = draw(svg, "line", { class: "cursor", y1: y.to, y2: y.from, visibility: "hidden" });
  const nearest = (event) => {
    const box = svg.getBoundingClientRect();
    const at = x.invert(((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width);
    return steps.reduce((a, b) => (Math.abs(x(b) - x(at)) < Math.abs(x(a) - x(at)) ? b : a));
  };
  svg.onpointermove = (event) => {
    const t = nearest(event);
    mark.setAttribute("x1", x(t)); mark.setAttribute("x2", x(t)); mark.setAttribute("visibility", "visible");
    fig.tip.replaceChildren(el("b", {}, `t = ${t}`));
    let shown = 0;
    for (const s of o.series) {
      if (s.tip === false) continue;
      const p = s.points.find((q) => q[0] === t);
      const why = (s.missing || []).find((q) => q[0] === t);
      if ((!p || p[1] === null) && !why) continue;
      if (++shown > 12) continue;
      fig.tip.append(el("div", {}, el("i", { style: `background:${s.color}` }), `${s.name}: ${p && p[1] !== null ? (o.name ? o.name(p[1]) : text(p[1], 6)) : why[1]}`));
    }
    if (shown > 12) fig.tip.append(el("div", {}, `and ${shown - 12} more`));
    place(fig.tip, svg, x(t), y.to + 6);
  };
  svg.onpointerleave = () => { fig.tip.hidden = true; mark.setAttribute("visibility", "hidden"); };
  svg.onclick = o.pick ? (event) => o.pick(nearest(event)) : null;
}
