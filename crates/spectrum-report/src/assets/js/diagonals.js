// Diagonals over time: how far the singular vectors of two layers meet, and those of one layer at two moments.

// Bytes in 254ths, 255 for none -> a row a rank, decoded once.
function diagonalRows(d) {
  if (!d.rows) {
    const raw = atob(d.data);
    d.rows = Array.from({ length: d.k }, (_, i) => ({ label: String(i + 1), title: `rank ${i + 1}`, points: d.t.map((t, j) => { const b = raw.charCodeAt(j * d.k + i); return [t, b === 255 ? null : b / 254]; }) }));
  }
  return d.rows;
}

// o: { title, what, subject: the chooser's name, items(run) -> [{key, name, metrics, of: {reference: diagonal}}], references: [[key, word]],
//      curves(reference) -> [{metric, word, ...look}], bar, formula(reference) }
function drawDiagonals(root, o) {
  root.append(el("h3", {}, o.title), el("p", { class: "what" }, o.what));
  const tools = el("div", { class: "bar" }), two = el("div", { class: "two wide-left" }), note = el("p", { class: "caption" });
  root.append(tools, two, note);
  const heat = figure(two, o.heat), side = figure(two, o.side);
  const options = { item: null, reference: null, x: "linear", range: "whole" };
  const select = el("select", { "aria-label": o.subject, onchange: () => { options.item = select.value; paint(); } }), chooser = el("label", {}, o.subject, select);
  const references = el("span", { class: "bar" });
  tools.append(chooser, references, el("label", {}, "steps", choice(STEPS, options.x, (v) => { options.x = v; paint(); })),
    el("label", {}, "colours", choice([["whole", "0 to 1"], ["data", "range of the data"]], options.range, (v) => { options.range = v; paint(); })));
  const fill = () => {
    const items = o.items(DATA.runs[dynamics.run]), has = (r) => items.some((i) => i.of[r]);
    const found = o.references.filter(([r]) => has(r));
    if (!has(options.reference)) options.reference = (found[0] || [null])[0];
    references.replaceChildren(...(found.length > 1 ? [el("label", {}, "against", choice(found, options.reference, (v) => { options.reference = v; paint(); }))] : []));
    if (!items.some((i) => i.key === options.item)) options.item = (items.find((i) => i.of[options.reference]) || items[0] || {}).key;
    select.replaceChildren(...items.map((i) => el("option", { value: i.key }, i.name)));
    select.value = options.item;
    chooser.hidden = items.length < 2;
  };
  const paint = () => {
    const run = DATA.runs[dynamics.run], item = o.items(run).find((i) => i.key === options.item);
    root.hidden = !item;
    if (!item) return;
    const r = options.reference, d = item.of[r], list = o.curves(r).filter((c) => item.metrics[c.metric]).map((c) => ({ name: c.word, ...c, ...series(item.metrics[c.metric]) }));
    const shown = list.filter((s) => s.points.some((p) => p[1] !== null));
    heat.box.hidden = !d;
    heat.rename(`${o.heat}: ${item.name}`);
    side.title = `${o.side}: ${item.name}`;
    side.box.hidden = !shown.length;
    two.classList.toggle("alone", heat.box.hidden || side.box.hidden);
    const why = [...new Set(list.filter((s) => !shown.includes(s)).flatMap((s) => s.missing.map((m) => m[1])))];
    note.textContent = `${ofRun()}${o.formula(r)}${d && d.all > d.t.length ? ` ${d.t.length} of ${d.all} recorded steps are kept in this page.` : ""}${why.length ? ` No value: ${why.join("; ")}.` : ""}`;
    if (d) {
      const rows = diagonalRows(d), values = rows.flatMap((q) => q.points.map((p) => p[1])).filter(known);
      const [lo, hi] = options.range === "whole" || !values.length ? [0, 1] : [Math.min(...values), Math.max(...values)];
      const every = Math.max(1, Math.round(niceStep(d.k, 8))), events = eventsOf(run).filter((e) => e.why === null);
      heat.above.replaceChildren(eventLegend(events));
      heatOverTime(heat, { rows, lo, hi: hi > lo ? hi : lo + 1e-3, x: options.x, ylabel: "rank i (1: largest singular value)", bar: o.bar, digits: 2, numbered: (i) => (i + 1) % every === 0 || (i === 0 && every > 2),
        marks: events });
    }
    if (shown.length) lines(side, { series: shown, x: options.x, ylabel: "score, 0 to 1", ydomain: [-0.02, 1.04], yticks: [0, 0.2, 0.4, 0.6, 0.8, 1], height: d ? Math.max(280, Math.min(380, heatHeight(d.k))) : 380, pick: state.go });
  };
  dynamics.followers.push(() => { fill(); paint(); });
  fill();
  paint();
}

const bare = (layer) => layer.replace(/\.weight$/, "");

// A layer that feeds another, or whose own parts meet; behind them the views of the second side, where only some are meant.
function pairName(p) {
  return `${bare(p.layer)} ${p.layer === p.second ? "meets" : "\u2192"} ${bare(p.second)}${p.views ? ` (views ${p.views})` : ""}`;
}

function drawAlignments(root) {
  const items = (run) => {
    const of = (m) => (run.diagonals || []).find((d) => d.of === "alignment" && sameMatrix(d, m));
    return (run.pairs || []).map((p) => ({ key: `${p.layer} ${p.kind} ${p.view}`, name: pairName(p), metrics: p.metrics, of: { alignment: of(p) } }))
      .filter((i) => i.of.alignment || Object.keys(i.metrics).length);
  };
  drawDiagonals(root, {
    title: "Alignment of neighbouring layers", heat: "Diagonal", side: "Score over time", subject: "pair", items, references: [["alignment", "alignment"]],
    what: "How well the directions that one layer writes are those that the next one reads, rank by rank. Rows that turn light are directions that the two layers have come to share.",
    curves: () => [
      { metric: "alignment_score", word: "score (first ten)", color: colour(0), width: 2.2 },
      { metric: "alignment_top", word: "first pair", color: colour(1), dash: "7 4", width: 1.4 },
      { metric: "alignment_baseline", word: "independent directions", color: "var(--quiet)", dash: "2 4", dots: false }],
    bar: "|cos|, rank i with rank i",
    formula: () => "Cell (i, t): |\u27e8a\u1d62, b\u1d62\u27e9|, a and b the singular vectors of the sides where the two layers meet; score: the mean over i \u2264 10.",
  });
}

const REFERENCES = [["final", "final weights"], ["initial", "initial weights"], ["previous", "recorded step before"]];

function drawAgreements(root) {
  const items = (run) => {
    const found = run.diagonals ? run.diagonals.filter((d) => d.of !== "alignment") : [];
    const list = wholeFirst(run.matrices.filter((m) => found.some((d) => sameMatrix(d, m)))), labels = labelsOf(list);
    return list.map((m, i) => ({ key: `${m.layer} ${m.kind} ${m.view}`, name: bare(labels[i]), metrics: m.metrics, of: Object.fromEntries(found.filter((d) => sameMatrix(d, m)).map((d) => [d.of, d])) }));
  };
  drawDiagonals(root, {
    title: "Agreement of singular vectors with another moment", heat: "Diagonal", side: "Scores over time", subject: "matrix", items, references: REFERENCES,
    what: "How much of a direction of the matrix, rank by rank, is what it will be at the end, was at the start, or was one recorded step before. Ranks that turn light first are settled first.",
    curves: (r) => [
      { metric: `agreement_score_${r}`, word: "score (first ten)", color: colour(0), width: 2.2 },
      { metric: `subspace_agreement_${r}`, word: "subspaces", color: colour(2), dash: "7 4" },
      { metric: "agreement_baseline", word: "score, independent", color: colour(0), dash: "2 4", width: 1.4, dots: false },
      { metric: "subspace_baseline", word: "subspaces, independent", color: colour(2), dash: "2 4", width: 1.4, dots: false }],
    bar: "|\u27e8u, u\u2032\u27e9\u27e8v, v\u2032\u27e9|, rank i",
    formula: (r) => `Cell (i, t): |\u27e8u\u1d62, u\u2032\u1d62\u27e9 \u27e8v\u1d62, v\u2032\u1d62\u27e9|, u and v the singular vectors at step t, u\u2032 and v\u2032 those of the ${(REFERENCES.find((q) => q[0] === r) || REFERENCES[0])[1]}; score: the mean over i \u2264 10; subspaces: the spans of the leading vectors, however they are turned within them.`,
  });
}
