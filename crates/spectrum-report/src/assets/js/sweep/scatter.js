// One metric against another, a dot a point, with the rank correlation that Rust computed.
const RHO = DATA.rho;
// The correlated variable's place among the pairs; -1 without one.
const rhoPlace = (v) => RHO.variables.indexOf(DATA.variables.indexOf(v));

function rhoOf(list, a, b) {
  const n = RHO.variables.length, i = Math.min(a, b), j = Math.max(a, b);
  return i === j ? 1 : list[(i * (2 * n - i - 1)) / 2 + (j - i - 1)];
}

function rhoWords(name, rho, n) {
  if (rho === null) return `${name}: no \u03c1 (n = ${n}; at least 3 pairs that differ are needed)`;
  return `${name}: Spearman \u03c1 = ${rho.toFixed(2).replace("-", "\u2212")} (n = ${n})`;
}

function scatterPanel(root, title, xs, ys) {
  const fig = sweepFigure(root, title, null);
  const options = { x: "auto", y: "auto", off: new Set() };
  const paint = () => {
    const vx = xm.get(), vy = ym.get(), by = colours.value;
    if (vx && vy) fig.rename(`${titleOf(vy)} against ${titleOf(vx)}`);
    if (!vx || !vy) { empty(fig, "Nothing was recorded that could be compared."); return; }
    // Rho is known at so many steps: the nearest of them is drawn.
    const place = RHO.at.reduce((best, s, q) => (Math.abs(s - state.at) < Math.abs(RHO.at[best] - state.at) ? q : best), 0), i = RHO.at[place];
    const look = looks(by), group = (s) => (by < 0 ? 0 : DATA.settings[s].at[by]);
    const dots = DATA.settings.flatMap((g, s) => g.points.map((p) => ({ p, s, g: group(s), x: valueOf(vx, p, i), y: valueOf(vy, p, i) })));
    const means = DATA.settings.map((g, s) => ({ s, g: group(s), x: vx.mean[s * STEPS + i], y: vy.mean[s * STEPS + i], several: g.points.length > 1 }));
    const has = (q) => q.x !== null && q.y !== null, both = dots.filter(has), bothMeans = means.filter(has);
    if (!both.length) { empty(fig, `No point has both at ${stepName(i)}.`); return; }
    const several = means.some((m) => m.several), a = rhoPlace(vx), b = rhoPlace(vy);
    const strong = [rhoWords(several ? "All points" : "All settings", rhoOf(RHO.points[place], a, b), both.length)];
    if (several) strong.push(rhoWords("Means over seeds", rhoOf(RHO.means[place], a, b), bothMeans.length));
    const seen = both.filter((q) => !options.off.has(q.g));
    const axis = (v, key) => {
      const values = both.map((q) => q[key]).concat(bothMeans.map((q) => q[key])), kind = valueKind(values, options[key]);
      return { kind, range: domain(values, kind), name: axisName(v) };
    };
    const where = [...new Set([ofWhat(vx), ofWhat(vy)].filter(Boolean))].join(" and ");
    const legend = by < 0 ? [] : some(DATA.keys[by].values.map((w, j) => ({ ...look[j], dash: "", only: true, name: w.text, key: j })));
    if (several) legend.push({ name: "one point", shape: "circle", color: "var(--quiet)", only: true, r: 2.6, opacity: 0.55 }, { name: "mean over seeds", shape: "circle", color: "var(--quiet)", only: true, r: 4.8 });
    frame(fig, {
      strong, says: [[where, `at ${stepName(i)}`, both.length < dots.length ? `${dots.length - both.length} of ${dots.length} points lack one of the two` : null].filter(Boolean).join(", ")],
      legend, legendTitle: by < 0 ? null : `${shortKey(by)}:`, off: options.off, change: paint, height: 350, x: axis(vx, "x"), y: axis(vy, "y"),
      paint: (svg, x, y) => {
        const hits = [];
        for (const q of seen) {
          const c = look[q.g];
          marker(svg, c.shape, x(q.x), y(q.y), several ? 2.8 : 4.6, `fill:${c.color};fill-opacity:${several ? 0.55 : 0.9}`);
          hits.push({ x: x(q.x), y: y(q.y), get lines() { return [[settingName(q.s), DATA.points[q.p].seed === "" ? null : seedName(q.p)].filter(Boolean).join(", "), `${vx.name}: ${shown(vx, q.x)}`, `${vy.name}: ${shown(vy, q.y)}`]; } });
        }
        if (several) for (const q of bothMeans.filter((m) => !options.off.has(m.g))) {
          const c = look[q.g];
          marker(svg, c.shape, x(q.x), y(q.y), 5, `fill:${c.color};stroke:var(--ink);stroke-width:1.1`);
          hits.push({ x: x(q.x), y: y(q.y), get lines() { return [`${settingName(q.s)}, mean over seeds`, ...tipLines(vx, together(vx, q.s, i), i, "").slice(1), ...tipLines(vy, together(vy, q.s, i), i, "").slice(1)]; } });
        }
        return hits;
      },
    });
  };
  const correlated = (v) => rhoPlace(v) >= 0;
  const xm = variableSelect("x", xs, correlated, paint), ym = variableSelect("y", ys, correlated, paint);
  const colours = keySelect("colour", DATA.keys.length ? MAIN_KEY : -1, "\u2013", () => { options.off.clear(); paint(); });
  const log = [["auto", "auto"], ["linear", "lin"], ["log", "log"]];
  fig.controls.append(xm.label, ym.label, colours.label, el("label", {}, "x axis", choice(log, "auto", (v) => { options.x = v; paint(); })), el("label", {}, "y axis", choice(log, "auto", (v) => { options.y = v; paint(); })));
  state.follow(() => { xm.fill(); ym.fill(); paint(); });
  themed.push(paint);
}

function drawScatter(root) {
  root.append(el("p", { class: "what" }, "Points of different settings are no independent draws of one law: a rank correlation over a sweep says in which order two numbers go as the swept keys change, and a common cause, such as the size of the weights, may be behind both."));
  const two = el("div", { class: "two" });
  root.append(two);
  scatterPanel(two, "First pair", ["alpha_hill", "frobenius_norm", "train_loss"], ["test_loss", "ridge_test_loss", "train_loss"]);
  scatterPanel(two, "Second pair", ["alpha", "frobenius_norm", "stable_rank", "train_loss"], ["test_loss", "ridge_test_loss", "train_loss"]);
}
