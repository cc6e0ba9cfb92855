// Every measure over time as small multiples, each with its null in the same panel.
const NULL = "null_";

function metricNames(matrices) {
  const all = new Set(matrices.flatMap((m) => Object.keys(m.metrics)));
  const own = [...all].filter((n) => !(n.startsWith(NULL) && all.has(n.slice(NULL.length))));
  const known = new Set(GROUPS.flatMap(([, names]) => Object.keys(names)));
  const groups = GROUPS.map(([title, names]) => [title, Object.keys(names).filter((n) => own.includes(n)).map((n) => [n, names[n]])]);
  groups.push(["Others", own.filter((n) => !known.has(n)).sort().map((n) => [n, n])]);
  return groups.filter(([, names]) => names.length);
}

function compared(mode) {
  const at = state.current(), run = DATA.runs[state.run];
  if (!at) return [];
  if (mode === "layers") return run.matrices.filter((m) => m.kind === at.kind && Object.keys(m.metrics).length).map((m) => [run.matrices.some((x) => x !== m && x.layer === m.layer && x.kind === m.kind) ? `${m.layer} ${m.view}` : m.layer, m]);
  if (mode === "kinds") return run.matrices.filter((m) => m.layer === at.layer && m.view === at.view && Object.keys(m.metrics).length).map((m) => [m.kind, m]);
  return DATA.runs.map((r) => [r.name, find(r, at)]).filter(([, m]) => m);
}

function drawMeasures(root) {
  const any = DATA.runs.some((r) => r.matrices.some((m) => Object.keys(m.metrics).length));
  if (DATA.one_step) return;
  if (!any) { root.append(el("p", { class: "note" }, "No measures were recorded.")); return; }
  const distinct = (key) => new Set(DATA.runs.flatMap((r) => r.matrices.map((m) => m[key]))).size;
  const modes = [];
  if (DATA.runs.length > 1) modes.push(["runs", "runs"]);
  else modes.push(["runs", "the chosen matrix"]);
  if (distinct("layer") > 1) modes.push(["layers", "all layers"]);
  if (distinct("kind") > 1) modes.push(["kinds", "all kinds"]);
  // Beyond some two dozen lines a panel is a tangle.
  const options = { mode: DATA.runs.length === 1 && distinct("layer") > 1 && layersShown().length <= 24 ? "layers" : "runs", x: "linear", y: "linear" };
  const what = el("p", { class: "caption" });
  const bar = el("div", { class: "bar" });
  if (modes.length > 1) bar.append(el("label", {}, "show", choice(modes, options.mode, (v) => { options.mode = v; build(); })));
  bar.append(el("label", {}, "steps", choice([["linear", "linear"], ["log1p", "log"]], options.x, (v) => { options.x = v; paints.forEach((f) => f()); })),
    el("label", {}, "values", choice([["linear", "linear"], ["log", "log"]], options.y, (v) => { options.y = v; paints.forEach((f) => f()); })));
  const body = el("div", {});
  root.append(what, bar, body);
  let paints = [], figs = [];
  const build = () => {
    const at = state.current(), list = compared(options.mode);
    paints = []; figs = [];
    body.replaceChildren();
    const runPart = DATA.runs.length > 1 && options.mode !== "runs" ? `Run ${runName(state.run)}. ` : "";
    what.textContent = options.mode === "layers" ? `${runPart}Kind ${at.kind}, every layer` : options.mode === "kinds" ? `${runPart}Layer ${at.layer} (${at.view}), every kind` : `Layer ${at.layer}, kind ${at.kind}, view ${at.view}`;
    const nulls = list.some(([, m]) => Object.keys(m.metrics).some((n) => n.startsWith(NULL)));
    what.textContent += `.${nulls ? " Dashed: the measure\u2019s null, the same measure of W\u2080 plus the displacement with its entries shuffled." : ""} A cross on the axis marks a ${DATA.step_word} without a value; its reason is in the tooltip and in the table of missing values.`;
    const silent = [];
    if (list.length > 1) body.append(legend(list.map(([name], i) => ({ name, color: colour(i), dash: DASH[Math.floor(i / 7) % DASH.length] }))));
    for (const [title, names] of metricNames(list.map(([, m]) => m))) {
      const grid = el("div", { class: "many" });
      const before = paints.length;
      for (const [name, word] of names) {
        const shown = [];
        list.forEach(([label, m], i) => {
          if (m.metrics[name]) shown.push({ name: list.length > 1 ? label : word, color: colour(i), dash: DASH[Math.floor(i / 7) % DASH.length], legend: false, ...series(m.metrics[name]) });
          const rest = m.metrics[NULL + name];
          if (rest) shown.push({ name: list.length > 1 ? `${label}, null` : "null", color: list.length > 1 ? colour(i) : "var(--grey)", dash: "4 4", width: 1.5, opacity: list.length > 1 ? 0.55 : 1, legend: false, dots: false, ...series(rest) });
        });
        if (!shown.some((s) => s.points.some((p) => p[1] !== null))) {
          const why = shown.flatMap((s) => s.missing).map((q) => q[1]);
          if (shown.length) silent.push(`${name} (${[...new Set(why)].join("; ") || "no rows"})`);
          continue;
        }
        const fig = figure(grid, word);
        const classes = codesOf(name);
        const paint = () => lines(fig, { series: shown, x: options.x, y: classes ? "linear" : options.y, ylabel: name, height: 200, xlabel: DATA.checkpoints ? "checkpoint" : "step t", cursor: state.step, pick: state.go,
          ...(classes ? { yticks: classes.map((c) => c[0]), ytexts: classes.map((c) => c[1]), include: classes.map((c) => c[0]), name: (v) => codeName(classes, v) } : {}) });
        paints.push(paint);
        figs.push(fig);
      }
      if (paints.length > before) body.append(el("h3", {}, title), grid);
    }
    if (silent.length) body.append(el("p", { class: "note" }, `Without a value at every ${DATA.step_word}: ${silent.join(", ")}.`));
    paints.forEach((f) => f());
  };
  state.follow((event) => { if (event === "step") figs.forEach((f) => moveCursor(f, state.step)); else build(); });
  build();
}
