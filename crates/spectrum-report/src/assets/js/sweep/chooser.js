// What all figures share: the layer and the step. And the selects that each figure has of its own.
const state = { layer: null, at: DATA.last, followers: [] };
state.follow = (f) => { state.followers.push(f); f(); };
state.tell = () => state.followers.forEach((f) => f());

const LAYERS = [...new Set(DATA.variables.filter((v) => v.matrix !== null).map((v) => DATA.matrices[v.matrix].layer))];
const isKernelOf = (v) => v.matrix !== null && isKernel(DATA.matrices[v.matrix]);

// Scalars, metrics of the chosen layer, and kernels (which belong to features rather than to one layer), in groups.
function offered(filter) {
  const groups = new Map();
  DATA.variables.forEach((v, i) => {
    const m = v.matrix === null ? null : DATA.matrices[v.matrix];
    if (!filter(v, i) || (m && m.layer !== state.layer && !isKernel(m))) return;
    const name = m ? matrixName(m) : "scalars";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(i);
  });
  return [...groups];
}

// A select of variables. `wanted` are names in order of preference; the choice follows the layer.
function variableSelect(label, wanted, filter, change) {
  const node = el("select", { "aria-label": label, onchange: () => { me.value = Number(node.value); change(); } });
  const me = { value: null, label: el("label", {}, label, node) };
  me.fill = () => {
    const groups = offered(filter), all = groups.flatMap((g) => g[1]);
    const byName = (name) => all.find((i) => DATA.variables[i].name === name && (DATA.variables[i].matrix === null || DATA.matrices[DATA.variables[i].matrix].kind === "weight")) ?? all.find((i) => DATA.variables[i].name === name);
    const was = me.value === null ? null : DATA.variables[me.value];
    const same = (i) => {
      const v = DATA.variables[i];
      if (v.name !== was.name || (v.matrix === null) !== (was.matrix === null)) return false;
      return v.matrix === null || (DATA.matrices[v.matrix].kind === DATA.matrices[was.matrix].kind && DATA.matrices[v.matrix].view === DATA.matrices[was.matrix].view);
    };
    if (!all.includes(me.value)) me.value = (was ? all.find(same) : undefined) ?? wanted.map(byName).find((i) => i !== undefined) ?? all[0] ?? null;
    node.replaceChildren(...groups.map(([name, list]) => el("optgroup", { label: name }, ...list.map((i) => el("option", { value: i }, optionName(DATA.variables[i]))))));
    node.value = me.value;
  };
  me.get = () => (me.value === null ? null : DATA.variables[me.value]);
  return me;
}

// A select of swept keys; with `none` it can be no key.
function keySelect(label, value, none, change) {
  const options = [...(none ? [[-1, none]] : []), ...DATA.keys.map((_, k) => [k, keyName(k)])];
  const node = el("select", { "aria-label": label, onchange: () => { me.value = Number(node.value); change(); } }, ...options.map(([k, name]) => el("option", { value: k }, name)));
  const me = { value, label: el("label", {}, label, node), set: (k) => { me.value = k; node.value = k; } };
  me.label.hidden = options.length < 2;
  node.value = value;
  return me;
}

// For each key that the figure does not draw, one value. `values()` is {key: value's place}.
function held(change) {
  const box = el("span", { class: "bar" }), chosen = DATA.keys.map((k) => Math.floor(k.values.length / 2));
  const me = { box, keys: [] };
  me.show = (used) => {
    me.keys = DATA.keys.map((_, k) => k).filter((k) => !used.includes(k));
    box.replaceChildren(...me.keys.map((k) => {
      const node = el("select", { "aria-label": DATA.keys[k].name, onchange: () => { chosen[k] = Number(node.value); change(); } }, ...DATA.keys[k].values.map((v, i) => el("option", { value: i }, v.text)));
      node.value = chosen[k];
      return el("label", {}, `${shortKey(k)} =`, node);
    }));
    box.hidden = !me.keys.length;
  };
  me.values = () => Object.fromEntries(me.keys.map((k) => [k, chosen[k]]));
  me.words = () => me.keys.map((k) => `${shortKey(k)} = ${DATA.keys[k].values[chosen[k]].text}`);
  return me;
}

// A choice that can change its options and its value from outside.
function slot(label, change) {
  const box = el("label", {}), me = { value: null };
  me.label = box;
  me.set = (options, value) => {
    me.value = value;
    box.replaceChildren(label, choice(options, value, (v) => { me.value = v; change(); }));
    box.hidden = options.length < 2;
  };
  return me;
}

function drawChooser(root) {
  state.layer = LAYERS.find((l) => DATA.matrices.some((m) => m.layer === l && m.kind === "weight")) ?? LAYERS[0] ?? null;
  const layer = el("select", { "aria-label": "layer", onchange: () => { state.layer = layer.value; state.tell(); } }, ...LAYERS.filter((l) => DATA.matrices.some((m) => m.layer === l && !isKernel(m)) || l === state.layer).map((l) => el("option", { value: l }, l)));
  layer.value = state.layer;
  const slider = el("input", { type: "range", min: 0, max: STEPS - 1, step: 1, "aria-label": "step", oninput: () => go(Number(slider.value)) });
  const out = el("output", {});
  const ends = el("div", { class: "choice", role: "group" });
  const first = el("button", { type: "button", onclick: () => go(0) }, "first"), last = el("button", { type: "button", onclick: () => go(DATA.last) }, "last");
  ends.append(first, last);
  const go = (i) => { state.at = i; state.tell(); };
  const bar = el("div", { class: "bar" });
  if (layer.options.length > 1) bar.append(el("label", {}, el("span", {}, "layer"), layer));
  bar.append(el("label", {}, el("span", {}, "at step"), ends), el("div", { class: "slide" }, slider, out));
  root.append(bar);
  if (STEPS < 2 && layer.options.length < 2) root.hidden = true;
  state.follow(() => {
    slider.value = state.at;
    out.textContent = stepName(state.at);
    slider.setAttribute("aria-valuetext", stepName(state.at));
    first.setAttribute("aria-pressed", String(state.at === 0 && DATA.last !== 0));
    last.setAttribute("aria-pressed", String(state.at === DATA.last));
  });
}
