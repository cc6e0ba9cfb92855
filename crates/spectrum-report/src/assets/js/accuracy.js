// Accuracy beside rank: two panels over one axis of steps, with upright lines where something happened.
function drawRankAccuracy(root) {
  const fig = figure(root, "Accuracy beside rank", {
    what: "Whether the network loses rank when it begins to generalise, before, or after." });
  const note = el("p", { class: "caption" });
  fig.box.append(note);
  const options = { x: "linear" };
  fig.tools.prepend(el("label", {}, "steps", choice(STEPS, options.x, (v) => { options.x = v; paint(); })));
  const many = DATA.runs.length > 1;
  const runs = DATA.runs.map((run, r) => ({ run, r, name: run.name, events: eventsOf(run), color: colour(r) })).filter((q) => valued(q.run.scalars[MEAN_RANK]) > 1);
  const curves = (names) => runs.flatMap((q) => names.filter((n) => q.run.scalars[n.name]).map((n) => ({
    name: many ? `${q.name}: ${n.word}` : n.word, color: many ? q.color : n.color, dash: many ? n.dash : "", width: 1.8, ...series(q.run.scalars[n.name]) })));
  const accuracy = curves([{ name: "train_accuracy", word: "training accuracy", color: colour(0), dash: "7 4" }, { name: "test_accuracy", word: "test accuracy", color: colour(1), dash: "" }])
    .filter((s) => s.points.some((p) => p[1] !== null));
  const rank = curves([{ name: MEAN_RANK, word: "mean normalised effective rank", color: colour(2), dash: "" }]);
  const happened = runs.flatMap((q) => q.events.filter((e) => e.why === null).map((e) => ({ ...e, run: q, color: many ? q.color : "var(--ink)" })));
  fig.above.append(legend(!many ? [...accuracy, ...rank] : [...runs.map((q) => ({ name: q.name, color: q.color })),
    { name: "training accuracy", color: "var(--quiet)", dash: "7 4" }, { name: "test accuracy; rank", color: "var(--quiet)" },
    ...EVENTS.filter((e) => happened.some((h) => h.name === e.name)).map((e) => ({ name: e.word.replace("the threshold", thresholdWords()), color: "var(--quiet)", dash: e.dash, width: 1.4 }))]));
  const words = runs.map((q) => [q, eventWords(q.run)]).filter(([, w]) => w).map(([q, w]) => (many ? `${q.name}: ${w}` : sentence(w)));
  note.textContent = `Rank: the mean over the recorded weight matrices (whole ones, not heads) of the effective rank divided by min(m, n). ${words.join(" ")}`;
  // One run's events are named on the picture, in a row each above the panels; those of several by the legend.
  const tagged = many ? [] : [...happened].sort((a, b) => a.at - b.at);
  const tag = (e) => `${e.short}: t = ${text(e.at, 9)}`;
  const paint = () => {
    fig.paint = (svg, width) => {
      const head = 30 + 15 * tagged.length, tall = accuracy.length ? 190 : 0, low = head + tall + (tall ? 34 : 0), height = low + 170 + 42;
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const all = [...accuracy, ...rank], xs = all.flatMap((s) => s.points.map((p) => p[0]));
      const [xlo, xhi] = [Math.min(...xs), Math.max(...xs)];
      const ya = scale("linear", -0.02, 1.04, head + tall, head);
      const yr = scale("linear", ...domain(rank.flatMap((s) => s.points.map((p) => p[1])), "linear"), low + 170, low);
      const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
      const left = leftMargin([...tickTexts(ticks, "linear"), ...tickTexts(yr.ticks(4), "linear")]);
      const x = scale(options.x, xlo, xhi, left, width - 12);
      const name = DATA.checkpoints ? "checkpoint" : "optimizer steps done, t";
      if (tall) axes(svg, x, ya, { x: "", y: "fraction correct", top: head - 12, bare: true, yticks: ticks }, width, head + tall);
      axes(svg, x, yr, { x: name, y: "mean normalised effective rank", top: low - 12, yticks: yr.ticks(4) }, width, height);
      // No line crosses a name: names stand to the right with the earliest on top, or to the left with the latest; where there is
      // room for neither, they stand in a column with a sample of their line each, and the lines stop below them.
      const long = (e) => 6.6 * tag(e).length + 8, inside = happened.filter((e) => e.at >= xlo && e.at <= xhi);
      const side = tagged.every((e) => x(e.at) + long(e) < x.to) ? 1 : tagged.every((e) => x(e.at) - long(e) > 0) ? -1 : 0;
      const order = side < 0 ? [...tagged].reverse() : tagged;
      for (const e of inside) {
        const row = order.indexOf(e), from = row < 0 || !side ? (tall ? head : low) : 12 + 15 * row, look = `stroke:${e.color};stroke-width:1.4;stroke-dasharray:${e.dash}`;
        // The line stops between the panels, where their names stand.
        for (const [a, b] of tall ? [[from, ya.from], [yr.to, yr.from]] : [[from, yr.from]]) draw(svg, "line", { x1: x(e.at), x2: x(e.at), y1: a, y2: b, style: look });
        if (row < 0) continue;
        if (!side) draw(svg, "line", { x1: left, x2: left + 24, y1: 11 + 15 * row, y2: 11 + 15 * row, style: look });
        draw(svg, "text", { class: "tag", x: side ? x(e.at) + 5 * side : left + 30, y: 15 + 15 * row, "text-anchor": side < 0 ? "end" : "start", style: `fill:${e.color}` }, tag(e));
      }
      for (const [list, y] of [[accuracy, ya], [rank, yr]]) for (const s of list) {
        draw(svg, "path", { class: "line", d: path(s.points, x, y), style: `stroke:${s.color};stroke-width:${s.width};stroke-dasharray:${s.dash || "none"}` });
        for (const [a, b] of s.points.length <= 40 ? s.points.filter((p) => p[1] !== null) : alone(s.points)) draw(svg, "circle", { cx: x(a).toFixed(1), cy: y(b).toFixed(1), r: 2.4, style: `fill:${s.color}` });
        for (const [a, why] of s.missing) draw(draw(svg, "path", { class: "gone", d: `M${x(a) - 3},${y.from - 7}l6,6m0,-6l-6,6` }), "title", {}, `${s.name}, t = ${a}: ${why}`);
      }
      hover(fig, svg, { series: all, pick: state.go }, x, { to: tall ? head : low, from: yr.from }, xs);
    };
    fig.redraw();
  };
  paint();
}
