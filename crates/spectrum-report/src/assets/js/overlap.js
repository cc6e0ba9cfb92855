// Squared cosines between the singular vectors of W_{t-1} and of the update that produced W_t.
const LOG_FLOOR = 1e-4;

function overlapOf() {
  const run = DATA.runs[state.run], m = state.current();
  return m && run.matrices.find((x) => x.layer === m.layer && x.view === m.view && x.overlaps);
}

function drawOverlaps(root) {
  const any = DATA.runs.some((r) => r.matrices.some((m) => m.overlaps));
  if (!any) {
    root.append(el("p", { class: "note" }, "No overlaps were recorded: they need kinds weight and update, and leading vectors."));
    return;
  }
  const options = { scale: "linear" };
  const note = el("p", { class: "note" });
  root.append(el("p", { class: "caption" }, "cos\u00b2 of the angle between singular vector i of the weight before the step (rows) and singular vector j of the update (columns). Left vectors are the output side, right ones the input side."),
    el("div", { class: "bar" }, el("label", {}, "colours", choice([["linear", "linear"], ["log", "log"]], "linear", (v) => { options.scale = v; update(); }))));
  const two = el("div", { class: "two" });
  root.append(two, note);
  const figs = [["left", "Left (output side)"], ["right", "Right (input side)"]].map(([side, title]) => [side, figure(two, title)]);
  const update = () => {
    const matrix = overlapOf();
    two.hidden = !matrix;
    if (!matrix) { note.textContent = "No overlaps were recorded for this matrix."; return; }
    const o = matrix.overlaps, i = nearestIndex(o.t, state.step);
    note.textContent = `Update of step ${o.t[i]}${o.t[i] === state.step ? "" : ` (the recorded one nearest to step ${state.step})`}; layer ${matrix.layer}.`
      + (o.all > o.t.length ? ` ${o.t.length} of ${o.all} recorded steps are kept in this page.` : "");
    for (const [side, fig] of figs) {
      const part = o[side];
      fig.box.hidden = !part;
      if (!part) continue;
      part.values = part.values || floats(part.data);
      const size = o.rows * o.cols, cells = part.values.subarray(i * size, (i + 1) * size);
      fig.paint = (svg, width) => paintHeat(fig, svg, width, cells, o.rows, o.cols, options.scale);
      fig.redraw();
    }
  };
  state.follow(update);
  update();
}

function paintHeat(fig, svg, width, cells, rows, cols, mode) {
  const bar = 62, left = 40, top = 30, cell = Math.max(6, Math.min(46, (width - left - bar) / cols));
  const right = left + cell * cols, bottom = top + cell * rows, height = bottom + 40;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const unit = (v) => (mode === "log" ? Math.log10(Math.max(v, LOG_FLOOR) / LOG_FLOOR) / -Math.log10(LOG_FLOOR) : v);
  draw(svg, "text", { class: "name", x: 0, y: 14 }, "weight pair i, at t \u2212 1");
  const every = Math.max(1, Math.ceil(16 / cell));
  for (let j = 0; j < cols; j++) {
    if (j % every === 0) draw(svg, "text", { x: left + (j + 0.5) * cell, y: bottom + 16, "text-anchor": "middle" }, String(j + 1));
    for (let i = 0; i < rows; i++) {
      const v = cells[i + j * rows], u = unit(v);
      draw(svg, "rect", { x: (left + j * cell).toFixed(2), y: (top + i * cell).toFixed(2), width: (cell + 0.3).toFixed(2), height: (cell + 0.3).toFixed(2), style: `fill:${isFinite(v) ? viridis(u) : "var(--grid)"}` });
      if (cell >= 34) draw(svg, "text", { class: "cell", x: left + (j + 0.5) * cell, y: top + (i + 0.5) * cell + 4, "text-anchor": "middle", style: `fill:${u > 0.6 ? "#000" : "#fff"}` }, v < 0.005 ? "0" : v.toFixed(2));
    }
  }
  for (let i = 0; i < rows; i += every) draw(svg, "text", { x: left - 7, y: top + (i + 0.5) * cell + 4, "text-anchor": "end" }, String(i + 1));
  draw(svg, "text", { class: "name", x: (left + right) / 2, y: height - 6, "text-anchor": "middle" }, "update pair j, at t");
  const at = right + 14, n = 60;
  for (let q = 0; q < n; q++) draw(svg, "rect", { x: at, y: (bottom - ((bottom - top) * (q + 1)) / n).toFixed(2), width: 12, height: ((bottom - top) / n + 0.4).toFixed(2), style: `fill:${viridis((q + 0.5) / n)}` });
  const marks = mode === "log" ? [[0, "\u226410\u207b\u2074"], [0.25, "10\u207b\u00b3"], [0.5, "10\u207b\u00b2"], [0.75, "0.1"], [1, "1"]] : [0, 0.25, 0.5, 0.75, 1].map((v) => [v, String(v)]);
  for (const [u, word] of marks) draw(svg, "text", { x: at + 17, y: bottom - (bottom - top) * u + 4 }, word);
  draw(svg, "text", { class: "name", x: at, y: 14 }, "cos\u00b2");
  svg.onpointermove = (e) => {
    const box = svg.getBoundingClientRect(), k = svg.viewBox.baseVal.width / box.width;
    const j = Math.floor(((e.clientX - box.left) * k - left) / cell), i = Math.floor(((e.clientY - box.top) * k - top) / cell);
    if (i < 0 || j < 0 || i >= rows || j >= cols) { fig.tip.hidden = true; return; }
    fig.tip.replaceChildren(`weight ${i + 1}, update ${j + 1}: ${text(cells[i + j * rows], 4)}`);
    place(fig.tip, svg, left + (j + 1) * cell, top + (i + 1) * cell);
  };
  svg.onpointerleave = () => { fig.tip.hidden = true; };
}
