// Singular values over time: the leading ones as lines, all of them as quantile bands.
const LEADING = 50;

function quantile(descending, q) {
  const at = (1 - q) * (descending.length - 1), i = Math.floor(at), f = at - i;
  return i + 1 < descending.length ? descending[i] * (1 - f) + descending[i + 1] * f : descending[i];
}

function drawSingular(root) {
  const fig = figure(root, "Singular values over time", {
    caption: "Lines: the leading values, one line each. Bands: quantiles of all values of the matrix. The dashed line is the chosen step; a click on the figure moves it.",
    what: "How far the layer stretches its inputs, direction by direction. A line that leaves the bands is a direction that the layer has learned to amplify." });
  if (DATA.one_step) { fig.box.remove(); return; }
  const options = { y: "log", x: "linear" };
  fig.tools.prepend(
    el("label", {}, "steps", choice([["linear", "linear"], ["log1p", "log"]], options.x, (v) => { options.x = v; paint(); })),
    el("label", {}, "values", choice([["linear", "linear"], ["log", "log"]], options.y, (v) => { options.y = v; paint(); })));
  let made = null;
  const build = () => {
    const s = spectraOf(state.current());
    // A single recorded step is no curve.
    fig.box.hidden = !s || s.t.length < 2;
    if (fig.box.hidden) return;
    // A kernel is symmetric: these are its eigenvalues.
    const kernel = isKernel(state.current()), sign = kernel ? "\u03bb" : "s";
    fig.rename(kernel ? "Eigenvalues over time" : "Singular values over time");
    fig.box.querySelector(".what").hidden = kernel;
    const lead = Math.min(LEADING, Math.max(0, ...s.count));
    const line = (j) => s.t.map((t, i) => [t, j < s.count[i] ? s.values[i][j] : null]);
    const list = [];
    for (let j = lead - 1; j >= 0; j--) {
      list.push({ name: `${sign}${sub(j + 1)}`, points: line(j), color: j === 0 ? colour(1) : colour(0), width: j === 0 ? 2.2 : j < 10 ? 1.3 : 0.8, opacity: j < 10 ? 0.95 : 0.5, tip: j < 3, dots: j < 10 });
    }
    const complete = s.count.every((n) => n === Math.min(s.rows, s.cols));
    const at = (q) => s.t.map((t, i) => [t, s.count[i] ? quantile(s.values[i], q) : null]);
    const bands = [], extra = [];
    if (complete && lead > 3) {
      const band = (lo, hi, opacity) => ({ points: s.t.map((t, i) => [t, quantile(s.values[i], lo), quantile(s.values[i], hi)]), color: colour(2), opacity });
      bands.push(band(0.05, 0.95, 0.18), band(0.25, 0.75, 0.3));
      extra.push({ name: "median", points: at(0.5), color: colour(2), width: 2, dots: false });
    }
    const key = [{ name: `${sign}${sub(1)}`, color: colour(1), width: 2.2 }];
    if (lead > 1) key.push({ name: `${sign}${sub(2)} to ${sign}${sub(Math.min(lead, 10))}`, color: colour(0), width: 1.4 });
    if (lead > 10) key.push({ name: `${sign}${sub(11)} to ${sign}${sub(lead)}`, color: colour(0), width: 0.8 });
    if (bands.length) key.push({ name: "median", color: colour(2) }, { name: "25\u201375 %", fill: colour(2), opacity: 0.45 }, { name: "5\u201395 %", fill: colour(2), opacity: 0.18 });
    // Hover lists from the top value down.
    made = { series: extra.concat(list), bands, legend: key, ylabel: kernel ? "eigenvalue \u03bb of K" : "singular value s" };
  };
  const paint = () => fig.box.hidden || lines(fig, { ...made, x: options.x, y: options.y, height: 330, ylabel: made.ylabel, cursor: state.step, pick: state.go });
  state.follow((what) => { if (what === "step") moveCursor(fig, state.step); else { build(); paint(); } });
  build();
  paint();
}
