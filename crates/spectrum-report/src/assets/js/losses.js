// Losses with their baselines, accuracies, learning rate, and whatever other scalars a run wrote.
const SCALARS = { train_loss: "train", test_loss: "test", train_accuracy: "train", test_accuracy: "test" };
const BASELINES = { linear_test_loss: "linear model (ridge), test", initial_kernel_test_loss: "kernel at the start, test" };

function scalarSeries(names) {
  const many = DATA.runs.length > 1, out = [];
  DATA.runs.forEach((run, r) => names.forEach((name, n) => {
    const s = run.scalars[name];
    if (!s) return;
    const word = SCALARS[name] || name;
    out.push({ name: many ? (names.length > 1 ? `${run.name}: ${word}` : run.name) : word, color: colour(many ? r : n), dash: many && names.length > 1 ? DASH[1 - n] : "", ...series(s) });
  }));
  return out;
}

// One line where all runs agree (they do when only the optimizer differs), else one a run.
function baselines() {
  const out = [];
  Object.entries(BASELINES).forEach(([name, word], b) => {
    const found = DATA.runs.map((run, r) => [r, ((run.scalars[name] || {}).v || []).filter((v) => v !== null).pop()]).filter(([, y]) => y !== undefined);
    const same = found.every(([, y]) => Math.abs(y - found[0][1]) <= 1e-6 * Math.abs(y));
    for (const [r, y] of same ? found.slice(0, 1) : found) {
      out.push({ y, name: `${word}: ${text(y, 4)}${same ? "" : ` (${runName(r)})`}`, color: !same ? colour(r) : DATA.runs.length > 1 ? "var(--quiet)" : colour(2 + b) });
    }
  });
  return out;
}

function drawLosses(root) {
  if (DATA.one_step) return;
  const curve = (name) => DATA.runs.some((r) => r.scalars[name]) && !DATA.numbers.includes(name);
  const options = { x: "linear", y: "linear" };
  const drawn = [];
  const bar = el("div", { class: "bar" },
    el("label", {}, "steps", choice([["linear", "linear"], ["log1p", "log"]], options.x, (v) => { options.x = v; drawn.forEach((f) => f()); })),
    el("label", {}, "values", choice([["linear", "linear"], ["log", "log"]], options.y, (v) => { options.y = v; drawn.forEach((f) => f()); })));
  root.append(bar);
  const panel = (parent, title, label, names, more) => {
    const list = scalarSeries(names);
    if (!list.length) return;
    const fig = figure(parent, title, { caption: more && more.caption });
    const paint = () => lines(fig, { series: list, ylabel: label, x: options.x, y: more && more.linear ? "linear" : options.y, pick: state.go, ...(more || {}) });
    drawn.push(paint);
    paint();
  };
  const loss = ["train_loss", "test_loss"].filter(curve);
  const lossHasGap = DATA.runs.some((r) => loss.some((n) => r.scalars[n] && Object.keys(r.scalars[n].why || {}).length));
  if (loss.length) panel(root, loss.length > 1 ? "Training and test loss" : "Loss", "loss", loss, {
    height: 300, hlines: baselines(), caption: DATA.loss_note + (lossHasGap ? " A cross on the axis marks a step without a value; its reason is in the tooltip." : "") });
  const two = el("div", { class: "two" });
  root.append(two);
  panel(two, "Accuracy", "fraction correct", ["train_accuracy", "test_accuracy"].filter(curve), { height: 230, linear: true });
  panel(two, "Learning rate", "learning rate", ["learning_rate"].filter(curve), { height: 230, include: [0], steps: true, caption: "The rate of step t, which leads from W at t \u2212 1 to W at t." });
  const known = new Set(["train_loss", "test_loss", "train_accuracy", "test_accuracy", "learning_rate", ...Object.keys(BASELINES)]);
  const others = [...new Set(DATA.runs.flatMap((r) => Object.keys(r.scalars)))].filter((n) => !known.has(n) && curve(n) && !isDynamic(n)).sort();
  const many = el("div", { class: "many" });
  root.append(many);
  others.forEach((n) => panel(many, n, n, [n], { height: 200 }));
  bar.hidden = !drawn.length;
  if (!drawRunNumbers(root, loss.length > 0) && !drawn.length) root.replaceChildren(el("p", { class: "note" }, "No losses or other scalars were recorded."));
}

// Scalars of one step as a table: a dot is no curve. Level lines of the loss plot stay out, and so do the parts of the singular
// values, which have their own picture. False where there is none.
function drawRunNumbers(root, levels) {
  const value = (run, name) => ((run.scalars[name] || {}).v || [null])[0];
  const drawn = (name) => (levels && BASELINES[name] && DATA.runs.every((r) => !r.scalars[name] || value(r, name) !== null)) || partOf(name);
  const order = Object.keys(RUN_NUMBERS), place = (n) => (order.includes(n) ? order.indexOf(n) : order.length);
  const names = DATA.numbers.filter((n) => !drawn(n)).sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  if (!names.length) return false;
  const cell = (run, name) => {
    const s = run.scalars[name];
    if (!s) return el("td", {}, "not recorded");
    const unit = (RUN_NUMBERS[name] || [])[1];
    return el("td", {}, s.v[0] === null ? `none: ${plainReason(Object.keys(s.why || {})[0])}` : `${text(s.v[0], 6)}${unit ? ` ${unit}` : ""}`);
  };
  const row = (name) => {
    const [words] = RUN_NUMBERS[name] || [], steps = [...new Set(DATA.runs.flatMap((r) => (r.scalars[name] ? r.scalars[name].t : [])))];
    return el("tr", {}, el("td", {}, ...(words ? [words.replace("the threshold (dynamics.threshold)", thresholdWords()), " "] : []), el("code", {}, name)), ...DATA.runs.map((r) => cell(r, name)), el("td", { class: "n" }, steps.join(", ")));
  };
  const values = DATA.runs.length > 1 ? DATA.runs.map((r) => r.name) : ["value"];
  root.append(el("h3", {}, "Numbers of the run"), el("div", { class: "scroll run-numbers" }, el("table", {},
    el("tr", {}, ...["number", ...values].map((w) => el("th", {}, w)), el("th", { class: "n" }, `at ${DATA.step_word}`)), ...names.map(row))));
  return true;
}
