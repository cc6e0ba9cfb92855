// The network with a part of its singular values: the largest alone, or all but those, over time and against the part kept.
const PART_ORDER = ["test_accuracy", "train_accuracy", "test_loss", "train_loss"];
const PART_TITLES = { test_accuracy: "test accuracy", train_accuracy: "training accuracy", test_loss: "test loss", train_loss: "training loss" };
const SIDES = {
  full: { word: "all singular values", color: "var(--grey)", dash: "", width: 5 },
  top: { word: "largest", color: colour(0), dash: "", shape: "circle" },
  bottom: { word: "smallest", color: colour(1), dash: "7 4", shape: "square" },
};
const share = (f) => `${text(100 * f, 3)} %`;

function partsOf(run) {
  return Object.keys(run.scalars).map((name) => ({ name, ...partOf(name), curve: run.scalars[name] })).filter((p) => p.of);
}

function drawParts(root) {
  const two = el("div", { class: "two" });
  const tools = el("div", { class: "bar" }), note = el("p", { class: "caption" });
  root.append(el("h3", {}, "Part of the singular values kept"), el("p", { class: "what" }, "What the network can do with the largest singular values of its matrices alone, and with the smallest alone. Where the largest do what all do, the rest carries nothing that the task needs."), tools, two, note);
  const time = figure(two, "Over time"), kept = figure(two, "Against the part kept");
  const options = { of: null, fraction: null, x: "linear", y: "linear" };
  const of = el("select", { "aria-label": "performance", onchange: () => { options.of = of.value; fill(); paint(); } });
  const fraction = el("select", { "aria-label": "fraction kept", onchange: () => { options.fraction = Number(fraction.value); paint(); } });
  const fractions = el("label", {}, "part kept", fraction), values = el("label", {}, "values", choice([["linear", "linear"], ["log", "log"]], options.y, (v) => { options.y = v; paint(); }));
  tools.append(el("label", {}, "of", of), fractions, el("label", {}, "steps", choice(STEPS, options.x, (v) => { options.x = v; paint(); })), values);
  const fill = () => {
    const all = partsOf(DATA.runs[dynamics.run]), names = PART_ORDER.filter((n) => all.some((p) => p.of === n));
    if (!names.includes(options.of)) options.of = names[0] || null;
    of.replaceChildren(...names.map((n) => el("option", { value: n }, PART_TITLES[n])));
    of.value = options.of;
    const found = [...new Set(all.filter((p) => p.of === options.of).map((p) => p.fraction))].sort((a, b) => a - b);
    if (!found.includes(options.fraction)) options.fraction = found.includes(0.5) ? 0.5 : found[found.length - 1];
    fraction.replaceChildren(...found.map((f) => el("option", { value: f }, share(f))));
    fraction.value = options.fraction;
    fractions.hidden = found.length < 2;
  };
  const paint = () => {
    const run = DATA.runs[dynamics.run], list = partsOf(run).filter((p) => p.of === options.of);
    root.hidden = !list.length;
    if (root.hidden) return;
    const accuracy = options.of.endsWith("accuracy"), y = accuracy ? "linear" : options.y;
    values.hidden = accuracy;
    const frame = accuracy ? { ydomain: [-0.02, 1.04], yticks: [0, 0.2, 0.4, 0.6, 0.8, 1] } : {};
    const ylabel = accuracy ? `${PART_TITLES[options.of]} (fraction correct)` : PART_TITLES[options.of];
    const sides = ["top", "bottom"].map((side) => [side, list.find((p) => p.side === side && p.fraction === options.fraction)]).filter((s) => s[1]);
    // The curve of the whole network where the parts were measured: the stretch beside them.
    const steps = new Set(sides.flatMap(([, p]) => p.curve.t)), whole = run.scalars[options.of];
    const full = whole ? series(whole) : null;
    const at = full && full.points.filter((p) => steps.has(p[0]));
    const line = (side, word, curve) => ({ ...SIDES[side], name: word, shape: undefined, ...curve });
    lines(time, { series: [...(full ? [line("full", SIDES.full.word, at.length > 1 ? { points: at, missing: [] } : full)] : []),
      ...sides.map(([side, p]) => line(side, `${SIDES[side].word} ${share(p.fraction)}`, series(p.curve)))],
      x: options.x, y, ylabel, height: 280, pick: state.go, ...frame });
    paintKept(kept, list, full, { y, ylabel, accuracy });
    // One step is no curve; where it is all there is, the dots are better than nothing.
    time.box.hidden = steps.size < 2 && !kept.box.hidden;
    two.classList.toggle("alone", kept.box.hidden || time.box.hidden);
    const why = list.flatMap((p) => Object.keys(p.curve.why || {}).map((w) => `${p.name}: ${w}`));
    note.textContent = `${ofRun()}${sides.length ? "" : "Nothing was recorded for this part. "}Each matrix keeps the named share of its singular values with their vectors; the others are set to zero.${why.length ? ` Without a value at some steps: ${[...new Set(why)].join("; ")}.` : ""}`;
  };
  dynamics.followers.push(() => { fill(); paint(); });
  fill();
  paint();
}

// The last value of each part against its share; where only one share was recorded there is nothing to draw.
function paintKept(fig, list, full, o) {
  const steps = list.flatMap((p) => p.curve.t), last = Math.max(...steps);
  const at = (p) => { const i = p.curve.t.indexOf(last); return i < 0 ? null : p.curve.v[i]; };
  const sides = ["top", "bottom"].map((side) => [side, list.filter((p) => p.side === side).map((p) => [p.fraction, at(p)]).sort((a, b) => a[0] - b[0])]).filter((s) => s[1].length);
  fig.box.hidden = new Set(list.map((p) => p.fraction)).size < 2;
  if (fig.box.hidden) return;
  const end = full && full.points.filter((p) => p[0] <= last && p[1] !== null).pop();
  const values = [...sides.flatMap((s) => s[1].map((p) => p[1])), end ? end[1] : null], kind = o.y === "log" && values.some((v) => v > 0) ? "log" : "linear";
  fig.rename(`Against the part kept, at ${DATA.step_word} ${last}`);
  fig.above.replaceChildren(legend([...(end ? [{ name: SIDES.full.word, color: SIDES.full.color, width: 5 }] : []), ...sides.map(([side]) => ({ name: SIDES[side].word, ...SIDES[side] }))]));
  plot(fig, {
    height: 280,
    x: { kind: "linear", range: [0, 1.02], name: "part of the singular values kept" },
    y: { kind, range: o.accuracy ? [-0.02, 1.04] : domain(values, kind), name: o.ylabel, ticks: o.accuracy ? [0, 0.2, 0.4, 0.6, 0.8, 1] : undefined },
    paint: (svg, x, y) => {
      if (end) draw(svg, "line", { x1: x.from, x2: x.to, y1: y(end[1]), y2: y(end[1]), style: `stroke:${SIDES.full.color};stroke-width:5` });
      return sides.flatMap(([side, points]) => {
        const s = SIDES[side], shown = points.filter((p) => p[1] !== null && (kind !== "log" || p[1] > 0));
        draw(svg, "path", { class: "line", d: path(points, x, y), style: `stroke:${s.color};stroke-width:1.8;stroke-dasharray:${s.dash || "none"}` });
        return shown.map(([a, b]) => {
          marker(svg, s.shape, x(a), y(b), 4, `fill:${s.color};stroke:var(--ground);stroke-width:.8`);
          return { x: x(a), y: y(b), lines: [`${s.word} ${share(a)}`, text(b, 4)] };
        });
      });
    },
  });
}
