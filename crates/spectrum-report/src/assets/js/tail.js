// The tail of the eigenvalues: their complementary distribution with the fitted power law and its competitors.
const MODELS = {
  power_law: { color: colour(1), dash: "" },
  truncated_power_law: { color: colour(2), dash: "8 4" },
  log_normal: { color: "var(--c6)", dash: "2 3" },
  exponential: { color: colour(4), dash: "9 3 2 3" },
  stretched_exponential: { color: colour(5), dash: "5 2" },
};
const CCDF_POINTS = 400, CCDF_TOP = 200;

// What was fitted at a step: the curves of that step if the page has them, else what was recorded.
function tailAt(matrix, step) {
  const kept = (matrix.tails || []).find((t) => t.step === step);
  if (kept) return kept;
  const s = matrix.spectra, i = s ? s.t.indexOf(step) : -1;
  if (i < 0) return null;
  const f = facts(s, i);
  if (f.alpha === undefined) return null;
  return { step, n: s.count[i], alpha: f.alpha, sigma: f.alpha_sigma, xmin: f.xmin, size: f.tail_size, distance: f.alpha_distance, why: f.why_alpha, from: "recorded" };
}

// Base64 curves of a tail, decoded once. `why` in place of a curve is the reason that there is none.
function curve(part, name) {
  if (!part || typeof part[name] !== "string") return [];
  part.decoded = part.decoded || {};
  return (part.decoded[name] = part.decoded[name] || floats(part[name]));
}

// Ranks (1 is the largest value) that a picture of n values shows: all at the top, evenly thinned below.
function shownRanks(n) {
  if (n <= CCDF_POINTS) return Array.from({ length: n }, (_, i) => i + 1);
  const rest = CCDF_POINTS - CCDF_TOP, out = Array.from({ length: CCDF_TOP }, (_, i) => i + 1);
  for (let i = 1; i <= rest; i++) out.push(CCDF_TOP + Math.round((i * (n - CCDF_TOP)) / rest));
  return out;
}

const known = (v) => v !== null && v !== undefined;
// An error of two digits says how many digits of the value mean anything.
function plusMinus(v, sigma) {
  if (!known(v)) return "\u2013";
  const decimals = sigma > 0 ? 1 - Math.floor(Math.log10(Number(sigma.toPrecision(2)))) : -1;
  if (decimals < 0 || decimals > 6) return known(sigma) ? `${text(v, 3)} \u00b1 ${text(sigma, 2)}` : text(v, 3);
  return `${v.toFixed(decimals).replace("-", "\u2212")}\u00a0\u00b1\u00a0${sigma.toFixed(decimals)}`;
}
const percent = (a, b) => `${((100 * a) / b).toFixed(a / b < 0.1 ? 1 : 0)} %`;

// The reasons that rows carry, for someone who does not know their names.
const REASONS = {
  NotFinite: "it holds NaN or infinity",
  Degenerate: "all its values are equal or zero",
  BelowFloor: "the values that count are too small to be trusted",
  NoConvergence: "the iteration did not converge",
};
const reasonWords = (why) => (REASONS[why] ? `${REASONS[why]} (${why})` : why);

function noFit(matrix, tail) {
  if (!matrix.spectra) return `There is no spectrum of this matrix: ${matrix.why ? reasonWords(matrix.why) : "none was recorded"}.`;
  if (tail && tail.why) return `No power law was fitted: ${reasonWords(tail.why)}.`;
  return `No power law was recorded at this ${DATA.step_word}.`;
}

function drawTail(root) {
  const lead = el("p", { class: "note" });
  const two = el("div", { class: "two wide-left" });
  const left = el("div", {}), right = el("div", { class: "verdict" });
  two.append(left, right);
  root.append(lead, two);
  const fig = figure(left, "Tail of the eigenvalues", {
    what: "How often an eigenvalue is larger than the value on the axis. A power law is a straight line here; a bounded bulk bends down to a sharp end." });
  const off = new Set();
  const update = () => {
    const matrix = state.current(), tail = tailAt(matrix, state.step);
    const fitted = tail && known(tail.alpha) && known(tail.xmin) && matrix.spectra;
    two.hidden = !fitted;
    lead.hidden = Boolean(fitted);
    lead.className = fitted ? "note" : "instead";
    if (!fitted) { lead.textContent = noFit(matrix, tail); return; }
    verdict(right, matrix, tail);
    paintTail(fig, matrix, tail, off);
  };
  state.follow(update);
  update();
}

function paintTail(fig, matrix, tail, off) {
  const s = spectraOf(matrix), i = s.t.indexOf(tail.step), f = facts(s, i);
  const lambda = eigenvalues(matrix, i), n = lambda.length;
  const positive = lambda.filter((v) => v > 0), top = positive[0];
  const floor = isKernel(matrix) ? s.floor[i] : s.floor[i] ** 2;
  const k = known(f.outliers) ? Math.min(n, Math.round(f.outliers)) : 0;
  const lo = Math.max(positive[positive.length - 1], floor || 0, Math.min(tail.xmin / 8, positive[Math.floor(positive.length / 2)] / 3));
  const share = tail.size / n;
  const models = [{ name: "power_law", title: "power law", points: lineOf(tail, share, top * 1.25) }];
  const grid = curve(tail.models, "x");
  for (const c of (tail.models && tail.models.curves) || []) models.push({ name: c.name, title: c.title, points: [...grid].map((x, j) => [x, curve(c, "y")[j]]) });
  const items = [
    { name: `eigenvalues in the tail (${tail.size})`, color: colour(0), shape: "circle" },
    ...(tail.size < n ? [{ name: "below the cut-off", color: "var(--grey)", shape: "circle" }] : []),
    ...(k ? [{ name: `outliers beyond the Marchenko\u2013Pastur edge (${k})`, color: colour(3), shape: "circle", hollow: true }] : []),
    ...models.map((m) => ({ key: m.name, name: m.title, color: MODELS[m.name].color, dash: MODELS[m.name].dash, width: 2 }))];
  const repaint = () => plot(fig, {
    height: 400,
    x: { kind: "log", range: [lo / 1.08, top * 1.3], name: isKernel(matrix) ? "eigenvalue \u03bb of K" : "eigenvalue \u03bb = s\u00b2" },
    y: { kind: "log", range: [0.6 / n, 1.5], name: "fraction of eigenvalues \u2265 \u03bb" },
    paint: (svg, x, y) => {
      const hits = [];
      const shown = shownRanks(n).filter((r) => lambda[r - 1] >= lo);
      for (const r of shown.reverse()) {
        const v = lambda[r - 1], px = x(v), py = y(r / n), inTail = r <= tail.size;
        draw(svg, "circle", { cx: px.toFixed(1), cy: py.toFixed(1), r: inTail ? 2.6 : 2, style: `fill:${inTail ? colour(0) : "var(--grey)"}` });
        if (r <= k) draw(svg, "circle", { cx: px.toFixed(1), cy: py.toFixed(1), r: 4.6, style: `fill:none;stroke:${colour(3)};stroke-width:1.3` });
        hits.push({ x: px, y: py, lines: [`\u03bb = ${text(v, 5)}`, `rank ${r} of ${n}`, ...(r <= k ? ["outlier"] : [])] });
      }
      for (const m of [...models].reverse()) {
        if (off.has(m.name)) continue;
        const points = m.points.filter(([a, b]) => a <= x.hi && b >= y.lo);
        draw(svg, "path", { class: "line", d: path(points, x, y), style: `stroke:${MODELS[m.name].color};stroke-width:${m.name === "power_law" ? 2.2 : 1.7};stroke-dasharray:${MODELS[m.name].dash || "none"}` });
      }
      marks(svg, x, y, [{ at: tail.xmin, word: `xmin = ${text(tail.xmin, 3)}`, color: "var(--quiet)" },
        { at: f.mp_edge, word: `bulk edge ${text(f.mp_edge, 3)}`, color: colour(3), dash: "2 3" }]);
      return hits;
    },
  });
  fig.above.replaceChildren(switches(items, off, repaint));
  repaint();
}

// The fitted line of the tail: (n_tail / n) (lambda / xmin)^(1 - alpha).
function lineOf(tail, share, until) {
  const at = (u) => tail.xmin * (until / tail.xmin) ** u;
  return Array.from({ length: 41 }, (_, i) => { const v = at(i / 40); return [v, share * (v / tail.xmin) ** (1 - tail.alpha)]; });
}

// The numbers of the fit in words.
function verdict(root, matrix, tail) {
  const row = (name, value, title) => el("tr", { title }, el("td", { class: "key" }, name), el("td", {}, value));
  const table = el("table", {},
    row("\u03b1 \u00b1 \u03c3", plusMinus(tail.alpha, tail.sigma), "Exponent of the density \u03bb^(\u2212\u03b1), with its asymptotic standard error"),
    row("cut-off xmin", text(tail.xmin, 4), "Smallest eigenvalue of the tail"),
    row("tail", `${tail.size} of ${tail.n} values (${percent(tail.size, tail.n)})`, "Eigenvalues from xmin on"),
    row("distance D", text(tail.distance, 3), "Kolmogorov\u2013Smirnov distance between the tail and the fitted law"));
  if (tail.goodness) table.append(row("bootstrap", tail.goodness, "Share of spectra drawn from the fitted law that lie at least as far from their own fit; 0.1 or less rules the law out"));
  if (tail.rule_of_thumb) table.append(row("rule of thumb", tail.rule_of_thumb, "The warning that WeightWatcher prints for such an exponent"));
  const parts = [el("h3", {}, "The fit in words"), table];
  if (tail.warning) parts.push(el("p", { class: "warning" }, tail.warning));
  if (tail.against && tail.against.length) {
    parts.push(el("h3", {}, "Against other laws on the same tail"),
      el("ul", {}, ...tail.against.map((a) => el("li", {}, a.says))),
      el("p", { class: "caption" }, "R is the log-likelihood of the power law minus that of the other law, in standard deviations (Vuong): below 0 the other is nearer to the data. p is the chance of so large an |R| if neither were nearer; from 0.1 on the two are not told apart. For the truncated power law p (Wilks) is the chance of such an improvement if there were no cut-off. The log-normal and the stretched exponential have the power law as their limit: for them R is never above 0, and only p decides."));
  } else if (tail.against_why) {
    parts.push(el("p", { class: "caption" }, `Other laws were not compared: ${tail.against_why}.`));
  } else if (matrix.tails && matrix.tails.length) {
    const steps = matrix.tails.map((t) => t.step);
    parts.push(el("p", { class: "caption" }, `Other laws are compared at ${DATA.step_word} ${steps.length > 6 ? `${steps.slice(0, 2).join(", ")}, \u2026, ${steps[steps.length - 1]}` : steps.join(", ")}.`));
  }
  parts.push(el("p", { class: "caption" }, tail.from === "recorded" ? "\u03b1, xmin and D are the recorded ones; the curves are drawn from the stored spectrum."
    : `No tail fit was recorded: this one was computed for the page from the stored spectrum (convention ${tail.convention}).`));
  root.replaceChildren(...parts);
}
