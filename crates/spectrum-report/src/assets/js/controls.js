// What is looked at: run, matrix and step. Every figure that follows it registers with `state.follow`.
const state = { run: 0, matrix: null, step: 0, followers: [], timer: null };
state.follow = (f) => { state.followers.push(f); };
state.tell = (what) => state.followers.forEach((f) => f(what));
state.current = () => find(DATA.runs[state.run], state.matrix || {}) || DATA.runs[state.run].matrices[0];
// Steps that the slider stops at: those of the kept spectra, else those of the records.
state.steps = () => { const m = state.current(); return !m ? [] : m.spectra ? m.spectra.t : (Object.values(m.metrics)[0] || { t: [] }).t; };
state.choose = () => {};
state.go = (t) => {
  const steps = state.steps();
  if (!steps.length) return;
  state.step = steps[nearestIndex(steps, t)];
  state.tell("step");
};

function drawChooser(root) {
  // A matrix that could not be measured can be chosen too: the figures then say why they are empty.
  const withSpectra = (run) => wholeFirst(run.matrices.filter((m) => m.spectra || m.why));
  const first = DATA.runs.findIndex((r) => withSpectra(r).length);
  if (first < 0) { root.remove(); return false; }
  state.run = first;
  // report.html?layer=NAME opens at that layer.
  const asked = new URLSearchParams(location.search).get("layer");
  state.matrix = withSpectra(DATA.runs[first]).find((m) => m.layer === asked) || withSpectra(DATA.runs[first]).find((m) => m.kind === "weight" && m.spectra) || withSpectra(DATA.runs[first])[0];
  const steps0 = state.steps();
  state.step = steps0[steps0.length - 1];

  const select = (name, change) => el("select", { "aria-label": name, title: name, onchange: (e) => change(e.target.value) });
  const fill = (node, values, value) => {
    node.replaceChildren(...values.map((v) => el("option", { value: v[0] }, v[1])));
    node.value = value;
    node.parentNode.hidden = values.length < 2;
  };
  const choose = (part) => {
    const list = withSpectra(DATA.runs[state.run]);
    const want = { ...state.matrix, ...part };
    state.matrix = list.find((m) => m.layer === want.layer && m.kind === want.kind && m.view === want.view)
      || list.find((m) => m.layer === want.layer && m.kind === want.kind)
      || list.find((m) => m.layer === want.layer) || list[0];
    sync();
    const steps = state.steps();
    state.step = steps[nearestIndex(steps, state.step)];
    state.tell("matrix");
  };
  state.choose = (m) => choose({ layer: m.layer, kind: m.kind, view: m.view });
  const run = select("run", (v) => { state.run = Number(v); choose({}); });
  const layer = select("layer", (v) => choose({ layer: v }));
  const kind = select("kind", (v) => choose({ kind: v }));
  const view = select("view", (v) => choose({ view: v }));
  const slider = el("input", { type: "range", min: 0, step: 1, "aria-label": "recorded step", oninput: () => { halt(); state.step = state.steps()[Number(slider.value)]; state.tell("step"); } });
  const out = el("output", {});
  const play = el("button", { type: "button", title: "Play through the recorded steps", "aria-label": "play", onclick: () => (state.timer ? halt() : start()) }, "\u25b6");
  const slide = el("div", { class: "slide" }, play, slider, out);
  const halt = () => { clearInterval(state.timer); state.timer = null; play.textContent = "\u25b6"; };
  const move = (by) => {
    const steps = state.steps(), i = steps.indexOf(state.step) + by;
    if (i < 0 || i >= steps.length) return false;
    state.step = steps[i];
    state.tell("step");
    return true;
  };
  const start = () => {
    if (state.step === state.steps()[state.steps().length - 1]) { state.step = state.steps()[0]; state.tell("step"); }
    play.textContent = "\u275a\u275a";
    state.timer = setInterval(() => { if (!move(1)) halt(); }, Math.max(60, Math.min(500, 8000 / state.steps().length)));
  };
  root.append(el("div", { class: "bar" },
    el("label", {}, el("span", {}, "run"), run), el("label", {}, el("span", {}, "layer"), layer),
    el("label", {}, el("span", {}, "kind"), kind), el("label", {}, el("span", {}, "view"), view),
    slide));
  const sync = () => {
    const list = withSpectra(DATA.runs[state.run]);
    const uniq = (values) => [...new Set(values)].map((v) => [v, v]);
    fill(run, DATA.runs.map((r, i) => [i, r.name]).filter(([i]) => withSpectra(DATA.runs[i]).length), state.run);
    fill(layer, uniq(list.map((m) => m.layer)), state.matrix.layer);
    fill(kind, uniq(list.filter((m) => m.layer === state.matrix.layer).map((m) => m.kind)), state.matrix.kind);
    fill(view, uniq(list.filter((m) => m.layer === state.matrix.layer && m.kind === state.matrix.kind).map((m) => m.view)), state.matrix.view);
    slider.max = state.steps().length - 1;
    // One step is no choice.
    slide.hidden = state.steps().length < 2;
  };
  sync();
  const show = () => {
    slider.value = state.steps().indexOf(state.step);
    slider.setAttribute("aria-valuetext", `${DATA.step_word} ${state.step}`);
    out.textContent = `${DATA.step_word} ${state.step} of ${state.steps()[state.steps().length - 1]}`;
  };
  state.follow(show);
  show();
  document.addEventListener("keydown", (e) => {
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) || e.altKey || e.ctrlKey || e.metaKey) return;
    if (e.key === "ArrowRight" || e.key === "ArrowLeft") { halt(); move(e.key === "ArrowRight" ? 1 : -1); e.preventDefault(); }
  });
  return true;
}
