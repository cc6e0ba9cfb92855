// Layers of the chosen run and kind, in depth order, and a metric's value at a step.
const TYPES = {
  query: { name: "attention: query", color: colour(0), shape: "circle" },
  key: { name: "attention: key", color: colour(5), shape: "square" },
  value: { name: "attention: value", color: colour(2), shape: "up" },
  qkv: { name: "attention: q, k, v in one", color: colour(0), shape: "diamond" },
  attention_output: { name: "attention: output", color: colour(3), shape: "diamond" },
  dense: { name: "dense (MLP)", color: colour(1), shape: "circle" },
  embedding: { name: "embedding", color: colour(4), shape: "square" },
  conv: { name: "convolution", color: colour(2), shape: "down" },
  recurrent: { name: "recurrent", color: colour(3), shape: "plus" },
  other: { name: "other", color: "var(--quiet)", shape: "circle" },
};
const typeOf = (m) => TYPES[m.type] || TYPES.other;

// Whole matrices, and then heads, gates and positions: the order of a chooser.
const isWhole = (m) => ["matrix", "stacked", "flatten"].includes(m.view);
const wholeFirst = (list) => [...list.filter(isWhole), ...list.filter((m) => !isWhole(m))];

function layersShown() {
  const at = state.current(), run = DATA.runs[state.run];
  return at ? run.matrices.filter((m) => m.kind === at.kind && (m.spectra || m.why || Object.keys(m.metrics).length)) : [];
}

// The layers' names, with their views where a layer has several.
function labelsOf(list) {
  const count = new Map();
  for (const m of list) count.set(m.layer, (count.get(m.layer) || 0) + 1);
  return list.map((m) => (count.get(m.layer) > 1 ? `${m.layer} ${m.view}` : m.layer));
}

// The value of a metric at the recorded step nearest to t: {t, v} or {t, v: null, why}; null where it was never recorded.
function valueAt(m, name, t) {
  const c = m.metrics[name];
  if (!c || !c.t.length) return null;
  const i = nearestIndex(c.t, t), v = c.v[i];
  if (v !== null) return { t: c.t[i], v };
  const why = Object.entries(c.why || {}).find(([, where]) => where.includes(i));
  return { t: c.t[i], v: null, why: why ? why[0] : "no value" };
}

const sameMatrix = (a, b) => Boolean(a && b) && a.layer === b.layer && a.kind === b.kind && a.view === b.view;
