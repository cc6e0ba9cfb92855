// The rank heat map: a row a matrix, a column a recorded step, the colour its normalised effective rank or another measure.
const RANK = "effective_rank_normalized";
const RANK_FIRST = [RANK, "effective_rank", "stable_rank", "mass_rank_90", "gini", "frobenius_norm", "spectral_norm", "nuclear_norm", "alpha_hill"];
// Measures that lie between 0 and 1 can have that as the range of their colours.
const UNIT = new Set([RANK, "gini"]);

// Weight matrices whose rank was recorded over steps; they come in the model's order where the run tells it.
function rankRows(run, kind) {
  return run.matrices.filter((m) => m.kind === (kind || "weight") && m.metrics[RANK] && m.metrics[RANK].t.length > 1);
}

function drawRanks(root) {
  const fig = figure(root, "Rank of every matrix over time", {
    what: "How many directions a matrix makes use of, as a share of those it has. Layers that turn dark lose rank; layers of one type often do so together." });
  const note = el("p", { class: "caption" });
  fig.box.append(note);
  const options = { metric: RANK, kind: "weight", x: "linear", unit: "whole", scale: "linear" };
  const metric = el("select", { "aria-label": "metric", onchange: () => { options.metric = metric.value; paint(); } });
  const kind = el("select", { "aria-label": "kind", onchange: () => { options.kind = kind.value; fill(); paint(); } });
  const kinds = el("label", {}, "kind", kind);
  const unit = el("label", {}, "colours", choice([["whole", "0 to 1"], ["data", "range of the data"]], options.unit, (v) => { options.unit = v; paint(); }));
  const scales = el("label", {}, "colours", choice([["linear", "linear"], ["log", "log"]], options.scale, (v) => { options.scale = v; paint(); }));
  fig.tools.prepend(kinds, el("label", {}, "metric", metric), unit, scales, el("label", {}, "steps", choice(STEPS, options.x, (v) => { options.x = v; paint(); })));
  const fill = () => {
    const run = DATA.runs[dynamics.run];
    const found = [...new Set(run.matrices.map((m) => m.kind))].filter((k) => rankRows(run, k).length > 1);
    if (!found.includes(options.kind)) options.kind = found[0] || "weight";
    kind.replaceChildren(...found.map((k) => el("option", { value: k }, k)));
    kind.value = options.kind;
    kinds.hidden = found.length < 2;
    const list = rankRows(run, options.kind), all = depthMetrics(list).filter((n) => !codesOf(n) && list.filter((m) => valued(m.metrics[n]) > 1).length > 1);
    const order = [...RANK_FIRST.filter((n) => all.includes(n)), ...all.filter((n) => !RANK_FIRST.includes(n))];
    if (!order.includes(options.metric)) options.metric = order[0] || RANK;
    metric.replaceChildren(...order.map((n) => el("option", { value: n }, metricTitle(n))));
    metric.value = options.metric;
  };
  const paint = () => {
    const run = DATA.runs[dynamics.run], list = rankRows(run, options.kind), labels = labelsOf(list);
    fig.box.hidden = list.length < 2;
    if (fig.box.hidden) return;
    const name = options.metric, short = labels.map((l) => l.replace(/( matrix|\.weight)$/, "").replace(/ heads\.([a-z]+\[\d+\])$/, " $1")), shared = new Set(short).size === short.length;
    const rows = list.map((m, i) => ({ title: labels[i], label: shared ? short[i] : labels[i], ...series(m.metrics[name]) })).filter((r) => r.points.length);
    const values = rows.flatMap((r) => r.points.map((p) => p[1])).filter(known);
    const bounded = UNIT.has(name), log = !bounded && options.scale === "log" && values.every((v) => v > 0);
    unit.hidden = !bounded;
    scales.hidden = bounded;
    const [lo, hi] = bounded && options.unit === "whole" ? [0, 1] : [Math.min(...values), Math.max(...values)];
    const events = eventsOf(run).filter((e) => e.why === null);
    fig.above.replaceChildren(eventLegend(events));
    fig.rename(name === RANK ? "Rank of every matrix over time" : `${metricTitle(name)} of every matrix over time`);
    fig.box.querySelector(".what").hidden = name !== RANK;
    note.textContent = `${ofRun()}Kind ${options.kind}; rows ${run.layers ? "in the model\u2019s order, as far as the recorded pairs of layers tell it, first layer on top" + (list.every(isWhole) ? "" : ", heads and projections below the parameter that they are parts of where the names tell it") : "in the order of the names"}. ${bounded && name === RANK ? "Normalised effective rank: exp of the entropy of the singular values, divided by min(m, n). " : ""}Each cell reaches half-way to its neighbours; grey: no value.`;
    heatOverTime(fig, { rows, lo, hi: hi > lo ? hi : lo + 1e-9 + Math.abs(lo) * 0.01, log, x: options.x, ylabel: options.kind === "weight" ? "weight matrix" : `matrix (${options.kind})`, bar: name === RANK ? "normalised effective rank" : metricTitle(name), marks: events });
  };
  dynamics.followers.push(() => { fill(); paint(); });
  fill();
  paint();
}
