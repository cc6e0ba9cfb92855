// The phase diagram: a swept key by steps, each cell coloured by class or by value.
const logSpan = (v) => v.every((a) => a > 0) && Math.max(...v) / Math.min(...v) > 100;

// Edges of cells around points: half-way between neighbours in pixels.
function edges(points, x) {
  if (points.length === 1) return [x.from, x.to];
  const out = points.slice(1).map((p, i) => (p + points[i]) / 2);
  const n = points.length;
  const lo = Math.min(x.from, x.to), hi = Math.max(x.from, x.to), cut = (p) => Math.max(lo, Math.min(hi, p));
  return [cut(points[0] - (out[0] - points[0])), ...out, cut(points[n - 1] + (points[n - 1] - out[n - 2]))];
}

// A range in which the outer cells have their full size.
function cellRange(values, kind) {
  const f = kind === "log" ? Math.log10 : kind === "log1p" ? (v) => Math.log10(1 + v) : (v) => v, g = kind === "log" ? (v) => 10 ** v : kind === "log1p" ? (v) => 10 ** v - 1 : (v) => v;
  const a = values.map(f), n = a.length;
  if (n === 1) return kind === "log" ? [values[0] / 2, values[0] * 2] : [values[0] - 0.5, values[0] + 0.5];
  return [g(a[0] - (a[1] - a[0]) / 2), g(a[n - 1] + (a[n - 1] - a[n - 2]) / 2)];
}

function drawPhase(root) {
  const steps = DATA.at.map((t, i) => [t, i]).filter((q) => q[0] !== null);
  if (!DATA.keys.length || steps.length < 2) {
    root.append(el("p", { class: "note" }, "A phase diagram needs a swept key besides the seed, and more than one recorded step."));
    return;
  }
  const fig = sweepFigure(root, "Swept key by step", "Each cell is one setting at one step: the class that most seeds are in, or the mean over seeds.");
  const options = { y: "linear" };
  const paint = () => {
    const k = over.value, v = metric.get();
    rest.show([k]);
    if (!v) { empty(fig, "Nothing was recorded."); return; }
    // Steps at which no run recorded the metric have no row.
    const all = settingsWith(rest.values()), rows = stepsWith(v, all);
    const cells = all.flatMap((s) => rows.map(([t, i]) => ({ k: DATA.settings[s].at[k], t, i, ...together(v, s, i) })));
    const values = cells.map((c) => c.mean).filter((a) => a !== null);
    if (!values.length) { empty(fig, `No value of ${v.name} at these settings.`); return; }
    const axis = keyAxis(k, kinds.value), at = DATA.keys[k].values.map((_, i) => axis.at(i));
    if (axis.span) Object.assign(axis, { range: cellRange(axis.span, axis.kind), ticks: axis.span, texts: DATA.keys[k].values.map((w) => w.text) });
    const split = v.classes && cells.some((c) => c.split), gone = cells.some((c) => isGap(v, c, c.i));
    const partly = cells.some((c) => c.mean !== null && c.n < c.of);
    const log = !v.classes && logSpan(values), lo = Math.min(...values), hi = Math.max(...values);
    const f = log ? Math.log10 : (a) => a, u = (a) => (hi === lo ? 0.5 : (f(a) - f(lo)) / (f(hi) - f(lo)));
    const paintOf = (a) => (v.classes ? CLASS_COLOURS[a] : viridis(u(a)));
    const legend = v.classes ? classNames(v).map((name, c) => ({ name, fill: CLASS_COLOURS[c], opacity: 0.85 })) : [];
    if (split) legend.push({ name: "seeds disagree (colour: the most frequent class)", fill: "var(--ground)", hatch: true });
    if (partly) legend.push({ name: "some seeds have no value", shape: "circle", color: "var(--ink)", hollow: true, only: true, r: 2.4 });
    if (gone) legend.push({ name: "no value", cross: true });
    const ts = rows.map((q) => q[0]), kind = options.y;
    const range = kind === "log1p" ? [ts[0], ts[ts.length - 1]] : cellRange(ts, "linear");
    frame(fig, {
      says: [[ofWhat(v), !REPEATED ? "one point for each setting" : v.classes ? "majority over seeds" : `mean over seeds${log ? ", colours on a log scale" : ""}`, ...rest.words()].filter(Boolean).join(", ")],
      legend, legendTitle: v.classes ? `${titleOf(v)}:` : null, off: new Set(), height: v.classes ? 360 : 410,
      x: axis, y: { kind, range, name: "optimizer steps done, t", ticks: kind === "linear" && ts.length <= 12 ? ts : null, texts: kind === "linear" && ts.length <= 12 ? ts.map(String) : null },
      bar: v.classes ? null : { lo, hi, log, u, v },
      paint: (svg, x, y) => {
        const px = at.map((a) => x(a)), py = ts.map((t) => y(t));
        const ex = edges(px, x), ey = edges(py.slice().reverse(), y).reverse(), hits = [];
        for (const c of cells) {
          const j = ts.indexOf(c.t), left = ex[c.k], w = ex[c.k + 1] - ex[c.k], top = Math.min(ey[j], ey[j + 1]), h = Math.abs(ey[j + 1] - ey[j]);
          const cx = left + w / 2, cy = top + h / 2;
          if (c.mean === null && isGap(v, c, c.i)) {
            const r = Math.min(3, w / 3, h / 3);
            draw(svg, "path", { class: "gone", d: `M${cx - r},${cy - r}l${2 * r},${2 * r}m0,${-2 * r}l${-2 * r},${2 * r}` });
          } else if (c.mean !== null) {
            draw(svg, "rect", { x: left.toFixed(2), y: top.toFixed(2), width: (w - Math.min(0.6, 0.05 * w)).toFixed(2), height: (h - Math.min(0.6, 0.05 * h)).toFixed(2), style: `fill:${paintOf(c.mean)};fill-opacity:${v.classes ? 0.85 : 1}` });
            if (c.split) hatch(svg, left, top, w - 0.6, h - 0.6, "var(--ink)");
            if (c.n < c.of) draw(svg, "circle", { cx, cy, r: Math.min(2.6, w / 4, h / 4), style: "fill:var(--ground);stroke:var(--ink);stroke-width:1.2" });
          }
          hits.push({ x: cx, y: cy, box: [left, top, w, h], get lines() { return tipLines(v, c, c.i, `${settingName(c.s)}, ${stepName(c.i)}`); } });
        }
        return hits;
      },
    });
  };
  const metric = variableSelect("colour", ["shape_class", "alpha_hill", "test_loss"], () => true, paint);
  const over = keySelect("over", MAIN_KEY, null, () => { kinds.set(keyKinds(over.value), keyKind(over.value)); paint(); });
  const kinds = slot("key", paint), rest = held(paint);
  kinds.set(keyKinds(MAIN_KEY), keyKind(MAIN_KEY));
  fig.controls.append(metric.label, over.label, rest.box, kinds.label, el("label", {}, "steps", choice([["linear", "linear"], ["log1p", "log"]], "linear", (v) => { options.y = v; paint(); })));
  let layer;
  state.follow(() => { if (layer !== state.layer || !fig.started) { layer = state.layer; fig.started = true; metric.fill(); paint(); } });
  themed.push(paint);
}

// A colour bar with its ticks, in the lower part of the preface; returns its height.
function colourBar(svg, width, top, b) {
  const w = Math.min(320, width - 40), x0 = 10, n = 60, name = axisName(b.v);
  draw(svg, "text", { class: "says", x: 0, y: top + 10 }, name);
  for (let i = 0; i < n; i++) draw(svg, "rect", { x: (x0 + (w * i) / n).toFixed(2), y: top + 16, width: (w / n + 0.6).toFixed(2), height: 12, style: `fill:${viridis((i + 0.5) / n)}` });
  const kind = b.log ? "log" : "linear", x = scale(kind, b.lo, b.hi, x0, x0 + w);
  let ticks = b.hi === b.lo ? [] : x.ticks(5).filter((t) => t >= b.lo * (b.lo < 0 ? 1.0001 : 0.9999) && t <= b.hi * 1.0001);
  if (ticks.length < 2) ticks = b.hi === b.lo ? [b.lo] : [b.lo, b.hi];
  const texts = ticks.length > 2 ? tickTexts(ticks, kind) : ticks.map((t) => text(t, 3));
  let last = -1e9;
  ticks.forEach((t, i) => {
    const at = b.hi === b.lo ? x0 + w / 2 : x(t);
    draw(svg, "line", { class: "axis", x1: at, x2: at, y1: top + 28, y2: top + 32 });
    if (at - last < 7 * texts[i].length + 8) return;
    draw(svg, "text", { x: at, y: top + 44, "text-anchor": "middle" }, texts[i]);
    last = at;
  });
  return 52;
}
