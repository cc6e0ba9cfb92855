// The page's data: written by Rust as JSON, numbers of spectra as base64 of little-endian f32.
const DATA = JSON.parse(document.getElementById("data").textContent);

function floats(base64) {
  const raw = atob(base64);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

// {t, v, why: {reason: [indices]}} -> points and missing.
function series(s) {
  if (!s) return { points: [], missing: [] };
  const missing = [];
  for (const [reason, where] of Object.entries(s.why || {})) for (const i of where) missing.push([s.t[i], reason]);
  return { points: s.t.map((t, i) => [t, s.v[i]]), missing };
}

// Singular values of a matrix's kept steps, decoded once.
function spectraOf(matrix) {
  const s = matrix && matrix.spectra;
  if (!s) return null;
  if (!s.values) {
    const all = floats(s.data);
    let at = 0;
    s.values = s.count.map((n) => all.subarray(at, (at += n)));
  }
  return s;
}

// A kernel is symmetric: its eigenvalues are its singular values. Of W they are those of W'W: squares.
const isKernel = (matrix) => matrix.kind === "ck" || matrix.kind === "ntk";
function eigenvalues(matrix, i) {
  const s = spectraOf(matrix).values[i];
  return isKernel(matrix) ? s : s.map((v) => v * v);
}

const nearestIndex = (steps, t) => steps.reduce((best, s, i) => (Math.abs(s - t) < Math.abs(steps[best] - t) ? i : best), 0);
const find = (run, m) => run.matrices.find((x) => x.layer === m.layer && x.kind === m.kind && x.view === m.view);
const runName = (i) => DATA.runs[i].name;
