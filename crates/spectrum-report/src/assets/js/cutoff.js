// How the fit depends on where the tail is said to begin: D and alpha over the cut-off, and the Hill curve.
function drawCutoff(root) {
  const two = el("div", { class: "two" }), note = el("p", { class: "note" });
  root.append(two, note);
  const scan = figure(two, "Choice of the cut-off", {
    what: "Every eigenvalue could be the start of the tail. The fit takes the one where tail and line are closest (smallest D); an \u03b1 that moves a lot around it is not to be leaned on." });
  const hill = figure(two, "Hill curve", {
    what: "The exponent from the k largest eigenvalues alone, for every k. Where the curve is flat the exponent does not depend on the choice of k; a power law has such a stretch." });
  const update = () => {
    const matrix = state.current(), tail = (matrix.tails || []).find((t) => t.step === state.step);
    const reasons = [];
    const has = (part) => part && !part.why;
    scan.box.hidden = !(tail && has(tail.scan));
    hill.box.hidden = !(tail && has(tail.hill));
    if (!tail && matrix.tails && matrix.tails.length) reasons.push(`The cut-off and the Hill curve are drawn at ${DATA.step_word} ${matrix.tails.map((t) => t.step).join(", ")}.`);
    if (tail && tail.scan && tail.scan.why) reasons.push(`No choice of cut-off to show: ${tail.scan.why}.`);
    if (tail && tail.hill && tail.hill.why) reasons.push(`No Hill curve: ${tail.hill.why}.`);
    note.textContent = reasons.join(" ");
    if (!scan.box.hidden) paintScan(scan, tail);
    if (!hill.box.hidden) paintHill(hill, matrix, tail);
  };
  state.follow(update);
  update();
}

function paintScan(fig, tail) {
  const x0 = [...curve(tail.scan, "x")], d = curve(tail.scan, "distance"), a = curve(tail.scan, "alpha"), s = curve(tail.scan, "sigma");
  // Cut-offs deep in the bulk all fit equally badly: they would take most of the axis.
  const least = Math.min(known(tail.xmin) ? tail.xmin / 30 : Infinity, x0[Math.floor(x0.length / 10)]);
  const order = x0.map((_, i) => i).filter((i) => x0[i] >= least);
  fig.paint = (svg, width) => {
    const height = 400, middle = 196;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const chosen = known(tail.xmin) ? [tail.xmin] : [];
    const band = known(tail.alpha) && known(tail.sigma) ? [tail.alpha - 3 * tail.sigma, tail.alpha + 3 * tail.sigma] : [];
    const ya = scale("linear", ...robustRange(order.map((i) => a[i]), [tail.alpha, ...band.map((v) => Math.max(1, v))]), height - 42, middle + 30);
    const yd = scale("linear", 0, Math.max(...order.map((i) => d[i])) * 1.05 || 1, middle - 10, 24);
    const textsOf = (y) => tickTexts(y.ticks(4), "linear");
    const left = leftMargin([...textsOf(yd), ...textsOf(ya)]);
    const x = scale("log", ...domain([...order.map((i) => x0[i]), ...chosen], "log"), left, width - 12);
    axes(svg, x, yd, { x: "", y: "distance D", bare: true, yticks: yd.ticks(4) }, width, middle);
    axes(svg, x, ya, { x: "cut-off xmin (\u03bb)", y: "exponent \u03b1 \u00b1 \u03c3", top: middle + 16, yticks: ya.ticks(4) }, width, height);
    const clamp = (v) => Math.max(ya.lo, Math.min(ya.hi, v));
    const edge = (sign) => order.map((i) => `${x(x0[i]).toFixed(1)},${ya(clamp(a[i] + sign * s[i])).toFixed(1)}`);
    draw(svg, "polygon", { points: edge(1).concat(edge(-1).reverse()).join(" "), style: `fill:${colour(0)};fill-opacity:.2` });
    draw(svg, "path", { class: "line", d: path(within(order.map((i) => [x0[i], a[i]]), ya), x, ya), style: `stroke:${colour(0)};stroke-width:1.7` });
    draw(svg, "path", { class: "line", d: path(order.map((i) => [x0[i], d[i]]), x, yd), style: `stroke:${colour(0)};stroke-width:1.7` });
    const hits = order.flatMap((i) => {
      const lines = [`xmin = ${text(x0[i], 4)}`, `D = ${text(d[i], 3)}`, `\u03b1 = ${plusMinus(a[i], s[i])}`];
      return [{ x: x(x0[i]), y: yd(d[i]), lines }, { x: x(x0[i]), y: ya(clamp(a[i])), lines }];
    });
    if (chosen.length) {
      marks(svg, x, yd, [{ at: tail.xmin, word: `chosen: ${text(tail.xmin, 3)}`, color: colour(1) }]);
      marks(svg, x, ya, [{ at: tail.xmin, color: colour(1) }]);
      if (known(tail.distance)) marker(svg, "circle", x(tail.xmin), yd(tail.distance), 3.6, `fill:${colour(1)}`);
      if (known(tail.alpha)) marker(svg, "circle", x(tail.xmin), ya(clamp(tail.alpha)), 3.6, `fill:${colour(1)}`);
    }
    hoverHits(fig, svg, hits);
  };
  fig.redraw();
}

// A stretch over which alpha - 1 varies by more than this is no plateau.
const FLAT = 0.3;

function paintHill(fig, matrix, tail) {
  const k = [...curve(tail.hill, "k")], a = curve(tail.hill, "alpha"), h = tail.hill;
  const gauss = valueAt(matrix, "alpha_hill_gaussian", tail.step), sd = valueAt(matrix, "alpha_hill_gaussian_sd", tail.step);
  const hillNow = valueAt(matrix, "alpha_hill", tail.step);
  const items = [{ name: "Hill\u2019s \u03b1", color: colour(0) }];
  if (h.stable) items.push({ name: `flattest stretch: \u03b1 = ${text(h.stable[2], 3)}, k = ${h.stable[0]} to ${h.stable[1]}${h.stable[3] > FLAT ? ` (not flat: \u03b1 \u2212 1 varies by ${Math.round(100 * h.stable[3])} %)` : ""}`, fill: colour(2), opacity: 0.25 });
  if (gauss && known(gauss.v)) items.push({ name: `Gaussian matrix of this shape, median cut-off: ${text(gauss.v, 3)}`, color: "var(--ink)", shape: "diamond", hollow: true });
  fig.above.replaceChildren(legend(items));
  const [lo, hi] = robustRange([...a], [...k.flatMap((v, i) => (v >= 10 ? [a[i]] : [])), h.stable && h.stable[2], hillNow && hillNow.v, gauss && gauss.v]);
  plot(fig, {
    height: 400,
    x: { kind: "log", range: [Math.max(1, k[0]) / 1.1, k[k.length - 1] * 1.1], name: "eigenvalues in the tail, k" },
    y: { kind: "linear", range: [lo, hi + 0.14 * (hi - lo)], name: "exponent \u03b1" },
    under: (svg, x, y) => {
      if (h.stable) draw(svg, "rect", { x: x(h.stable[0]), width: Math.max(2, x(h.stable[1]) - x(h.stable[0])), y: y.to, height: y.from - y.to, style: `fill:${colour(2)};fill-opacity:.2` });
    },
    paint: (svg, x, y) => {
      draw(svg, "path", { class: "line", d: path(within(k.map((v, i) => [v, a[i]]), y), x, y), style: `stroke:${colour(0)};stroke-width:1.7` });
      marks(svg, x, y, [{ at: h.median, word: `median cut-off, k = ${h.median}`, color: "var(--quiet)" },
        { at: tail.size, word: `fitted tail, k = ${tail.size}`, color: colour(1), dash: "2 3" }]);
      if (h.median && gauss && known(gauss.v)) {
        if (sd && known(sd.v)) draw(svg, "line", { x1: x(h.median), x2: x(h.median), y1: y(gauss.v - 4 * sd.v), y2: y(gauss.v + 4 * sd.v), style: "stroke:var(--ink);stroke-width:1.4" });
        marker(svg, "diamond", x(h.median), y(gauss.v), 4, "fill:var(--ground);stroke:var(--ink);stroke-width:1.4");
      }
      return k.map((v, i) => ({ x: x(v), y: y(a[i]), lines: [`k = ${v}`, `\u03b1 = ${text(a[i], 4)}`] })).filter((p) => p.y >= y.to && p.y <= y.from);
    },
  });
}
