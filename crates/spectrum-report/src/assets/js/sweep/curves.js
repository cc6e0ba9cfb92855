// Curves with bands: over a swept key at one step, and over steps.
const clamp = (v, y) => Math.max(Math.min(y.lo, y.hi), Math.min(Math.max(y.lo, y.hi), v));

// o: { v, lines: [{name, look, cells: [{at, i, cell: together(...)}]}], xaxis, ykind, seeds, ... }
function bandChart(fig, o) {
  const v = o.v, shownLines = o.lines.filter((l, i) => !o.off.has(i));
  const cells = shownLines.flatMap((l) => l.cells.map((c) => c.cell));
  const values = cells.flatMap((c) => [c.mean, ...(o.seeds ? c.values.map((q) => q[1]) : [])]);
  if (!o.lines.some((l) => l.cells.some((c) => c.cell.mean !== null))) {
    const i = firstWith(v);
    empty(fig, i === null ? "No value." : o.xaxis.steps ? "No value at these settings." : `No value of ${v.name} at ${stepName(o.at)}: ${whyOf(o)}. Its first value is at ${stepName(i)}.`);
    return;
  }
  const kind = v.classes ? "linear" : valueKind(values.concat((o.hline || []).map((h) => h.y)), o.ykind);
  const crowd = o.lines.length > CROWD;
  const edges = v.classes || crowd ? [] : cells.flatMap((c) => (c.mean === null || c.half === null ? [] : [c.mean - c.half, c.mean + c.half]));
  // The band of two seeds is six times as wide as that of three: wide bands end at the frame instead of squeezing all else.
  const known = values.filter((a) => a !== null), least = Math.min(...known), most = Math.max(...known);
  const reach = Math.max(most - least, 0.02 * Math.abs(most));
  const within = kind === "log" ? [least / 3, most * 3] : [least - 0.6 * reach, most + 0.6 * reach];
  const y = domain([...values, ...edges.map((e) => Math.max(within[0], Math.min(within[1], e))), ...(o.hline || []).map((h) => h.y)], kind);
  const beyond = edges.some((e) => e < within[0] || e > within[1]);
  const classes = v.classes ? classNames(v) : null;
  const legend = o.lines.length > 1 ? some(o.lines.map((l, i) => ({ ...l.look, name: l.name, key: i }))) : [];
  const few = cells.some((c) => c.mean !== null && c.n < c.of), gone = cells.some((c) => c.n === 0);
  const style = o.lines.length > 1 ? "var(--quiet)" : o.lines[0].look.color;
  if (!v.classes && edges.length) legend.push({ name: "95 % band of the mean", fill: style, opacity: 0.2 });
  if (o.seeds && cells.some((c) => c.n > 1)) legend.push({ name: "one seed", shape: "circle", color: style, only: true, r: 2.2, opacity: 0.5 });
  if (few) legend.push({ name: "some seeds have no value", shape: "circle", color: style, only: true, hollow: true });
  if (v.classes && o.lines.length > 1) o.says.push("Lines in one class are set a little apart.");
  if (gone) legend.push({ name: "no value", cross: true });
  if (crowd) o.says.push(`${o.lines.length} lines, of which the legend names some; so many have no bands.`);
  if (beyond) o.says.push("A band that leaves the frame is wider than it looks.");
  frame(fig, {
    says: o.says, legend, legendTitle: o.lines.length > 1 ? `${o.lineKey}:` : null, off: o.off, change: o.change,
    x: o.xaxis, y: { kind, range: classes ? [-0.4, classes.length - 0.6] : y, name: axisName(v), ticks: classes && classes.map((_, i) => i), texts: classes }, height: 330,
    paint: (svg, sx, sy) => {
      const hits = [], crosses = new Map();
      for (const h of o.hline || []) {
        draw(svg, "line", { x1: sx.from, x2: sx.to, y1: sy(h.y), y2: sy(h.y), style: "stroke:var(--quiet);stroke-width:1.3;stroke-dasharray:5 4" });
      }
      for (const l of shownLines) {
        const ok = crowd ? [] : l.cells.filter((c) => c.cell.mean !== null && c.cell.half !== null);
        // A band is drawn between neighbours only.
        let run = [];
        const flush = () => {
          if (run.length === 1) { const c = run[0]; draw(svg, "line", { x1: sx(c.at), x2: sx(c.at), y1: sy(clamp(c.cell.mean - c.cell.half, sy)), y2: sy(clamp(c.cell.mean + c.cell.half, sy)), style: `stroke:${l.look.color};stroke-width:7;stroke-opacity:.22` }); }
          if (run.length > 1) {
            const edge = (side) => run.map((c) => `${sx(c.at).toFixed(1)},${sy(clamp(c.cell.mean + side * c.cell.half, sy)).toFixed(1)}`);
            draw(svg, "polygon", { points: edge(1).concat(edge(-1).reverse()).join(" "), style: `fill:${l.look.color};fill-opacity:${shownLines.length > 4 ? 0.13 : 0.2}` });
          }
          run = [];
        };
        for (const c of l.cells) if (ok.includes(c)) run.push(c); else flush();
        flush();
      }
      // Lines of one class would hide one another.
      const shift = (l) => (v.classes && o.lines.length > 1 ? (o.lines.indexOf(l) - (o.lines.length - 1) / 2) * Math.min(5, 30 / o.lines.length) : 0);
      if (o.seeds) for (const l of shownLines) for (const c of l.cells) {
        c.cell.values.forEach(([, value], k) => {
          if (value === null) return;
          const aside = v.classes ? (k - (c.cell.values.length - 1) / 2) * 5 : 0;
          draw(svg, "circle", { cx: (sx(c.at) + aside).toFixed(1), cy: (sy(value) + shift(l)).toFixed(1), r: 2.2, style: `fill:${l.look.color};fill-opacity:.5` });
        });
      }
      const many = crowd || Math.max(...shownLines.map((l) => l.cells.length)) > 40;
      for (const l of shownLines) {
        draw(svg, "path", { transform: `translate(0,${shift(l).toFixed(1)})`, class: "line", d: path(l.cells.map((c) => [c.at, c.cell.mean]), sx, sy), style: `stroke:${l.look.color};stroke-width:${crowd ? 1 : 1.8};stroke-dasharray:${l.look.dash || "none"}` });
        for (const c of l.cells) {
          const tip = () => tipLines(v, c.cell, c.i, `${o.lines.length > 1 || !o.xaxis.steps ? settingName(c.cell.s) : ""}${o.xaxis.steps ? `${o.lines.length > 1 ? ", " : ""}${stepName(c.i)}` : ""}`);
          if (c.cell.mean === null) {
            const at = sx(c.at).toFixed(1);
            if (!crosses.has(at)) crosses.set(at, []);
            crosses.get(at).push(tip);
            continue;
          }
          const py = sy(c.cell.mean) + shift(l), full = c.cell.n === c.cell.of;
          if (!many || !full) marker(svg, l.look.shape, sx(c.at), py, many ? 2.4 : 3.2, `fill:${full ? l.look.color : "var(--ground)"};stroke:${l.look.color};stroke-width:1.3`);
          hits.push({ x: sx(c.at), y: py, get lines() { return tip(); } });
        }
      }
      for (const [at, tips] of crosses) {
        draw(svg, "path", { class: "gone", d: `M${Number(at) - 3},${sy.from - 7}l6,6m0,-6l-6,6` });
        hits.push({ x: Number(at), y: sy.from - 4, get lines() { return tips.slice(0, 4).flatMap((t) => t()); } });
      }
      for (const h of o.hline || []) placeTag(svg, h.name, sy(h.y), sx, sy, "var(--quiet)", hits.map((q) => [q.x, q.y]), []);
      return hits;
    },
  });
}

// Why none of a chart's points has a value.
function whyOf(o) {
  const c = o.lines.flatMap((l) => l.cells).find((q) => q.cell.of);
  return c ? whyNot(o.v, c.cell.values[0][0], c.i) : "no point has these values";
}

// The linear model's test loss beside a test loss, where it is one number.
function baseline(v, list) {
  if (v.matrix !== null || v.name !== "test_loss") return [];
  const b = DATA.variables.find((w) => w.matrix === null && w.name === "linear_test_loss"), i = b && firstWith(b);
  const known = b && i !== null ? list.map((s) => b.mean[s * STEPS + i]).filter((a) => a !== null) : [];
  const same = known.length && known.every((a) => Math.abs(a - known[0]) <= 1e-4 * Math.abs(a));
  return same ? [{ y: known[0], name: `linear model (ridge): ${text(known[0], 3)}` }] : [];
}

const FIRST_CHOICE = ["test_loss", "train_loss", "alpha_hill"];
const AUTO = [["auto", "auto"], ["linear", "linear"], ["log", "log"]];
const seedWords = (v) => (!REPEATED ? "one point for each setting" : v.classes ? "most frequent class over seeds" : "mean over seeds");

function drawCurves(root) {
  if (!DATA.keys.length) {
    root.append(el("p", { class: "note" }, "Only the seed is swept: there is no key to draw over."));
    return;
  }
  const fig = sweepFigure(root, "Over a swept key", "One point for each setting: its mean over seeds, with the band that holds the true mean with 95 % confidence if seeds scatter normally.");
  const options = { y: "auto", off: new Set() };
  const paint = () => {
    const k = over.value, by = lines.value === k ? -1 : lines.value, v = metric.get();
    if (by !== lines.value) lines.set(-1);
    rest.show([k, by].filter((q) => q >= 0));
    if (!v) { empty(fig, "Nothing was recorded."); return; }
    const axis = keyAxis(k, kinds.value), look = looks(by);
    const want = rest.values(), all = settingsWith(want), i = state.at;
    const list = (by < 0 ? [null] : DATA.keys[by].values.map((_, j) => j)).map((j) => ({
      name: j === null ? "" : DATA.keys[by].values[j].text, look: look[j || 0],
      cells: all.filter((s) => j === null || DATA.settings[s].at[by] === j).map((s) => ({ at: axis.at(DATA.settings[s].at[k]), i, cell: together(v, s, i) })),
    }));
    bandChart(fig, {
      v, at: i, lines: list, off: options.off, change: paint, seeds: true, xaxis: axis, ykind: options.y, lineKey: by < 0 ? null : shortKey(by), hline: baseline(v, all),
      says: [[ofWhat(v), seedWords(v), `at ${stepName(i)}`, ...rest.words()].filter(Boolean).join(", ")],
    });
  };
  const axisChanged = () => { options.off.clear(); kinds.set(keyKinds(over.value), keyKind(over.value)); paint(); };
  const metric = variableSelect("metric", FIRST_CHOICE, () => true, paint);
  const over = keySelect("over", MAIN_KEY, null, axisChanged), lines = keySelect("one line for each", SECOND_KEY, "\u2013", () => { options.off.clear(); paint(); });
  const kinds = slot("key", paint), rest = held(paint);
  kinds.set(keyKinds(MAIN_KEY), keyKind(MAIN_KEY));
  if (DATA.keys.length < 2) lines.label.hidden = true;
  fig.controls.append(metric.label, over.label, lines.label, rest.box, kinds.label, el("label", {}, "values", choice(AUTO, "auto", (v) => { options.y = v; paint(); })));
  state.follow(() => { metric.fill(); paint(); });
  themed.push(paint);
}

function drawSteps(root) {
  const steps = DATA.at.map((t, i) => [t, i]).filter((q) => q[0] !== null);
  if (steps.length < 2) return;
  const fig = sweepFigure(root, "Over steps", "Mean over seeds at each recorded step, with its 95 % band.");
  const options = { y: "auto", x: "linear", off: new Set() };
  const paint = () => {
    const by = lines.value, v = metric.get();
    rest.show(by < 0 ? [] : [by]);
    if (!v) { empty(fig, "Nothing was recorded."); return; }
    const look = looks(by), all = settingsWith(rest.values()), recorded = stepsWith(v, all);
    const one = (j) => {
      const s = all.find((q) => j === null || DATA.settings[q].at[by] === j);
      const cells = s === undefined ? [] : recorded.map(([t, i]) => ({ at: t, i, cell: together(v, s, i) }));
      return cells.filter((c) => c.cell.mean !== null || isGap(v, c.cell, c.i));
    };
    const list = (by < 0 ? [null] : DATA.keys[by].values.map((_, j) => j)).map((j) => ({ name: j === null ? "" : DATA.keys[by].values[j].text, look: look[j || 0], cells: one(j) }));
    const at = steps.map((q) => q[0]);
    bandChart(fig, {
      v, at: null, lines: list, off: options.off, change: paint, seeds: by < 0 || list.length <= 2, ykind: options.y, lineKey: by < 0 ? null : shortKey(by), hline: baseline(v, all),
      xaxis: { steps: true, kind: options.x, range: [at[0], at[at.length - 1]], name: "optimizer steps done, t" },
      says: [[ofWhat(v), seedWords(v), ...rest.words()].filter(Boolean).join(", ")],
    });
  };
  const metric = variableSelect("metric", FIRST_CHOICE, () => true, paint);
  const lines = keySelect("one line for each", DATA.keys.length ? MAIN_KEY : -1, DATA.keys.length ? null : "\u2013", () => { options.off.clear(); paint(); });
  const rest = held(paint);
  fig.controls.append(metric.label, lines.label, rest.box, el("label", {}, "steps", choice([["linear", "linear"], ["log1p", "log"]], "linear", (v) => { options.x = v; paint(); })),
    el("label", {}, "values", choice(AUTO, "auto", (v) => { options.y = v; paint(); })));
  let layer = null;
  state.follow(() => { if (layer !== state.layer || !fig.started) { layer = state.layer; fig.started = true; metric.fill(); paint(); } });
  themed.push(paint);
}
